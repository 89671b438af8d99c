//! Where a command talks: stdout for data, stderr for talk, colours only where a terminal wants them.

use super::plain::visible;
use crate::logging::is_json;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use anyhow::{Error, Result};
use std::io::{self, Write};

/// The two streams of this process. What it is given may be styled; styles are left out where they are not wanted.
#[derive(Debug, Clone, Copy)]
pub struct Ui {
    out: ColorChoice,
    err: ColorChoice,
}

impl Ui {
    /// The process' own streams: styled on a terminal, unless `NO_COLOR` is set.
    pub fn of_process() -> Self {
        Self { out: AutoStream::choice(&io::stdout()), err: AutoStream::choice(&io::stderr()) }
    }

    /// Prints data, and a line end.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn line(&self, text: &str) -> Result<()> {
        let mut out = AutoStream::new(io::stdout().lock(), self.out);
        heard(writeln!(out, "{text}").and_then(|()| out.flush()))
    }

    /// Prints data as it is: bytes for a machine.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn raw(&self, bytes: &[u8]) -> Result<()> {
        let mut out = io::stdout().lock();
        heard(out.write_all(bytes).and_then(|()| out.flush()))
    }

    /// Talks. Whether anybody listens does not matter.
    pub fn say(&self, text: &str) {
        writeln!(AutoStream::new(io::stderr().lock(), self.err), "{text}").ok();
    }

    /// Says how a process that serves gets on: a line of the log where whoever reads it expects nothing else.
    pub fn tell(&self, text: &str) {
        if is_json() { tracing::info!("{text}") } else { self.say(text) }
    }

    /// Says why a command could not do its job.
    pub fn error(&self, error: &Error) {
        let red: Style = AnsiColor::BrightRed.on_default().bold();
        self.say(&format!("{red}error{red:#}: {}", visible(&format!("{error:#}"))));
    }
}

/// A reader that goes away (`nauthera check . | head`) is nobody's error, and changes nothing of what was found: the command goes
/// on to its own exit code.
fn heard(written: io::Result<()>) -> Result<()> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
