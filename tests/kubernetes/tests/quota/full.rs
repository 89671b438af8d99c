//! What a full store does by itself, without anything of ours.

use nauthera_test_kubernetes::kubectl::{get, kubectl};
use nauthera_test_kubernetes::store::fill;

#[tokio::test]
async fn a_full_store_refuses_writes_and_answers_reads_until_room_is_made() {
    let filled = fill().await.unwrap();
    assert!(filled.refused.contains("database space exceeded"), "{}", filled.refused);
    assert!(filled.written > 5, "{} writes of a megabyte filled it", filled.written);
    let kept = get(&["configmaps", "ballast-0", "-n", filled.namespace()]).unwrap();
    assert_eq!(kept["data"]["ballast"].as_str().unwrap().len(), 900_000);
    let create = ["create", "configmap", "small", "--from-literal=a=b", "-n", filled.namespace()];
    let refused = kubectl(create).unwrap().refused().unwrap();
    assert!(refused.contains("database space exceeded"), "{refused}");
    filled.free().await.unwrap();
    kubectl(["create", "configmap", "small", "--from-literal=a=b"]).unwrap().worked().unwrap();
}
