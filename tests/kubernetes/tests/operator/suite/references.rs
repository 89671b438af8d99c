//! What statuses say of what an object names: there or not, and whose.

use super::{Platform, SOON, condition, of, ready};
use nauthera_test_kubernetes::kubectl::{apply, get, kubectl};
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::wait::wait_for;
use serde_json::Value;

/// Waits until a condition has this reason, with these words in its message.
async fn reason(
    platform: &Platform,
    (kind, name): (&str, &str),
    which: &str,
    (reason, words): (&str, &str),
) -> Value {
    let ask = async || {
        let object = get(&[kind, name, "-n", platform.name()])?;
        let said = of(&object, which);
        let has_words = said["message"].as_str().is_some_and(|message| message.contains(words));
        if said["reason"] == reason && has_words {
            return Ok(Some(said));
        }
        anyhow::bail!("{}", object["status"]["conditions"])
    };
    wait_for(&format!("{which} {reason} of {kind} {name}"), SOON, ask).await.unwrap()
}

#[tokio::test]
async fn a_certificate_that_is_missing_or_half_there_is_told() {
    let platform = Platform::applied("certificate");
    let named = r#"{"spec":{"tls":{"certSecretRef":{"name":"web"}}}}"#;
    let words = ["patch", "authserver", "main", "-n", platform.name(), "--type=merge", "-p", named];
    kubectl(words).unwrap().worked().unwrap();
    reason(&platform, ("authserver", "main"), "ResolvedRefs", ("SecretMissing", "tls.certSecretRef")).await;
    let half = "
apiVersion: v1
kind: Secret
metadata: {name: web}
stringData: {tls.crt: half}
";
    apply(platform.name(), half).unwrap().worked().unwrap();
    reason(&platform, ("authserver", "main"), "ResolvedRefs", ("KeyMissing", "tls.key")).await;
    let whole = half.replace("{tls.crt: half}", "{tls.crt: one, tls.key: other}");
    apply(platform.name(), &whole).unwrap().worked().unwrap();
    condition(platform.name(), "authserver", "main", "ResolvedRefs", "True").await;
}

#[tokio::test]
async fn a_deployment_of_somebody_else_is_never_touched() {
    // The namespace is there, and the name taken, before the AuthServer is.
    let namespace = Namespace::new("squatter").unwrap();
    let theirs = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: nauthera-main}
spec:
  replicas: 0
  selector: {matchLabels: {app: theirs}}
  template:
    metadata: {labels: {app: theirs}}
    spec: {containers: [{name: main, image: machine}]}
";
    apply(namespace.name(), theirs).unwrap().worked().unwrap();
    let platform = Platform::applied_in(namespace);
    reason(&platform, ("authserver", "main"), "ResolvedRefs", ("NameTaken", "Deployment nauthera-main"))
        .await;
    let deployment = get(&["deployment", "nauthera-main", "-n", platform.name()]).unwrap();
    assert_eq!(deployment["metadata"]["generation"], 1);
    assert!(deployment["metadata"]["labels"]["auth.nauthera.io/server"].is_null(), "{deployment}");
    kubectl(["delete", "deployment", "nauthera-main", "-n", platform.name()]).unwrap().worked().unwrap();
    platform.wait("authserver", "main").await;
}

#[tokio::test]
async fn a_store_says_what_the_servers_that_use_it_say() {
    let platform = Platform::applied("store");
    let stores = "
apiVersion: auth.nauthera.io/v1alpha1
kind: UserStore
metadata: {name: people}
spec: {type: static, users: []}
---
apiVersion: auth.nauthera.io/v1alpha1
kind: UserStore
metadata: {name: directory}
spec:
  type: ldap
  ldap:
    server: [ldaps://ldap.example]
    userSearch: {baseDN: 'ou=people,dc=example', usernameAttribute: uid}
";
    apply(platform.name(), stores).unwrap().worked().unwrap();
    let unused = ready(platform.name(), "userstore", "people").await;
    assert_eq!(of(&unused, "Ready")["reason"], "Unused");
    let uses = |store: &str| {
        let patch = format!(r#"{{"spec":{{"userStoreRef":{{"name":"{store}"}}}}}}"#);
        let words = ["patch", "authserver", "main", "-n", platform.name(), "--type=merge", "-p", &patch];
        kubectl(words).unwrap().worked().unwrap();
    };
    uses("people");
    reason(&platform, ("userstore", "people"), "Ready", ("Ready", "")).await;
    let people = get(&["userstore", "people", "-n", platform.name()]).unwrap();
    assert_eq!(people["status"]["servers"][0]["reachable"], true, "{people}");
    uses("directory");
    reason(&platform, ("userstore", "directory"), "Ready", ("Unreachable", "serves no LDAP directories"))
        .await;
    reason(&platform, ("userstore", "people"), "Ready", ("Unused", "")).await;
}

#[tokio::test]
async fn what_happens_to_a_client_is_told_as_events() {
    let platform = Platform::ready("events").await;
    let shop = Namespace::new("shop").unwrap();
    platform.client(&shop, "till", "");
    ready(shop.name(), "authclient", "till").await;
    let told = async || {
        let selector = "--field-selector=involvedObject.kind=AuthClient,involvedObject.name=till";
        let events = get(&["events", "-n", shop.name(), selector])?;
        let reasons: Vec<_> =
            events["items"].as_array().into_iter().flatten().map(|event| &event["reason"]).collect();
        let all = ["Created", "Programmed"].iter().all(|reason| reasons.iter().any(|told| *told == reason));
        if all { Ok(Some(())) } else { anyhow::bail!("{reasons:?}") }
    };
    wait_for("its Events", SOON, told).await.unwrap();
}
