//! Flags of the commands that serve.

use super::values::{self, ConsoleAddress};
use crate::serve::AuditTarget;
use clap::Args;
use clap::builder::BoolishValueParser;
use nauthera_core::names::ObjectRef;
use nauthera_core::time::Seconds;
use nauthera_core::uri::IssuerUrl;
use nauthera_server::http::Network;
use nauthera_store::Location;
use nauthera_store::redis::Source;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Flags of `up`.
#[derive(Debug, Clone, Args)]
pub struct UpArgs {
    /// The folder (or file) of manifests
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", env = "NAUTHERA_LISTEN", value_parser = values::address, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The folder for everything that is kept: database, keys, clients' secrets
    #[arg(long, value_name = "DIR", env = "NAUTHERA_DATA", default_value = "./.nauthera")]
    pub data: PathBuf,
    /// Where the console listens, on this machine only; `none` switches it off
    #[arg(long, value_name = "ADDRESS", env = "NAUTHERA_CONSOLE", default_value = "127.0.0.1:8081")]
    pub console: ConsoleAddress,
    /// The issuer instead of the manifest's, so that production manifests run on a laptop
    #[arg(long, value_name = "URL", env = "NAUTHERA_ISSUER", value_parser = values::issuer)]
    pub issuer: Option<IssuerUrl>,
    /// The AuthServer to serve, where the manifests have several
    #[arg(long, value_name = "NAMESPACE/NAME", env = "NAUTHERA_SERVER", value_parser = values::object)]
    pub server: Option<ObjectRef>,
    /// A certificate chain in PEM, to listen with TLS
    #[arg(long, value_name = "FILE", env = "NAUTHERA_TLS_CERT", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key in PEM
    #[arg(long, value_name = "FILE", env = "NAUTHERA_TLS_KEY", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Proxies whose word on a client's address is taken (Forwarded, X-Forwarded-For): networks or addresses with commas between them
    #[arg(long, value_name = "CIDR", env = "NAUTHERA_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<Network>,
    /// How long it serves on, not ready any more, after it is told to stop: the time in which balancers see it
    #[arg(long, value_name = "DURATION", env = "NAUTHERA_DRAIN", value_parser = values::duration, default_value = "0s")]
    pub drain: Seconds,
    /// Call `jwksUri` and `backChannelLogoutUri` at private addresses too: for tests and laptops
    #[arg(long, env = "NAUTHERA_ALLOW_PRIVATE_FETCH", value_parser = BoolishValueParser::new())]
    pub allow_private_fetch: bool,
    /// A Redis or Valkey for limits and used client assertions, in place of the database: redis://HOST:PORT, rediss:// for TLS, or
    /// file:PATH of a file that holds the URL
    #[arg(long, value_name = "URL", env = "NAUTHERA_REDIS", hide_env_values = true)]
    pub redis: Option<Source>,
    /// Where audit lines go: stdout, stderr, none or a file [default: audit.jsonl under --data]
    #[arg(long, value_name = "TARGET", env = "NAUTHERA_AUDIT")]
    pub audit: Option<AuditTarget>,
}

impl UpArgs {
    /// Where audit lines go, given the data folder.
    pub fn audit_target(&self, data: &Path) -> AuditTarget {
        self.audit.clone().unwrap_or_else(|| AuditTarget::File(data.join("audit.jsonl")))
    }
}

/// Where a Snapshot comes from.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct SnapshotSource {
    /// The Snapshot to serve, as `nauthera compile` writes it
    #[arg(long, value_name = "FILE", env = "NAUTHERA_SNAPSHOT")]
    pub snapshot: Option<PathBuf>,
    /// The index of the Snapshot to serve, as `nauthera operator` publishes it: its ConfigMap, with those that it names
    #[arg(long, value_name = "NAMESPACE/NAME", env = "NAUTHERA_SNAPSHOT_CONFIGMAPS", value_parser = values::object)]
    pub snapshot_configmaps: Option<ObjectRef>,
}

/// Flags of `server`.
#[derive(Debug, Clone, Args)]
pub struct ServerArgs {
    /// Where the Snapshot comes from
    #[command(flatten)]
    pub source: SnapshotSource,
    /// A folder for the last good Snapshot of --snapshot-configmaps: with it a restart serves while the API server is away
    #[arg(long, value_name = "DIR", env = "NAUTHERA_SNAPSHOT_CACHE", requires = "snapshot_configmaps")]
    pub snapshot_cache: Option<PathBuf>,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", env = "NAUTHERA_LISTEN", value_parser = values::address, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Where health, readiness and metrics are answered
    #[arg(long, value_name = "ADDRESS", env = "NAUTHERA_ADMIN_LISTEN", value_parser = values::address, default_value = "127.0.0.1:8082")]
    pub admin_listen: SocketAddr,
    /// A certificate chain in PEM, to listen with TLS
    #[arg(long, value_name = "FILE", env = "NAUTHERA_TLS_CERT", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key in PEM
    #[arg(long, value_name = "FILE", env = "NAUTHERA_TLS_KEY", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Where the protocol's facts are stored: sqlite:PATH, postgres://USER@HOST/DATABASE, or file:PATH for a file that holds such a
    /// URL and may change
    #[arg(long, value_name = "URL", env = "NAUTHERA_DATABASE", hide_env_values = true)]
    pub database: Location,
    /// The folder of the signing keys and the digest key
    #[arg(long, value_name = "DIR", env = "NAUTHERA_KEYS")]
    pub keys: PathBuf,
    /// The folder of mounted Secrets
    #[arg(long, value_name = "DIR", env = "NAUTHERA_SECRETS")]
    pub secrets: Option<PathBuf>,
    /// Proxies whose word on a client's address is taken (Forwarded, X-Forwarded-For): networks or addresses with commas between them
    #[arg(long, value_name = "CIDR", env = "NAUTHERA_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<Network>,
    /// How long it serves on, not ready any more, after it is told to stop: the time in which balancers see it
    #[arg(long, value_name = "DURATION", env = "NAUTHERA_DRAIN", value_parser = values::duration, default_value = "5s")]
    pub drain: Seconds,
    /// Call `jwksUri` and `backChannelLogoutUri` at private addresses too: for tests and laptops
    #[arg(long, env = "NAUTHERA_ALLOW_PRIVATE_FETCH", value_parser = BoolishValueParser::new())]
    pub allow_private_fetch: bool,
    /// A Redis or Valkey for limits and used client assertions, in place of the database: redis://HOST:PORT, rediss:// for TLS, or
    /// file:PATH of a file that holds the URL
    #[arg(long, value_name = "URL", env = "NAUTHERA_REDIS", hide_env_values = true)]
    pub redis: Option<Source>,
    /// Where audit lines go: stdout, stderr, none or a file
    #[arg(long, value_name = "TARGET", env = "NAUTHERA_AUDIT", default_value = "stdout")]
    pub audit: AuditTarget,
}
