//! Credentials in bulk: which client of a server is due for which step, and the steps taken together, so that ten thousand new clients
//! are a few dozen writes of records and not ten thousand. Which step comes next is [`nauthera_core::credentials`]'s to say.

mod known;
mod plan;
mod secrets;
mod shards;
#[cfg(test)]
mod tests;

pub use known::{RecordCache, credentials_of, secret_names};
pub use plan::{Due, Entry, Hands, Plan, Planner, SecretState, View};
pub use secrets::{Work, Writer};
pub use shards::Shards;

/// The key of the records in their Secret.
pub const RECORDS_KEY: &str = "records.json";

/// The annotation of an application's Secret with the mark by which older attempts to write it are refused.
pub const FENCE_ANNOTATION: &str = "auth.nauthera.io/fence";
