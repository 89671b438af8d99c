//! The generated CRDs: structural, bounded, described, fresh on disk, and with rules that say what they should.

#[cfg(test)]
#[path = "crds/client_rules.rs"]
mod client_rules;
#[cfg(test)]
#[path = "crds/fields.rs"]
mod fields;
#[cfg(test)]
#[path = "crds/policy_rules.rs"]
mod policy_rules;
#[cfg(test)]
#[path = "crds/server_rules.rs"]
mod server_rules;
#[cfg(test)]
#[path = "crds/structure.rs"]
mod structure;
#[cfg(test)]
#[path = "crds/user_store_rules.rs"]
mod user_store_rules;

use kube_cel::Validator;
use nauthera_api::crds;
use nauthera_core::names::Kind;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

static SCHEMAS: LazyLock<BTreeMap<Kind, Value>> =
    LazyLock::new(|| Kind::ALL.into_iter().map(|kind| (kind, crds::schema(kind))).collect());

/// The schema of a kind, generated once.
fn schema(kind: Kind) -> &'static Value {
    SCHEMAS.get(&kind).unwrap_or(&Value::Null)
}

/// An object of the kind with this spec.
fn object(kind: Kind, spec: &Value) -> Value {
    json!({
        "apiVersion": "auth.nauthera.io/v1alpha1",
        "kind": kind.as_str(),
        "metadata": { "name": "example", "namespace": "shop" },
        "spec": spec,
    })
}

/// What the rules say about an object: field path and message, in order.
fn judge(kind: Kind, object: &Value, old: Option<&Value>) -> Vec<(String, String)> {
    let errors = match Validator::new().validate_with_defaults(schema(kind), object, old) {
        Ok(()) => return Vec::new(),
        Err(errors) => errors,
    };
    errors.into_iter().map(|error| (error.field_path, error.message)).collect()
}

/// The rules say nothing about this spec.
fn accepts(kind: Kind, spec: Value) {
    let said = judge(kind, &object(kind, &spec), None);
    assert!(said.is_empty(), "{spec}\n{said:?}");
}

/// The rules say exactly this about this spec.
fn rejects(kind: Kind, spec: Value, path: &str, message: &str) {
    let said = judge(kind, &object(kind, &spec), None);
    assert_eq!(said, [(path.to_owned(), message.to_owned())], "{spec}");
}
