//! kstatus, which Flux asks, and Argo CD with our health script judge what the operator writes: what is served is done, also when
//! policy narrowed it; what only an edit mends has failed; and what waits for another object is waited for.

use super::{Platform, SOON, condition, operator, ready};
use nauthera_test_kubernetes::gitops::{Judged, judge};
use nauthera_test_kubernetes::kubectl::{apply, get};
use nauthera_test_kubernetes::manifests::PEOPLE;
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::wait::wait_for;
use serde_json::Value;

const DONE: (&str, &str) = ("Current", "Healthy");
const WAITED_FOR: (&str, &str) = ("InProgress", "Progressing");
const FAILED: (&str, &str) = ("Failed", "Degraded");

fn said(judged: &Judged) -> (&str, &str) {
    (&judged.kstatus, &judged.argocd)
}

fn assert_judged(object: &Value, expected: (&str, &str), words: &str) {
    let judged = judge(object).unwrap();
    assert_eq!(said(&judged), expected, "{}", object["status"]["conditions"]);
    assert!(judged.message.contains(words), "{}", judged.message);
}

#[tokio::test]
async fn clients_are_judged_by_what_can_mend_them() {
    let platform = Platform::ready("judged").await;
    let shop = Namespace::new("shop").unwrap();
    platform.client(&shop, "fine", "");
    platform.client(&shop, "narrowed", "  audiences: [https://api.example]\n");
    assert_judged(&ready(shop.name(), "authclient", "fine").await, DONE, "it is served as it asks");
    assert_judged(&ready(shop.name(), "authclient", "narrowed").await, DONE, "https://api.example");

    let other = Namespace::new("other").unwrap();
    let clients = format!(
        "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthClient
metadata: {{name: beyond}}
spec:
  authServerRef: {{name: main, namespace: {server}}}
  type: service
  scopes: [payroll]
---
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthClient
metadata: {{name: form}}
spec:
  authServerRef: {{name: main, namespace: {server}}}
  type: service
  scopes: [\"orders:read\"]
  authentication: {{method: client_secret_post}}
",
        server = platform.name()
    );
    let strict = "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthPolicy
metadata: {name: strict}
spec:
  clientAuthentication: {allowedMethods: [client_secret_basic]}
";
    apply(platform.name(), strict).unwrap().worked().unwrap();
    apply(other.name(), &clients).unwrap().worked().unwrap();
    let form = condition(other.name(), "authclient", "form", "Stalled", "True").await;
    assert_judged(&form, FAILED, "MethodNotAllowed");
    let beyond = condition(other.name(), "authclient", "beyond", "Ready", "False").await;
    assert_judged(&beyond, WAITED_FOR, "NothingLeft");
}

#[tokio::test]
async fn what_comes_first_waits_for_the_rest_and_is_done_without_another_touch() {
    operator();
    let (identity, shop) = (Namespace::new("later").unwrap(), Namespace::new("shop").unwrap());
    let client = format!(
        "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthClient
metadata: {{name: early}}
spec:
  authServerRef: {{name: main, namespace: {}}}
  type: service
  scopes: [\"orders:read\"]
",
        identity.name()
    );
    apply(shop.name(), &client).unwrap().worked().unwrap();
    let early = condition(shop.name(), "authclient", "early", "Ready", "False").await;
    assert_judged(&early, WAITED_FOR, "ServerNotFound");

    let platform = Platform::applied_in(identity);
    let done = async || {
        for (namespace, kind, name) in [
            (shop.name(), "authclient", "early"),
            (platform.name(), "authserver", "main"),
            (platform.name(), "authpolicy", "baseline"),
        ] {
            let judged = judge(&get(&[kind, name, "-n", namespace])?)?;
            anyhow::ensure!(said(&judged) == DONE, "{kind}: {judged:?}");
        }
        Ok(Some(()))
    };
    wait_for("client, server and policy done", SOON, done).await.unwrap();
    let after = get(&["authclient", "early", "-n", shop.name()]).unwrap();
    assert_eq!(after["metadata"]["generation"], early["metadata"]["generation"]);
}

#[tokio::test]
async fn a_policy_that_fails_its_example_has_failed_and_its_server_is_waited_for() {
    operator();
    let identity = Namespace::new("broken").unwrap();
    let policy = "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthPolicy
metadata: {name: wrong}
spec:
  allowedScopes: [openid]
  examples: [{name: orders, expect: Compliant, client: {type: service, scopes: [\"orders:read\"]}}]
";
    for manifest in [policy, PEOPLE] {
        apply(identity.name(), manifest).unwrap().worked().unwrap();
    }
    let store = ready(identity.name(), "userstore", "people").await;
    assert_judged(&store, DONE, "no AuthServer uses it");
    let policy = condition(identity.name(), "authpolicy", "wrong", "Stalled", "True").await;
    assert_judged(&policy, FAILED, "ExampleFails");
    let platform = Platform::applied_in(identity);
    let server = condition(platform.name(), "authserver", "main", "Programmed", "False").await;
    assert_judged(&server, WAITED_FOR, "");
}
