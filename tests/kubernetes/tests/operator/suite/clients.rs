//! What is made of AuthClients: a Secret that is theirs, and a status that is true.

use super::{Platform, SOON, condition, of, ready, secret_value};
use nauthera_test_kubernetes::kubectl::{apply, get, kubectl};
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::wait::wait_for;

#[tokio::test]
async fn a_client_gets_a_secret_of_its_own_and_is_ready_once_it_is_served() {
    let platform = Platform::ready("client").await;
    let shop = Namespace::new("shop").unwrap();
    platform.client(&shop, "till", "");
    let client = ready(shop.name(), "authclient", "till").await;
    let id = format!("{}.till", shop.name());
    assert_eq!(client["status"]["clientId"], id);
    let secret = get(&["secret", "till-client-secret", "-n", shop.name()]).unwrap();
    let owner = &secret["metadata"]["ownerReferences"][0];
    assert_eq!((&owner["kind"], &owner["uid"]), (&"AuthClient".into(), &client["metadata"]["uid"]));
    assert_eq!(secret_value(shop.name(), "till-client-secret", "client_id").unwrap(), id);
    assert_eq!(secret_value(shop.name(), "till-client-secret", "client_secret").unwrap().len(), 43);
}

#[tokio::test]
async fn a_secret_that_is_deleted_or_edited_is_made_again() {
    let platform = Platform::ready("rebuild").await;
    let shop = Namespace::new("shop").unwrap();
    platform.client(&shop, "till", "");
    ready(shop.name(), "authclient", "till").await;
    let value = || secret_value(shop.name(), "till-client-secret", "client_secret");
    let first = value().unwrap();
    kubectl(["delete", "secret", "till-client-secret", "-n", shop.name()]).unwrap().worked().unwrap();
    let again = async || Ok(value().ok().filter(|now| now.len() == 43 && *now != first));
    let second = wait_for("another secret", SOON, again).await.unwrap();
    let patch = r#"{"data":{"client_secret":"bWluZQ=="}}"#;
    kubectl(["patch", "secret", "till-client-secret", "-n", shop.name(), "-p", patch])
        .unwrap()
        .worked()
        .unwrap();
    let again = async || Ok(value().ok().filter(|now| now.len() == 43 && *now != second));
    wait_for("a secret in place of the edited one", SOON, again).await.unwrap();
}

#[tokio::test]
async fn a_secret_has_nothing_that_its_client_does_not_ask_for_any_more() {
    let platform = Platform::ready("template").await;
    let shop = Namespace::new("shop").unwrap();
    let added = "  secret: {labels: {team: shop}, annotations: {copy.example/to: everywhere}}";
    platform.client(&shop, "till", added);
    ready(shop.name(), "authclient", "till").await;
    let secret = || get(&["secret", "till-client-secret", "-n", shop.name()]);
    let metadata = secret().unwrap()["metadata"].clone();
    assert_eq!(metadata["labels"]["team"], "shop", "{metadata}");
    assert_eq!(metadata["annotations"]["copy.example/to"], "everywhere", "{metadata}");
    let theirs = ["label", "secret", "till-client-secret", "-n", shop.name(), "theirs=stays"];
    kubectl(theirs).unwrap().worked().unwrap();
    platform.client(&shop, "till", "");
    let gone = async || {
        let metadata = secret()?["metadata"].clone();
        let left = [&metadata["labels"]["team"], &metadata["annotations"]["copy.example/to"]];
        if left.iter().all(|left| left.is_null()) { Ok(Some(metadata)) } else { anyhow::bail!("{metadata}") }
    };
    let metadata = wait_for("metadata without the template's", SOON, gone).await.unwrap();
    assert_eq!(metadata["labels"]["theirs"], "stays", "{metadata}");
    // A client that has no use for a secret any more has none in its Secret.
    let public = format!(
        "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthClient
metadata: {{name: till}}
spec:
  authServerRef: {{name: main, namespace: {}}}
  type: service
  authentication: {{method: kubernetes_service_account, serviceAccounts: [till]}}
  scopes: [\"orders:read\"]
",
        platform.name()
    );
    apply(shop.name(), &public).unwrap().worked().unwrap();
    let without = async || {
        let data = secret()?["data"].clone();
        Ok((data["client_secret"].is_null() && !data["client_id"].is_null()).then_some(()))
    };
    wait_for("a Secret without client_secret", SOON, without).await.unwrap();
    ready(shop.name(), "authclient", "till").await;
}

#[tokio::test]
async fn a_secret_of_another_owner_is_never_touched() {
    let platform = Platform::ready("taken").await;
    let shop = Namespace::new("shop").unwrap();
    let theirs = "
apiVersion: v1
kind: Secret
metadata: {name: till-client-secret}
stringData: {client_secret: theirs}
";
    apply(shop.name(), theirs).unwrap().worked().unwrap();
    platform.client(&shop, "till", "");
    let client = condition(shop.name(), "authclient", "till", "ResolvedRefs", "False").await;
    assert_eq!(of(&client, "ResolvedRefs")["reason"], "SecretConflict");
    assert_eq!(secret_value(shop.name(), "till-client-secret", "client_secret").unwrap(), "theirs");
}

#[tokio::test]
async fn a_policy_edit_narrows_clients_and_is_served() {
    let platform = Platform::ready("narrow").await;
    let shop = Namespace::new("shop").unwrap();
    platform.client(&shop, "till", "");
    let client = ready(shop.name(), "authclient", "till").await;
    assert_eq!(of(&client, "Compliant")["status"], "True");
    let narrower = "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthPolicy
metadata: {name: strict}
spec:
  allowedScopes: [\"orders:write\"]
  clientSelector: {types: [service]}
";
    apply(platform.name(), narrower).unwrap().worked().unwrap();
    let client = condition(shop.name(), "authclient", "till", "Ready", "False").await;
    assert_eq!(of(&client, "Ready")["reason"], "NothingLeft");
    kubectl(["delete", "authpolicy", "strict", "-n", platform.name()]).unwrap().worked().unwrap();
    ready(shop.name(), "authclient", "till").await;
    platform.wait("authpolicy", "baseline").await;
}

#[tokio::test]
async fn a_client_that_is_deleted_is_gone_with_its_secret() {
    let platform = Platform::ready("gone").await;
    let shop = Namespace::new("shop").unwrap();
    platform.client(&shop, "till", "");
    ready(shop.name(), "authclient", "till").await;
    kubectl(["delete", "authclient", "till", "-n", shop.name(), "--cascade=foreground"])
        .unwrap()
        .worked()
        .unwrap();
    let gone = async || Ok(get(&["secret", "till-client-secret", "-n", shop.name()]).is_err().then_some(()));
    wait_for("the Secret's end", SOON, gone).await.unwrap();
    let counted = async || {
        let server = get(&["authserver", "main", "-n", platform.name()])?;
        Ok((server["status"]["clients"]["total"] == 0).then_some(()))
    };
    wait_for("no client in the server's status", SOON, counted).await.unwrap();
}
