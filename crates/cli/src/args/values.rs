//! The values that flags take, read once into types.

use clap::ValueEnum;
use nauthera_core::names::ObjectRef;
use nauthera_core::uri::IssuerUrl;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Human,
    /// One JSON document.
    Json,
}

/// How a judgement is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum JudgeFormat {
    /// For people, as a compiler does.
    Human,
    /// One JSON document.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for CI.
    Junit,
}

/// How definitions are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CrdFormat {
    /// A YAML stream.
    Yaml,
    /// A Kubernetes List as JSON.
    Json,
}

/// A generated document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Document {
    /// Every command and flag.
    Cli,
    /// Every diagnostic code.
    Diagnostics,
    /// Every field of the four kinds.
    Resources,
}

/// Where the console listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsoleAddress {
    /// Nowhere.
    None,
    /// On a loopback address.
    At(SocketAddr),
}

impl ConsoleAddress {
    /// The address, where there is a console.
    pub const fn address(self) -> Option<SocketAddr> {
        match self {
            Self::None => None,
            Self::At(address) => Some(address),
        }
    }
}

impl FromStr for ConsoleAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self::None);
        }
        let address: SocketAddr = text
            .parse()
            .map_err(|_| "write an address with a port, such as 127.0.0.1:8081, or none".to_owned())?;
        if address.ip().is_loopback() {
            Ok(Self::At(address))
        } else {
            Err("the console holds secrets, so it listens on a loopback address only".into())
        }
    }
}

/// Where the protocol's facts are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A SQLite file.
    Sqlite(PathBuf),
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Err("PostgreSQL comes with a later release; write sqlite:PATH".into());
        }
        match text.strip_prefix("sqlite:") {
            Some(path) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            _ => Err("write sqlite:PATH".into()),
        }
    }
}

/// Reads `NAMESPACE/NAME`.
pub fn object(text: &str) -> Result<ObjectRef, String> {
    ObjectRef::parse(text).ok_or_else(|| "write NAMESPACE/NAME".to_owned())
}

/// Reads an issuer.
pub fn issuer(text: &str) -> Result<IssuerUrl, String> {
    IssuerUrl::parse(text).map_err(|error| error.to_string())
}
