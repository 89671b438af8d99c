//! A server with one policy, and a team with many clients.

use crate::operator::SOON;
use nauthera_test_kubernetes::kubectl::{apply, get, kubectl, with_input};
use nauthera_test_kubernetes::manifests;
use nauthera_test_kubernetes::wait::wait_for;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// What is looked at when nothing may have been written.
const KINDS: &str = "authservers,authpolicies,authclients,secrets,configmaps,deployments,services,serviceaccounts,\
                     roles,rolebindings,networkpolicies,poddisruptionbudgets,persistentvolumeclaims";

/// Applies a server and its policy, under which access tokens live for 15 minutes.
pub fn server(namespace: &str) {
    let server = manifests::server(namespace, "  signing: {algorithm: ES256}");
    let policy = manifests::policy("baseline", "  token: {accessTokenTTL: 15m}");
    apply(namespace, &(server + &policy)).unwrap().worked().unwrap();
}

/// Makes clients `app-0`.. of that server, by one file as a team has it.
pub fn clients(namespace: &str, server: &str, count: usize) {
    let client = |number| {
        let name = format!("app-{number}");
        manifests::client(&name, server, "orders:read", "  token: {accessTokenTTL: 10m}")
    };
    let all: String = (0..count).map(client).collect();
    with_input(["create", "--namespace", namespace, "-f", "-"], &all).unwrap().worked().unwrap();
}

/// Lets access tokens live so long and no longer.
pub fn lifetime(namespace: &str, text: &str) {
    let patch = format!(r#"{{"spec":{{"token":{{"accessTokenTTL":"{text}"}}}}}}"#);
    let words = ["patch", "authpolicy", "baseline", "-n", namespace, "--type", "merge", "-p", &patch];
    kubectl(words).unwrap().worked().unwrap();
}

/// Waits until so many clients are Ready for this reason.
pub async fn ready(namespace: &str, count: usize, reason: &str) {
    until(namespace, count, |client| is_ready(client, reason)).await;
}

/// Waits until so many clients serve access tokens that live so long.
pub async fn live_for(namespace: &str, count: usize, lifetime: &str) {
    let quoted = format!("\"{lifetime}\"");
    until(namespace, count, |client| client["status"]["effective"].to_string().contains(&quoted)).await;
}

/// Waits until it holds of so many clients. All of them are a large answer, so it is asked for once a second.
async fn until(namespace: &str, count: usize, holds: impl Fn(&Value) -> bool) {
    let ask = async || {
        let clients = get(&["authclients", "-n", namespace])?;
        let holding =
            clients["items"].as_array().into_iter().flatten().filter(|client| holds(client)).count();
        if holding != count {
            tokio::time::sleep(Duration::from_secs(1)).await;
            anyhow::bail!("it holds of {holding} of {count}");
        }
        Ok(Some(()))
    };
    wait_for("all clients", SOON, ask).await.unwrap();
}

fn is_ready(object: &Value, reason: &str) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    object["status"]["observedGeneration"] == object["metadata"]["generation"]
        && conditions.into_iter().flatten().any(|condition| {
            condition["type"] == "Ready" && condition["status"] == "True" && condition["reason"] == reason
        })
}

/// The write of each object of these namespaces.
pub fn versions(namespaces: &[&str]) -> BTreeMap<String, Value> {
    let mut versions = BTreeMap::new();
    for namespace in namespaces {
        let objects = get(&[KINDS, "-n", namespace]).unwrap();
        for object in objects["items"].as_array().unwrap() {
            let name = format!("{} {namespace}/{}", object["kind"], object["metadata"]["name"]);
            versions.insert(name, object["metadata"]["resourceVersion"].clone());
        }
    }
    versions
}
