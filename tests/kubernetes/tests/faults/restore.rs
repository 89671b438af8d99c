//! A backup, and everything gone: the Secrets that an AuthServer makes and nobody deletes, the applications' Secrets without owner
//! references, and the objects, saved with kubectl and applied in namespaces that are new, where everything has another uid. The
//! database is saved by its own means; here it stayed. Old secrets and old tokens go on.

use super::replicas::on_postgres;
use super::site::Site;
use super::turns::whole;
use nauthera_test_kubernetes::kubectl::{get, kubectl, with_input};
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::objects::SOON;
use nauthera_test_kubernetes::tokens::{document, form, token};
use nauthera_test_kubernetes::wait::wait_for;
use serde_json::{Value, json};

/// What is saved of a namespace: objects of ours, and Secrets.
fn saved(namespace: &str) -> Vec<Value> {
    let kinds = "authservers,authpolicies,userstores,authclients,secrets";
    let all = get(&[kinds, "-n", namespace]).unwrap();
    let items = all["items"].as_array().cloned().unwrap_or_default();
    items.into_iter().map(stripped).collect()
}

/// An object as it would be applied: without what an API server gives it, and without owners.
fn stripped(mut object: Value) -> Value {
    let metadata = object["metadata"].as_object_mut().unwrap();
    metadata.retain(|key, _| ["name", "namespace", "labels", "annotations"].contains(&key.as_str()));
    object.as_object_mut().unwrap().remove("status");
    object
}

/// Deletes a namespace with everything in it, and makes it anew.
async fn made_anew(namespace: &Namespace) {
    let name = namespace.name();
    kubectl(["delete", "namespace", name, "--wait=false"]).unwrap().worked().unwrap();
    let gone = async || Ok((!kubectl(["get", "namespace", name])?.ok).then_some(()));
    wait_for("the namespace's end", SOON, gone).await.unwrap();
    kubectl(["create", "namespace", name]).unwrap().worked().unwrap();
    let account = ["wait", "--for=create", "serviceaccount/default", "--timeout=60s", "-n", name];
    kubectl(account).unwrap().worked().unwrap();
}

fn uid(site: &Site) -> Value {
    get(&["authclient", "till", "-n", site.shop.name()]).unwrap()["metadata"]["uid"].clone()
}

async fn kids(site: &Site) -> Vec<Value> {
    let jwks = document(site.service(), "/oauth2/jwks").await.unwrap();
    jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect()
}

#[tokio::test]
async fn old_secrets_and_old_tokens_go_on_after_a_restore() {
    let _turn = whole().await;
    let site = on_postgres("restore", 1).await;
    let operator = site.operator("before", &[]);
    site.ready().await;
    let (before, keys, old_uid) = (site.credentials("till"), kids(&site).await, uid(&site));
    let issued = token(site.service(), &before).await.unwrap()["access_token"].clone();
    let namespaces = [&site.platform, &site.shop];
    let backup: Vec<Value> = namespaces.iter().flat_map(|namespace| saved(namespace.name())).collect();

    operator.kill().unwrap();
    made_anew(&site.platform).await;
    made_anew(&site.shop).await;
    let (secrets, objects): (Vec<Value>, Vec<Value>) =
        backup.into_iter().partition(|object| object["kind"] == "Secret");
    site.bind_again();
    let apply = |items: Vec<Value>| {
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": items });
        with_input(["apply", "-f", "-"], &list.to_string()).unwrap().worked().unwrap();
    };
    apply(secrets);
    apply(objects);
    let _operator = site.operator("after", &[]);
    site.ready().await;
    assert_ne!(uid(&site), old_uid);
    assert_eq!(kids(&site).await, keys);
    assert_eq!(site.credentials("till"), before);
    token(site.service(), &before).await.unwrap();
    // A server begins to serve what needs no database before it has reached it.
    let active = async || {
        let body = format!("token={}", issued.as_str().unwrap());
        let said = form(site.service(), "/oauth2/introspect", &before, body).await?;
        Ok(Some(said["active"].clone()))
    };
    assert_eq!(wait_for("introspection", SOON, active).await.unwrap(), true);
    let secret = get(&["secret", "till-client-secret", "-n", site.shop.name()]).unwrap();
    assert_eq!(secret["metadata"]["ownerReferences"][0]["uid"], uid(&site), "it is the client's own again");
    site.edit_is_served(14).await;
}
