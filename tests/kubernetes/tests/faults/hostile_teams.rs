//! Policies, servers and stores at their limits, and ones that mean harm, of teams that have every right to their kind in a namespace of
//! their own. What is served of others goes on, a client of theirs is ready as fast as ever, and each status says what is wrong.

use super::site::Site;
use super::turns::whole;
use nauthera_test_kubernetes::kubectl::{get, with_input};
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::objects::{SOON, of, ready};
use nauthera_test_kubernetes::proxy::busiest;
use nauthera_test_kubernetes::wait::wait_for;
use serde_json::{Value, json};
use std::time::Duration;

/// How much memory an operator may have after all this: a debug build, which has a third of it as it starts.
const MOST_MEMORY: u64 = 320 * 1_024 * 1_024;
/// How long a client of somebody else's server may take, on a busy machine.
const AS_EVER: Duration = Duration::from_secs(30);

fn ours(kind: &str, name: &str, spec: Value) -> Value {
    json!({ "apiVersion": "auth.nauthera.io/v1alpha1", "kind": kind, "metadata": { "name": name }, "spec": spec })
}

/// Makes objects in a namespace; `apply` would keep a second copy of each in an annotation, which is too small for these.
fn create(namespace: &str, items: &[Value]) {
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": items });
    with_input(["create", "-n", namespace, "-f", "-"], &list.to_string()).unwrap().worked().unwrap();
}

fn many(count: usize, item: impl Fn(usize) -> String) -> Vec<String> {
    (0..count).map(item).collect()
}

/// A policy with as much of everything as the schema allows, all of it overlapping.
fn wide(n: usize) -> Value {
    let overlapping = many(100, |n| format!("orders:{}*", "x".repeat(n)));
    let shorter = many(6, |n| format!("{}*", &"orders"[..=n]));
    let scopes: Vec<String> =
        overlapping.into_iter().chain(shorter).chain(many(90, |n| format!("refunds:{n}*"))).collect();
    let hosts =
        many(200, |n| format!("*.{}example", "a.".repeat(n % 100)) + if n < 100 { "" } else { ".org" });
    let labels: Vec<Value> = (0..32)
        .map(|n| json!({ "key": format!("label-{n}"), "operator": "NotIn", "values": many(64, |n| format!("{n:063}")) }))
        .collect();
    let examples: Vec<Value> = (0..32)
        .map(|n| {
            let uris = many(20, |n| format!("https://app-{n}.example/callback/{}", "c".repeat(100)));
            let scopes = many(100, |n| format!("orders:{}", "x".repeat(n + 1)));
            json!({ "name": format!("{n:0128}"), "expect": "Compliant", "client": {
                "type": "web", "redirectUris": uris, "scopes": scopes, "grantTypes": ["authorization_code", "client_credentials"],
            }})
        })
        .collect();
    ours(
        "AuthPolicy",
        &format!("wide-{n}"),
        json!({
            "mandatory": true,
            "allowedGrantTypes": ["client_credentials", "authorization_code"],
            "allowedScopes": scopes,
        "allowedAudiences": many(200, |n| format!("https://{}*", "a".repeat(n + 300))),
            "redirectUris": { "allowedHosts": hosts },
            "clientAuthentication": { "secretRotation": { "enabled": true, "schedule": "0 0 29 2 *" } },
            "clientSelector": { "namespaceSelector": { "matchExpressions": labels }, "types": ["service", "web"] },
            "except": { "clients": many(200, |n| format!("{}/{}", "n".repeat(63), "c".repeat(50 + n))) },
            "examples": examples,
        }),
    )
}

/// Policies that cannot be: they freeze the servers that they apply to.
fn freezing() -> Vec<Value> {
    let rotates = |schedule: &str| json!({ "secretRotation": { "enabled": true, "schedule": schedule } });
    let server = json!({ "issuerUrl": "https://frozen.example", "podTemplate": { "nodeSelector": { "nowhere": "yes" } } });
    vec![
        ours("AuthServer", "frozen", server),
        ours("AuthPolicy", "never", json!({ "clientAuthentication": rotates("0 0 31 2 *") })),
        ours(
            "AuthPolicy",
            "fails",
            json!({ "allowedScopes": [], "examples": [{ "name": "a", "expect": "Compliant",
            "client": { "type": "service", "scopes": ["orders:read"] } }] }),
        ),
    ]
}

