//! What we write of kinds that others own: judged by their own definitions, strictly, and by the API server itself. The manifests for
//! Flux and Argo CD, all that the papers print, and what an operator makes of AuthServers.

use nauthera_house::papers::{papers, yaml_blocks};
use nauthera_test_kubernetes::cluster::tree;
use nauthera_test_kubernetes::definitions::{apply, of_others};
use nauthera_test_kubernetes::helm::{helm, validate_by_all};
use nauthera_test_kubernetes::kubectl::{get, judge, kubectl, with_input};
use nauthera_test_kubernetes::namespace::Namespace;
use serde_json::{Value, json};

/// The kinds of the tools that deploy from Git.
const TOOLS: [&str; 6] = [
    "applications.argoproj.io",
    "applicationsets.argoproj.io",
    "appprojects.argoproj.io",
    "gitrepositories.source.toolkit.fluxcd.io",
    "helmreleases.helm.toolkit.fluxcd.io",
    "kustomizations.kustomize.toolkit.fluxcd.io",
];

/// A kind that the papers show, and whose definition is in no release that a test can have.
const UNKNOWN: &str = "servicebinding.io/v1";

/// What the manifests of a tool's folder are.
fn kustomized(folder: &str) -> Vec<Value> {
    let text = kubectl(["kustomize", tree(folder).to_str().unwrap()]).unwrap().worked().unwrap();
    serde_saphyr::from_multiple(&text).unwrap()
}

/// Has the API server judge manifests in a namespace of this test, wherever they say that they belong.
fn judged(namespace: &Namespace, manifests: &[Value]) -> Result<usize, String> {
    let here = |manifest: &Value| {
        let mut manifest = manifest.clone();
        if manifest["metadata"].get("namespace").is_some() {
            manifest["metadata"]["namespace"] = json!(namespace.name());
        }
        manifest.to_string()
    };
    let text: Vec<String> = manifests.iter().map(here).collect();
    let said = judge(&text.join("\n---\n")).unwrap();
    if said.ok { Ok(said.stdout.lines().count()) } else { Err(said.stderr) }
}

/// Are objects of all these kinds among them?
fn assert_kinds(manifests: &[Value], kinds: &[&str]) {
    for kind in kinds {
        assert!(manifests.iter().any(|manifest| manifest["kind"] == *kind), "no {kind} among {manifests:?}");
    }
}

