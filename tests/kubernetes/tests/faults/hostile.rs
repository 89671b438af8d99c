//! Objects at their limits, malformed ones, and ones that mean harm. None stops or slows the others, and nothing that is another's is
//! touched.

use super::site::Site;
use super::turns::whole;
use nauthera_test_kubernetes::kubectl::{apply, get};
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::objects::{SOON, condition, of};
use nauthera_test_kubernetes::proxy::busiest;
use nauthera_test_kubernetes::wait::wait_for;
use serde_json::{Value, json};
use std::time::Duration;

/// What is another's, or nobody's, and looks like ours: by kind and name.
fn lookalikes(site: &Site) -> Vec<Value> {
    let labels = |more: Value| {
        let mut labels = json!({
            "app.kubernetes.io/managed-by": "nauthera", "auth.nauthera.io/server": "main",
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            labels[key] = value.clone();
        }
        labels
    };
    let (platform, shop) = (site.platform.name(), site.shop.name());
    let object = |kind: &str, (namespace, name): (&str, &str), labels: Value, rest: Value| {
        let mut object = rest;
        object["apiVersion"] = json!("v1");
        object["kind"] = json!(kind);
        object["metadata"] = json!({ "namespace": namespace, "name": name, "labels": labels });
        object
    };
    let client = |name: &str| labels(json!({ "auth.nauthera.io/client": name }));
    let kind = |kind: &str| labels(json!({ "auth.nauthera.io/kind": kind }));
    let garbage =
        json!({ "stringData": { "client_secret": "garbage", "records.json": "{", "digest.key": "short" } });
    let slice = json!({
        "addressType": "IPv4", "ports": [],
        "endpoints": [{ "addresses": ["198.18.0.9"], "conditions": { "ready": true },
            "targetRef": { "kind": "Pod", "name": "nauthera-main-0", "namespace": platform } }],
    });
    let mut slice = object(
        "EndpointSlice",
        (shop, "forged"),
        labels(json!({ "kubernetes.io/service-name": "nauthera-main" })),
        slice,
    );
    slice["apiVersion"] = json!("discovery.k8s.io/v1");
    vec![
        object("Secret", (shop, "forged"), client("till"), garbage.clone()),
        object("Secret", (shop, "taken-client-secret"), client("taken"), garbage.clone()),
        object("Secret", (shop, "forged-record"), kind("record"), garbage.clone()),
        object("Secret", (platform, "forged-record"), kind("record"), garbage.clone()),
        // The very name of a shard of records, without the mark of its owner.
        object("Secret", (shop, "nauthera-main-credentials-0"), kind("record"), garbage.clone()),
        object("Secret", (shop, "nauthera-main-digest-key"), kind("digest-key"), garbage),
        object(
            "ConfigMap",
            (shop, "nauthera-main-snapshot"),
            kind("index"),
            json!({ "data": { "index.json": "{" } }),
        ),
        object(
            "ConfigMap",
            (platform, "forged-shard"),
            kind("snapshot"),
            json!({ "data": { "shard.json.gz": "?" } }),
        ),
        object(
            "Service",
            (shop, "nauthera-main"),
            labels(json!({})),
            json!({ "spec": { "ports": [{ "port": 80 }] } }),
        ),
        slice,
    ]
}

/// What the API server has of them now, but for who wrote what.
fn versions(objects: &[Value]) -> Vec<Value> {
    let version = |object: &Value| {
        let text = |pointer: &str| object.pointer(pointer).unwrap().as_str().unwrap();
        let kind = text("/kind").to_lowercase();
        let there = get(&[&kind, text("/metadata/name"), "-n", text("/metadata/namespace")]).unwrap();
        json!([there["metadata"]["uid"], there["metadata"]["resourceVersion"]])
    };
    objects.iter().map(version).collect()
}

/// Clients that ask for all they can, and for what is not theirs.
fn hostile_clients(site: &Site) -> String {
    let many = |word: &str, length: usize| {
        let items: Vec<String> =
            (0..100).map(|n| format!("\"{word}{n:03}{}\"", "x".repeat(length))).collect();
        items.join(", ")
    };
    let longest = "n".repeat(63);
    let taken = "  secret: {name: till-client-secret}";
    let ungated = "  existingSecretRef: {name: theirs}";
    let foreign = format!("  clientId: {}.till", site.shop.name());
    let wide = format!("  audiences: [{}]\n", many("https://a.example/", 400));
    // It would be read backwards.
    let spoof = "  displayName: \"\u{202e}till\"";
    [
        site.client_manifest(&longest, &wide),
        site.client_manifest("spoof", spoof),
        site.client_manifest("taken", ""),
        site.client_manifest("till-again", taken),
        site.client_manifest("ungated", ungated),
        site.client_manifest("foreign", &foreign),
        site.client_manifest("scopes", "")
            .replace("[\"orders:read\"]", &format!("[{}]", many("orders:", 110))),
        site.client_manifest("nowhere", "").replace("{name: main,", "{name: other-main,"),
    ]
    .join("---")
}

#[tokio::test]
async fn nothing_hostile_stops_or_slows_the_others_and_nothing_foreign_is_touched() {
    let _turn = whole().await;
    let site = Site::new("hostile").await;
    let elsewhere = Namespace::new("hostile-elsewhere").unwrap();
    let theirs = "
apiVersion: v1
kind: Secret
metadata: {name: theirs}
stringData: {client_secret: theirs-and-long-enough-to-be-taken-for-one}
";
    let lookalikes = lookalikes(&site);
    for object in &lookalikes {
        let namespace = object["metadata"]["namespace"].as_str().unwrap();
        apply(namespace, &object.to_string()).unwrap().worked().unwrap();
    }
    for namespace in [site.shop.name(), elsewhere.name()] {
        apply(namespace, theirs).unwrap().worked().unwrap();
    }
    let _operator = site.behind("only", &[]);
    site.ready().await;
    let before = (site.credentials("till"), versions(&lookalikes));
    let load = site.load();

    apply(site.shop.name(), &hostile_clients(&site)).unwrap().worked().unwrap();
    apply(elsewhere.name(), &site.client_manifest("outside", "")).unwrap().worked().unwrap();
    let said = async |client: &str, which: &str, reason: &str| {
        let object = condition(site.shop.name(), "authclient", client, which, "False").await.unwrap();
        assert_eq!(of(&object, which)["reason"], reason, "{client}: {}", object["status"]);
    };
    said("spoof", "Accepted", "BadValue").await;
    said("taken", "ResolvedRefs", "SecretConflict").await;
    said("till-again", "ResolvedRefs", "SecretConflict").await;
    said("ungated", "Ready", "SecretMissing").await;
    said("nowhere", "Ready", "ServerNotFound").await;
    let foreign = condition(site.shop.name(), "authclient", "foreign", "Ready", "False").await.unwrap();
    assert_ne!(foreign["status"]["clientId"], format!("{}.till", site.shop.name()));
    let longest = "n".repeat(63);
    let narrowed = condition(site.shop.name(), "authclient", &longest, "Ready", "True").await.unwrap();
    assert_eq!(of(&narrowed, "Compliant")["status"], "False");

    site.proxy.forget();
    site.edit_is_served(14).await;
    // At rest they are not worked on again and again.
    let (most, call) = busiest(&site.proxy.seen(), Duration::from_secs(1));
    assert!(most <= 6, "{most} times within a second: {call}");
    let steady = async || Ok((site.credentials("till") == before.0).then_some(()));
    wait_for("the client's own secret", SOON, steady).await.unwrap();
    assert_eq!(versions(&lookalikes), before.1);
    let outside = get(&["authclient", "outside", "-n", elsewhere.name()]).unwrap();
    assert_eq!(outside["status"]["conditions"], Value::Null, "it is out of the operator's namespaces");
    site.nothing_was_forbidden();
    let counts = load.end();
    assert_eq!(counts.failed, 0, "{:?}", counts.failures);
}
