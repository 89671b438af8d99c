//! What `resolve` makes of manifests, and what it says of bad ones.

mod client;
mod policy;
mod server;
mod user_store;

use super::Fault;
use nauthera_core::names::ObjectRef;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn object() -> ObjectRef {
    ObjectRef::new("shop", "example")
}

/// A spec as it comes from a manifest.
fn read<T: DeserializeOwned>(spec: Value) -> T {
    serde_json::from_value(spec).unwrap()
}

/// The faults as `pointer: message`.
fn faults<T>(result: Result<T, Vec<Fault>>) -> Vec<String> {
    match result {
        Ok(_) => Vec::new(),
        Err(faults) => {
            faults.into_iter().map(|fault| format!("{}: {}", fault.pointer, fault.message)).collect()
        }
    }
}
