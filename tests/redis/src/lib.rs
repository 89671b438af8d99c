//! A real Redis for tests: started on a free port of loopback, and gone when the process that asked for it is gone, however that
//! ends. A test that harms its server starts one of its own; the others share one and keep apart by their keys.
//!
//! It owns the server and its faults (kill, pause, restart). What is proved with it stands with those who use it.

mod server;

pub use server::{Server, Settings};

use anyhow::Result;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The server that all tests of this process share. Nobody stops it.
///
/// # Errors
/// Where Redis is not installed or does not start, with the command to run.
pub fn shared() -> Result<&'static Server> {
    static SHARED: OnceLock<Result<Server, String>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| Server::start().map_err(|error| format!("{error:#}")));
    shared.as_ref().map_err(|error| anyhow::anyhow!("{error}"))
}

/// A namespace that no other test of this process has.
#[must_use]
pub fn namespace() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("test{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
