//! Helm and kubernetes-validate, as the chart's tests use them.

use nauthera_test_kubernetes::helm::{helm, validate, versions};
use nauthera_test_kubernetes::kubectl::get;
use nauthera_test_kubernetes::namespace::Namespace;
use std::path::Path;

/// A chart of one pod that says which release it is of.
fn chart(folder: &Path) {
    let chart = "apiVersion: v2\nname: small\nversion: 1.0.0\n";
    let pod = "
apiVersion: v1
kind: Pod
metadata:
  name: small
  annotations: {revision: '{{ .Release.Revision }}', greeting: {{ .Values.greeting }}}
spec:
  containers:
    - name: main
      image: machine
      command: [sleep, '1000']
";
    std::fs::create_dir(folder.join("templates")).unwrap();
    std::fs::write(folder.join("Chart.yaml"), chart).unwrap();
    std::fs::write(folder.join("values.yaml"), "greeting: good-day\n").unwrap();
    std::fs::write(folder.join("templates/pod.yaml"), pod).unwrap();
}

#[test]
fn a_chart_is_installed_upgraded_and_uninstalled_by_helm_4() {
    let version = helm(["version", "--short"]).unwrap().worked().unwrap();
    assert!(version.starts_with("v4."), "{version}");
    let namespace = Namespace::new("helm").unwrap();
    let folder = tempfile::tempdir().unwrap();
    chart(folder.path());
    let path = folder.path().to_str().unwrap();
    let own = ["--namespace", namespace.name(), "--wait", "--timeout", "60s"];
    let with = |words: &[&str]| helm(words.iter().chain(&own)).unwrap().worked().unwrap();

    with(&["install", "small", path]);
    let annotation = |key: &str| {
        let pod = get(&["pod", "small", "-n", namespace.name()]).unwrap();
        assert_eq!(pod["status"]["phase"], "Running");
        pod["metadata"]["annotations"][key].as_str().unwrap().to_owned()
    };
    assert_eq!(annotation("revision"), "1");
    with(&["upgrade", "small", path, "--set", "greeting=good-night"]);
    assert_eq!((annotation("revision").as_str(), annotation("greeting").as_str()), ("2", "good-night"));
    with(&["uninstall", "small"]);
    let left = get(&["pods", "-n", namespace.name()]).unwrap();
    assert_eq!(left["items"], serde_json::json!([]));
}

#[test]
fn a_rendered_manifest_is_judged_by_the_schemas_of_each_kubernetes_that_the_chart_runs_on() {
    for minor in versions().unwrap() {
        let manifest = |spec: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec:\n  {spec}\n  selector: {{}}\n  template: {{}}\n"
            );
            validate(minor, &text).unwrap()
        };
        manifest("replicas: 2").worked().unwrap();
        let said = manifest("replicaz: 2");
        assert!(!said.ok && format!("{}{}", said.stdout, said.stderr).contains("replicaz"), "{said:?}");
    }
}
