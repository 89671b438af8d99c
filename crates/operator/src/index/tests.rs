//! The index, fed by hand: order, lists that fail, deletions, and what is believed.

use super::{Shared, Source, StreamId};
use crate::names::{CLIENT_LABEL, digest_key, owner_mark};
use kube::api::DynamicObject;
use kube::runtime::watcher::Event;
use nauthera_core::credentials::KeyedDigest;
use nauthera_core::names::{Kind, ObjectRef};
use nauthera_core::time::Entropy;
use serde_json::{Value, json};
use std::sync::Arc;

struct Counting;

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.iter_mut().zip(1..).for_each(|(byte, n)| *byte = n);
    }
}

fn shared() -> Arc<Shared> {
    Shared::new(Arc::new(Counting))
}

fn object(value: Value) -> DynamicObject {
    serde_json::from_value(value).unwrap()
}

fn manifest(kind: Kind, name: &str, version: u64, spec: &Value) -> (Source, DynamicObject) {
    let name = ObjectRef::parse(name).unwrap();
    let object = object(json!({
        "apiVersion": "auth.nauthera.io/v1alpha1", "kind": kind.as_str(), "spec": spec,
        "metadata": {
            "namespace": &*name.namespace, "name": &*name.name, "uid": format!("uid-{name}"),
            "generation": version, "resourceVersion": version.to_string(),
        },
    }));
    (Source::Manifests(kind), object)
}

fn client(name: &str, version: u64, scopes: &[&str]) -> (Source, DynamicObject) {
    let spec = json!({
        "authServerRef": { "namespace": "auth", "name": "main" },
        "redirectUris": ["https://shop.example/cb"], "scopes": scopes,
    });
    manifest(Kind::AuthClient, name, version, &spec)
}

fn everything() -> Vec<(Source, DynamicObject)> {
    let namespace = object(json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": { "name": "shop", "labels": { "team": "shop" }, "uid": "n", "resourceVersion": "1" },
    }));
    vec![
        manifest(Kind::AuthServer, "auth/main", 1, &json!({ "issuerUrl": "https://id.example" })),
        manifest(Kind::AuthPolicy, "auth/base", 1, &json!({ "allowedScopes": ["openid"] })),
        manifest(Kind::UserStore, "auth/people", 1, &json!({ "type": "static", "users": [] })),
        client("shop/web", 1, &["openid"]),
        client("shop/odd", 1, &["openid", "openid"]),
        (Source::Namespaces, namespace),
    ]
}

const fn everywhere(source: Source) -> StreamId {
    StreamId { source, namespace: None }
}

fn permutations(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(count - 1);
    let insert = |order: &Vec<usize>, at: usize| {
        let mut order = order.clone();
        order.insert(at, count - 1);
        order
    };
    shorter.iter().flat_map(|order| (0..count).map(move |at| insert(order, at))).collect()
}

#[test]
fn the_order_of_arrival_never_matters() {
    let all = everything();
    let mut first: Option<String> = None;
    let orders = permutations(all.len());
    assert_eq!(orders.len(), 720);
    for order in orders {
        let shared = shared();
        for n in &order {
            let (source, object) = all[*n].clone();
            shared.apply(&everywhere(source), Event::Apply(object));
        }
        let inventory = shared.with(|index| index.inventory());
        let shown = format!("{inventory:?}");
        assert_eq!(*first.get_or_insert_with(|| shown.clone()), shown, "{order:?}");
    }
}

#[test]
fn one_that_cannot_be_understood_hides_no_other() {
    let shared = shared();
    for (source, object) in everything() {
        shared.apply(&everywhere(source), Event::Apply(object));
    }
    let (source, broken) = manifest(Kind::AuthClient, "shop/bad", 1, &json!({ "colour": ["red"] }));
    shared.apply(&everywhere(source), Event::Apply(broken));
    let inventory = shared.with(|index| index.inventory());
    let accepted = |name: &str| inventory.clients[&ObjectRef::parse(name).unwrap()].spec.is_some();
    assert!(accepted("shop/web") && !accepted("shop/bad"));
    let name = ObjectRef::new("shop", "bad");
    let findings = shared.with(|index| index.manifest(Kind::AuthClient, &name).unwrap().findings.clone());
    assert!(!findings.is_empty());
}

