//! PostgreSQL's own programs: where they are, and as whom they run.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where Debian puts them, newest last; elsewhere they are on the path.
const DEBIAN: &str = "/usr/lib/postgresql";

/// A program of PostgreSQL, to be run as a user without rights: `initdb` and `postgres` refuse to be root.
pub(crate) fn tool(name: &str) -> Result<Command> {
    let program = find(name).with_context(|| {
        format!("{name} of PostgreSQL is not installed; run: scripts/install-deps.sh test")
    })?;
    if !is_root() {
        return Ok(Command::new(program));
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    // A folder of root's is none that it may stand in.
    command.current_dir("/");
    Ok(command)
}

fn find(name: &str) -> Option<PathBuf> {
    let debian = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = debian.map(|entry| entry.path().join("bin").join(name)).collect();
    found.retain(|path| path.is_file());
    found.sort();
    found.pop().or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file())
    })
}

/// Do these tests run as root?
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

/// A command that needs root, to which its words are added.
pub(crate) fn as_root() -> Result<Command> {
    if is_root() {
        return Ok(Command::new("env"));
    }
    let mut command = Command::new("sudo");
    command.arg("-n");
    let allowed = Command::new("sudo").args(["-n", "true"]).stderr(Stdio::null()).status();
    if !allowed.is_ok_and(|status| status.success()) {
        bail!(
            "a small disk must be mounted: run the tests as root, or with a sudo that asks for no password"
        );
    }
    Ok(command)
}

/// Gives a file or folder to the user as whom [`tool`] runs.
pub(crate) fn hand_over(path: &Path) -> Result<()> {
    if is_root() {
        run(Command::new("chown").args(["-R", "postgres:postgres"]).arg(path))?;
    }
    Ok(())
}

/// Runs it to its end; what it printed. A failure carries what it said.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let told = format!("{command:?}");
    let output = command.stdin(Stdio::null()).output().with_context(|| told.clone())?;
    if !output.status.success() {
        bail!("{told}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
