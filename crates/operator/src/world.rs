//! Objects for tests, as an API server would give them, and what `compile` makes of them.

use nauthera_api::objects::{Judged, judge};
use nauthera_core::compile::{Compiled, compile};
use nauthera_core::inventory::Inventory;
use nauthera_core::names::{Kind, ObjectRef};
use serde_json::{Value, json};

/// A server `auth/main` and a policy `auth/baseline` that governs everybody.
pub fn world() -> Inventory {
    let mut inventory = Inventory::default();
    put(&mut inventory, Kind::AuthServer, "auth/main", 1, json!({ "issuerUrl": "https://id.example" }));
    put(&mut inventory, Kind::AuthPolicy, "auth/baseline", 1, baseline());
    for namespace in ["auth", "shop"] {
        inventory.namespaces.insert(namespace.into(), Default::default());
    }
    inventory
}

pub fn baseline() -> Value {
    json!({ "allowedScopes": ["openid", "profile", "email"], "token": { "accessTokenTTL": "15m" } })
}

pub fn object(kind: Kind, name: &str, generation: i64, spec: Value) -> Value {
    let name = ObjectRef::parse(name).unwrap();
    json!({
        "apiVersion": "auth.nauthera.io/v1alpha1",
        "kind": kind.as_str(),
        "metadata": {
            "name": &*name.name, "namespace": &*name.namespace, "generation": generation, "uid": format!("uid-of-{}", name.name),
        },
        "spec": spec,
    })
}

/// Puts an object in, accepted or not.
pub fn put(inventory: &mut Inventory, kind: Kind, name: &str, generation: i64, spec: Value) -> Judged {
    let judged = judge(kind, &object(kind, name, generation, spec)).unwrap();
    judged.enter(inventory);
    judged
}

/// A client of `auth/main` with these scopes.
pub fn client(scopes: &[&str]) -> Value {
    json!({
        "authServerRef": { "name": "main", "namespace": "auth" },
        "redirectUris": ["https://shop.example/cb"],
        "scopes": scopes,
    })
}

pub fn name(text: &str) -> ObjectRef {
    ObjectRef::parse(text).unwrap()
}

/// Compiles, and takes what is made as published.
pub fn publish(inventory: &mut Inventory) -> Compiled {
    let compiled = compile(inventory);
    inventory.published = compiled.snapshots.clone();
    compiled
}
