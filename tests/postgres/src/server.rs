//! One server: its data, its port, and what can happen to it.

use crate::tools::{as_root, hand_over, is_root, run, tool};
use anyhow::{Context, Result};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

/// What a server is given beside the defaults: settings of `postgresql.conf`, and files that stand beside its data.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Names and values. A value may name a file by `{files}`.
    pub settings: Vec<(String, String)>,
    /// Files by name, readable by the server alone.
    pub files: Vec<(String, String)>,
    /// Lines of `pg_hba.conf`; without any, everybody on this machine is trusted.
    pub access: Vec<String>,
    /// A disk of its own for the tables, with so many MiB: it can be full. Its log of writes lies elsewhere, since PostgreSQL
    /// does not survive a full disk there.
    pub disk: Option<u32>,
}

/// How a server is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Sessions are ended, and everything is written.
    Fast,
    /// As if the power went.
    Immediate,
}

impl How {
    const fn mode(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Immediate => "immediate",
        }
    }
}

/// A server. Dropped, it and its data are gone.
pub struct Server {
    folder: PathBuf,
    port: u16,
    /// Outlives this process by a moment: ends the server and removes its data once nobody holds the other end.
    undertaker: Child,
}

/// Waits until its input ends, then cleans up.
const UNDERTAKER: &str =
    "read -r _; \"$@\" >/dev/null 2>&1; $SUDO umount \"$FOLDER/data\" 2>/dev/null; rm -rf \"$FOLDER\"";