/// Servers that cannot run, or that want what is another's.
fn servers(platform: &str, namespace: &str) -> Vec<Value> {
    let server = |name: &str, more: Value| {
        let mut spec = json!({ "issuerUrl": format!("https://{name}.{namespace}.example"), "signing": { "algorithm": "ES256" } });
        for (key, value) in more.as_object().into_iter().flatten() {
            spec[key] = value.clone();
        }
        ours("AuthServer", name, spec)
    };
    let nowhere = json!({ "nodeSelector": { "nowhere": "yes" } });
    let postgres = |name: &str| json!({ "postgres": { "urlSecretRef": { "name": name } } });
    let issuers: Vec<Value> = (0..16)
        .map(|n| {
            json!({ "issuer": format!("https://cluster-{n}.example/{}", "i".repeat(400)),
            "namespaces": many(200, |n| format!("{n:063}")) })
        })
        .collect();
    vec![
        server("twin", json!({ "issuerUrl": format!("https://{platform}.example"), "podTemplate": nowhere })),
        server("imageless", json!({ "image": "nowhere.example/nothing:1" })),
        server(
            "nowhere",
            json!({ "podTemplate": { "nodeSelector": { "nowhere": "yes" }, "priorityClassName": "not-there" } }),
        ),
        server("garbage", json!({ "database": postgres("garbage") })),
        server("secretless", json!({ "database": postgres("not-there"), "podTemplate": nowhere })),
        server(
            "elsewhere",
            json!({ "userStoreRef": { "name": "people", "namespace": platform }, "podTemplate": nowhere }),
        ),
        server("taken", json!({ "podTemplate": nowhere })),
        server(
            "kinds",
            json!({ "podTemplate": nowhere, "expose": { "httpRoute": { "parentRefs": [{ "name": "a" }] } },
            "tls": { "certManager": { "issuerRef": { "name": "b" } } } }),
        ),
        server(&"s".repeat(40), json!({ "podTemplate": nowhere, "serviceAccountIssuers": issuers })),
        server("crowd", json!({ "podTemplate": nowhere, "userStoreRef": { "name": "crowd" } })),
    ]
}

/// Objects of somebody else, under the names that the server `taken` needs.
fn squatters() -> Vec<Value> {
    let named = |api: &str, kind: &str, name: &str, rest: Value| {
        let mut object = rest;
        object["apiVersion"] = json!(api);
        object["kind"] = json!(kind);
        object["metadata"] = json!({ "name": name });
        object
    };
    let pods = json!({ "spec": { "replicas": 0, "selector": { "matchLabels": { "app": "theirs" } }, "template": {
        "metadata": { "labels": { "app": "theirs" } }, "spec": { "containers": [{ "name": "main", "image": "machine" }] } } } });
    vec![
        named("apps/v1", "Deployment", "nauthera-taken", pods),
        named("v1", "Service", "nauthera-taken", json!({ "spec": { "ports": [{ "port": 80 }] } })),
        named("v1", "ConfigMap", "nauthera-taken-snapshot", json!({ "data": { "index.json": "{" } })),
        named(
            "v1",
            "Secret",
            "nauthera-taken-digest-key",
            json!({ "stringData": { "digest.key": "short" } }),
        ),
        named(
            "v1",
            "Secret",
            "garbage",
            json!({ "stringData": { "url": "\u{0}\u{1}postgres:// ?&&garbage" } }),
        ),
    ]
}

/// Stores at their limits, with somebody's names and with hashes that are none.
fn stores() -> Vec<Value> {
    let hash =
        "$argon2id$v=19$m=19456,t=2,p=1$wheVZ5l9Y1vG5GTpxxiOQA$pVH5dM95yO+Fcl8KjtokpqOoIretiAWjaVULaQvadMA";
    let person = |n: usize| {
        json!({ "username": format!("{n:0128}"), "passwordHash": hash, "email": format!("{n}@{}.example", "e".repeat(60)),
            "groups": many(60, |n| format!("group-{n:050}")) })
    };
    let dear = hash.replace("m=19456,t=2", "m=4194304,t=4000");
    let one =
        |hash: &str| json!({ "type": "static", "users": [{ "username": "ada", "passwordHash": hash }] });
    vec![
        ours(
            "UserStore",
            "crowd",
            json!({ "type": "static", "users": (0..200).map(person).collect::<Vec<_>>() }),
        ),
        ours("UserStore", "dear", one(&dear)),
        ours("UserStore", "hashless", one("this is no hash at all, but it is long enough")),
        ours(
            "UserStore",
            "directory",
            json!({ "type": "ldap", "ldap": {
            "server": ["ldaps://127.0.0.1:1"], "bindDN": "cn=admin", "bindPasswordSecretRef": { "name": "garbage" },
            "userSearch": { "baseDN": "dc=example", "usernameAttribute": "uid" } } }),
        ),
    ]
}

