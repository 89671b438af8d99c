//! Objects that were stored around the schema: by an older definition, a newer one, or somebody who switched its rules off. None is taken
//! for what it is not, none reaches for a path that it should not, and all others go on.

use super::site::Site;
use super::turns::alone;
use nauthera_test_kubernetes::definitions::NAMES;
use nauthera_test_kubernetes::kubectl::{get, with_input};
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::objects::{SOON, of, ready};
use nauthera_test_kubernetes::proxy::busiest;
use nauthera_test_kubernetes::wait::wait_for;
use serde_json::{Value, json};
use std::time::Duration;

/// Our definitions without any rule. Dropped, they are as they were.
struct Relaxed(Vec<Value>);

impl Relaxed {
    fn new() -> Self {
        let before = NAMES.map(|name| get(&["crd", name]).unwrap());
        let relaxed = Self(before.to_vec());
        for definition in &relaxed.0 {
            let mut definition = definition.clone();
            let anything = json!({ "x-kubernetes-preserve-unknown-fields": true });
            definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"] =
                json!({ "type": "object", "properties": { "spec": anything, "status": anything } });
            replace(&definition);
        }
        relaxed
    }
}

impl Drop for Relaxed {
    fn drop(&mut self) {
        self.0.iter().for_each(replace);
    }
}

fn replace(definition: &Value) {
    let mut definition = definition.clone();
    definition["metadata"].as_object_mut().unwrap().remove("resourceVersion");
    with_input(["replace", "-f", "-"], &definition.to_string()).unwrap().worked().unwrap();
}

/// A spec that is right, with one thing changed.
fn but(spec: &Value, pointer: &str, value: Value) -> Value {
    let mut spec = spec.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    spec.pointer_mut(parent).unwrap()[key] = value;
    spec
}

/// Specs of one kind: nothing, something else altogether, a field that a newer schema may have, and these changes.
fn specs(spec: &Value, changes: &[(&str, Value)]) -> Vec<Value> {
    let deep = (0..60).fold(json!(1), |deep, _| json!({ "a": deep }));
    let newer = [json!(true), deep].map(|teapot| but(spec, "/teapot", teapot));
    let changed = changes.iter().map(|(pointer, value)| but(spec, pointer, value.clone()));
    [Value::Null, json!([]), json!("text")].into_iter().chain(newer).chain(changed).collect()
}

fn clients(server: &str) -> Vec<Value> {
    let spec = json!({ "authServerRef": { "name": "main", "namespace": server }, "type": "service", "scopes": ["orders:read"],
        "secret": {}, "token": {} });
    let many: Vec<String> = (0..5_000).map(|n| format!("orders:{n}")).collect();
    let changes = [
        ("/type", json!("cleric")),
        ("/scopes", json!(7)),
        ("/scopes", json!(many)),
        ("/scopes", json!(["orders:read\norders:write"])),
        ("/displayName", json!("x".repeat(300_000))),
        ("/authServerRef/namespace", json!("../../kube-system")),
        ("/secret/name", json!("../../../../api/v1/namespaces/kube-system/secrets/a")),
        ("/secret/name", json!("a?dryRun=All")),
        ("/secret/labels", json!({ "auth.nauthera.io/client": "till" })),
        ("/existingSecretRef", json!({ "name": "../configmaps/kube-root-ca.crt" })),
        ("/clientId", json!("\u{1}")),
        ("/token/accessTokenTTL", json!("-15m")),
        ("/token/accessTokenTTL", json!("99999999999999999999d")),
    ];
    specs(&spec, &changes)
}

fn policies() -> Vec<Value> {
    let spec = json!({ "allowedGrantTypes": ["client_credentials"], "allowedScopes": ["orders:*"], "token": {},
        "clientAuthentication": {} });
    let many: Vec<String> = (0..20_000).map(|n| format!("orders:{n}*")).collect();
    let rotates =
        |schedule: &str, overlap: &str| json!({ "enabled": true, "schedule": schedule, "overlap": overlap });
    let example = |n: usize| json!({ "name": n, "client": {}, "expect": "Compliant" });
    let changes = [
        ("/enforcement", json!("Perhaps")),
        ("/allowedScopes", json!(many)),
        ("/token/accessTokenTTL", json!(900)),
        ("/clientAuthentication/secretRotation", rotates("* * * * * *", "10m")),
        ("/clientAuthentication/secretRotation", rotates("* * * * *", "1s")),
        ("/examples", json!((0..2_000).map(example).collect::<Vec<_>>())),
    ];
    specs(&spec, &changes)
}

fn servers() -> Vec<Value> {
    let spec = json!({ "issuerUrl": "https://around.example", "podTemplate": { "nodeSelector": { "nowhere": "yes" } } });
    let changes = [
        ("/issuerUrl", json!("http://id.example")),
        ("/issuerUrl", json!("https://a.example/\u{1}")),
        ("/replicas", json!(-3)),
        ("/replicas", json!(1_000_000)),
        ("/image", json!({ "name": "nauthera" })),
        ("/database", json!({})),
        ("/database", json!({ "postgres": { "urlSecretRef": { "name": "../secrets/a" } } })),
        ("/userStoreRef", json!({ "name": "../a" })),
        ("/podTemplate/hostPath", json!("/")),
    ];
    specs(&spec, &changes)
}

