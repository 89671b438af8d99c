//! The manifests of this repository, as `kubectl apply` takes them.

use nauthera_test_kubernetes::cluster::tree;
use nauthera_test_kubernetes::definitions::apply;
use nauthera_test_kubernetes::kubectl::{get, kubectl};

/// Applies a folder with strict validation and answers how many objects of ours there are then.
fn applied(folder: &str) -> usize {
    let folder = tree(folder);
    let folder = folder.to_str().unwrap();
    let said = kubectl(["apply", "--validate=strict", "--recursive", "-f", folder]).unwrap();
    assert_eq!(said.stderr, "", "{folder}");
    said.worked().unwrap();
    // Nothing is filled in that would make the next apply a change.
    let again = kubectl(["diff", "--recursive", "-f", folder]).unwrap().worked().unwrap();
    assert_eq!(again, "", "{folder}");
    let objects = get(&["nauthera", "--all-namespaces"]).unwrap();
    let namespaces = ["identity", "shop", "apps"];
    let ours = |object: &&serde_json::Value| {
        object["metadata"]["namespace"].as_str().is_some_and(|name| namespaces.contains(&name))
    };
    let count = objects["items"].as_array().unwrap().iter().filter(ours).count();
    kubectl(["delete", "--recursive", "--timeout=60s", "-f", folder]).unwrap().worked().unwrap();
    count
}

/// One after the other, since both have the namespaces of their stories.
#[test]
fn the_examples_and_the_suites_manifests_apply_with_strict_validation() {
    apply().unwrap();
    assert_eq!(applied("examples/quickstart"), 9);
    assert!(applied("tests/manifests") > 10);
}
