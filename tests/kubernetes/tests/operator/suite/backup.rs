//! A backup that is put back where nothing is left: what applications and people have goes on.

use super::{Platform, SOON, operator, ready, secret_value};
use anyhow::Result;
use nauthera_test_kubernetes::kubectl::{get, kubectl, with_input};
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::wait::wait_for;
use serde_json::Value;
use std::process::Command;

/// The Secrets of a namespace that the operator made, as docs/operations-kubernetes.md has them saved.
fn backup(namespace: &str) -> String {
    let mut list = get(&["secrets", "-n", namespace, "-l", "app.kubernetes.io/managed-by=nauthera"]).unwrap();
    for secret in list["items"].as_array_mut().unwrap() {
        let metadata = secret["metadata"].as_object_mut().unwrap();
        for field in ["uid", "resourceVersion", "creationTimestamp", "ownerReferences", "managedFields"] {
            metadata.remove(field);
        }
    }
    list.to_string()
}

/// Asks a server as an application of this cluster would.
fn ask(server: &str, path: &str, form: &[String]) -> Result<Value> {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "5"]);
    for field in form {
        command.args(["--data-urlencode", field]);
    }
    let service = get(&["service", "nauthera-main", "-n", server])?;
    let address = service["spec"]["clusterIP"].as_str().unwrap_or_default().to_owned();
    let output = command.arg(format!("http://{address}/oauth2/{path}")).output()?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The client's own words at the token endpoint and at introspection.
fn credentials(shop: &str) -> Vec<String> {
    let value = |key: &str| secret_value(shop, "till-client-secret", key).unwrap();
    vec![format!("client_id={}", value("client_id")), format!("client_secret={}", value("client_secret"))]
}

async fn token(server: &str, shop: &str) -> String {
    let form = [credentials(shop), vec!["grant_type=client_credentials".to_owned()]].concat();
    let asked = async || {
        let answer = ask(server, "token", &form)?;
        anyhow::ensure!(answer["access_token"].is_string(), "{answer}");
        Ok(answer["access_token"].as_str().map(str::to_owned))
    };
    wait_for("a token", SOON, asked).await.unwrap()
}

async fn gone(namespace: &str) {
    kubectl(["delete", "namespace", "--wait=false", namespace]).unwrap().worked().unwrap();
    let gone = async || Ok(get(&["namespace", namespace]).is_err().then_some(()));
    wait_for("the namespace's end", SOON, gone).await.unwrap();
}

fn again(namespace: &str, secrets: &str) {
    kubectl(["create", "namespace", namespace]).unwrap().worked().unwrap();
    with_input(["create", "-n", namespace, "-f", "-"], secrets).unwrap().worked().unwrap();
}

#[tokio::test]
async fn a_backup_that_is_put_back_goes_on_with_the_same_secrets_ids_and_tokens() {
    operator();
    let method = "  authentication: {method: client_secret_post}\n";
    let platform = Platform::ready("backup").await;
    let shop = Namespace::new("shop").unwrap();
    platform.client(&shop, "till", method);
    ready(shop.name(), "authclient", "till").await;
    let (before, old) = (credentials(shop.name()), token(platform.name(), shop.name()).await);
    let saved = [platform.name(), shop.name()].map(|namespace| (namespace, backup(namespace)));
    for (namespace, _) in &saved {
        gone(namespace).await;
    }
    for (namespace, secrets) in &saved {
        again(namespace, secrets);
    }

    platform.apply();
    platform.client(&shop, "till", method);
    let client = ready(shop.name(), "authclient", "till").await;
    assert_eq!(credentials(shop.name()), before);
    let secret = get(&["secret", "till-client-secret", "-n", shop.name()]).unwrap();
    assert_eq!(secret["metadata"]["ownerReferences"][0]["uid"], client["metadata"]["uid"]);
    token(platform.name(), shop.name()).await;
    let form = [before, vec![format!("token={old}")]].concat();
    let answer = ask(platform.name(), "introspect", &form).unwrap();
    assert_eq!(answer["active"], true, "{answer}");
}
