//! The command line.

use crate::baseline::BaselineArgs;
use crate::kubernetes::KubernetesArgs;
use crate::rotator::RotatorArgs;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Loads a release build of `nauthera` over loopback and compares it with a bare handler in the same run. Prints ratios and
/// asserts none; fails only when an answer is not the one that is due.
#[derive(Debug, Parser)]
#[command(name = "nauthera-bench")]
pub struct Cli {
    /// What to do instead of measuring.
    #[command(subcommand)]
    pub part: Option<Part>,
    /// How to measure.
    #[command(flatten)]
    pub bench: BenchArgs,
}

/// Parts that the benchmark starts itself.
#[derive(Debug, Subcommand)]
pub enum Part {
    /// The bare handler
    #[command(hide = true)]
    Baseline(BaselineArgs),
    /// The bare handler that rotates refresh tokens
    #[command(hide = true)]
    Rotator(RotatorArgs),
    /// The operator with many clients, inside a test cluster: `scripts/bench.sh --only kubernetes` starts it there
    #[command(hide = true)]
    Kubernetes(KubernetesArgs),
}

/// How to measure.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// How long each load goes on
    #[arg(long, default_value_t = 4.0)]
    pub seconds: f64,
    /// Service clients in the Snapshot
    #[arg(long, default_value_t = 10_000)]
    pub clients: usize,
    /// Make only these measurements
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<Measurement>,
    /// The binary to measure [default: the one beside this program]
    #[arg(long)]
    pub nauthera: Option<PathBuf>,
    /// Where the temporary folder with database and keys is made: it decides which disk
    #[arg(long)]
    pub folder: Option<PathBuf>,
}

/// A group of measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Measurement {
    /// Start and idle memory
    Start,
    /// Memory with many connections, idle and at work
    Connections,
    /// RS256 client credentials
    Rs256,
    /// ES256 client credentials
    Es256,
    /// People's grants and introspection
    Grants,
    /// A storm of logins
    Storm,
    /// One and three replicas on PostgreSQL
    Postgres,
    /// A Snapshot that is swapped every second
    Swap,
    /// Memory with 100,000 clients, and with a million refresh tokens
    Memory,
    /// Ten million rows that have ended; some minutes, and only when it is named
    Sweep,
    /// The operator with 10,000 AuthClients on the test cluster
    Kubernetes,
}

impl BenchArgs {
    /// Is this group to be measured?
    pub fn wants(&self, measurement: Measurement) -> bool {
        let usual = measurement != Measurement::Sweep;
        (self.only.is_empty() && usual) || self.only.contains(&measurement)
    }
}
