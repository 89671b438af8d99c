//! Runs the binary as people do, and writes down what it says.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A command that is about to run in the folder of fixtures, with nothing of this process' environment but its paths, and no cluster.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nauthera"));
    command.args(arguments).current_dir(fixtures());
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    // No cluster of whoever runs the tests.
    command.env("KUBECONFIG", "nowhere");
    command.stdin(Stdio::null());
    command
}

/// The folder of fixtures.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Runs it and takes everything it says.
pub fn output(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the binary starts")
}

/// Runs it with a text on stdin.
pub fn output_with_stdin(arguments: &[&str], stdin: &str) -> Output {
    let mut command = command(arguments);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    child.stdin.take().expect("it has a stdin").write_all(stdin.as_bytes()).expect("it reads");
    child.wait_with_output().expect("it ends")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("stdout is UTF-8")
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("stderr is UTF-8")
}

/// The whole transcript of `nauthera` with these arguments, the version left out.
pub fn transcript(arguments: &[&str]) -> String {
    let output = output(arguments);
    let typed = arguments.join(" ");
    let code = output.status.code().expect("it was not killed");
    let text = format!(
        "$ nauthera {typed}\n--- stdout\n{}--- stderr\n{}--- exit {code}\n",
        stdout(&output),
        stderr(&output)
    );
    text.replace(&format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION")), "\"version\": \"VERSION\"")
}

/// Asserts the transcript of `nauthera` with these arguments.
macro_rules! assert_transcript {
    ($($argument:expr),+ $(,)?) => {
        insta::with_settings!({ omit_expression => true }, {
            insta::assert_snapshot!(crate::run::transcript(&[$($argument),+]))
        })
    };
}
pub(crate) use assert_transcript;
