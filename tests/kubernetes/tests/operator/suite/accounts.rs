//! An application without any secret: the token that Kubernetes projects into its pod proves which client it is.

use super::{Platform, SOON, ready, secret_value};
use anyhow::Result;
use nauthera_test_kubernetes::kubectl::{apply, kubectl};
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::tokens::token_by_account;
use nauthera_test_kubernetes::wait::wait_for;

/// A token of a ServiceAccount, as a projected volume would bring it.
fn account_token(namespace: &Namespace, account: &str, audience: &str) -> Result<String> {
    let words = ["create", "token", account, "-n", namespace.name(), "--audience", audience];
    Ok(kubectl(words)?.worked()?.trim().to_owned())
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
    let server = platform.service();

    let token = account_token(&shop, "till", issuer).unwrap();
    let served = async || Ok(Some(token_by_account(server, id, &token).await?));
    let answer = wait_for("a token", SOON, served).await.unwrap();
    assert_eq!(answer["scope"], "orders:read", "{answer}");

    let refused = [
        account_token(&shop, "other", issuer).unwrap(),
        account_token(&shop, "till", "https://another.example").unwrap(),
    ];
    for token in refused {
        let refusal = token_by_account(server, id, &token).await.unwrap_err().to_string();
        assert!(refusal.contains("401") && refusal.contains("invalid_client"), "{refusal}");
    }
}
