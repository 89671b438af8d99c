//! Flags of the small commands.

use super::values::{CrdFormat, Document, Format, OrHuman};
use clap::Args;
use clap_complete::Shell;

/// Flags of `crds`.
#[derive(Debug, Clone, Args)]
pub struct CrdsArgs {
    /// How to print the definitions
    #[arg(long, value_name = "FORMAT", env = "NAUTHERA_CRDS_FORMAT", value_enum, default_value = "yaml")]
    pub format: CrdFormat,
}

/// Flags of `hash-password`.
#[derive(Debug, Clone, Args)]
pub struct HashPasswordArgs {
    /// How to print the hash
    #[arg(long, value_name = "FORMAT", env = "NAUTHERA_FORMAT", value_parser = OrHuman::<Format>::new(), default_value = "human")]
    pub format: Format,
}

/// Flags of `completion`.
#[derive(Debug, Clone, Args)]
pub struct CompletionArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}

/// Flags of `version`.
#[derive(Debug, Clone, Args)]
pub struct VersionArgs {
    /// How to print it
    #[arg(long, value_name = "FORMAT", env = "NAUTHERA_FORMAT", value_parser = OrHuman::<Format>::new(), default_value = "human")]
    pub format: Format,
}

/// Flags of `reference`.
#[derive(Debug, Clone, Args)]
pub struct ReferenceArgs {
    /// The document
    #[arg(value_name = "DOCUMENT", value_enum)]
    pub document: Document,
}
