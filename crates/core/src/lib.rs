//! What is true and what is allowed: names, the policy lattice, `compile`, the Snapshot and the protocol's decisions.
//!
//! Nothing here does I/O, reads a clock or draws a random number; both come in as arguments. What users write
//! (YAML, custom resources) belongs to `nauthera-api`, how it is carried over HTTP to `nauthera-server`.

pub mod binding;
pub mod codes;
pub mod compile;
pub mod credentials;
pub mod facts;
pub mod finding;
pub mod grant;
pub mod inventory;
pub mod limits;
pub mod names;
pub mod oauth;
pub mod pattern;
pub mod plan;
pub mod policy;
pub mod reach;
pub mod report;
pub mod shards;
pub mod snapshot;
pub mod spec;
pub mod time;
pub mod uri;
