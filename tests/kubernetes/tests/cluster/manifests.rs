//! The manifests of this repository, as `kubectl apply` takes them.

use nauthera_test_kubernetes::cluster::tree;
use nauthera_test_kubernetes::definitions;
use nauthera_test_kubernetes::kubectl::{get, kubectl, with_input};
use nauthera_test_kubernetes::manifests;
use nauthera_test_kubernetes::namespace::Namespace;

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
    definitions::apply().unwrap();
    assert_eq!(applied(FILES, "examples/quickstart"), 9);
    assert!(applied(FILES, "tests/manifests") > 10);
    for (environment, objects) in [("dev", 9), ("staging", 10), ("prod", 9)] {
        let count = applied(KUSTOMIZED, &format!("examples/gitops/overlays/{environment}"));
        assert_eq!(count, objects, "{environment}");
    }
}

/// What the API server fills in for a database that is left out would be in the way of one that is named later.
#[test]
fn an_auth_server_moves_to_another_database_and_back_by_its_manifest() {
    definitions::apply().unwrap();
    let namespace = Namespace::new("databases").unwrap();
    let with = |database: &str| manifests::server(namespace.name(), database);
    let postgres = with("  replicas: 2\n  database: {postgres: {urlSecretRef: {name: db}}}");
    for how in [&["apply"] as &[&str], &["apply", "--server-side", "--force-conflicts"]] {
        for manifest in [&with(""), &postgres, &with("  database: {sqlite: {}}"), &postgres, &with("")] {
            let words = how.iter().copied().chain(["--validate=strict", "-n", namespace.name(), "-f", "-"]);
            with_input(words, manifest).unwrap().worked().unwrap();
        }
        let server = get(&["authserver", "main", "-n", namespace.name()]).unwrap();
        assert!(server["spec"]["database"].is_null(), "{server}");
    }
}
