//! An application without any secret: the token that Kubernetes projects into its pod proves which client it is.

use super::{Platform, SOON, ready, secret_value};
use anyhow::{Context, Result};
use nauthera_test_kubernetes::kubectl::{apply, get, kubectl};
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::wait::wait_for;
use reqwest::Client;
use serde_json::Value;
use std::time::Duration;

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The token endpoint of a platform, in the cluster.
pub fn token_endpoint(platform: &Platform) -> Result<String> {
    let service = get(&["service", "nauthera-main", "-n", platform.name()])?;
    let address = service["spec"]["clusterIP"].as_str().context("the Service has no address")?;
    Ok(format!("http://{address}/oauth2/token"))
}

/// A token of a ServiceAccount, as a projected volume would bring it.
fn account_token(namespace: &Namespace, account: &str, audience: &str) -> Result<String> {
    let words = ["create", "token", account, "-n", namespace.name(), "--audience", audience];
    Ok(kubectl(words)?.worked()?.trim().to_owned())
}

/// What a client shows.
pub enum Proof<'a> {
    /// Its secret, by HTTP Basic.
    Secret(&'a str),
    /// The token of a ServiceAccount.
    Account(&'a str),
}

/// Asks for a token: the status and the answer.
pub async fn ask(endpoint: &str, client_id: &str, proof: Proof<'_>) -> Result<(u16, Value)> {
    let mut form = vec![("grant_type", "client_credentials"), ("scope", "orders:read")];
    let request = Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?.post(endpoint);
    let request = match proof {
        Proof::Secret(secret) => request.basic_auth(client_id, Some(secret)),
        Proof::Account(token) => {
            form.extend([
                ("client_id", client_id),
                ("client_assertion_type", ASSERTION),
                ("client_assertion", token),
            ]);
            request
        }
    };
    let answer = request.form(&form).send().await?;
    Ok((answer.status().as_u16(), answer.json().await?))
}

#[tokio::test]
async fn a_service_account_of_the_client_gets_tokens_and_another_does_not() {
    let platform = Platform::ready("account").await;
    let strict = r#"{"spec":{"clientAuthentication":{"allowedMethods":["kubernetes_service_account"]}}}"#;
    kubectl(["patch", "authpolicy", "baseline", "-n", platform.name(), "--type=merge", "-p", strict])
        .unwrap()
        .worked()
        .unwrap();
    let shop = Namespace::new("shop").unwrap();
    let accounts = "
apiVersion: v1
kind: ServiceAccount
metadata: {name: till}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: other}
";
    apply(shop.name(), accounts).unwrap().worked().unwrap();
    let method = "  authentication: {method: kubernetes_service_account, serviceAccounts: [till]}";
    platform.client(&shop, "till", method);
    let client = ready(shop.name(), "authclient", "till").await;
    let id = client["status"]["clientId"].as_str().unwrap();
    assert!(
        secret_value(shop.name(), "till-client-secret", "client_secret").is_err(),
        "there is no secret at all"
    );
    let issuer = client["status"]["issuer"].as_str().unwrap();
    let endpoint = token_endpoint(&platform).unwrap();

    let token = account_token(&shop, "till", issuer).unwrap();
    let served = async || Ok(Some(ask(&endpoint, id, Proof::Account(&token)).await?));
    let (status, body) = wait_for("an answer", SOON, served).await.unwrap();
    assert_eq!((status, &body["scope"]), (200, &"orders:read".into()), "{body}");

    let refused = [
        account_token(&shop, "other", issuer).unwrap(),
        account_token(&shop, "till", "https://another.example").unwrap(),
    ];
    for token in refused {
        let (status, body) = ask(&endpoint, id, Proof::Account(&token)).await.unwrap();
        assert_eq!((status, &body["error"]), (401, &"invalid_client".into()), "{body}");
    }
}
