//! A server at work in this process: its parts joined, its ports open, its chores done. `up` and `server` both run one.

use crate::clock::{SystemClock, SystemEntropy};
use crate::descriptors::most_connections;
use crate::output::Ui;
use crate::version;
use anyhow::{Context, Result, bail};
use nauthera_core::snapshot::{Revision, Snapshot};
use nauthera_core::time::{Clock, Entropy, Seconds};
use nauthera_identity::HashPool;
use nauthera_identity::pool::PoolOptions;
use nauthera_server::admin::Admin;
use nauthera_server::app::{App, Build, Instruments, LogFilter, Parts};
use nauthera_server::audit::Audit;
use nauthera_server::http::TrustedProxies;
use nauthera_server::keys::{FileKeys, KeyRing};
use nauthera_server::listen::{Answer, Certificates, Port, PortOptions, Provider, Stopper};
use nauthera_server::logouts;
use nauthera_server::secrets::Secrets;
use nauthera_store::Location;
use nauthera_store::limits::SharedMemory;
use nauthera_store::redis::{Options, Redis, Source};
use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

/// How often what has ended is removed.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// How often signing keys are looked at: a key that another replica made is published here so much later, long before it signs.
const KEYS_EVERY: Duration = Duration::from_secs(5);

/// Connections that the admin port or the console holds at once.
const BESIDE: usize = 128;

/// What both commands need to start.
pub struct Setup {
    /// The clock.
    pub clock: Arc<SystemClock>,
    /// Where the database is.
    pub database: Location,
    /// Where the keys are.
    pub keys: PathBuf,
    /// Where audit lines go.
    pub audit: AuditTarget,
    /// A Redis that replicas share, where there is one.
    pub redis: Option<Source>,
    /// May private addresses that manifests name be called?
    pub allow_private_fetch: bool,
    /// The folder of mounted Secrets.
    pub mounts: PathBuf,
    /// What the log lets through, where operators may change it.
    pub log: Option<Arc<dyn LogFilter>>,
}

/// Where audit lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditTarget {
    /// Nowhere.
    None,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A file, to which lines are added.
    File(PathBuf),
}

impl std::str::FromStr for AuditTarget {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "none" => Self::None,
            "stdout" => Self::Stdout,
            "stderr" => Self::Stderr,
            path => Self::File(path.into()),
        })
    }
}

impl AuditTarget {
    fn open(&self) -> Result<Audit> {
        let out: Box<dyn Write + Send> = match self {
            Self::None => return Ok(Audit::nowhere()),
            Self::Stdout => Box::new(own(std::io::stdout().as_fd())?),
            Self::Stderr => Box::new(own(std::io::stderr().as_fd())?),
            Self::File(path) => Box::new(BoundedFile::open(path)?),
        };
        Audit::to(out).context("the audit writer cannot be started")
    }
}

/// The stream by itself: the writer may wait for whoever reads it without holding up what else is said there.
fn own(stream: BorrowedFd<'_>) -> Result<File> {
    Ok(File::from(stream.try_clone_to_owned().context("audit lines cannot be written there")?))
}

/// A file that is moved to `PATH.1` when it has grown to 16 MiB, so that it never fills a disk.
struct BoundedFile {
    path: PathBuf,
    file: File,
    written: u64,
    /// A device or a pipe holds nothing, and is never moved.
    grows: bool,
}

const LARGEST_AUDIT_FILE: u64 = 16 * 1_024 * 1_024;

impl BoundedFile {
    fn open(path: &Path) -> Result<Self> {
        let file = Self::append(path).with_context(|| format!("{} cannot be written", path.display()))?;
        let metadata = file.metadata();
        let written = metadata.as_ref().map(std::fs::Metadata::len).unwrap_or_default();
        let grows = metadata.is_ok_and(|metadata| metadata.is_file());
        // Where a link leads there, the file is moved and the link stays.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        Ok(Self { path, file, written, grows })
    }