/// What is said of each in the end: where, kind and name, and the condition with its reason.
const SAID: [(&str, &str, &str, &str); 16] = [
    ("authserver", "twin", "Accepted", "DuplicateIssuer"),
    ("authserver", "imageless", "Ready", "Rollout"),
    ("authserver", "nowhere", "Ready", "Rollout"),
    ("authserver", "garbage", "Ready", "Rollout"),
    ("authserver", "secretless", "ResolvedRefs", "SecretMissing"),
    ("authserver", "elsewhere", "ResolvedRefs", "UserStoreElsewhere"),
    ("authserver", "taken", "ResolvedRefs", "NameTaken"),
    ("authserver", "kinds", "ResolvedRefs", "KindMissing"),
    ("authserver", "crowd", "Ready", "Rollout"),
    ("userstore", "crowd", "Ready", "Unreachable"),
    ("userstore", "dear", "Accepted", "BadValue"),
    ("userstore", "hashless", "Accepted", "BadValue"),
    ("authclient", "c-0", "Ready", "ServerNotFound"),
    ("authserver", "frozen", "Programmed", "PolicyNotAccepted"),
    ("authpolicy", "never", "Accepted", "BadValue"),
    ("authpolicy", "fails", "Accepted", "ExampleFails"),
];

/// Waits until each status says what is wrong; the last three are in a namespace of their own.
async fn each_says_what_is_wrong(evil: &str, frozen: &str) {
    for (n, (kind, name, which, reason)) in SAID.into_iter().enumerate() {
        let namespace = if n < SAID.len() - 3 { evil } else { frozen };
        let said = async || {
            let object = get(&[kind, name, "-n", namespace])?;
            let said = of(&object, which);
            let wanted = said["status"] == "False" && said["reason"] == reason;
            anyhow::ensure!(wanted, "{}", object["status"]["conditions"]);
            Ok(Some(()))
        };
        wait_for(&format!("{which} {reason} of {kind} {name}"), SOON, said).await.unwrap();
    }
}

/// The edits of what is somebody else's, which nobody makes.
fn versions(namespace: &str, objects: &[Value]) -> Vec<Value> {
    let there = objects.iter().map(|object| {
        let word = |pointer: &str| object.pointer(pointer).unwrap().as_str().unwrap();
        let there = get(&[word("/kind"), word("/metadata/name"), "-n", namespace]).unwrap();
        json!([
            there["metadata"]["uid"],
            there["metadata"]["generation"],
            there["metadata"]["labels"],
            there["data"]
        ])
    });
    there.collect()
}

#[tokio::test]
async fn what_other_teams_do_to_policies_servers_and_stores_neither_stops_nor_slows_anybody() {
    let _turn = whole().await;
    let site = Site::new("teams").await;
    let [evil, frozen] = ["teams-evil", "teams-frozen"].map(|purpose| Namespace::new(purpose).unwrap());
    [&evil, &frozen].into_iter().for_each(|namespace| site.also(namespace));
    let operator = site.behind("only", &["--namespace", evil.name(), "--namespace", frozen.name()]);
    site.ready().await;
    let (before, mut load) = (site.credentials("till"), site.load());

    let squatters = squatters();
    create(evil.name(), &squatters);
    let theirs = versions(evil.name(), &squatters);
    create(evil.name(), &stores());
    create(evil.name(), &servers(site.platform.name(), evil.name()));
    create(evil.name(), &(0..8).map(wide).collect::<Vec<_>>());
    create(frozen.name(), &freezing());
    // The security team of the server itself may have as many, and they hold.
    create(site.platform.name(), &(0..4).map(wide).collect::<Vec<_>>());
    let client = |n| {
        ours(
            "AuthClient",
            &format!("c-{n}"),
            json!({ "authServerRef": { "name": "twin" }, "type": "service" }),
        )
    };
    create(evil.name(), &(0..40).map(client).collect::<Vec<_>>());

    site.client("fresh", "");
    let fresh = tokio::time::timeout(AS_EVER, ready(site.shop.name(), "authclient", "fresh")).await;
    fresh.expect("a client of another server, as fast as ever").unwrap();
    site.edit_is_served(14).await;
    each_says_what_is_wrong(evil.name(), frozen.name()).await;
    for n in 0..4 {
        ready(site.platform.name(), "authpolicy", &format!("wide-{n}")).await.unwrap();
    }

    // At rest none of it is worked on again and again.
    site.proxy.forget();
    site.edit_is_served(13).await;
    site.edit_is_served(12).await;
    let (most, call) = busiest(&site.proxy.seen(), Duration::from_secs(1));
    assert!(most <= 6, "{most} times within a second: {call}");
    let memory = operator.resident().unwrap();
    assert!(memory <= MOST_MEMORY, "{memory} bytes");
    assert_eq!(site.credentials("till"), before);
    assert_eq!(versions(evil.name(), &squatters), theirs);
    site.nothing_was_forbidden();
    load.more(5, AS_EVER).await.unwrap();
    let counts = load.end();
    assert_eq!(counts.failed, 0, "{:?}", counts.failures);
}
