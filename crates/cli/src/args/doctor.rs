//! Flags of `doctor`.

use super::values::{self, Format, OrHuman};
use clap::Args;
use nauthera_core::uri::IssuerUrl;
use nauthera_store::Location;
use nauthera_store::redis::Source;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Flags of `doctor`: those of `server`, none of them required.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// The Snapshot that is served
    #[arg(long, value_name = "FILE", env = "NAUTHERA_SNAPSHOT")]
    pub snapshot: Option<PathBuf>,
    /// The issuer, where no Snapshot says it
    #[arg(long, value_name = "URL", env = "NAUTHERA_ISSUER", value_parser = values::issuer)]
    pub issuer: Option<IssuerUrl>,
    /// The database: sqlite:PATH, postgres://USER@HOST/DATABASE, or file:PATH for a file that holds such a URL
    #[arg(long, value_name = "URL", env = "NAUTHERA_DATABASE", hide_env_values = true)]
    pub database: Option<Location>,
    /// The Redis or Valkey that replicas share, if they do: redis://HOST:PORT, rediss:// for TLS, or file:PATH
    #[arg(long, value_name = "URL", env = "NAUTHERA_REDIS", hide_env_values = true)]
    pub redis: Option<Source>,
    /// The folder of the signing keys and the digest key
    #[arg(long, value_name = "DIR", env = "NAUTHERA_KEYS")]
    pub keys: Option<PathBuf>,
    /// The certificate chain in PEM
    #[arg(long, value_name = "FILE", env = "NAUTHERA_TLS_CERT", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key in PEM
    #[arg(long, value_name = "FILE", env = "NAUTHERA_TLS_KEY", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// CA certificates in PEM to believe beside those of the machine
    #[arg(long, value_name = "FILE", env = "NAUTHERA_CA")]
    pub ca: Option<PathBuf>,
    /// The admin port of the server that runs here; `none` leaves it out
    #[arg(long, value_name = "ADDRESS", env = "NAUTHERA_ADMIN_LISTEN", default_value = "127.0.0.1:8082")]
    pub admin_listen: AdminAddress,
    /// How to print what is found
    #[arg(long, value_name = "FORMAT", env = "NAUTHERA_FORMAT", value_parser = OrHuman::<Format>::new(), default_value = "human")]
    pub format: Format,
}

/// Where a running server tells how it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminAddress {
    /// It is not asked.
    None,
    /// Here.
    At(SocketAddr),
}

impl std::str::FromStr for AdminAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" { Ok(Self::None) } else { values::address(text).map(Self::At) }
    }
}
