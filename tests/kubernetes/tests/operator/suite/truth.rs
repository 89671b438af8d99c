//! Statuses that stay true where something keeps an edit from holding: a policy that freezes the server, a part that the API server does
//! not take, a Secret that is missing.

use super::{Platform, SOON, condition, of, ready};
use nauthera_test_kubernetes::kubectl::{apply, get, kubectl};
use nauthera_test_kubernetes::manifests;
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::wait::wait_for;
use rcgen::{CertificateParams, KeyPair};
use serde_json::Value;
use std::time::Duration;

/// Changes the AuthServer; the generation of that edit.
fn edit(platform: &Platform, spec: &str) -> Value {
    let patch = format!(r#"{{"spec":{spec}}}"#);
    let words = ["patch", "authserver", "main", "-n", platform.name(), "--type=merge", "-p", &patch];
    kubectl(words).unwrap().worked().unwrap();
    get(&["authserver", "main", "-n", platform.name()]).unwrap()["metadata"]["generation"].clone()
}

/// The first status that speaks of this edit.
async fn first_word(platform: &Platform, generation: &Value, within: Duration) -> Value {
    let ask = async || {
        let server = get(&["authserver", "main", "-n", platform.name()])?;
        Ok((server["status"]["observedGeneration"] == *generation).then_some(server))
    };
    wait_for("a status of this edit", within, ask).await.unwrap()
}

#[tokio::test]
async fn a_policy_that_cannot_hold_on_a_frozen_server_is_not_ready() {
    let platform = Platform::ready("held").await;
    let shop = Namespace::new("shop").unwrap();
    platform.client(&shop, "till", "");
    ready(shop.name(), "authclient", "till").await;
    let counted = async || {
        let policy = get(&["authpolicy", "baseline", "-n", platform.name()])?;
        Ok((policy["status"]["clients"]["total"] == 1).then_some(policy))
    };
    let before = wait_for("its count", SOON, counted).await.unwrap();
    let broken =
        "  examples: [{name: reports, client: {type: service, scopes: [payroll]}, expect: Compliant}]";
    apply(platform.name(), &manifests::policy("broken", broken)).unwrap().worked().unwrap();
    condition(platform.name(), "authserver", "main", "Programmed", "False").await;
    // A policy that comes now, however good, does not hold yet, and says for whom it waits.
    let narrower = manifests::policy("narrower", "  token: {accessTokenTTL: 1m}");
    apply(platform.name(), &narrower).unwrap().worked().unwrap();
    let waits = condition(platform.name(), "authpolicy", "narrower", "Ready", "False").await;
    let said = of(&waits, "Ready");
    assert_eq!(said["reason"], "ServerFrozen", "{said}");
    assert!(said["message"].as_str().unwrap().contains(&format!("{}/broken", platform.name())), "{said}");
    // One that holds already holds on, and what it counted stands.
    let holds = get(&["authpolicy", "baseline", "-n", platform.name()]).unwrap();
    assert_eq!(of(&holds, "Ready")["reason"], "Ready", "{holds}");
    assert_eq!(holds["status"]["clients"], before["status"]["clients"]);
    platform.client(&shop, "late", "");
    let late = condition(shop.name(), "authclient", "late", "Ready", "False").await;
    let said = of(&late, "Ready");
    assert!(said["message"].as_str().unwrap().contains("broken"), "who can mend it: {said}");
    kubectl(["delete", "authpolicy", "broken", "-n", platform.name()]).unwrap().worked().unwrap();
    ready(shop.name(), "authclient", "late").await;
    platform.wait("authpolicy", "narrower").await;
}

#[tokio::test]
async fn a_part_that_is_not_taken_is_told_while_what_runs_goes_on() {
    let platform = Platform::ready("untaken").await;
    let too_little = r#"{"resources":{"requests":{"memory":"2Gi"},"limits":{"memory":"1Gi"}}}"#;
    let edited = edit(&platform, too_little);
    let server = first_word(&platform, &edited, SOON).await;
    let said = of(&server, "Ready");
    assert_eq!((&said["status"], &said["reason"]), (&"False".into(), &"PartRefused".into()), "{said}");
    assert!(said["message"].as_str().unwrap().contains("Deployment nauthera-main"), "{said}");
    assert_eq!(server["status"]["replicas"], 1, "{server}");
    edit(&platform, r#"{"resources":null}"#);
    platform.wait("authserver", "main").await;
}

#[tokio::test]
async fn the_first_word_on_an_edit_knows_of_a_secret_that_is_missing() {
    let platform = Platform::ready("unnamed").await;
    let edited = edit(&platform, r#"{"tls":{"certSecretRef":{"name":"web"}}}"#);
    // Far sooner than Secrets are looked for by the clock.
    let server = first_word(&platform, &edited, Duration::from_secs(15)).await;
    let said = of(&server, "ResolvedRefs");
    assert_eq!(said["reason"], "SecretMissing", "{said}");
    assert_eq!(said["message"].as_str().unwrap().matches("is not there").count(), 1, "{said}");
}

/// A certificate for a name, and its key, in PEM.
fn pair(name: &str) -> [String; 2] {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
    [certificate.pem(), key.serialize_pem()]
}

#[tokio::test]
async fn the_only_pod_goes_on_until_the_secret_that_an_edit_names_is_there() {
    let platform = Platform::ready("only").await;
    let pod = || get(&["pods", "-l", "auth.nauthera.io/server=main", "-n", platform.name()]);
    let before = pod().unwrap()["items"][0]["metadata"]["uid"].clone();
    let edited = edit(&platform, r#"{"tls":{"certSecretRef":{"name":"web"}}}"#);
    let held = async || {
        let server = get(&["authserver", "main", "-n", platform.name()])?;
        let said = of(&server, "ResolvedRefs")["message"].as_str().unwrap_or_default().to_owned();
        Ok((server["status"]["observedGeneration"] == edited && said.contains("stays as it is until"))
            .then_some(server))
    };
    let server = wait_for("what the pod waits for", SOON, held).await.unwrap();
    let said = of(&server, "Ready");
    assert_eq!((&said["status"], &said["reason"]), (&"False".into(), &"SecretMissing".into()), "{said}");
    let pods = pod().unwrap();
    assert_eq!(pods["items"][0]["metadata"]["uid"], before, "{pods}");
    assert_eq!(pods["items"][0]["status"]["containerStatuses"][0]["ready"], true, "{pods}");
    let [certificate, key] = pair("only.example");
    let secret = serde_json::json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": { "name": "web" },
        "stringData": { "tls.crt": certificate, "tls.key": key },
    });
    apply(platform.name(), &secret.to_string()).unwrap().worked().unwrap();
    platform.wait("authserver", "main").await;
    let service = get(&["service", "nauthera-main", "-n", platform.name()]).unwrap();
    assert_eq!(service["spec"]["ports"][0]["port"], 443, "{service}");
    assert_ne!(pod().unwrap()["items"][0]["metadata"]["uid"], before);
}

#[tokio::test]
async fn nothing_that_would_stay_is_made_for_a_server_that_is_refused() {
    let platform = Platform::ready("twin").await;
    let twin = manifests::server(platform.name(), "").replace("{name: main}", "{name: twin}");
    apply(platform.name(), &twin).unwrap().worked().unwrap();
    let refused = condition(platform.name(), "authserver", "twin", "Accepted", "False").await;
    assert_eq!(of(&refused, "Accepted")["reason"], "DuplicateIssuer");
    let made = ["deployments,services,secrets,persistentvolumeclaims", "-n", platform.name(), "-o", "name"];
    let made = kubectl(["get"].into_iter().chain(made)).unwrap().worked().unwrap();
    assert!(made.contains("nauthera-main") && !made.contains("twin"), "{made}");
    // It is served once it may be.
    kubectl(["delete", "authserver", "main", "-n", platform.name()]).unwrap().worked().unwrap();
    platform.wait("authserver", "twin").await;
}
