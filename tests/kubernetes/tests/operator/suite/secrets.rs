//! Secrets of applications whose manifests change: another name, another server.

use super::{Platform, SOON, ready, secret_value};
use nauthera_test_kubernetes::kubectl::{get, kubectl};
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::tokens::{Credentials, token};
use nauthera_test_kubernetes::wait::wait_for;
use std::net::SocketAddr;

fn credentials(shop: &Namespace, secret: &str) -> Credentials {
    let value = |key: &str| secret_value(shop.name(), secret, key).unwrap();
    Credentials { id: value("client_id"), secret: value("client_secret") }
}

async fn works(server: SocketAddr, client: &Credentials) {
    let answer = async || token(server, client).await.map(Some);
    wait_for("a token", SOON, answer).await.unwrap();
}

async fn refused(server: SocketAddr, client: &Credentials) {
    let refused = async || {
        let answer = token(server, client).await;
        Ok(answer
            .err()
            .map(|refusal| refusal.to_string())
            .filter(|refusal| refusal.contains("invalid_client")))
    };
    wait_for("a refusal", SOON, refused).await.unwrap();
}

#[tokio::test]
async fn another_name_is_another_secret_and_the_one_before_stays_and_works_for_the_overlap() {
    let platform = Platform::ready("renamed").await;
    let shop = Namespace::new("shop").unwrap();
    platform.client(&shop, "till", "");
    ready(shop.name(), "authclient", "till").await;
    let first = credentials(&shop, "till-client-secret");
    let server = platform.service();
    works(server, &first).await;
    platform.client(&shop, "till", "  secret: {name: till-oidc, keys: {client_secret: OIDC_SECRET}}");
    let there = async || Ok(secret_value(shop.name(), "till-oidc", "OIDC_SECRET").ok());
    let secret = wait_for("the Secret of the new name", SOON, there).await.unwrap();
    let second = Credentials { id: first.id.clone(), secret };
    assert_ne!(second.secret, first.secret);
    works(server, &second).await;
    works(server, &first).await;
    let client = ready(shop.name(), "authclient", "till").await;
    assert_eq!(client["status"]["clientSecretRef"]["name"], "till-oidc");
    assert_eq!(client["status"]["binding"]["name"], "till-oidc");
    // Nobody makes the one before again.
    kubectl(["delete", "secret", "till-client-secret", "-n", shop.name()]).unwrap().worked().unwrap();
    works(server, &second).await;
    assert!(get(&["secret", "till-client-secret", "-n", shop.name()]).is_err());
}

#[tokio::test]
async fn a_client_that_moves_to_another_server_gets_a_new_secret_that_works_there_alone() {
    let (from, to) = (Platform::ready("from").await, Platform::ready("to").await);
    let shop = Namespace::new("shop").unwrap();
    from.client(&shop, "till", "");
    ready(shop.name(), "authclient", "till").await;
    let first = credentials(&shop, "till-client-secret");
    works(from.service(), &first).await;
    to.client(&shop, "till", "");
    let moved = async || {
        let issuer = get(&["authclient", "till", "-n", shop.name()])?["status"]["issuer"].clone();
        Ok(issuer.as_str().is_some_and(|issuer| issuer.contains(to.name())).then_some(()))
    };
    wait_for("the other issuer", SOON, moved).await.unwrap();
    ready(shop.name(), "authclient", "till").await;
    let second = credentials(&shop, "till-client-secret");
    assert_eq!(second.id, first.id);
    assert_ne!(second.secret, first.secret);
    works(to.service(), &second).await;
    for (server, client) in [(from.service(), &first), (to.service(), &first), (from.service(), &second)] {
        refused(server, client).await;
    }
    // Back again it gets another one, and the one that had ended with the first move does not count again.
    from.client(&shop, "till", "");
    let back = async || {
        let issuer = get(&["authclient", "till", "-n", shop.name()])?["status"]["issuer"].clone();
        Ok(issuer.as_str().is_some_and(|issuer| issuer.contains(from.name())).then_some(()))
    };
    wait_for("the first issuer", SOON, back).await.unwrap();
    ready(shop.name(), "authclient", "till").await;
    let third = credentials(&shop, "till-client-secret");
    assert!(third.secret != first.secret && third.secret != second.secret);
    works(from.service(), &third).await;
    for (server, client) in [(from.service(), &first), (from.service(), &second), (to.service(), &second)] {
        refused(server, client).await;
    }
}
