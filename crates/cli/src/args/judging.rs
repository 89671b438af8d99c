//! Flags of the commands that judge and compile.

use super::cluster::{ClusterArgs, Source};
use super::values::{self, Format, JudgeFormat, OrHuman};
use crate::destination::Destination;
use clap::Args;
use clap::builder::BoolishValueParser;
use nauthera_core::names::ObjectRef;
use std::path::PathBuf;

/// Flags of `check`.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// Files and folders of manifests, judged together; `cluster` lays them over what is in the cluster
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<Source>,
    /// Which cluster `cluster` is
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// How to print what is found
    #[arg(long, value_name = "FORMAT", env = "NAUTHERA_FORMAT", value_parser = OrHuman::<JudgeFormat>::new(), default_value = "human")]
    pub format: JudgeFormat,
    /// Exit with 1 for warnings too
    #[arg(long, env = "NAUTHERA_DENY_WARNINGS", value_parser = BoolishValueParser::new())]
    pub deny_warnings: bool,
}

/// Flags of `plan`.
#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    /// The manifests as they are: a file or folder, or `cluster` for what is in the cluster
    #[arg(value_name = "OLD")]
    pub old: Source,
    /// The manifests as they will be: a file or folder, or `cluster`
    #[arg(value_name = "NEW")]
    pub new: Source,
    /// Take the manifests for everything: what the cluster has and they lack is deleted
    #[arg(long, env = "NAUTHERA_PRUNE", value_parser = BoolishValueParser::new())]
    pub prune: bool,
    /// Which cluster `cluster` is
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// How to print the changes
    #[arg(long, value_name = "FORMAT", env = "NAUTHERA_FORMAT", value_parser = OrHuman::<Format>::new(), default_value = "human")]
    pub format: Format,
}

/// Flags of `explain`.
#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// A client as NAMESPACE/NAME (or NAME alone, in the namespace of the context), or a diagnostic's code such as NA0203
    #[arg(value_name = "WHAT")]
    pub what: String,
    /// The manifests that the client is in [default: the cluster, of which the client's status is read]
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// Which cluster it is, without a PATH
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// How to print the explanation
    #[arg(long, value_name = "FORMAT", env = "NAUTHERA_FORMAT", value_parser = OrHuman::<Format>::new(), default_value = "human")]
    pub format: Format,
}

/// Flags of `compile`.
#[derive(Debug, Clone, Args)]
pub struct CompileArgs {
    /// Files and folders of manifests, compiled together
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// The file to write; `-` is stdout
    #[arg(short, long, value_name = "FILE", env = "NAUTHERA_OUTPUT", required_unless_present = "print")]
    pub output: Option<Destination>,
    /// Print the Snapshot as JSON, for reading; with -o it is written as well
    #[arg(long, env = "NAUTHERA_PRINT", value_parser = BoolishValueParser::new())]
    pub print: bool,
    /// The folder that gives and keeps clients' credentials and the digest key
    #[arg(long, value_name = "DIR", env = "NAUTHERA_DATA", default_value = "./.nauthera")]
    pub data: PathBuf,
    /// Leave clients with secrets out, and say which
    #[arg(long, env = "NAUTHERA_NO_CREDENTIALS", value_parser = BoolishValueParser::new())]
    pub no_credentials: bool,
    /// Keep clients whose `jwksUri` is at a private address, for a server that may fetch there
    #[arg(long, env = "NAUTHERA_ALLOW_PRIVATE_FETCH", value_parser = BoolishValueParser::new())]
    pub allow_private_fetch: bool,
    /// How to print what came of it; JSON goes to stdout, with the Snapshot in it where --print is given
    #[arg(long, value_name = "FORMAT", env = "NAUTHERA_FORMAT", value_parser = OrHuman::<Format>::new(), default_value = "human")]
    pub format: Format,
    /// The AuthServer to compile for, where the manifests have several
    #[arg(long, value_name = "NAMESPACE/NAME", env = "NAUTHERA_SERVER", value_parser = values::object)]
    pub server: Option<ObjectRef>,
}
