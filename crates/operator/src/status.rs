//! Statuses: what the operator says of each object, worked out from the Report and from what is live. Pure: one function a kind makes
//! the whole status as it should be, and [`merge`] says whether there is anything to write.
//!
//! Conditions are those of Kubernetes: `True` is good, each has a reason from [`reasons`] and a message in plain words, and kstatus reads
//! them as they are. `Stalled` stands only where an edit of the object itself is the only cure: what waits for another object to appear
//! does not have it. No condition is read back to decide anything about what is served.

mod bounded;
mod client;
mod conditions;
mod merge;
mod policy;
pub mod reading;
pub mod reasons;
mod server;
mod store;
mod words;

pub use bounded::fitted;
pub use client::{ClientFacts, Live, SecretFact, client, out_of_reach};
pub use merge::{HasConditions, merge};
pub use policy::{PolicyFacts, PolicyLive, policy};
pub use server::{Key, Replicas, ServerFacts, Unresolved, server};
pub use store::{StoreFacts, StoreLive, StoreWord, store};
pub use words::{line, names, sentence};

#[cfg(test)]
mod tests;
