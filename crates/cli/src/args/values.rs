//! The values that flags take, read once into types.

use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};
use clap::parser::ValueSource;
use clap::{Arg, Command, ValueEnum};
use nauthera_core::names::ObjectRef;
use nauthera_core::time::Seconds;
use nauthera_core::uri::IssuerUrl;
use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

/// How a result is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// One JSON document.
    Json,
}

/// How a judgement is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum JudgeFormat {
    /// For people, as a compiler does.
    #[default]
    Human,
    /// One JSON document.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for CI.
    Junit,
}

/// Reads a format. One environment variable serves every command, and not every command knows every format: one that it does
/// not know is refused on the command line, and passed over in the environment.
#[derive(Debug, Clone)]
pub struct OrHuman<F: ValueEnum + Clone + Send + Sync + 'static>(EnumValueParser<F>);

impl<F: ValueEnum + Clone + Send + Sync + 'static> OrHuman<F> {
    /// The parser.
    pub fn new() -> Self {
        Self(EnumValueParser::new())
    }
}

impl<F: ValueEnum + Default + Clone + Send + Sync + 'static> TypedValueParser for OrHuman<F> {
    type Value = F;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<F, clap::Error> {
        self.0.parse_ref(command, arg, value)
    }

    fn parse_ref_(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
        source: ValueSource,
    ) -> Result<F, clap::Error> {
        match self.parse_ref(command, arg, value) {
            Err(_) if source == ValueSource::EnvVariable => Ok(F::default()),
            read => read,
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        self.0.possible_values()
    }
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
    /// Every event of the audit.
    Audit,
    /// The JSON Schema of the audit.
    AuditSchema,
    /// Every metric.
    Metrics,
    /// Every condition and reason of the four kinds' statuses.
    Conditions,
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
        let address = address(text).map_err(|error| format!("{error}, or none"))?;
        if address.ip().is_loopback() {
            Ok(Self::At(address))
        } else {
            Err("the console holds secrets, so it listens on a loopback address only".into())
        }
    }
}

/// Reads where to listen: an IP address with a port, or `localhost` with one.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    match port.parse::<u16>() {
        Ok(port) if host == "localhost" => Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        Ok(port) => {
            Err(format!("write an address with a port, such as 127.0.0.1:{port} or localhost:{port}"))
        }
        Err(_) => Err("write an address with a port, such as 127.0.0.1:8080 or localhost:8080".into()),
    }
}

/// Reads a duration of at most an hour.
pub fn duration(text: &str) -> Result<Seconds, String> {
    let duration = Seconds::parse(text).map_err(|error| error.to_string())?;
    if duration <= Seconds::hours(1) { Ok(duration) } else { Err("an hour (1h) is the most".to_owned()) }
}

/// Reads `NAMESPACE/NAME`.
pub fn object(text: &str) -> Result<ObjectRef, String> {
    ObjectRef::parse(text).ok_or_else(|| "write NAMESPACE/NAME".to_owned())
}

/// Reads an issuer.
pub fn issuer(text: &str) -> Result<IssuerUrl, String> {
    IssuerUrl::parse(text).map_err(|error| error.to_string())
}
