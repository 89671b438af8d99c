//! The command line as types: every command, flag and environment variable, with the sentences that `--help` and
//! `docs/cli.md` print. What a command does is in the module of its name.

mod cluster;
mod doctor;
mod examples;
mod judging;
mod operator;
mod serving;
mod small;
mod store;
mod values;

pub use cluster::{ClusterArgs, Source};
pub use doctor::{AdminAddress, DoctorArgs};
pub use judging::{CheckArgs, CompileArgs, ExplainArgs, PlanArgs};
pub use operator::OperatorArgs;
pub use serving::{ServerArgs, UpArgs};
pub use small::{CompletionArgs, CrdsArgs, HashPasswordArgs, ReferenceArgs, VersionArgs};
pub use store::{StoreArgs, StoreCommand};
pub use values::{CrdFormat, Document, Format, JudgeFormat};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::path::Path;

/// The one binary.
#[derive(Debug, Parser)]
#[command(
    name = "nauthera",
    version,
    about = "OpenID Connect by policy, configured by manifests only",
    long_about = "Nauthera serves OpenID Connect and OAuth 2.1. Everything it does is written in manifests of three teams: \
                  platform (AuthServer, UserStore), security (AuthPolicy) and developers (AuthClient).\n\n\
                  stdout is data, stderr is talk. Every flag has an environment variable NAUTHERA_*.",
    after_help = examples::EXIT_CODES,
    max_term_width = 100,
    propagate_version = false,
    infer_subcommands = false
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve a folder of manifests, and follow its edits
    #[command(long_about = examples::UP_ABOUT, after_long_help = examples::UP)]
    Up(Box<UpArgs>),
    /// Judge manifests, or what is in a cluster: schema, CEL, references, policies, examples
    #[command(long_about = examples::CHECK_ABOUT, after_long_help = examples::CHECK)]
    Check(CheckArgs),
    /// Say what a change of manifests does to each client, compared with others or with a cluster
    #[command(long_about = examples::PLAN_ABOUT, after_long_help = examples::PLAN)]
    Plan(PlanArgs),
    /// Explain a client's settings, or a diagnostic
    #[command(long_about = examples::EXPLAIN_ABOUT, after_long_help = examples::EXPLAIN)]
    Explain(ExplainArgs),
    /// Write the Snapshot that `nauthera server` serves
    #[command(long_about = examples::COMPILE_ABOUT, after_long_help = examples::COMPILE)]
    Compile(CompileArgs),
    /// Serve a Snapshot
    #[command(long_about = examples::SERVER_ABOUT, after_long_help = examples::SERVER)]
    Server(Box<ServerArgs>),
    /// Look after AuthServers and AuthClients in a cluster
    #[command(long_about = examples::OPERATOR_ABOUT, after_long_help = examples::OPERATOR)]
    Operator(Box<OperatorArgs>),
    /// Check an installation, and say what to do
    #[command(long_about = examples::DOCTOR_ABOUT, after_long_help = examples::DOCTOR)]
    Doctor(Box<DoctorArgs>),
    /// Look after a database by hand: bring its schema up to date, check it, copy it to another
    #[command(long_about = examples::STORE_ABOUT, after_long_help = examples::STORE)]
    Store(StoreArgs),
    /// Print the four custom resource definitions
    #[command(long_about = examples::CRDS_ABOUT, after_long_help = examples::CRDS)]
    Crds(CrdsArgs),
    /// Hash a password for a static user
    #[command(long_about = examples::HASH_PASSWORD_ABOUT, after_long_help = examples::HASH_PASSWORD)]
    HashPassword(HashPasswordArgs),
    /// Print a shell's completion script
    #[command(after_long_help = examples::COMPLETION)]
    Completion(CompletionArgs),
    /// Print version, commit and target
    #[command(after_long_help = examples::VERSION)]
    Version(VersionArgs),
    /// Print a generated document of the book
    #[command(hide = true)]
    Reference(ReferenceArgs),
}

/// The name under which kubectl finds a plugin.
const PLUGIN: &str = "kubectl-nauthera";

impl Cli {
    /// Reads the command line of this process; a usage error ends it, with clap's message and code 2.
    pub fn of_process() -> Self {
        let mut matches = shown_as(&called_as()).get_matches();
        Self::from_arg_matches_mut(&mut matches).unwrap_or_else(|error| error.exit())
    }
}

/// The name under which this process was called: kubectl's plugin, or itself.
pub fn called_as() -> String {
    let name = std::env::args_os().next();
    let name = name.as_deref().and_then(|name| Path::new(name).file_stem()?.to_str());
    if name == Some(PLUGIN) { PLUGIN.into() } else { "nauthera".into() }
}

/// The command line as people who call it by this name read it.
fn shown_as(name: &str) -> clap::Command {
    let command = Cli::command();
    if name != PLUGIN {
        return command;
    }
    let as_plugin = |command: clap::Command| match command.get_after_long_help() {
        Some(examples) => {
            let examples = examples.to_string().replace(" nauthera ", " kubectl nauthera ");
            command.after_long_help(examples)
        }
        None => command,
    };
    command.bin_name("kubectl nauthera").mut_subcommands(as_plugin)
}

#[cfg(test)]
mod tests;