#[test]
fn a_list_that_fails_is_not_an_empty_list() {
    let shared = shared();
    let id = everywhere(Source::Manifests(Kind::AuthClient));
    let (web, odd) = (client("shop/web", 1, &["openid"]).1, client("shop/odd", 1, &["openid"]).1);
    shared.open(&id);
    assert!(!shared.with(|index| index.is_complete()));
    shared.apply(&id, Event::Init);
    shared.apply(&id, Event::InitApply(web.clone()));
    assert!(!shared.with(|index| index.is_complete()), "nothing is published from half a list");
    shared.apply(&id, Event::InitApply(odd));
    shared.apply(&id, Event::InitDone);
    let clients = || shared.with(|index| index.inventory()).clients.len();
    assert!(shared.with(|index| index.is_complete()) && clients() == 2);
    // A second list breaks off: what is known stays.
    shared.apply(&id, Event::Init);
    shared.apply(&id, Event::InitApply(web.clone()));
    assert_eq!(clients(), 2);
    // A third is complete, and lacks one.
    shared.apply(&id, Event::Init);
    shared.apply(&id, Event::InitApply(web));
    shared.apply(&id, Event::InitDone);
    assert_eq!(clients(), 1);
}

#[test]
fn a_list_of_one_namespace_says_nothing_of_another() {
    let shared = shared();
    let source = Source::Manifests(Kind::AuthClient);
    let id = |namespace: &str| StreamId { source, namespace: Some(namespace.into()) };
    shared.apply(&id("shop"), Event::Apply(client("shop/web", 1, &["openid"]).1));
    shared.apply(&id("other"), Event::Init);
    shared.apply(&id("other"), Event::InitDone);
    assert_eq!(shared.with(|index| index.inventory()).clients.len(), 1);
}

#[test]
fn one_that_is_being_deleted_is_absent() {
    let shared = shared();
    let (source, web) = client("shop/web", 1, &["openid"]);
    shared.apply(&everywhere(source), Event::Apply(web.clone()));
    let mut leaving = web;
    leaving.metadata.deletion_timestamp = serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap();
    leaving.metadata.resource_version = Some("2".into());
    shared.apply(&everywhere(source), Event::Apply(leaving));
    assert!(shared.with(|index| index.inventory()).clients.is_empty());
    assert!(shared.with(|index| index.manifest(Kind::AuthClient, &ObjectRef::new("shop", "web")).is_some()));
}

#[test]
fn a_late_event_takes_nothing_back_and_a_new_object_is_another() {
    let shared = shared();
    let (source, new) = client("shop/web", 7, &["openid", "email"]);
    shared.wrote(source, new);
    shared.apply(&everywhere(source), Event::Apply(client("shop/web", 6, &["openid"]).1));
    let generation =
        || shared.with(|index| index.inventory()).clients[&ObjectRef::new("shop", "web")].generation;
    assert_eq!(generation(), 7);
    let mut again = client("shop/web", 1, &["openid"]).1;
    again.metadata.uid = Some("another".into());
    shared.apply(&everywhere(source), Event::Apply(again));
    assert_eq!(generation(), 1);
    // The end of the one before is no end of this one.
    shared.apply(&everywhere(source), Event::Delete(client("shop/web", 8, &["openid"]).1));
    assert_eq!(generation(), 1);
}

fn secret(name: &str, labels: &Value, annotations: &Value, data: &Value) -> DynamicObject {
    let name = ObjectRef::parse(name).unwrap();
    object(json!({
        "apiVersion": "v1", "kind": "Secret", "data": data,
        "metadata": {
            "namespace": &*name.namespace, "name": &*name.name, "uid": format!("uid-{name}"),
            "resourceVersion": "1", "labels": labels, "annotations": annotations,
        },
    }))
}

fn base64(bytes: &[u8]) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(bytes)
}

#[test]
fn of_a_secret_its_digest_is_kept_and_nothing_plain() {
    let shared = shared();
    for (source, object) in everything() {
        shared.apply(&everywhere(source), Event::Apply(object));
    }
    let server = ObjectRef::new("auth", "main");
    let key = secret(
        &format!("auth/{}", digest_key("main")),
        &json!({}),
        &json!({ "auth.nauthera.io/owner": owner_mark(&server) }),
        &json!({ "digest.key": base64(&[7; 32]) }),
    );
    shared.apply(&everywhere(Source::ServerSecrets), Event::Apply(key));
    let data = json!({ "client_secret": base64(b"much too plain"), "issuer": base64(b"https://id.example") });
    let mine = secret("shop/web-client-secret", &json!({ CLIENT_LABEL: "web" }), &json!({}), &data);
    shared.apply(&everywhere(Source::ClientSecrets), Event::Apply(mine));
    let name = ObjectRef::new("shop", "web-client-secret");
    let held = shared.with(|index| index.secret(&name).cloned()).unwrap();
    let content = held.content.clone().unwrap();
    assert_eq!(content.digest, Some(KeyedDigest::of(&[7; 32], "much too plain")));
    assert!(!format!("{held:?}").contains("plain"));
}

