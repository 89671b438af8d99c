//! The threads on which everything runs that must not stop while a test waits for kubectl: proxies and loads.

use anyhow::Result;
use std::sync::OnceLock;
use tokio::runtime::{Builder, Handle, Runtime};

/// Where it runs.
///
/// # Errors
/// When no thread can be started.
pub fn edge() -> Result<&'static Handle> {
    static EDGE: OnceLock<Result<Runtime, String>> = OnceLock::new();
    let start = || Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let edge = EDGE.get_or_init(|| start().map_err(|error| error.to_string()));
    edge.as_ref().map(Runtime::handle).map_err(|error| anyhow::Error::msg(error.clone()))
}