    fn append(path: &Path) -> std::io::Result<File> {
        use std::os::unix::fs::OpenOptionsExt;
        std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path)
    }
}

impl Write for BoundedFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.grows && self.written >= LARGEST_AUDIT_FILE {
            let mut old = self.path.as_os_str().to_owned();
            old.push(".1");
            std::fs::rename(&self.path, old)?;
            self.file = Self::append(&self.path)?;
            self.written = 0;
        }
        let count = self.file.write(bytes)?;
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Joins the parts of a server.
pub async fn start(
    setup: &Setup,
    digest_key: [u8; 32],
    (revision, snapshot): (Revision, Arc<Snapshot>),
) -> Result<Arc<App>> {
    let store = match setup.database.open().await {
        Ok(store) => store,
        Err(error) => {
            return Err(error).context(format!("{} cannot be opened", setup.database.shown().await));
        }
    };
    let shared = match &setup.redis {
        Some(source) => Some(beside(source, &digest_key).await?),
        None => None,
    };
    let clock: Arc<dyn Clock> = setup.clock.clone();
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let parts = Parts {
        snapshot,
        revision,
        store,
        shared,
        keys: KeyRing::open(Box::new(FileKeys::in_folder(&setup.keys)))?,
        digest_key,
        clock,
        entropy,
        hash_pool: HashPool::start(PoolOptions::default())
            .context("no threads for passwords can be started")?,
        audit: setup.audit.open()?,
        allow_private_fetch: setup.allow_private_fetch,
        mounts: setup.mounts.clone(),
        instruments: Instruments {
            build: Build { version: version::VERSION, commit: version::COMMIT },
            log: setup.log.clone(),
        },
    };
    Ok(App::start(parts)?)
}

/// The Redis that replicas share. One that is away is no error: it is looked for until it is there.
async fn beside(source: &Source, digest_key: &[u8; 32]) -> Result<Arc<dyn SharedMemory>> {
    let namespace = Secrets::new(digest_key)?.namespace();
    let redis = Redis::open(source.clone(), &namespace, Options::default()).await;
    Ok(Arc::new(redis.context("--redis cannot be used")?))
}

/// Ports that are open, and chores that run, until they are stopped.
#[derive(Default)]
pub struct Running {
    ports: Vec<Open>,
    last: Option<Open>,
    chores: Vec<JoinHandle<()>>,
}

/// A port that is served.
struct Open {
    stopper: Stopper,
    task: JoinHandle<()>,
}

impl Open {
    fn serve(name: &'static str, port: Port, answer: impl Answer) -> Self {
        let stopper = port.stopper();
        let task = tokio::spawn(async move {
            if let Err(error) = port.serve(answer).await {
                tracing::error!(port = name, %error, "the listener failed");
            }
        });
        Self { stopper, task }
    }
}

impl Running {
    /// Serves on a port that was bound.
    pub fn serve(&mut self, name: &'static str, port: Port, answer: impl Answer) {
        self.ports.push(Open::serve(name, port, answer));
    }

    /// Serves the OpenID provider.
    pub fn provider(&mut self, port: Port, app: &Arc<App>, proxies: TrustedProxies) {
        if let Some(certificates) = port.certificates() {
            app.presents(certificates);
        }
        let port = port.counting(app.metrics.connections.clone());
        self.serve("provider", port, Provider::new(app.clone(), proxies));
    }

    /// Serves the admin port, which ends last: probes see until then that the others stop.
    pub fn admin(&mut self, port: Port, admin: Admin) {
        self.last = Some(Open::serve("admin", port, admin));
    }

