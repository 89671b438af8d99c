//! A real PostgreSQL for tests: started once for a test binary on a free port of loopback, as a user without rights where the
//! tests run as root, and gone when the process that asked for it is gone, however that ends.
//!
//! It owns the server and its faults (stop, kill, pause). What is proved with it stands with those who use it.

mod server;
mod tools;

pub use server::{How, Server, Settings};

use anyhow::Result;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// A database of its own on the server that all tests of this process share: its URL.
///
/// # Errors
/// Where PostgreSQL is not installed or does not start, with the command to run.
pub fn database() -> Result<String> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    shared()?.database(&name)
}

/// The server that all tests of this process share. Nobody stops it.
///
/// # Errors
/// As [`database`].
pub fn shared() -> Result<&'static Server> {
    static SHARED: OnceLock<Result<Server, String>> = OnceLock::new();
    let shared =
        SHARED.get_or_init(|| Server::start(&Settings::default()).map_err(|error| format!("{error:#}")));
    shared.as_ref().map_err(|error| anyhow::anyhow!("{error}"))
}
