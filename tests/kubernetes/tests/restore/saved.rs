//! The first cluster: everything is used, and then saved.

use super::site::{
    BROUGHT, CLAIM, HOME, IDENTITY, SHOP, a_token, apply_manifests, bare, billing, copy, folder, install,
    is_active, namespaces, server, till, volume,
};
use nauthera_test_kubernetes::kubectl::{get, kubectl, with_input};
use nauthera_test_kubernetes::operator::volumes;
use nauthera_test_kubernetes::tokens::form;
use serde_json::json;

#[tokio::test]
async fn what_outlives_a_cluster_is_saved() {
    volumes().unwrap();
    install();
    namespaces();
    let vault = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": { "name": "vault", "labels": { "auth.nauthera.io/client": "billing" } },
        "stringData": { "client_secret": BROUGHT },
    });
    with_input(["create", "-n", SHOP, "-f", "-"], &vault.to_string()).unwrap().worked().unwrap();
    apply_manifests().await;
    let (till, billing) = (till(), billing());
    let (lives, ended, brought) = (a_token(&till).await, a_token(&till).await, a_token(&billing).await);
    // It answers without a word.
    form(server().unwrap(), "/oauth2/revoke", &till, format!("token={ended}")).await.ok();
    assert!(is_active(&till, &lives).await && !is_active(&till, &ended).await);

    let folder = folder();
    std::fs::create_dir_all(&folder).unwrap();
    let save =
        |name: &str, what: &serde_json::Value| std::fs::write(folder.join(name), what.to_string()).unwrap();
    let labelled =
        |selector: &str| bare(get(&["secrets", "--all-namespaces", "--selector", selector]).unwrap());
    save("nauthera-secrets.json", &labelled("app.kubernetes.io/managed-by=nauthera"));
    save("brought-secrets.json", &labelled("auth.nauthera.io/client,!auth.nauthera.io/kind"));
    let claim = get(&["persistentvolumeclaim", CLAIM, "-n", IDENTITY]).unwrap();
    save(
        "claim.json",
        &json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": { "name": CLAIM, "namespace": IDENTITY, "labels": claim["metadata"]["labels"] },
            "spec": { "accessModes": claim["spec"]["accessModes"], "resources": claim["spec"]["resources"] },
        }),
    );
    save(
        "used.json",
        &json!({
            "id": till.id, "secret": till.secret, "lives": lives, "ended": ended, "brought": brought,
        }),
    );
    // A file that nobody writes any more is a snapshot.
    gone(HOME, "nauthera-operator", "app.kubernetes.io/component=operator");
    gone(IDENTITY, "nauthera-main", "auth.nauthera.io/server=main");
    copy(volume().await, folder.join("volume"));
}

/// Ends the pods of a Deployment.
fn gone(namespace: &str, deployment: &str, selector: &str) {
    kubectl(["scale", "deployment", deployment, "--replicas=0", "-n", namespace]).unwrap().worked().unwrap();
    let wait = ["wait", "--for=delete", "pod", "--selector", selector, "--timeout=90s", "-n", namespace];
    kubectl(wait).unwrap().worked().unwrap();
}
