//! Limits that replicas share: what a backend must be able to do ([`LimitStore`]), the memory that each replica has of its own
//! ([`Memory`]), and the one door to both ([`Limiter`]). How a limit counts is `nauthera-core`'s; what is limited is the server's.

mod limiter;
mod memory;
#[cfg(test)]
pub(crate) mod tests;

pub use limiter::{Health, Limiter, Refused, Shared};
pub use memory::Memory;
pub(crate) use memory::is_refused;

use crate::Result;
use async_trait::async_trait;
use nauthera_core::facts::Digest;
use nauthera_core::limits::{Key, Rule, State, Verdict};
use nauthera_core::time::{Micros, Seconds};

/// A limit that an attempt is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// How it counts.
    pub rule: &'static Rule,
    /// Whom it counts.
    pub key: Key,
}

/// What one limit says to an attempt, and how it stands then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// How it stands.
    pub state: State,
    /// May it be done, as far as this limit goes?
    pub verdict: Verdict,
}

/// How an admitted attempt ended. Where nothing is told, it counts as it was counted when it was admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It failed: the wait begins now.
    Failed,
    /// It succeeded, and all is forgotten.
    Cleared,
    /// It counts for nothing.
    Undone,
}

/// Where limits are kept for several replicas.
#[async_trait]
pub trait LimitStore: Send + Sync {
    /// Counts an attempt under all the limits, or under none of them where one refuses it; an answer for each, in their order.
    async fn admit(&self, asked: &[Ask], now: Micros) -> Result<Vec<Answer>>;
    /// Notes how an admitted attempt ended, for each of its limits.
    async fn settle(&self, ended: &[(Ask, Ending)], now: Micros) -> Result<()>;
}

/// What replicas share beside the store: limits, and what was seen already.
#[async_trait]
pub trait SharedMemory: LimitStore + 'static {
    /// Remembers a value that may be used once, for so long: `false` when it was there before.
    async fn remember(&self, value: Digest, lasting: Seconds) -> Result<bool>;
}
