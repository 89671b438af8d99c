//! What users may write: the custom resources as Rust types, the CRDs generated from them, YAML with positions, and
//! `resolve`, which turns an object that the schema has judged into `nauthera_core` values.
//!
//! Manifests come from files ([`manifests`]) or, one by one, from an API server ([`objects`]).
//!
//! Nothing here does I/O but the reading of manifest folders, and nothing decides what is allowed: that is
//! `nauthera_core`'s. Clusters are talked to by the operator.

pub mod crds;
pub mod manifests;
pub mod objects;
pub mod resolve;
pub mod schema;
pub mod v1alpha1;
pub mod yaml;
