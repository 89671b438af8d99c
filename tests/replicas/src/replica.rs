//! One process of `nauthera server`. A shell stands between: it ends the server when this process is gone, however it went.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Notes the server's process id, and ends the server when nobody holds standard input any more.
const KEEPER: &str =
    r#"pid=$1; log=$2; shift 2; "$@" >>"$log" 2>&1 & echo $! >"$pid"; read -r _; kill $! 2>/dev/null; wait"#;

/// A replica.
pub struct Replica {
    name: String,
    folder: PathBuf,
    /// Where it serves, on 127.0.0.1.
    pub port: u16,
    /// Where it tells how it is.
    pub admin: u16,
    arguments: Vec<String>,
    keeper: Option<Child>,
}

impl Replica {
    /// A replica that is not started yet; its log lies in the folder.
    #[must_use]
    pub fn new(folder: &Path, name: &str, (port, admin): (u16, u16), arguments: &[String]) -> Self {
        let mut all = vec!["server".to_owned()];
        all.extend(arguments.iter().cloned());
        for (flag, port) in [("--listen", port), ("--admin-listen", admin)] {
            all.extend([flag.to_owned(), format!("127.0.0.1:{port}")]);
        }
        Self { name: name.into(), folder: folder.into(), port, admin, arguments: all, keeper: None }
    }

    /// Starts it. That it serves is for the caller to wait for.
    ///
    /// # Errors
    /// When no process can be started.
    pub fn start(&mut self) -> Result<()> {
        let (pid, log) = (self.pid_file(), self.folder.join(format!("{}.log", self.name)));
        std::fs::remove_file(&pid).ok();
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "keeper"]).arg(pid).arg(log);
        command.arg(nauthera_rp_rust::server::binary()?).args(&self.arguments).stdin(Stdio::piped());
        self.keeper = Some(command.env("NO_COLOR", "1").spawn().context("sh cannot be started")?);
        Ok(())
    }

    /// Kills it with a signal.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill(&mut self, signal: &str) -> Result<()> {
        let pid = std::fs::read_to_string(self.pid_file())?;
        let killed = Command::new("kill").args(["-s", signal, pid.trim()]).status()?;
        ensure!(killed.success(), "{} does not run", self.name);
        drop(self.keeper.as_mut().and_then(|keeper| keeper.stdin.take()));
        if let Some(mut keeper) = self.keeper.take() {
            keeper.wait()?;
        }
        Ok(())
    }

    /// What it has said so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join(format!("{}.log", self.name))).unwrap_or_default()
    }

    fn pid_file(&self) -> PathBuf {
        self.folder.join(format!("{}.pid", self.name))
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            keeper.wait().ok();
        }
    }
}
