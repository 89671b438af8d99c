//! Flags of `store`.

use super::values::{Format, OrHuman};
use clap::{Args, Subcommand};
use nauthera_store::Location;

/// Flags of `store`.
#[derive(Debug, Clone, Args)]
pub struct StoreArgs {
    /// What to do
    #[command(subcommand)]
    pub command: StoreCommand,
    /// How to print the result
    #[arg(long, global = true, value_name = "FORMAT", env = "NAUTHERA_FORMAT", value_parser = OrHuman::<Format>::new(), default_value = "human")]
    pub format: Format,
}

/// What to do with a database.
#[derive(Debug, Clone, Subcommand)]
pub enum StoreCommand {
    /// Bring the schema up to date
    Migrate {
        /// The database: sqlite:PATH, postgres://USER@HOST/DATABASE, or file:PATH for a file that holds such a URL
        #[arg(value_name = "DATABASE", env = "NAUTHERA_DATABASE", hide_env_values = true)]
        database: Location,
    },
    /// Verify that a database can be served, and count what is in it
    Check {
        /// The database: sqlite:PATH, postgres://USER@HOST/DATABASE, or file:PATH for a file that holds such a URL
        #[arg(value_name = "DATABASE", env = "NAUTHERA_DATABASE", hide_env_values = true)]
        database: Location,
    },
    /// Copy an installation to another database, while nothing serves either
    Copy {
        /// The database to read
        #[arg(value_name = "FROM")]
        from: Location,
        /// The database to fill; it must be empty
        #[arg(value_name = "TO")]
        to: Location,
        /// Go on with a copy that broke off: what is there stays
        #[arg(long)]
        resume: bool,
    },
}
