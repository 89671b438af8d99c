//! One server: its port, its process, and what can happen to it.

use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tempfile::TempDir;

/// How often a start is tried: another may take the port first.
const TRIES: u32 = 5;
/// The longest that an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Stands between the tests and the server: ends it when nobody holds the other end of its input any more, and with it itself. The
/// server's own output is passed on, so that its start is seen.
const UNDERTAKER: &str = "\"$@\" & server=$!; echo \"pid $server\"; exec 3<&0; \
    (read -r _ <&3; kill -9 \"$server\") >/dev/null 2>&1 & wait \"$server\"";

/// What a server is given beside the defaults: options, and files that stand beside it.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Names and values. A value may name a file by `{files}`, and where to listen by `{port}`.
    pub options: Vec<(String, String)>,
    /// Files by name.
    pub files: Vec<(String, String)>,
}

/// A server without persistence. Dropped, it is gone.
pub struct Server {
    folder: TempDir,
    settings: Settings,
    port: u16,
    running: Mutex<Option<Running>>,
}

struct Running {
    undertaker: Child,
    /// The server's own process.
    pid: String,
}

impl Server {
    /// Starts one.
    ///
    /// # Errors
    /// Where Redis is not installed or does not start, with the command to run.
    pub fn start() -> Result<Self> {
        Self::with(Settings::default())
    }

    /// Starts one of a kind.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn with(settings: Settings) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("nauthera-redis-").tempdir()?;
        for (name, text) in &settings.files {
            std::fs::write(folder.path().join(name), text)?;
        }
        let mut server = Self { folder, settings, port: 0, running: Mutex::default() };
        let mut tries = 0;
        loop {
            tries += 1;
            server.port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
            match server.begin() {
                Ok(()) => return Ok(server),
                Err(_) if tries < TRIES => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Where it listens, on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Starts it where it was, empty.
    ///
    /// # Errors
    /// When it does not start.
    pub fn begin(&self) -> Result<()> {
        let port = self.port.to_string();
        let mut command = Command::new("sh");
        command.args([
            "-c",
            UNDERTAKER,
            "undertaker",
            "redis-server",
            "--bind",
            "127.0.0.1",
            "--port",
            &port,
        ]);
        command
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no", "--dir"])
            .arg(self.folder.path());
        for (name, value) in &self.settings.options {
            let files = self.folder.path().display().to_string();
            command.arg(format!("--{name}")).arg(value.replace("{files}", &files).replace("{port}", &port));
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        // The shell tells whom it saw killed.
        let mut undertaker = command.stderr(Stdio::null()).spawn().context("sh cannot be started")?;
        let output = undertaker.stdout.take().context("no output")?;
        let (pid, said) = started(output);
        let Some(pid) = pid else {
            undertaker.kill().ok();
            undertaker.wait().ok();
            bail!("redis-server does not start; is it installed? run: scripts/install-deps.sh test\n{said}");
        };
        *self.running() = Some(Running { undertaker, pid });
        Ok(())
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends it as if its machine went, and waits until it is gone. What it held is lost.
    pub fn kill(&self) {
        let Some(mut running) = self.running().take() else { return };
        drop(running.undertaker.stdin.take());
        running.undertaker.wait().ok();
    }

    /// Lets it hang: it takes no step any more, and its sockets stay open.
    ///
    /// # Errors
    /// When it does not run.
    pub fn pause(&self) -> Result<()> {
        self.signal("STOP")
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it does not run.
    pub fn resume(&self) -> Result<()> {
        self.signal("CONT")
    }

    fn signal(&self, name: &str) -> Result<()> {
        let running = self.running();
        let pid = &running.as_ref().context("it does not run")?.pid;
        let done = Command::new("kill").args(["-s", name, pid]).status()?;
        anyhow::ensure!(done.success(), "kill -s {name} {pid}: {done}");
        Ok(())
    }

    /// Sends one command by hand; the answer as Redis writes it, or the text of one that is a text.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn command(&self, words: &[&str]) -> Result<String> {
        let mut stream =
            TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], self.port)), ANSWER_WITHIN)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        write!(stream, "*{}\r\n", words.len())?;
        for word in words {
            write!(stream, "${}\r\n{word}\r\n", word.len())?;
        }
        let (mut answer, mut line) = (BufReader::new(stream), String::new());
        answer.read_line(&mut line)?;
        let line = line.trim_end();
        let Some(length) = line.strip_prefix('$').and_then(|length| length.parse().ok()) else {
            return Ok(line.to_owned());
        };
        let mut text = vec![0; length];
        answer.read_exact(&mut text)?;
        Ok(String::from_utf8(text)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The process id, once the server takes connections; else what it said until it ended.
fn started(output: impl Read + Send + 'static) -> (Option<String>, String) {
    let mut lines = BufReader::new(output).lines();
    let (mut pid, mut said) = (None, String::new());
    while let Some(Ok(line)) = lines.next() {
        if let Some(found) = line.strip_prefix("pid ") {
            pid = Some(found.to_owned());
        }
        if line.contains("Ready to accept connections") {
            // Read on, so that its log never blocks it.
            std::thread::spawn(move || lines.for_each(drop));
            return (pid, said);
        }
        said.push_str(&line);
        said.push('\n');
    }
    (None, said)
}
