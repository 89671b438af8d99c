//! What tests on a real cluster share: where the cluster is, kubectl, Helm and a client for it, namespaces of their own, our
//! definitions, a database that pods can reach, how tools that deploy from Git judge objects, the components that a test may kill,
//! operators as processes under accounts of their own, a proxy that gives them trouble, and applications that ask for tokens meanwhile.
//!
//! The cluster itself is the Go program in `tests/cluster`; `scripts/test-cluster.sh` starts it around the tests of this crate.
//! What is proved on it stands in `tests/`, one binary for each kind of cluster.

pub mod access;
pub mod account;
pub mod calls;
pub mod cluster;
pub mod component;
pub mod database;
pub mod definitions;
pub mod edge;
pub mod gitops;
pub mod helm;
pub mod kubectl;
pub mod manifests;
pub mod namespace;
pub mod objects;
pub mod operator;
pub mod person;
pub mod proxy;
pub mod store;
pub mod tokens;
pub mod wait;