fn stores() -> Vec<Value> {
    let changes =
        [("/type", json!("oracle")), ("/users", json!([{ "username": "ada" }])), ("/users", json!([7]))];
    specs(&json!({ "type": "static", "users": [] }), &changes)
}

/// All of them as objects.
fn objects(server: &str) -> Vec<Value> {
    let kinds = [
        ("AuthClient", clients(server)),
        ("AuthPolicy", policies()),
        ("AuthServer", servers()),
        ("UserStore", stores()),
    ];
    let named = |kind: &str, (n, spec): (usize, Value)| {
        let mut object = json!({ "apiVersion": "auth.nauthera.io/v1alpha1", "kind": kind,
            "metadata": { "name": format!("around-{n}") } });
        if !spec.is_null() {
            object["spec"] = spec;
        }
        object
    };
    let all = kinds
        .into_iter()
        .flat_map(|(kind, specs)| specs.into_iter().enumerate().map(move |spec| named(kind, spec)));
    all.collect()
}

/// Waits until each of these is said not to be accepted, for what it is now.
async fn all_are_refused(namespace: &str) {
    let refused = async || {
        let all = get(&["authclients,authpolicies,authservers,userstores", "-n", namespace])?;
        for object in all["items"].as_array().into_iter().flatten() {
            let said = of(object, "Accepted");
            let seen = object["status"]["observedGeneration"] == object["metadata"]["generation"];
            let name = (&object["kind"], &object["metadata"]["name"]);
            anyhow::ensure!(seen && said["status"] == "False", "{name:?}: {}", object["status"]);
        }
        Ok(Some(()))
    };
    wait_for("a status of each that says what is wrong", SOON, refused).await.unwrap();
}

/// Cuts all watches, and waits until those of our kinds have begun anew.
async fn watches_begin_anew(site: &Site) {
    site.proxy.forget();
    site.proxy.cut();
    let begun = async || {
        let seen = site.proxy.seen();
        let anew = |name: &&str| {
            let plural = name.split('.').next().unwrap_or_default();
            seen.iter()
                .filter(|seen| seen.call.is_watch() && seen.call.is_of(plural) && seen.status == Some(200))
                .count()
                >= 3
        };
        Ok(NAMES.iter().all(anew).then_some(()))
    };
    wait_for("watches that have begun anew", SOON, begun).await.unwrap();
}

/// Nobody was led to a path by a name.
fn only_where_it_should(site: &Site) {
    let seen = site.proxy.seen();
    let leads = |path: &str| ["..", "kube-system", "%2", "dryRun"].iter().any(|stray| path.contains(stray));
    let strays: Vec<_> = seen.iter().filter(|seen| leads(&seen.call.path)).collect();
    assert!(strays.is_empty(), "{strays:?}");
}

#[tokio::test]
async fn what_was_stored_around_the_schema_is_said_to_be_wrong_and_hurts_nobody() {
    let _turn = alone().await;
    let site = Site::new("around").await;
    let evil = Namespace::new("around-evil").unwrap();
    site.also(&evil);
    let operator = site.behind("only", &["--namespace", evil.name()]);
    site.ready().await;
    let mut load = site.load();
    let relaxed = Relaxed::new();
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects(site.platform.name()) });
    // The API server forgets the rules a moment later, and a watch of before goes on by them.
    let create = ["create", "--validate=false", "-n", evil.name(), "-f", "-"];
    let relaxed_by_now = async || {
        let tried = create.iter().chain(&["--dry-run=server"]);
        with_input(tried, &list.to_string())?.worked().map(Some)
    };
    wait_for("an API server without rules", SOON, relaxed_by_now).await.unwrap();
    watches_begin_anew(&site).await;
    with_input(create, &list.to_string()).unwrap().worked().unwrap();
    all_are_refused(evil.name()).await;
    site.client("fresh", "");
    ready(site.shop.name(), "authclient", "fresh").await.unwrap();

    only_where_it_should(&site);
    // The rules are back, and the objects are there still. An operator that starts finds them.
    drop(relaxed);
    operator.kill().unwrap();
    let _operator = site.behind("again", &["--namespace", evil.name()]);
    site.edit_is_served(14).await;
    site.client("fresher", "");
    ready(site.shop.name(), "authclient", "fresher").await.unwrap();
    site.proxy.forget();
    site.edit_is_served(13).await;
    site.edit_is_served(12).await;
    let (most, call) = busiest(&site.proxy.seen(), Duration::from_secs(1));
    assert!(most <= 6, "{most} times within a second: {call}");
    only_where_it_should(&site);
    site.nothing_was_forbidden();
    load.more(5, SOON).await.unwrap();
    let counts = load.end();
    assert_eq!(counts.failed, 0, "{:?}", counts.failures);
}
