//! How the process ends.

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
