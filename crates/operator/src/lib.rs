//! Kubernetes in, Kubernetes out: the third carrier of the same Snapshot, beside `up` and `compile`, with no rules of its own.
//!
//! What is allowed is judged by `nauthera_core`, and what users may write is read by `nauthera_api`. The modules that make objects,
//! statuses, events and admission answers are pure: values in, values out. Only the edges talk to an API server.
//!
//! How it goes round: [`watch`] fills the [`index`]; [`turn`] compiles what it says; a [`steward`] for each server carries out records,
//! Snapshot and Secrets in their order; [`workloads`] and [`statuses`] follow. [`run`] joins them, and [`lease`] says who may write. A
//! [`survey`] reads the same facts once, for people who ask what is there.

mod admin;
mod admission;
mod backoff;
mod bell;
pub mod children;
pub mod cluster;
pub mod context;
mod events;
pub mod follow;
mod http;
mod index;
mod issuer;
pub mod keys;
mod lease;
pub mod metrics;
mod names;
mod publish;
mod queue;
mod records;
mod replicas;
pub mod run;
mod secrets;
mod standing;
pub mod status;
mod statuses;
mod steward;
pub mod survey;
mod turn;
pub mod watch;
pub mod webhook;
mod workloads;
#[cfg(test)]
mod world;
