//! The custom resource definitions of the four kinds, generated from [`crate::v1alpha1`], and their YAML. The files under
//! `deploy/crds` and the answer of `nauthera crds` are these bytes.

use crate::v1alpha1::{AuthClient, AuthPolicy, AuthServer, UserStore};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use nauthera_core::names::Kind;
use serde_json::{Map, Value, json};

/// The first lines of every generated CRD file.
const HEADER: &str =
    "# Generated from the types in crates/api by `make generate`. Do not edit: change the types.\n";

/// The definition of one kind as JSON, keys in alphabetical order.
#[must_use]
pub fn crd(kind: Kind) -> Value {
    let definition = match kind {
        Kind::AuthClient => AuthClient::crd(),
        Kind::AuthPolicy => AuthPolicy::crd(),
        Kind::AuthServer => AuthServer::crd(),
        Kind::UserStore => UserStore::crd(),
    };
    let mut value = serde_json::to_value(definition).unwrap_or_default();
    if let Some(schema) = value.pointer_mut("/spec/versions/0/schema/openAPIV3Schema") {
        tidy(schema);
        // The derive gives `.status` no default; without one `observedGeneration: -1` would never be seen.
        if let Some(Value::Object(status)) = schema.pointer_mut("/properties/status") {
            status.insert("default".into(), json!({ "observedGeneration": -1 }));
            status.insert("description".into(), "What was made of the object. Output only.".into());
        }
        if let Some(Value::Object(spec)) = schema.pointer_mut("/properties/spec") {
            spec.insert("description".into(), "What is asked for.".into());
        }
    }
    sorted(value)
}

/// The four definitions, in the order of [`Kind::ALL`].
#[must_use]
pub fn crds() -> Vec<Value> {
    Kind::ALL.iter().map(|kind| crd(*kind)).collect()
}

/// The four definitions as Kubernetes values, in the order of [`Kind::ALL`].
#[must_use]
pub fn definitions() -> Vec<CustomResourceDefinition> {
    crds().into_iter().filter_map(|value| serde_json::from_value(value).ok()).collect()
}

/// The structural schema of one kind (`openAPIV3Schema` of its only version), with `apiVersion`, `kind` and `metadata`
/// left to the API server.
#[must_use]
pub fn schema(kind: Kind) -> Value {
    crd(kind).pointer("/spec/versions/0/schema/openAPIV3Schema").cloned().unwrap_or_default()
}

/// `authclients.auth.nauthera.io` and so on: the definition's name, and that of its file without `.yaml`.
#[must_use]
pub fn crd_name(kind: Kind) -> &'static str {
    match kind {
        Kind::AuthClient => AuthClient::crd_name(),
        Kind::AuthPolicy => AuthPolicy::crd_name(),
        Kind::AuthServer => AuthServer::crd_name(),
        Kind::UserStore => UserStore::crd_name(),
    }
}

/// One definition as YAML, with a header that says that it is generated. The same bytes each time.
#[must_use]
pub fn crd_yaml(kind: Kind) -> String {
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    // A value of strings, numbers, lists and maps always has a YAML form.
    let body = serde_saphyr::to_string_with_options(&crd(kind), options).unwrap_or_default();
    format!("{HEADER}{body}")
}

/// All four definitions as one YAML stream, in the order of [`Kind::ALL`].
#[must_use]
pub fn crds_yaml() -> String {
    Kind::ALL.iter().map(|kind| crd_yaml(*kind)).collect::<Vec<_>>().join("---\n")
}

/// Makes a schema say what we mean: no field takes null (an API server drops a null as if it were not written, and a
/// policy's list that is null would say something else than one that is empty), and descriptions are one line.
fn tidy(schema: &mut Value) {
    let Value::Object(schema) = schema else { return };
    schema.remove("nullable");
    if let Some(Value::Array(words)) = schema.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
    // The structural rewriter leaves the branches of a quantity empty; the extension says the same.
    if schema.contains_key("x-kubernetes-int-or-string") {
        schema.remove("anyOf");
    }
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.values_mut().for_each(tidy);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get_mut(key) {
            tidy(inner);
        }
    }
}

/// The same value with every map in alphabetical order, whatever order the build's `serde_json` keeps.
pub(crate) fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> =
                map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}
