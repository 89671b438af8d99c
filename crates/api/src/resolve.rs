//! From what a manifest says to what core works with: each object that the schema has judged is read into the typed
//! `nauthera_core::spec` values, and what no schema can judge is judged here: the form of URIs, schedules, keys, password
//! hashes and patterns. Pure, and every fault of an object is collected, not only the first.
//!
//! What the schema and its CEL rules say already is said again only where a value could not be read otherwise. Whether
//! an object may have what it asks for is core's to say.

mod client;
mod fault;
mod jwk;
mod lists;
mod password;
mod person;
mod policy;
mod rotation;
mod selector;
mod server;
mod user_store;

pub use client::client;
pub use fault::Fault;
pub use policy::policy;
pub use server::server;
pub use user_store::user_store;

#[cfg(test)]
mod tests;
