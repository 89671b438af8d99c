//! A client that brings its own secret: only one that names the client counts, and a changed value is a rotation.

use super::{Platform, SOON, condition, of, ready};
use nauthera_test_kubernetes::kubectl::{apply, kubectl};
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::tokens::{Credentials, token};
use nauthera_test_kubernetes::wait::wait_for;

const FIRST: &str = "0123456789abcdef0123456789abcdef-first";
const SECOND: &str = "0123456789abcdef0123456789abcdef-second";

fn bring(shop: &Namespace, value: &str, label: &str) {
    let secret = format!(
        "
apiVersion: v1
kind: Secret
metadata: {{name: mine, labels: {{{label}}}}}
stringData: {{client_secret: {value}}}
"
    );
    apply(shop.name(), &secret).unwrap().worked().unwrap();
}

#[tokio::test]
async fn a_secret_that_names_the_client_counts_and_a_changed_value_is_a_rotation() {
    let platform = Platform::ready("brought").await;
    let shop = Namespace::new("shop").unwrap();
    platform.client(&shop, "till", "  existingSecretRef: {name: mine}");
    let client = condition(shop.name(), "authclient", "till", "ResolvedRefs", "False").await;
    assert_eq!(of(&client, "ResolvedRefs")["reason"], "SecretMissing");
    // It is there, and does not say that it is for this client.
    bring(&shop, FIRST, "app: till");
    let still = condition(shop.name(), "authclient", "till", "ResolvedRefs", "False").await;
    assert_eq!(of(&still, "ResolvedRefs")["reason"], "SecretMissing", "{still}");
    bring(&shop, FIRST, "auth.nauthera.io/client: till");
    let client = ready(shop.name(), "authclient", "till").await;
    let id = client["status"]["clientId"].as_str().unwrap();
    let server = platform.service();
    let works = async |secret: &str| {
        let client = Credentials { id: id.to_owned(), secret: secret.to_owned() };
        let answer = async || token(server, &client).await.map(Some);
        wait_for("a token", SOON, answer).await.unwrap();
    };
    works(FIRST).await;
    bring(&shop, SECOND, "auth.nauthera.io/client: till");
    works(SECOND).await;
    works(FIRST).await;
    // One that names another client is not its own to bring, and neither that nor a missing one ends what was brought last.
    let told = async |reason: &str| {
        let told = async || {
            let client = condition(shop.name(), "authclient", "till", "ResolvedRefs", "False").await;
            let said = of(&client, "ResolvedRefs");
            let ready = of(&client, "Ready");
            assert_eq!((&ready["status"], &ready["reason"]), (&"False".into(), &said["reason"]), "{ready}");
            Ok((said["reason"] == reason).then_some(said["message"].as_str().unwrap().to_owned()))
        };
        let message = wait_for(reason, SOON, told).await.unwrap();
        assert!(message.contains("goes on with the secret that it brought last"), "{message}");
    };
    bring(&shop, SECOND, "auth.nauthera.io/client: another");
    told("SecretUnusable").await;
    kubectl(["delete", "secret", "mine", "-n", shop.name()]).unwrap().worked().unwrap();
    told("SecretMissing").await;
    works(SECOND).await;
    bring(&shop, SECOND, "auth.nauthera.io/client: till");
    ready(shop.name(), "authclient", "till").await;
    // Another AuthClient of that name has brought nothing: what the one before brought is nobody's.
    for gone in ["authclient/till", "secret/mine"] {
        kubectl(["delete", gone, "-n", shop.name()]).unwrap().worked().unwrap();
    }
    platform.client(&shop, "till", "  existingSecretRef: {name: mine}");
    let client = condition(shop.name(), "authclient", "till", "Programmed", "False").await;
    assert_eq!(of(&client, "Ready")["reason"], "SecretMissing", "{client}");
    let before = Credentials { id: id.to_owned(), secret: SECOND.to_owned() };
    assert!(token(server, &before).await.is_err());
}

#[tokio::test]
async fn a_secret_that_names_another_client_is_never_brought() {
    let platform = Platform::ready("foreign").await;
    let shop = Namespace::new("shop").unwrap();
    bring(&shop, FIRST, "auth.nauthera.io/client: another");
    platform.client(&shop, "another", "");
    platform.client(&shop, "till", "  existingSecretRef: {name: mine}");
    let client = condition(shop.name(), "authclient", "till", "ResolvedRefs", "False").await;
    assert_eq!(of(&client, "ResolvedRefs")["reason"], "SecretUnusable", "{client}");
    assert_eq!(of(&client, "Ready")["status"], "False", "{client}");
}
