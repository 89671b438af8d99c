//! The whole: a database, a Snapshot, three replicas, the proxy before them.

use crate::calls::Target;
use crate::proxy::lead;
use crate::replica::Replica;
use anyhow::{Context, Result, bail, ensure};
use nauthera_rp_rust::server::{binary, copy};
use nauthera_test_postgres::{Server, Settings};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a start may take on a busy machine.
const START_WITHIN: Duration = Duration::from_secs(60);

/// Three replicas on one database.
pub struct Cluster {
    /// The replicas.
    pub replicas: Vec<Replica>,
    /// The database's server.
    pub postgres: Server,
    /// The issuer: the proxy's address.
    pub issuer: String,
    data: PathBuf,
    _folder: TempDir,
}

/// The database's name.
pub const DATABASE: &str = "nauthera";

impl Cluster {
    /// Starts everything, and waits until each replica serves.
    ///
    /// # Errors
    /// What does not start, with what it said.
    pub fn start(settings: &Settings) -> Result<Self> {
        Self::edited(settings, &[], |_| Ok(()))
    }

    /// The same with more flags, and with the folder of manifests edited before.
    ///
    /// # Errors
    /// What does not start, with what it said.
    pub fn edited(
        settings: &Settings,
        flags: &[&str],
        edit: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("nauthera-replicas-").tempdir()?;
        let proxy = TcpListener::bind(("127.0.0.1", 0))?;
        let issuer = format!("http://{}", proxy.local_addr()?);
        let (snapshot, data) = compile(folder.path(), &issuer, edit)?;
        let postgres = Server::start(settings)?;
        let url = folder.path().join("database-url");
        std::fs::write(&url, postgres.database(DATABASE)?)?;
        let mut arguments = vec![
            "--snapshot".to_owned(),
            snapshot.display().to_string(),
            "--database".to_owned(),
            format!("file:{}", url.display()),
            "--keys".to_owned(),
            data.join("keys").display().to_string(),
            "--audit".to_owned(),
            "none".to_owned(),
        ];
        arguments.extend(flags.iter().map(|flag| (*flag).to_owned()));
        let names = ["a", "b", "c"];
        let replicas = names
            .iter()
            .map(|name| Ok(Replica::new(folder.path(), name, (free_port()?, free_port()?), &arguments)));
        let mut replicas = replicas.collect::<Result<Vec<_>>>()?;
        lead(proxy, replicas.iter().map(|replica| replica.port).collect())?;
        replicas.iter_mut().try_for_each(Replica::start)?;
        let cluster = Self { replicas, postgres, issuer, data, _folder: folder };
        cluster.wait_for_all()?;
        Ok(cluster)
    }

    /// Waits until each replica serves and has its database.
    ///
    /// # Errors
    /// With the log of the one that does not.
    pub fn wait_for_all(&self) -> Result<()> {
        for replica in &self.replicas {
            let status = format!("http://127.0.0.1:{}/status", replica.admin);
            let serves = || {
                let text =
                    nauthera_rp_rust::http::agent().get(&status).call().ok()?.body_mut().read_to_string();
                text.is_ok_and(|text| text.contains("\"database\":\"ok\"")).then_some(())
            };
            within(START_WITHIN, serves).with_context(|| replica.log())?;
        }
        Ok(())
    }

    /// The proxy, as clients see the whole.
    #[must_use]
    pub fn proxy(&self) -> Target {
        Target::at(&self.issuer, &self.data)
    }

    /// One replica by itself.
    #[must_use]
    pub fn replica(&self, number: usize) -> Target {
        let port = self.replicas.get(number % self.replicas.len().max(1)).map_or(0, |replica| replica.port);
        Target::at(&format!("http://127.0.0.1:{port}"), &self.data)
    }

    /// What the replicas have said.
    #[must_use]
    pub fn logs(&self) -> String {
        self.replicas.iter().map(Replica::log).collect::<Vec<_>>().join("\n---\n")
    }
}

/// Asks until there is an answer.
///
/// # Errors
/// When there is none in time.
pub fn within<T>(longest: Duration, mut ask: impl FnMut() -> Option<T>) -> Result<T> {
    #[expect(clippy::disallowed_methods, reason = "a test waits by the clock of its machine")]
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return Ok(answer);
        }
        if began.elapsed() > longest {
            bail!("not within {longest:?}");
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// The shared manifests under an issuer, as a Snapshot, and the folder of keys and secrets.
fn compile(
    folder: &Path,
    issuer: &str,
    edit: impl FnOnce(&Path) -> Result<()>,
) -> Result<(PathBuf, PathBuf)> {
    let (manifests, data) = (folder.join("manifests"), folder.join("data"));
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests"), &manifests)?;
    edit(&manifests)?;
    let server = manifests.join("platform/server.yaml");
    let text = std::fs::read_to_string(&server)?.replace("http://127.0.0.1:8080", issuer);
    std::fs::write(&server, text.replace("algorithm: RS256", "algorithm: ES256"))?;
    let snapshot = folder.join("snapshot.json");
    let mut command = Command::new(binary()?);
    command.arg("compile").arg(&manifests).arg("--data").arg(&data).arg("-o").arg(&snapshot);
    let compiled = command.output()?;
    ensure!(snapshot.is_file(), "{}", String::from_utf8_lossy(&compiled.stderr));
    Ok((snapshot, data))
}

/// A port that nobody listens on. It is none of those that the system gives to outgoing connections, of which the tests make many,
/// and none that another cluster of this process was given.
fn free_port() -> Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 11_000)?;
    for _ in 0..12_000 {
        let port = 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port is free")
}
