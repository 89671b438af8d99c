//! The process: `nauthera up` on a copy of the shared manifests, on a free port, once for a test binary. A shell stands
//! between: it ends the server, and removes its folder, when this process is gone, however it went.

use anyhow::{Context, Result, ensure};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// How long a start may take on a busy machine.
const START_WITHIN: Duration = Duration::from_secs(60);
/// Ends the server, and removes its folder, when nobody holds standard input any more.
const KEEPER: &str =
    r#"folder=$1; shift; "$@" 2>&1 & server=$!; read -r _; kill "$server"; wait "$server"; rm -rf "$folder""#;

/// A server that is up.
pub struct Server {
    /// Its issuer.
    pub issuer: String,
    data: PathBuf,
    talk: Arc<Mutex<String>>,
    // The keeper reads from it: the server lives as long as this process holds it.
    _alive: ChildStdin,
}

/// The server of this test binary, started at first use.
///
/// # Errors
/// When it does not start; each test is told.
pub fn shared() -> Result<&'static Server> {
    static SHARED: OnceLock<Result<Server, String>> = OnceLock::new();
    let started = SHARED.get_or_init(|| Server::start().map_err(|error| format!("{error:#}")));
    started.as_ref().map_err(|error| anyhow::anyhow!(error.clone()))
}

impl Server {
    fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("nauthera-suite-").tempdir()?.keep();
        let (manifests, data) = (folder.join("manifests"), folder.join("data"));
        let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests");
        copy(&shared, &manifests).with_context(|| format!("{} cannot be copied", shared.display()))?;
        let port = free_port()?;
        let issuer = format!("http://127.0.0.1:{port}");
        let listen = format!("127.0.0.1:{port}");
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(&folder).arg(binary()?).arg("up").arg(&manifests);
        keeper.args(["--listen", &listen, "--issuer", &issuer, "--console", "none", "--data"]).arg(&data);
        keeper.env("NO_COLOR", "1").env("RUST_LOG", "nauthera=debug,warn");
        let mut keeper = keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let alive = keeper.stdin.take().context("the server has no standard input")?;
        let stdout = keeper.stdout.take().context("the server has no standard output")?;
        let talk = Arc::default();
        let ready = listen_to(stdout, &talk, format!("ready {issuer}"));
        let server = Self { issuer, data, talk, _alive: alive };
        let told = ready.recv_timeout(START_WITHIN);
        told.map_err(|_| anyhow::anyhow!("it does not serve\n{}", server.log()))?;
        Ok(server)
    }

    /// What the server has said so far.
    #[must_use]
    pub fn log(&self) -> String {
        let talk = self.talk.lock().unwrap_or_else(PoisonError::into_inner);
        format!("--- nauthera up, issuer {}\n{talk}---", self.issuer)
    }

    /// A key of what the client was given, as its Secret would hold it; `None` when it has no such key.
    #[must_use]
    pub fn credential(&self, client: &str, key: &str) -> Option<String> {
        let folder = self.data.join("secrets/apps").join(format!("{client}-client-secret"));
        fs::read_to_string(folder.join(key)).ok()
    }
}

/// Keeps what is said, and tells when the line is there.
fn listen_to(stdout: impl Read + Send + 'static, talk: &Arc<Mutex<String>>, wanted: String) -> Receiver<()> {
    let (tell, told) = channel();
    let talk = talk.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let mut talk = talk.lock().unwrap_or_else(PoisonError::into_inner);
            talk.push_str(&line);
            talk.push('\n');
            drop(talk);
            if line == wanted && tell.send(()).is_err() {
                // Nobody waits any more; what is said is kept all the same.
                continue;
            }
        }
    });
    told
}

/// The binary: `NAUTHERA_BIN`, or the one beside this test's, built first.
///
/// # Errors
/// When it does not build.
pub fn binary() -> Result<PathBuf> {
    if let Some(binary) = std::env::var_os("NAUTHERA_BIN") {
        return Ok(binary.into());
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built =
        Command::new(cargo).args(["build", "--quiet", "--locked", "--package", "nauthera"]).status()?;
    ensure!(built.success(), "nauthera does not build");
    let test = std::env::current_exe()?;
    let folder = test.ancestors().nth(2).context("the test lies in no target folder")?;
    Ok(folder.join("nauthera"))
}

/// A port that nobody listens on, below those that the system gives to outgoing connections.
fn free_port() -> Result<u16> {
    let seed = u16::try_from(std::process::id() % 11_000)?;
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (20_000 + seed..32_000).find(is_free).context("no port is free")
}

/// Copies a folder with everything in it.
///
/// # Errors
/// Those of the file system.
pub fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let target = path.file_name().map(|name| to.join(name)).unwrap_or_default();
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}