#[test]
fn what_an_application_s_secret_holds_is_nothing_to_compile_and_that_it_comes_or_goes_is() {
    let shared = shared();
    let write = |version: u64, value: &[u8], label: &str| {
        let data = json!({ "client_secret": base64(value) });
        let mut object = secret("shop/web-client-secret", &json!({ CLIENT_LABEL: label }), &json!({}), &data);
        object.metadata.resource_version = Some(version.to_string());
        shared.apply(&everywhere(Source::ClientSecrets), Event::Apply(object));
        let changes = shared.with(|index| index.take_changes());
        (changes.facts, changes.secrets)
    };
    assert_eq!(write(1, b"one", "web"), (true, true));
    assert_eq!(write(2, b"two", "web"), (false, true), "who looks after it is told, and nobody compiles");
    assert_eq!(write(3, b"two", "odd"), (true, true), "it is another client's by now");
    assert_eq!(write(2, b"one", "web"), (false, false), "what came before is no news");
    let gone = secret("shop/web-client-secret", &json!({}), &json!({}), &json!({}));
    shared.apply(&everywhere(Source::ClientSecrets), Event::Delete(gone));
    assert!(shared.with(|index| index.take_changes()).facts);
}

#[test]
fn nothing_is_known_before_a_stream_is_begun() {
    let shared = shared();
    assert!(!shared.with(|index| index.is_complete()));
    let all = everywhere(Source::Namespaces);
    shared.open(&all);
    assert!(!shared.with(|index| index.is_complete()));
    shared.apply(&all, Event::Init);
    shared.apply(&all, Event::InitDone);
    assert!(shared.with(|index| index.is_complete()));
}

#[test]
fn a_key_is_believed_by_its_owner_mark() {
    let shared = shared();
    let name = format!("auth/{}", digest_key("main"));
    let data = json!({ "digest.key": base64(&[7; 32]) });
    let forged = secret(&name, &json!({ "auth.nauthera.io/server": "main" }), &json!({}), &data);
    shared.apply(&everywhere(Source::ServerSecrets), Event::Apply(forged));
    assert!(shared.with(|index| index.digest_key(&ObjectRef::new("auth", "main"))).is_none());
}

#[test]
fn records_of_a_server_are_known_by_their_mark_and_their_kind() {
    let (main, other) = (ObjectRef::new("auth", "main"), ObjectRef::new("auth", "other"));
    let mark = json!({ "auth.nauthera.io/owner": owner_mark(&main) });
    let known = |kind: &str, annotations: &Value| {
        let shared = shared();
        let labels = json!({ "auth.nauthera.io/kind": kind });
        let secret = secret("auth/nauthera-main-credentials-07", &labels, annotations, &json!({}));
        shared.apply(&everywhere(Source::ServerSecrets), Event::Apply(secret));
        [&main, &other].map(|server| shared.with(|index| index.has_records(server)))
    };
    assert_eq!(known("record", &mark), [true, false]);
    assert_eq!(known("signing-keys", &mark), [false, false]);
    assert_eq!(known("record", &json!({})), [false, false]);
}

#[test]
fn pods_are_found_behind_the_service_of_their_server() {
    let shared = shared();
    let slice = |service: &str, ready: bool| {
        object(json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "ports": [],
            "metadata": {
                "namespace": "auth", "name": format!("{service}-x"), "uid": service, "resourceVersion": "1",
                "labels": { "kubernetes.io/service-name": service, "auth.nauthera.io/server": "main" },
            },
            "endpoints": [{
                "addresses": ["10.0.0.1"], "conditions": { "ready": ready },
                "targetRef": { "kind": "Pod", "name": "nauthera-main-1", "namespace": "auth" },
            }],
        }))
    };
    shared.apply(&everywhere(Source::Slices), Event::Apply(slice("nauthera-main", true)));
    shared.apply(&everywhere(Source::Slices), Event::Apply(slice("somebody-elses", false)));
    let pods = shared.with(|index| index.pods(&ObjectRef::new("auth", "main")));
    assert_eq!(pods.len(), 1);
    assert!(pods[0].ready && &*pods[0].name == "nauthera-main-1");
}
