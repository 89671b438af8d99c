//! What Helm makes of the chart, before any cluster sees it: for each file of values in `ci/`.

use super::{chart, restricted};
use nauthera_test_kubernetes::cluster::binary;
use nauthera_test_kubernetes::definitions::of_others;
use nauthera_test_kubernetes::helm::{helm, validate_by_all};
use nauthera_test_kubernetes::kubectl::{judge, with_input};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn values() -> Vec<PathBuf> {
    let files = std::fs::read_dir(chart().join("ci")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    assert!(files.len() >= 5, "{files:?}");
    files
}

/// `helm template` with a file of values.
fn rendered(file: &Path) -> String {
    rendered_in("nauthera-system", file)
}

/// The same for another namespace.
fn rendered_in(namespace: &str, file: &Path) -> String {
    let words = ["template", "nauthera", "--namespace", namespace].map(Into::into);
    let paths = [chart().into_os_string(), "--values".into(), file.into()];
    helm(words.into_iter().chain(paths)).unwrap().worked().unwrap()
}

#[test]
fn helm_finds_nothing_to_say_about_the_chart() {
    for file in values() {
        let words = ["lint", "--strict", "--quiet"].map(Into::into);
        let paths = [chart().into_os_string(), "--values".into(), file.into_os_string()];
        helm(words.into_iter().chain(paths)).unwrap().worked().unwrap();
    }
}

/// What is rendered with any of the files, each document once.
fn all(namespace: &str) -> BTreeSet<String> {
    let texts = values().into_iter().map(|file| format!("\n{}", rendered_in(namespace, &file)));
    let documents =
        texts.flat_map(|text| text.split("\n---\n").map(str::trim).map(str::to_owned).collect::<Vec<_>>());
    documents.filter(|document| !document.is_empty()).collect()
}

/// The kinds of others that the chart has objects of.
pub const OTHERS: [&str; 5] = [
    "certificates.cert-manager.io",
    "issuers.cert-manager.io",
    "podmonitors.monitoring.coreos.com",
    "prometheusrules.monitoring.coreos.com",
    "servicemonitors.monitoring.coreos.com",
];

#[test]
fn what_is_rendered_is_right_by_the_schemas_of_each_kubernetes_that_the_chart_runs_on() {
    let all = all("nauthera-system");
    let of_others = all.iter().filter(|document| OTHERS.iter().any(|name| is_of(document, name))).count();
    let all: Vec<String> = all.into_iter().collect();
    assert_eq!(validate_by_all(&all.join("\n---\n")).unwrap(), all.len() - of_others);
}

/// Is it an object of the group of this definition?
fn is_of(document: &str, definition: &str) -> bool {
    let group = definition.split_once('.').map(|(_, group)| group).unwrap();
    document.contains(&format!("apiVersion: {group}/"))
}

#[test]
fn what_is_rendered_is_taken_by_an_api_server_that_knows_the_kinds_of_others() {
    of_others(&OTHERS).unwrap();
    let home = restricted("rendered");
    // Those that `ci/namespaces.yaml` lists.
    let listed = ["identity", "shop"].map(|name| {
        json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name },
        })
    });
    let listed = json!({ "apiVersion": "v1", "kind": "List", "items": listed }).to_string();
    with_input(["apply", "-f", "-"], &listed).unwrap().worked().unwrap();
    let all: Vec<String> = all(home.name()).into_iter().collect();
    let taken = judge(&all.join("\n---\n")).unwrap().worked().unwrap();
    assert_eq!(taken.lines().count(), all.len(), "{taken}");
    for name in OTHERS {
        let one = name.replacen("s.", ".", 1);
        assert!(taken.contains(&format!("{one}/nauthera")), "nothing that is rendered is a {one}: {taken}");
    }
}

#[test]
fn listed_namespaces_get_a_binding_each_and_the_cluster_none() {
    let text = rendered(&chart().join("ci/namespaces.yaml"));
    let documents: Vec<&str> = text.split("\n---\n").collect();
    let binds = |kind: &str, more: &str| {
        let kind = format!("kind: {kind}\n");
        let of = |document: &&&str| {
            document.contains(&kind)
                && document.contains("  name: nauthera-operator\n  ")
                && document.contains("kind: ClusterRole\n  name: nauthera-operator\n")
                && document.contains(more)
        };
        documents.iter().filter(of).count()
    };
    assert_eq!(binds("ClusterRoleBinding", ""), 0);
    assert_eq!(binds("RoleBinding", "namespace: identity"), 1);
    assert_eq!(binds("RoleBinding", "namespace: shop"), 1);
    assert!(!text.contains("aggregate-to-"), "aggregation is off");
    assert!(
        text.contains(r#"operator: In, values: ["identity","shop"]"#),
        "the webhook is asked for these alone"
    );
}

#[test]
fn the_authority_of_the_webhook_is_never_the_charts() {
    for file in values() {
        assert!(!rendered(&file).contains("\n      caBundle:"), "{}", file.display());
    }
}

#[test]
fn values_that_nobody_knows_are_refused_with_their_place() {
    let refused = |setting: &str| {
        let words = ["template", "nauthera", "--set", setting].map(Into::into);
        helm(words.into_iter().chain([chart().into_os_string()])).unwrap().refused().unwrap()
    };
    let told = [
        ("replicaCount=2", "additional properties 'replicaCount' not allowed"),
        ("webhook.cert=x", "at '/webhook': additional properties 'cert' not allowed"),
        ("replicas=0", "at '/replicas': minimum: got 0, want 1"),
        ("namespaces={Shop}", "at '/namespaces/0': 'Shop' does not match pattern"),
        ("log.format=xml", "at '/log/format': value must be one of 'json', 'text'"),
        ("image.digest=latest", "at '/image/digest': 'latest' does not match pattern"),
        ("webhook.certManager.issuerRef.kind=Issuer", "at '/webhook/certManager/issuerRef'"),
    ];
    for (setting, words) in told {
        let said = refused(setting);
        assert!(said.contains(words), "{setting}: {said}");
    }
}

/// Of distroless' `cc`: glibc, libgcc and the loader.
const BASE: [&str; 6] =
    ["libc.so.6", "libm.so.6", "libgcc_s.so.1", "libpthread.so.0", "libdl.so.2", "ld-linux"];

#[test]
fn the_binary_needs_no_library_that_the_images_base_has_not() {
    let said = Command::new("readelf").arg("--dynamic").arg(binary().unwrap()).output().unwrap();
    let text = String::from_utf8(said.stdout).unwrap();
    let needed: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("(NEEDED)"))
        .filter_map(|line| line.split_once('[')?.1.split(']').next())
        .collect();
    assert!(needed.contains(&"libc.so.6"), "{text}");
    let unknown: Vec<_> =
        needed.iter().filter(|name| !BASE.iter().any(|base| name.starts_with(base))).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
