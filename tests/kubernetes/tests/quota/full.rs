//! Fills the store, once.

use nauthera_test_kubernetes::kubectl::{get, kubectl, with_input};
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::wait::{PATIENCE, wait_for};
use serde_json::json;

#[tokio::test]
async fn a_full_store_refuses_writes_and_answers_reads() {
    let namespace = Namespace::new("full").unwrap();
    let ballast = "x".repeat(900_000);
    let mut written = 0;
    let refused = async || {
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": format!("ballast-{written}"), "namespace": namespace.name() },
            "data": { "ballast": ballast },
        });
        let said = with_input(["create", "-f", "-"], &object.to_string())?;
        written += 1;
        Ok((!said.ok).then_some(said.stderr))
    };
    let refused = wait_for("a full store", PATIENCE, refused).await.unwrap();
    assert!(refused.contains("database space exceeded"), "{refused}");
    assert!(written > 5, "{written} writes of a megabyte filled 20");

    let kept = get(&["configmaps", "-n", namespace.name()]).unwrap();
    assert_eq!(kept["items"][0]["data"]["ballast"], ballast);
    let create = ["create", "configmap", "small", "--from-literal=a=b", "-n", namespace.name()];
    let refused = kubectl(create).unwrap().refused().unwrap();
    assert!(refused.contains("database space exceeded"), "{refused}");
}
