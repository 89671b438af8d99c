//! What the tests share.

mod collector;
mod kept;
mod server;
mod tools;

pub use collector::{Collector, Span};
pub use kept::{Kept, free_port, until};
pub use server::{Server, agent};
pub use tools::{ends, prometheus, promtool, run};

use std::path::PathBuf;

/// The tree.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}
