//! One object each, judged.

use nauthera_api::manifests::Manifests;
use nauthera_api::objects::{Judged, Spec, judge};
use nauthera_core::codes::Code;
use nauthera_core::inventory::Inventory;
use nauthera_core::names::{Kind, ObjectRef};
use serde_json::{Value, json};

fn client(spec: Value) -> Value {
    json!({
        "apiVersion": "auth.nauthera.io/v1alpha1",
        "kind": "AuthClient",
        "metadata": {
            "name": "web", "namespace": "shop", "uid": "u-1", "generation": 7, "resourceVersion": "42",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": { "team": "shop" },
            "annotations": { "auth.nauthera.io/rotate": "1" },
            "managedFields": [{ "manager": "kubectl", "operation": "Apply", "fieldsV1": { "f:spec": {} } }],
            "someFieldOfTomorrow": true,
        },
        "spec": spec,
        "status": { "observedGeneration": 6, "somethingNew": {} },
    })
}

fn good() -> Value {
    json!({ "authServerRef": { "name": "main", "namespace": "auth" }, "redirectUris": ["https://shop.example/cb"], "scopes": ["openid"] })
}

fn judged(object: &Value) -> Judged {
    judge(Kind::AuthClient, object).expect("it has a name")
}

#[test]
fn an_object_is_read_as_its_manifest_is() {
    let judged = judged(&client(good()));
    assert_eq!(judged.findings, []);
    assert_eq!(judged.key.object, ObjectRef::new("shop", "web"));
    assert_eq!(
        (&*judged.metadata.uid, judged.metadata.generation, judged.metadata.deleted),
        ("u-1", 7, false)
    );
    assert_eq!(judged.metadata.annotations.get("auth.nauthera.io/rotate").map(|v| &**v), Some("1"));
    let text = serde_json::to_string(&client(good())).unwrap().replace("\"someFieldOfTomorrow\":true,", "");
    let manifest = Manifests::from_texts(vec![("a.json".into(), text)]).inventory();
    let mut inventory = Inventory::default();
    judged.enter(&mut inventory);
    let name = ObjectRef::new("shop", "web");
    assert_eq!(inventory.clients[&name].spec, manifest.clients[&name].spec);
    assert_eq!(inventory.clients[&name].generation, 7);
}

#[test]
fn an_unknown_field_in_the_spec_keeps_the_object_there_and_not_accepted() {
    let mut spec = good();
    spec["requireSomething"] = json!(true);
    let judged = judged(&client(spec));
    assert_eq!(judged.findings[0].code, Code::UnknownField);
    assert_eq!(judged.findings[0].labels[0].place.pointer, "/spec/requireSomething");
    let mut inventory = Inventory::default();
    judged.enter(&mut inventory);
    assert_eq!(inventory.clients[&ObjectRef::new("shop", "web")].spec, None);
}

#[test]
fn what_resolve_refuses_is_told_at_its_place() {
    let mut spec = good();
    spec["redirectUris"] = json!(["https://shop.example/cb#top"]);
    let judged = judged(&client(spec));
    assert!(!judged.is_accepted());
    assert_eq!(judged.findings[0].labels[0].place.pointer, "/spec/redirectUris/0");
}

#[test]
fn rules_of_the_schema_hold() {
    let judged = judged(&client(json!({ "authServerRef": { "name": "main" }, "type": "web" })));
    assert_eq!(judged.findings[0].code, Code::RuleViolation);
}

#[test]
fn list_items_without_version_and_kind_are_read() {
    let mut object = client(good());
    object.as_object_mut().unwrap().retain(|field, _| field != "apiVersion" && field != "kind");
    assert!(judged(&object).is_accepted());
}

#[test]
fn one_that_is_being_deleted_says_so() {
    let mut object = client(good());
    object["metadata"]["deletionTimestamp"] = json!("2026-01-02T00:00:00Z");
    assert!(judged(&object).metadata.deleted);
}

#[test]
fn strange_objects_are_told_of_and_never_panic() {
    for spec in [json!(null), json!([]), json!("x"), json!({ "redirectUris": 5 })] {
        let judged = judged(&client(spec));
        assert!(!judged.is_accepted());
        assert!(!judged.findings.is_empty());
    }
    for object in [json!(null), json!({}), json!({ "metadata": [] }), json!({ "metadata": { "name": 5 } })] {
        assert_eq!(judge(Kind::AuthClient, &object), None);
    }
}

#[test]
fn one_that_is_too_large_is_not_read() {
    let mut spec = good();
    spec["displayName"] = json!("x".repeat(2 << 20));
    let judged = judged(&client(spec));
    assert_eq!(judged.findings.len(), 1);
    assert_eq!(judged.findings[0].code, Code::FileTooLarge);
}

#[test]
fn an_auth_server_brings_how_it_runs_with_defaults_filled_in() {
    let object = json!({
        "metadata": { "name": "main", "namespace": "auth" },
        "spec": { "issuerUrl": "https://id.example", "image": "registry.example/nauthera:1" },
    });
    let judged = judge(Kind::AuthServer, &object).unwrap();
    let workload = judged.workload.unwrap();
    assert_eq!(workload.image.as_deref(), Some("registry.example/nauthera:1"));
    assert_eq!(workload.database.sqlite.as_ref().unwrap().storage.0, "1Gi");
    assert!(matches!(judged.spec, Some(Spec::Server(_))));
    assert_eq!(judged.metadata.generation, 1);
}

#[test]
fn secrets_that_a_server_reads_for_an_object_are_named_by_key() {
    let server = json!({
        "metadata": { "name": "main", "namespace": "auth" },
        "spec": {
            "issuerUrl": "https://id.example",
            "serviceAccountIssuers": [
                { "issuer": "https://cluster.example", "caSecretRef": { "name": "ca" }, "namespaces": ["shop"] },
                { "issuer": "https://other.example", "namespaces": ["shop"] },
            ],
        },
    });
    let named = |judged: Judged| {
        let secrets = judged.secrets.into_iter();
        secrets.map(|secret| format!("{}/{}", secret.name, secret.key.unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(named(judge(Kind::AuthServer, &server).unwrap()), ["ca/ca.crt"]);
    let store = json!({
        "metadata": { "name": "people", "namespace": "auth" },
        "spec": { "type": "ldap", "ldap": {
            "server": ["ldaps://ldap.example"], "bindDN": "cn=reader,dc=example",
            "bindPasswordSecretRef": { "name": "ldap", "key": "bind" }, "caSecretRef": { "name": "ca" },
            "userSearch": { "baseDN": "dc=example", "usernameAttribute": "uid" },
        } },
    });
    let judged = judge(Kind::UserStore, &store).unwrap();
    assert_eq!(judged.findings, []);
    assert_eq!(named(judged), ["ca/ca.crt", "ldap/bind"]);
}

#[test]
fn nothing_of_a_finding_could_steer_a_terminal() {
    let mut spec = good();
    spec["type"] = json!("web\u{1b}[31m");
    let judged = judged(&client(spec));
    assert!(judged.findings.iter().all(|finding| !finding.message.contains('\u{1b}')));
}