#[test]
fn manifests_for_flux_and_argo_cd_are_right_by_their_definitions() {
    of_others(&TOOLS).unwrap();
    let namespace = Namespace::new("tools").unwrap();
    let mut manifests = kustomized("examples/gitops/flux");
    manifests.extend(kustomized("examples/gitops/argocd"));
    assert_kinds(&manifests, &["HelmRelease", "GitRepository", "Kustomization"]);
    assert_kinds(&manifests, &["Application", "AppProject", "ApplicationSet"]);
    assert_eq!(judged(&namespace, &manifests), Ok(manifests.len()));
    // The definitions are not ones that take anything.
    for manifest in &mut manifests {
        manifest["spec"]["unheardOf"] = json!(true);
    }
    let said = judged(&namespace, &manifests).unwrap_err();
    assert_eq!(said.matches(r#"unknown field "spec.unheardOf""#).count(), manifests.len(), "{said}");
}

#[test]
fn values_that_the_tools_give_the_chart_are_ones_that_it_takes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("values.json");
    let chart = tree("deploy/helm/nauthera");
    let mut given = 0;
    for manifest in kustomized("examples/gitops/flux").into_iter().chain(kustomized("examples/gitops/argocd"))
    {
        for place in ["/spec/values", "/spec/source/helm/valuesObject"] {
            let Some(values) = manifest.pointer(place) else { continue };
            std::fs::write(&file, values.to_string()).unwrap();
            let words = [
                "template".as_ref(),
                "nauthera".as_ref(),
                chart.as_os_str(),
                "--values".as_ref(),
                file.as_os_str(),
            ];
            helm(words).unwrap().worked().unwrap();
            given += 1;
        }
    }
    assert_eq!(given, 2, "one of Flux, and one of Argo CD");
}

/// The manifests that a page prints.
fn printed(page: &str) -> Vec<Value> {
    let blocks = yaml_blocks(page).into_iter().filter(|(_, block)| block.contains("apiVersion: "));
    let read = blocks.flat_map(|(_, block)| serde_saphyr::from_multiple::<Value>(&block).unwrap());
    read.filter(|manifest| manifest["apiVersion"] != UNKNOWN).collect()
}

#[test]
fn every_manifest_of_the_papers_is_right_by_its_definition() {
    apply().unwrap();
    of_others(&TOOLS).unwrap();
    let namespace = Namespace::new("papers").unwrap();
    let mut all = Vec::new();
    for page in papers().unwrap() {
        let manifests = printed(&page.text);
        // Pods are for accounts that are there.
        for account in manifests.iter().filter(|manifest| manifest["kind"] == "ServiceAccount") {
            let name = account["metadata"]["name"].as_str().unwrap();
            kubectl(["create", "serviceaccount", name, "-n", namespace.name()]).unwrap().worked().unwrap();
        }
        let judgeable: Vec<Value> =
            manifests.into_iter().filter(|manifest| manifest["kind"] != "ServiceAccount").collect();
        if !judgeable.is_empty() {
            assert_eq!(judged(&namespace, &judgeable), Ok(judgeable.len()), "{}", page.path);
        }
        all.extend(judgeable);
    }
    assert!(all.len() >= 30, "only {} manifests are found", all.len());
    assert_kinds(&all, &["AuthClient", "Kustomization", "Application", "Deployment", "Pod"]);
}

/// What an operator makes of AuthServers of every sort, as its own tests hold it.
fn children() -> Vec<Value> {
    let folder = std::fs::read_dir(tree("crates/operator/src/children/snapshots")).unwrap();
    let texts = folder.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    // Between two lines of dashes stands what the text is of.
    let read =
        |text: String| serde_saphyr::from_multiple(text[4..].split_once("\n---\n").unwrap().1).unwrap();
    let sorts: Vec<Vec<Value>> = texts.map(read).collect();
    assert!(sorts.len() >= 7, "{} sorts of AuthServers", sorts.len());
    sorts.concat()
}

#[test]
fn what_an_operator_makes_of_any_server_is_right_by_every_definition() {
    of_others(&["certificates.cert-manager.io", "httproutes.gateway.networking.k8s.io"]).unwrap();
    let namespace = Namespace::new("children").unwrap();
    let all: Vec<Value> = children();
    assert_kinds(&all, &["Certificate", "HTTPRoute", "Ingress", "PodDisruptionBudget"]);
    assert_eq!(judged(&namespace, &all), Ok(all.len()));
}

#[test]
fn what_an_operator_makes_is_right_by_the_schemas_of_each_kubernetes_that_it_runs_on() {
    let manifests = children();
    let of_others =
        |manifest: &&Value| ["Certificate", "HTTPRoute"].iter().any(|kind| manifest["kind"] == **kind);
    let known = manifests.iter().filter(|manifest| !of_others(manifest)).count();
    let list: Vec<String> = manifests.iter().map(Value::to_string).collect();
    assert_eq!(validate_by_all(&list.join("\n---\n")).unwrap(), known);
}

#[test]
fn our_settings_for_argo_cd_are_added_to_those_that_are_there() {
    let there = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "argocd-cm", "labels": { "app.kubernetes.io/part-of": "argocd" } },
        "data": { "url": "https://argocd.example", "resource.customizations.health.apps_Deployment": "return {}" },
    });
    let run = |words: &[&str], input: &str| with_input(words, input).unwrap().worked().unwrap();
    run(&["create", "namespace", "argocd"], "");
    run(&["create", "--namespace", "argocd", "-f", "-"], &there.to_string());
    let file = tree("deploy/argocd/argocd-cm.yaml");
    // As deploy/argocd/README.md says it.
    let patch =
        ["patch", "configmap", "argocd-cm", "--namespace", "argocd", "--patch-file", file.to_str().unwrap()];
    run(&patch, "");
    let after = get(&["configmap", "argocd-cm", "--namespace", "argocd"]).unwrap();
    run(&["delete", "namespace", "argocd", "--wait=false"], "");
    assert_eq!(after["data"]["url"], there["data"]["url"]);
    assert_eq!(after["data"].as_object().unwrap().len(), 6, "{after}");
    for kind in ["AuthClient", "AuthPolicy", "AuthServer", "UserStore"] {
        let script = &after["data"][format!("resource.customizations.health.auth.nauthera.io_{kind}")];
        assert!(
            script.as_str().is_some_and(|script| script.contains("return { status =")),
            "{kind}: {after}"
        );
    }
}
