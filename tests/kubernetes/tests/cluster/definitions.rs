//! Our definitions as the API server takes them.

use nauthera_test_kubernetes::cluster::tree;
use nauthera_test_kubernetes::definitions::{NAMES, apply};
use nauthera_test_kubernetes::kubectl::{get, kubectl, with_input};
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::wait::{PATIENCE, wait_for};
use serde_json::{Value, json};

#[test]
fn all_four_are_established_and_structural() {
    apply().unwrap();
    for name in NAMES {
        let crd = get(&["crd", name]).unwrap();
        let conditions = crd["status"]["conditions"].as_array().unwrap();
        let is = |kind: &str| {
            conditions.iter().find(|condition| condition["type"] == kind).map(|found| &found["status"])
        };
        assert_eq!(is("Established"), Some(&json!("True")), "{name}: {conditions:?}");
        assert_eq!(is("NamesAccepted"), Some(&json!("True")), "{name}: {conditions:?}");
        assert_eq!(is("NonStructuralSchema"), None, "{name}: {conditions:?}");
    }
}

#[test]
fn the_api_server_keeps_every_word_of_them() {
    apply().unwrap();
    for name in NAMES {
        let text = std::fs::read_to_string(tree("deploy/crds").join(format!("{name}.yaml"))).unwrap();
        let written: Value = serde_saphyr::from_str(&text).unwrap();
        let kept = get(&["crd", name]).unwrap();
        contains(&kept["spec"], &written["spec"], name);
    }
}

/// Everything that is written is kept, and beside it may stand what the API server fills in.
fn contains(kept: &Value, written: &Value, path: &str) {
    match (kept, written) {
        (Value::Object(kept), Value::Object(written)) => {
            for (key, value) in written {
                let found = kept.get(key).unwrap_or_else(|| panic!("{path}.{key} is lost"));
                contains(found, value, &format!("{path}.{key}"));
            }
        }
        (Value::Array(kept), Value::Array(written)) => {
            assert_eq!(kept.len(), written.len(), "{path}");
            for (index, (kept, written)) in kept.iter().zip(written).enumerate() {
                contains(kept, written, &format!("{path}[{index}]"));
            }
        }
        (Value::Number(kept), Value::Number(written)) => {
            assert_eq!(kept.as_f64(), written.as_f64(), "{path}")
        }
        _ => assert_eq!(kept, written, "{path}"),
    }
}

#[test]
fn applying_them_again_changes_nothing_in_either_way() {
    apply().unwrap();
    let folder = tree("deploy/crds");
    let folder = folder.to_str().unwrap();
    let again = kubectl(["apply", "-f", folder]).unwrap().worked().unwrap();
    assert_eq!(again.matches(" unchanged").count(), 4, "{again}");
    // As GitOps controllers do.
    let words =
        ["apply", "--server-side", "--field-manager=flux", "--force-conflicts", "--dry-run=server", "-f"];
    let server_side = kubectl(words.iter().chain([&folder])).unwrap().worked().unwrap();
    assert_eq!(server_side.lines().count(), 4, "{server_side}");
}

#[tokio::test]
async fn explain_tells_what_a_field_means() {
    apply().unwrap();
    // The API server publishes schemas a moment after it serves the kind.
    let explain = async || Ok(Some(kubectl(["explain", "authclient.spec.redirectUris"])?.worked()?));
    let told = wait_for("the published schema", PATIENCE, explain).await.unwrap();
    assert!(told.contains("The addresses that a login may return to"), "{told}");
    assert!(told.contains("<[]string>"), "{told}");
}

#[test]
fn the_category_lists_all_four_kinds() {
    apply().unwrap();
    let namespace = Namespace::new("category").unwrap();
    with_input(["create", "-n", namespace.name(), "-f", "-"], EACH).unwrap().worked().unwrap();
    let listed =
        kubectl(["get", "nauthera", "-o", "name", "-n", namespace.name()]).unwrap().worked().unwrap();
    let mut listed: Vec<&str> = listed.lines().collect();
    listed.sort_unstable();
    let each = ["authclients", "authpolicies", "authservers", "userstores"];
    let wanted: Vec<String> =
        each.iter().map(|plural| format!("{}.auth.nauthera.io/example", plural_to_kind(plural))).collect();
    assert_eq!(listed, wanted);
}

/// As `kubectl get -o name` writes it.
fn plural_to_kind(plural: &str) -> &str {
    match plural {
        "authpolicies" => "authpolicy",
        other => other.trim_end_matches('s'),
    }
}

#[tokio::test]
async fn an_object_that_nobody_has_seen_says_so_as_soon_as_it_has_a_status() {
    apply().unwrap();
    let namespace = Namespace::new("unseen").unwrap();
    with_input(["create", "-n", namespace.name(), "-f", "-"], EACH).unwrap().worked().unwrap();
    for kind in ["authclient", "authpolicy", "authserver", "userstore"] {
        let example = [kind, "example", "-n", namespace.name()];
        let created = get(&example).unwrap();
        assert_eq!(created["status"], json!({ "observedGeneration": -1 }), "{kind}");
        // A status that somebody writes without it is none that speaks of this generation either.
        let patch = r#"{"status":{"observedGeneration":null,"conditions":[]}}"#;
        let words = [
            "patch",
            kind,
            "example",
            "-n",
            namespace.name(),
            "--subresource=status",
            "--type=merge",
            "-p",
            patch,
        ];
        kubectl(words).unwrap().worked().unwrap();
        assert_eq!(get(&example).unwrap()["status"]["observedGeneration"], -1, "{kind}");
    }
    // kstatus and `kubectl wait` read the two numbers.
    let unseen = async || {
        let object = get(&["authclient", "example", "-n", namespace.name()])?;
        Ok((object["metadata"]["generation"] == 1).then_some(()))
    };
    wait_for("the first generation", PATIENCE, unseen).await.unwrap();
}

/// One good object of each kind.
const EACH: &str = "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthServer
metadata: {name: example}
spec: {issuerUrl: https://login.example.com}
---
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthPolicy
metadata: {name: example}
spec: {}
---
apiVersion: auth.nauthera.io/v1alpha1
kind: UserStore
metadata: {name: example}
spec: {type: static, users: []}
---
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthClient
metadata: {name: example}
spec:
  authServerRef: {name: example}
  type: service
";
