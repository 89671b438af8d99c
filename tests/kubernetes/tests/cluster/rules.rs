//! Every case of the rules that `crates/api` judges without a cluster, judged by the real API server: the same files, with another
//! judge. So the two can't drift apart without a test that fails.

#[path = "../../../../crates/api/tests/crds/client_rules.rs"]
mod client_rules;
#[path = "../../../../crates/api/tests/crds/policy_rules.rs"]
mod policy_rules;
#[path = "../../../../crates/api/tests/crds/server_rules.rs"]
mod server_rules;
#[path = "../../../../crates/api/tests/crds/user_store_rules.rs"]
mod user_store_rules;

use kube::Client;
use kube::core::Status;
use nauthera_core::names::Kind;
use nauthera_test_kubernetes::cluster::Cluster;
use nauthera_test_kubernetes::definitions;
use nauthera_test_kubernetes::namespace::Namespace;
use serde_json::{Value, json};
use std::sync::LazyLock;
use tokio::runtime::Runtime;

/// One runtime and client for all cases, which are written without any.
static JUDGE: LazyLock<(Runtime, Client, Namespace)> = LazyLock::new(|| {
    definitions::apply().unwrap();
    let runtime = Runtime::new().unwrap();
    let client = runtime.block_on(Cluster::here().unwrap().client()).unwrap();
    (runtime, client, Namespace::new("rules").unwrap())
});

/// An object of the kind with this spec.
fn object(kind: Kind, spec: &Value) -> Value {
    json!({
        "apiVersion": "auth.nauthera.io/v1alpha1",
        "kind": kind.as_str(),
        "metadata": { "name": "example" },
        "spec": spec,
    })
}

/// What the API server says about an object, or about its change from an old one: field path and message.
fn judge(kind: Kind, object: &Value, old: Option<&Value>) -> Vec<(String, String)> {
    let (runtime, client, namespace) = &*JUDGE;
    runtime.block_on(async {
        let Some(old) = old else { return said(send(client, namespace.name(), kind, object).await) };
        let own = Namespace::new("rules-of-change").unwrap();
        let created = request("POST", &path(kind, own.name(), ""), old);
        let created: Value = client.request(created).await.unwrap();
        let mut changed = object.clone();
        changed["metadata"]["resourceVersion"] = created["metadata"]["resourceVersion"].clone();
        let name = object["metadata"]["name"].as_str().unwrap();
        let put = request("PUT", &format!("{}?dryRun=All", path(kind, own.name(), name)), &changed);
        said(client.request(put).await)
    })
}

async fn send(client: &Client, namespace: &str, kind: Kind, object: &Value) -> kube::Result<Value> {
    let path = format!("{}?dryRun=All&fieldValidation=Strict", path(kind, namespace, ""));
    client.request(request("POST", &path, object)).await
}

fn path(kind: Kind, namespace: &str, name: &str) -> String {
    let plural = match kind {
        Kind::AuthClient => "authclients",
        Kind::AuthPolicy => "authpolicies",
        Kind::AuthServer => "authservers",
        Kind::UserStore => "userstores",
    };
    let all = format!("/apis/auth.nauthera.io/v1alpha1/namespaces/{namespace}/{plural}");
    if name.is_empty() { all } else { format!("{all}/{name}") }
}

fn request(method: &str, path: &str, body: &Value) -> http::Request<Vec<u8>> {
    let request = http::Request::builder().method(method).uri(path);
    request.header("content-type", "application/json").body(body.to_string().into_bytes()).unwrap()
}

/// What rules say in a refusal. What the API server says of its own accord, about names and things that stand twice, is not ours.
fn said(answer: kube::Result<Value>) -> Vec<(String, String)> {
    let status = match answer {
        Ok(_) => return Vec::new(),
        Err(kube::Error::Api(status)) => status,
        Err(error) => panic!("{error}"),
    };
    let causes = &status.details.as_ref().unwrap_or_else(|| panic!("{status:?}")).causes;
    assert!(!causes.is_empty(), "{status:?}");
    let ours =
        causes.iter().filter(|cause| cause.reason == "FieldValueInvalid" && cause.field != "metadata.name");
    ours.map(|cause| (field(&cause.field), message(&status, &cause.message))).collect()
}

/// Its name for the whole object is no path.
fn field(path: &str) -> String {
    if path == "<nil>" { String::new() } else { path.to_owned() }
}

/// `Invalid value: "object": what the rule says`.
fn message(status: &Status, told: &str) -> String {
    let rest = told.strip_prefix("Invalid value: ").unwrap_or_else(|| panic!("{status:?}"));
    // The value is a word of its type, or as it was written.
    let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
    let value = stream.next();
    let after = rest.get(stream.byte_offset()..).unwrap_or_default();
    value.and_then(Result::ok).and_then(|_| after.strip_prefix(": ")).unwrap_or(rest).to_owned()
}

/// The API server says nothing about this spec.
fn accepts(kind: Kind, spec: Value) {
    let said = judge(kind, &object(kind, &spec), None);
    assert!(said.is_empty(), "{spec}\n{said:?}");
}

/// The API server says exactly this about this spec.
fn rejects(kind: Kind, spec: Value, path: &str, message: &str) {
    let said = judge(kind, &object(kind, &spec), None);
    assert_eq!(said, [(path.to_owned(), message.to_owned())], "{spec}");
}
