//! A real PostgreSQL that pods reach: it listens on the cluster's bridge.

use crate::cluster::Cluster;
use anyhow::Result;
use nauthera_test_postgres::{Server, Settings};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Settings under which pods reach a server and are let in.
///
/// # Errors
/// When there is no cluster.
pub fn settings() -> Result<Settings> {
    let addresses = format!("127.0.0.1,{}", Cluster::here()?.address());
    let access = ["127.0.0.0/8", "198.18.0.0/15"].map(|network| format!("host all all {network} trust"));
    Ok(Settings {
        settings: vec![("listen_addresses".to_owned(), addresses)],
        access: access.to_vec(),
        ..Settings::default()
    })
}

/// The URL of a database of a server with [`settings`], as pods and this machine alike reach it.
///
/// # Errors
/// When there is no cluster.
pub fn url(server: &Server, name: &str) -> Result<String> {
    Ok(format!("postgres://nauthera@{}:{}/{name}", Cluster::here()?.address(), server.port()))
}

/// A database of its own on the server that all tests of this process share: its URL, as [`url`].
///
/// # Errors
/// Where PostgreSQL is not installed or does not start, with the command to run.
pub fn database() -> Result<String> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let server = shared()?;
    server.database(&name)?;
    url(server, &name)
}

/// The server that all tests of this process share. Nobody stops it.
///
/// # Errors
/// As [`database`].
pub fn shared() -> Result<&'static Server> {
    static SHARED: OnceLock<Result<Server, String>> = OnceLock::new();
    let start = || Server::start(&settings()?);
    let shared = SHARED.get_or_init(|| start().map_err(|error| format!("{error:#}")));
    shared.as_ref().map_err(|error| anyhow::Error::msg(error.clone()))
}