impl Server {
    /// Starts one.
    ///
    /// # Errors
    /// Where PostgreSQL is not installed or does not start.
    pub fn start(settings: &Settings) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("nauthera-postgres-").tempdir()?.keep();
        let undertaker = undertaker(&folder)?;
        let mut server = Self { folder, port: 0, undertaker };
        server.make(settings)?;
        // Another may take the port first.
        let mut tries = 0;
        loop {
            tries += 1;
            server.port = free_port()?;
            match server.begin() {
                Ok(()) => return Ok(server),
                Err(_) if tries < 5 => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn make(&self, settings: &Settings) -> Result<()> {
        let files = self.folder.join("files");
        std::fs::create_dir(&files)?;
        for (name, text) in &settings.files {
            let path = files.join(name);
            std::fs::write(&path, text)?;
            run(Command::new("chmod").arg("600").arg(&path))?;
        }
        hand_over(&self.folder)?;
        if let Some(size) = settings.disk {
            self.mount(size)?;
        }
        let superuser = ["--username=nauthera", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"];
        let wal = format!("--waldir={}", self.folder.join("wal").display());
        let wal = settings.disk.map(|_| wal);
        run(tool("initdb")?.args(superuser).args(wal).arg(self.data()))?;
        let own = settings.settings.iter().map(|(name, value)| {
            format!("{name} = '{}'", value.replace("{files}", &files.display().to_string()))
        });
        let lines: Vec<String> = DEFAULTS.iter().map(|line| (*line).to_owned()).chain(own).collect();
        append(&self.data().join("postgresql.conf"), &lines)?;
        if !settings.access.is_empty() {
            std::fs::write(self.data().join("pg_hba.conf"), settings.access.join("\n") + "\n")?;
        }
        Ok(())
    }

    fn mount(&self, size: u32) -> Result<()> {
        std::fs::create_dir(self.data())?;
        let options = format!("size={size}m,mode=0700");
        run(as_root()?.args(["mount", "-t", "tmpfs", "-o", &options, "nauthera"]).arg(self.data()))?;
        hand_over(&self.data())
    }

    /// Fills the disk of the tables to its last byte.
    ///
    /// # Errors
    /// When it has no disk of its own.
    pub fn fill_disk(&self) -> Result<()> {
        let mut fill = as_root()?;
        let ballast = self.data().join("ballast");
        let filled =
            fill.args(["dd", "if=/dev/zero", "bs=64k"]).arg(format!("of={}", ballast.display())).output()?;
        anyhow::ensure!(!filled.status.success(), "the disk has no end");
        Ok(())
    }

    /// Gives the space back.
    ///
    /// # Errors
    /// When it was not filled.
    pub fn free_disk(&self) -> Result<()> {
        run(as_root()?.args(["rm"]).arg(self.data().join("ballast"))).map(drop)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Where it listens, on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a database of that name, which is made.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn database(&self, name: &str) -> Result<String> {
        self.sql("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(self.url(name))
    }

    /// The URL of a database.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        format!("postgres://nauthera@127.0.0.1:{}/{name}", self.port)
    }

    /// Runs statements by hand in a database; what they print, fields apart by `|`.
    ///
    /// # Errors
    /// What the database says.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String> {
        let port = self.port.to_string();
        run(tool("psql")?
            .args(["--host=127.0.0.1", "--username=nauthera", "--no-psqlrc", "--quiet", "--tuples-only"])
            .args(["--no-align", "--set=ON_ERROR_STOP=1", "--port", &port, "--dbname", database])
            .args(["--command", statements]))
    }

    /// Starts it again where it was.
    ///
    /// # Errors
    /// When it does not start.
    pub fn begin(&self) -> Result<()> {
        let options = format!("-c port={}", self.port);
        let log = self.folder.join("log");
        let mut start = tool("pg_ctl")?;
        start
            .args(["start", "--wait", "--silent", "--timeout=60", "--options", &options])
            .arg("--log")
            .arg(&log);
        // Its output goes to the log, since a pipe that the server inherits is never closed.
        let done = start.arg("--pgdata").arg(self.data()).stdin(Stdio::null()).stdout(Stdio::null());
        let done = done.stderr(Stdio::null()).status()?;
        anyhow::ensure!(
            done.success(),
            "PostgreSQL does not start: {}",
            std::fs::read_to_string(&log).unwrap_or_default()
        );
        Ok(())
    }

    /// Stops it and waits until it is gone.
    ///
    /// # Errors
    /// When it does not stop.
    pub fn stop(&self, how: How) -> Result<()> {
        run(tool("pg_ctl")?
            .args(["stop", "--wait", "--silent", "--timeout=60", "--mode", how.mode()])
            .arg("--pgdata")
            .arg(self.data()))
        .map(drop)
    }

    /// Ends every connection to a database, as a failover does.
    ///
    /// # Errors
    /// What the database says.
    pub fn end_connections(&self, database: &str) -> Result<()> {
        let all =
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'");
        self.sql("postgres", &all).map(drop)
    }

    /// Lets it hang: its processes take no step any more, and its sockets stay open.
    ///
    /// # Errors
    /// When its processes cannot be found.
    pub fn pause(&self) -> Result<()> {
        self.signal("STOP")
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When its processes cannot be found.
    pub fn resume(&self) -> Result<()> {
        self.signal("CONT")
    }

    fn signal(&self, name: &str) -> Result<()> {
        let file = self.data().join("postmaster.pid");
        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let main = text.lines().next().context("postmaster.pid is empty")?.to_owned();
        let send = |process: &str| run(Command::new("kill").args(["-s", name, process])).map(drop);
        // The main process first when stopping, so that it starts no other meanwhile.
        send(&main)?;
        let children = run(Command::new("ps").args(["-o", "pid=", "--ppid", &main])).unwrap_or_default();
        for child in children.split_whitespace() {
            let sent = send(child);
            // One that has ended meanwhile needs no signal. While its parent stands still it may be there as a zombie.
            if Path::new("/proc").join(child).exists() {
                sent?;
            }
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Stopped processes end only once they go on.
        self.resume().ok();
        drop(self.undertaker.stdin.take());
        self.undertaker.wait().ok();
    }
}

/// Durability is for those who have something to lose, and a busy machine needs no second try by the autovacuum's clock.
const DEFAULTS: &[&str] = &[
    "listen_addresses = '127.0.0.1'",
    "unix_socket_directories = ''",
    "fsync = off",
    "synchronous_commit = off",
    "full_page_writes = off",
    "max_connections = 300",
    "shared_buffers = 64MB",
];

fn undertaker(folder: &Path) -> Result<Child> {
    let stop = tool("pg_ctl")?;
    let mut command = Command::new("sh");
    command.args(["-c", UNDERTAKER, "undertaker"]).arg(stop.get_program()).args(stop.get_args());
    command.args(["stop", "--mode=immediate", "--pgdata"]).arg(folder.join("data"));
    command.env("SUDO", if is_root() { "" } else { "sudo -n" });
    command.env("FOLDER", folder).stdin(Stdio::piped()).current_dir("/");
    command.spawn().context("sh cannot be started")
}

fn append(path: &Path, lines: &[String]) -> Result<()> {
    let mut text = std::fs::read_to_string(path)?;
    lines.iter().for_each(|line| {
        text.push_str(line);
        text.push('\n');
    });
    Ok(std::fs::write(path, text)?)
}

/// A port that nobody listens on. It is none of those that the system gives to outgoing connections: one of them could take it
/// while the server is stopped.
fn free_port() -> Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 9_000)?;
    for _ in 0..10_000 {
        let port = 10_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    anyhow::bail!("no port is free")
}
