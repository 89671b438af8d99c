//! What an on-call engineer has of a running server: metrics with alerts and a dashboard over them, traces, the log. Each is proved on the
//! binary itself, with a real Prometheus and a collector that listens.
//!
//! This crate owns how PromQL and a page of metrics are read, as far as that takes. What is proved stands in `tests/`.

pub mod page;
pub mod promql;
