//! Kubernetes in, Kubernetes out: the third carrier of the same Snapshot, beside `up` and `compile`, with no rules of its own.
//!
//! What is allowed is judged by `nauthera_core`, and what users may write is read by `nauthera_api`. The modules that make objects,
//! statuses, events and admission answers are pure: values in, values out. Only the edges talk to an API server.

pub mod admission;
pub mod children;
pub mod events;
pub mod names;
pub mod secrets;
pub mod status;
#[cfg(test)]
mod world;
