//! A client that brings its own secret: only one that names the client counts, and a changed value is a rotation.

use super::{Platform, SOON, condition, of, ready};
use nauthera_test_kubernetes::kubectl::apply;
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
}
