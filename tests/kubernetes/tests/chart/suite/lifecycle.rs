//! Install, upgrade, uninstall, and install again: what is served goes on.

use super::teams::Teams;
use super::{Release, authorities, chart, restricted};
use nauthera_test_kubernetes::cluster::tree;
use nauthera_test_kubernetes::definitions;
use nauthera_test_kubernetes::kubectl::{get, kubectl};
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::objects::SOON;
use nauthera_test_kubernetes::wait::wait_for;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// A column that the chart before had not.
const COLUMN: &str = "    - description: ";

/// The chart of the release before: its definition of AuthClients has a column less.
fn older(folder: &Path) -> std::path::PathBuf {
    let copied = Command::new("cp").arg("-r").arg(chart()).arg(folder).status().unwrap();
    assert!(copied.success());
    let chart = folder.join("nauthera");
    let file = chart.join("files/crds/authclients.auth.nauthera.io.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    // From the first column to the second.
    let first = text.find(COLUMN.trim_start()).unwrap();
    let second = first + 1 + text[first + 1..].find(COLUMN.trim_start()).unwrap();
    std::fs::write(&file, format!("{}{}", &text[..first], &text[second..])).unwrap();
    chart
}

/// How many columns AuthClients have.
fn columns() -> usize {
    let definition = get(&["crd", "authclients.auth.nauthera.io"]).unwrap();
    definition["spec"]["versions"][0]["additionalPrinterColumns"].as_array().unwrap().len()
}

/// What the alerts over operators name is on the page that the metrics Service leads to.
fn alerts_name_what_is_exported(home: &Namespace) {
    let slices =
        ["endpointslices", "-l", "kubernetes.io/service-name=nauthera-operator-metrics", "-n", home.name()];
    let slice = &get(&slices).unwrap()["items"][0];
    let endpoints = slice["endpoints"].as_array().unwrap();
    assert_eq!(endpoints.len(), 1, "{slice}");
    let pages = endpoints.iter().map(|endpoint| {
        let url = format!(
            "http://{}:{}/metrics",
            endpoint["addresses"][0].as_str().unwrap(),
            slice["ports"][0]["port"]
        );
        let said = Command::new("curl")
            .args(["--silent", "--show-error", "--fail", "--max-time", "5", &url])
            .output();
        String::from_utf8(said.unwrap().stdout).unwrap()
    });
    let pages: String = pages.collect();
    let rules = std::fs::read_to_string(tree("deploy/monitoring/nauthera-operator.rules.yaml")).unwrap();
    let is_part = |c: char| c.is_ascii_lowercase() || c == '_';
    let words = rules
        .lines()
        .filter(|line| line.trim_start().starts_with("expr:"))
        .flat_map(|line| line.split(|c| !is_part(c)));
    let named: BTreeSet<&str> = words.filter(|word| word.starts_with("nauthera_operator_")).collect();
    assert!(named.len() >= 4, "{named:?}");
    for name in named {
        // A name of its own, not the beginning of another's.
        let exported = [" ", "{"].iter().any(|end| pages.contains(&format!("\n{name}{end}")));
        assert!(exported, "{name} is not exported: {pages}");
    }
}

/// What is not as it was.
fn changed(before: &BTreeSet<String>, teams: &Teams) -> Vec<String> {
    before.symmetric_difference(&teams.what_stays()).cloned().collect()
}

#[tokio::test]
async fn upgrade_uninstall_and_install_again_leave_applications_as_they_are() {
    let (home, folder) = (restricted("system"), tempfile::tempdir().unwrap());
    let release = Release::install(&home, older(folder.path()), &[]);
    let before = columns();
    let teams = Teams::new();
    teams.apply();
    teams.wait_until_ready();
    teams.get_a_token().await;
    alerts_name_what_is_exported(&home);
    let (stays, bundle) = (teams.what_stays(), authorities());
    assert!(bundle.as_str().is_some_and(|bundle| !bundle.is_empty()), "the leader tells of its certificate");
    let said = teams.client("greedy", "payroll:read", "--dry-run=server");
    assert!(said.ok && said.stderr.contains("Warning: ") && said.stderr.contains("payroll:read"), "{said:?}");

    release.run("upgrade", chart(), &["replicas=2", "log.level=debug"], &[]);
    assert_eq!(columns(), before + 1, "definitions are upgraded with the chart");
    assert_eq!(authorities(), bundle, "the operator is the only manager of caBundle");
    // As Helm 3 does it.
    release.run("upgrade", chart(), &["replicas=2", "log.level=info"], &["--server-side=false"]);
    assert_eq!(authorities(), bundle);
    let pods = get(&["deployment", "nauthera-operator", "-n", home.name()]).unwrap();
    assert_eq!(pods["status"]["readyReplicas"], 2);
    get(&["poddisruptionbudget", "nauthera-operator", "-n", home.name()]).unwrap();
    teams.wait_until_ready();
    assert_eq!(changed(&stays, &teams), Vec::<String>::new());

    release.uninstall();
    for name in definitions::NAMES {
        get(&["crd", name]).unwrap();
    }
    let gone =
        async || Ok((get(&["pods", "-n", home.name()])?["items"] == serde_json::json!([])).then_some(()));
    wait_for("the end of the operator's pods", SOON, gone).await.unwrap();
    kubectl(["get", "clusterrole", "nauthera-operator"]).unwrap().refused().unwrap();
    assert_eq!(changed(&stays, &teams), Vec::<String>::new());
    teams.get_a_token().await;

    release.run("install", chart(), &[], &[]);
    teams.get_a_token().await;
    // It looks after them again: what is deleted by hand comes back.
    kubectl(["delete", "service", "nauthera-main", "-n", teams.identity.name()]).unwrap().worked().unwrap();
    let back = async || Ok(get(&["service", "nauthera-main", "-n", teams.identity.name()]).ok());
    wait_for("the server's Service", SOON, back).await.unwrap();
    teams.wait_until_ready();
    teams.get_a_token().await;
    assert!(stays.contains(&format!("client_secret {}", teams.secret("client_secret"))));
}
