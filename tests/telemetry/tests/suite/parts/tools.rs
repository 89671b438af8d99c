//! Prometheus and promtool: those on the PATH, or those that `scripts/install-deps.sh test` laid into the cache.

use std::path::PathBuf;
use std::process::Command;

/// What checks rules and pages.
pub fn promtool() -> PathBuf {
    tool("promtool")
}

/// The server.
pub fn prometheus() -> PathBuf {
    tool("prometheus")
}

fn tool(name: &str) -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home).unwrap_or_default();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([cache.join("nauthera/prometheus/usr/bin")]);
    let found = folders.map(|folder| folder.join(name)).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("{name} is missing: run scripts/install-deps.sh test"))
}

/// Runs a command to its end, which must be a good one; what it printed.
pub fn run(command: &mut Command) -> String {
    ends(command, 0)
}

/// Runs a command to its end, which must be with this exit code; what it printed.
pub fn ends(command: &mut Command, code: i32) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{command:?}: {}\n{said}", output.status);
    said
}
