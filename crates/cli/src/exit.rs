//! How the process ends.

use anyhow::Error;
use std::io::ErrorKind;
use std::process::ExitCode;

/// What a command has to say to the script that called it. One that could not do its job returns an error instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, and nothing found.
    Done,
    /// Done, and something found.
    Found,
}

/// The code of a command that could not do its job.
pub const FAILED: u8 = 2;

impl Exit {
    /// Found when `found`.
    pub const fn found_if(found: bool) -> Self {
        if found { Self::Found } else { Self::Done }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Found => Self::from(1),
        }
    }
}

/// Did the reader of stdout go away (`nauthera check . | head`)? That is its good right, and nobody's error.
pub fn is_broken_pipe(error: &Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    })
}
