//! The manifests of this repository, as `kubectl apply` takes them.

use nauthera_test_kubernetes::cluster::tree;
use nauthera_test_kubernetes::definitions::apply;
use nauthera_test_kubernetes::kubectl::{get, kubectl};

/// Files of a folder and the folders in it.
const FILES: &[&str] = &["--recursive", "-f"];
/// A folder that kustomize makes manifests of.
const KUSTOMIZED: &[&str] = &["-k"];

/// Applies a folder with strict validation and answers how many objects of ours there are then.
fn applied(how: &[&str], folder: &str) -> usize {
    let folder = tree(folder);
    let folder = folder.to_str().unwrap();
    let run = |words: &[&str]| kubectl(words.iter().chain(how).chain(&[folder])).unwrap();
    let said = run(&["apply", "--validate=strict"]);
    assert_eq!(said.stderr, "", "{folder}");
    said.worked().unwrap();
    // Nothing is filled in that would make the next apply a change.
    let again = run(&["diff"]).worked().unwrap();
    assert_eq!(again, "", "{folder}");
    let objects = get(&["nauthera", "--all-namespaces"]).unwrap();
    let namespaces = ["identity", "shop", "support", "apps"];
    let ours = |object: &&serde_json::Value| {
        object["metadata"]["namespace"].as_str().is_some_and(|name| namespaces.contains(&name))
    };
    let count = objects["items"].as_array().unwrap().iter().filter(ours).count();
    run(&["delete", "--timeout=60s"]).worked().unwrap();
    count
}

/// One after the other, since they have the namespaces of their stories in common.
#[test]
fn the_examples_and_the_suites_manifests_apply_with_strict_validation() {
    apply().unwrap();
    assert_eq!(applied(FILES, "examples/quickstart"), 9);
    assert!(applied(FILES, "tests/manifests") > 10);
    for (environment, objects) in [("dev", 9), ("staging", 10), ("prod", 9)] {
        let count = applied(KUSTOMIZED, &format!("examples/gitops/overlays/{environment}"));
        assert_eq!(count, objects, "{environment}");
    }
}
