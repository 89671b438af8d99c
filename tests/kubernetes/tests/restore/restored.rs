//! The second cluster, of which the first one knew nothing: what was saved is put back, then come operator and manifests.

use super::site::{
    HOME, SHOP, a_token, apply_manifests, billing, copy, folder, install, is_active, namespaces, till, volume,
};
use nauthera_test_kubernetes::kubectl::{get, kubectl};
use nauthera_test_kubernetes::operator::volumes;
use serde_json::Value;

#[tokio::test]
async fn in_another_cluster_old_secrets_and_tokens_go_on() {
    volumes().unwrap();
    let folder = folder();
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    namespaces();
    kubectl(["create", "namespace", HOME]).unwrap().worked().unwrap();
    for file in ["nauthera-secrets.json", "brought-secrets.json", "claim.json"] {
        let file = folder.join(file).into_os_string();
        kubectl(["create", "--filename"].map(Into::into).into_iter().chain([file]))
            .unwrap()
            .worked()
            .unwrap();
    }
    copy(folder.join("volume"), volume().await);
    install();
    apply_manifests().await;

    let used: Value = serde_json::from_str(&read("used.json")).unwrap();
    let word = |key: &str| used[key].as_str().unwrap().to_owned();
    let (till, billing) = (till(), billing());
    assert_eq!((till.id.clone(), till.secret.clone()), (word("id"), word("secret")));
    // By the signing keys of before.
    assert!(is_active(&till, &word("lives")).await && is_active(&billing, &word("brought")).await);
    // By the database of before.
    assert!(!is_active(&till, &word("ended")).await, "a token that was revoked lives again");
    a_token(&till).await;
    a_token(&billing).await;
    let owner = |kind: &str, name: &str| get(&[kind, name, "-n", SHOP]).unwrap();
    let secret = owner("secret", "till-client-secret");
    let client = owner("authclient", "till");
    assert_eq!(secret["metadata"]["ownerReferences"][0]["uid"], client["metadata"]["uid"]);
}