    /// Runs the chores of a server.
    pub fn chores(&mut self, app: &Arc<App>) {
        let sweeper = app.clone();
        self.chores.push(tokio::spawn(async move {
            let mut every = tokio::time::interval(SWEEP_EVERY);
            loop {
                every.tick().await;
                if let Err(error) = sweeper.sweep().await {
                    tracing::debug!(%error, "sweeping waits");
                }
            }
        }));
        self.chores.push(tokio::spawn(logouts::run(app.clone())));
        let keeper = app.clone();
        self.chores.push(tokio::spawn(async move {
            let mut every = tokio::time::interval(KEYS_EVERY);
            loop {
                every.tick().await;
                let keeper = keeper.clone();
                // Making an RSA key takes a while, and writes a file.
                let done = tokio::task::spawn_blocking(move || keeper.maintain_keys()).await;
                if let Ok(Err(error)) = done {
                    tracing::error!(%error, "signing keys cannot be maintained");
                }
            }
        }));
    }

    /// Takes no more connections, lets open requests end, and waits for that.
    pub async fn stop(self) {
        self.chores.iter().for_each(JoinHandle::abort);
        for ports in [self.ports, self.last.into_iter().collect()] {
            ports.iter().for_each(|port| port.stopper.stop());
            for port in ports {
                port.task.await.ok();
            }
        }
    }
}

/// Binds the provider's port, with TLS where both files are given.
pub fn bind(address: SocketAddr, certificate: Option<&Path>, key: Option<&Path>) -> Result<Port> {
    let certificates = match (certificate, key) {
        (Some(certificate), Some(key)) => {
            let opened = Certificates::open(certificate, key);
            Some(opened.context("TLS cannot be served; give other files with --tls-cert and --tls-key")?)
        }
        (None, None) => None,
        _ => bail!("--tls-cert and --tls-key go together"),
    };
    let options = PortOptions::default();
    let connections = most_connections(options.connections);
    Ok(taken(address, "--listen", certificates)?.with(PortOptions { connections, ..options }))
}

/// Binds a port beside the provider's, for few; `flag` gives it another address.
pub fn bind_beside(address: SocketAddr, flag: &str) -> Result<Port> {
    Ok(taken(address, flag, None)?.with(PortOptions { connections: BESIDE, ..PortOptions::default() }))
}

fn taken(address: SocketAddr, flag: &str, certificates: Option<Arc<Certificates>>) -> Result<Port> {
    Port::bind(address, certificates)
        .with_context(|| format!("{address} cannot be listened on; give another address with {flag}"))
}

/// Listens for SIGINT and SIGTERM from its making on, so that none is missed while something else is awaited.
pub struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    /// Begins to listen.
    pub fn listen() -> Result<Self> {
        let listen = |kind| signal(kind).context("signals cannot be listened for");
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Says on the admin port that this server stops, and serves on for a while, so that balancers have time to see it. A second
    /// signal ends the wait.
    pub async fn drain(&mut self, app: &App, time: Seconds, ui: &Ui) {
        app.begin_to_stop();
        if time.get() == 0 {
            return;
        }
        ui.tell(&format!("stopping: not ready any more, and serving for {time} yet"));
        tokio::select! {
            () = tokio::time::sleep(time.into()) => {}
            () = self.told() => {}
        }
    }

    /// Waits until the process is told to stop.
    pub async fn told(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_that_has_grown_is_moved_and_the_link_to_it_stays() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("real"), "").unwrap();
        std::os::unix::fs::symlink("real", at("link")).unwrap();
        let mut file = BoundedFile::open(&at("link")).unwrap();
        file.written = LARGEST_AUDIT_FILE;
        file.write_all(b"line").unwrap();
        assert!(at("link").is_symlink() && at("real.1").exists());
        assert_eq!(fs::read_to_string(at("link")).unwrap(), "line");
    }

    #[test]
    fn what_is_no_file_is_never_moved() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        // Open both ways, so that nobody waits for the other side.
        let _reader = std::fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
        let mut file = BoundedFile::open(&pipe).unwrap();
        file.written = LARGEST_AUDIT_FILE;
        file.write_all(b"line").unwrap();
        assert!(pipe.exists() && !folder.path().join("pipe.1").exists());
    }
}
