//! The operator has every right that it uses, and uses every right that it has: judged by the API server's own audit, in an installation
//! of listed namespaces, where what it does at home and what it does for others are told apart.

use super::teams::Teams;
use super::{Release, chart, restricted};
use nauthera_test_kubernetes::cluster::Cluster;
use nauthera_test_kubernetes::database;
use nauthera_test_kubernetes::definitions::of_others;
use nauthera_test_kubernetes::kubectl::{apply, get, kubectl};
use nauthera_test_kubernetes::manifests::PEOPLE;
use nauthera_test_kubernetes::objects::SOON;
use nauthera_test_kubernetes::wait::wait_for;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A role, a verb, and what it is for: `secrets`, `authclients.auth.nauthera.io/status`, or a path.
type Right = (&'static str, String, String);

const EVERYWHERE: &str = "nauthera-operator";
const CLUSTER: &str = "nauthera-operator-cluster";
const HOME: &str = "nauthera-operator-leader";

/// Rights that no minute of a test needs, with the reason.
const LATER: &[(&str, &str, &str)] = &[
    // Shards of a Snapshot go three minutes after the last index that names them.
    (EVERYWHERE, "delete", "configmaps"),
    // A server reads the ConfigMaps of its namespace, and who gives a right must have it; and a shard that is there already is read.
    (EVERYWHERE, "get", "configmaps"),
    // An Event that happened before is told again by its count.
    (EVERYWHERE, "patch", "events.events.k8s.io"),
    // The webhook's certificate is replaced after sixty days.
    (HOME, "update", "secrets"),
];

fn texts<'v>(rule: &'v Value, field: &str) -> impl Iterator<Item = &'v str> + Clone {
    rule[field].as_array().map(Vec::as_slice).unwrap_or_default().iter().filter_map(Value::as_str)
}

fn resource(name: &str, group: &str) -> String {
    let (kind, part) =
        name.split_once('/').map_or((name, String::new()), |(kind, part)| (kind, format!("/{part}")));
    if group.is_empty() { format!("{kind}{part}") } else { format!("{kind}.{group}{part}") }
}

/// What the roles of the installation give.
fn given(home: &str) -> BTreeSet<Right> {
    let mut rights = BTreeSet::new();
    let clusters = [EVERYWHERE, CLUSTER].map(|name| (name, get(&["clusterrole", name]).unwrap()));
    let own = (HOME, get(&["role", HOME, "-n", home]).unwrap());
    for (role, object) in clusters.into_iter().chain([own]) {
        for rule in object["rules"].as_array().unwrap() {
            for verb in texts(rule, "verbs") {
                for path in texts(rule, "nonResourceURLs") {
                    rights.insert((role, verb.to_owned(), path.to_owned()));
                }
                for group in texts(rule, "apiGroups") {
                    for name in texts(rule, "resources") {
                        rights.insert((role, verb.to_owned(), resource(name, group)));
                    }
                }
            }
        }
    }
    rights
}

/// What the operator has asked for, and what was refused.
fn asked(user: &str, home: &str) -> (BTreeSet<Right>, Vec<String>) {
    let log = std::fs::read_to_string(Cluster::here().unwrap().directory().join("audit.log")).unwrap();
    let (mut used, mut refused) = (BTreeSet::new(), Vec::new());
    // Its last line may be half written.
    for event in log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        if event["user"]["username"] != user {
            continue;
        }
        let code = event["responseStatus"]["code"].as_u64().unwrap_or_default();
        if matches!(code, 401 | 403) {
            refused.push(event.to_string());
        }
        let mut verb = event["verb"].as_str().unwrap_or_default().to_owned();
        let object = &event["objectRef"];
        let text = |key: &str| object[key].as_str().unwrap_or_default();
        let (role, what) = if object.is_null() {
            let path = event["requestURI"].as_str().unwrap_or_default();
            (CLUSTER, path.split('?').next().unwrap_or_default().to_owned())
        } else {
            let name = match text("subresource") {
                "" => text("resource").to_owned(),
                part => format!("{}/{part}", text("resource")),
            };
            let role = match text("namespace") {
                "" => CLUSTER,
                namespace if namespace == home => HOME,
                _ => EVERYWHERE,
            };
            (role, resource(&name, text("apiGroup")))
        };
        // An apply of what was not there takes the right to create it too.
        if verb == "patch" && code == 201 {
            used.insert((role, "create".to_owned(), what.clone()));
        }
        used.insert((role, std::mem::take(&mut verb), what));
    }
    (used, refused)
}

/// A server with every part that one can have; `more` is its way in.
fn spare(teams: &Teams, replicas: u8, more: &str) {
    let manifest = format!(
        "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthServer
metadata: {{name: spare}}
spec:
  issuerUrl: https://spare.{}.example
  signing: {{algorithm: ES256}}
  replicas: {replicas}
  database: {{postgres: {{urlSecretRef: {{name: database}}}}}}
  userStoreRef: {{name: people}}
{more}",
        teams.identity.name()
    );
    apply(teams.identity.name(), &manifest).unwrap().worked().unwrap();
}

/// Waits until there are so many objects of these kinds, all of the spare server.
async fn until(teams: &Teams, kinds: &[&str], there: bool) {
    for kind in kinds {
        let ask = async || {
            let found = get(&[kind, "nauthera-spare", "-n", teams.identity.name()]).is_ok();
            Ok((found == there).then_some(()))
        };
        wait_for(&format!("{kind} nauthera-spare: {there}"), SOON, ask).await.unwrap();
    }
}

/// Everything that manifests can make an operator do.
async fn everything(teams: &Teams) {
    let url = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "database" },
        "stringData": { "url": database::database().unwrap() },
    });
    for manifest in [PEOPLE, &url.to_string()] {
        apply(teams.identity.name(), manifest).unwrap().worked().unwrap();
    }
    teams.apply();
    teams.wait_until_ready();
    spare(teams, 2, "  tls: {certManager: {issuerRef: {name: internal}}}\n  expose: {ingress: {}}\n");
    until(teams, &["ingress", "certificate.cert-manager.io", "pdb"], true).await;
    spare(teams, 1, "  expose: {httpRoute: {parentRefs: [{name: public}]}}\n");
    until(teams, &["httproute.gateway.networking.k8s.io"], true).await;
    until(teams, &["ingress", "certificate.cert-manager.io", "pdb"], false).await;
    spare(teams, 1, "");
    until(teams, &["httproute.gateway.networking.k8s.io"], false).await;
    teams.wait_until_ready();
    let rotate = ["annotate", "authclient", "till", "auth.nauthera.io/rotate=now", "-n", teams.shop.name()];
    let before = teams.secret("client_secret");
    kubectl(rotate).unwrap().worked().unwrap();
    let rotated = async || Ok((teams.secret("client_secret") != before).then_some(()));
    wait_for("another secret", SOON, rotated).await.unwrap();
}

#[tokio::test]
async fn the_operator_has_no_right_too_few_and_none_that_it_does_not_use() {
    of_others(&["certificates.cert-manager.io", "httproutes.gateway.networking.k8s.io"]).unwrap();
    let (home, teams) = (restricted("system"), Teams::new());
    let listed = format!("namespaces={{{},{}}}", teams.identity.name(), teams.shop.name());
    let release = Release::install(&home, chart(), &[&listed]);
    everything(&teams).await;
    let later = |right: &Right| {
        LATER.iter().any(|(role, verb, what)| (*role, *verb, *what) == (right.0, &*right.1, &*right.2))
    };
    let idle = async || {
        let (used, _) = asked(&release.user(), home.name());
        let unused: Vec<Right> =
            given(home.name()).difference(&used).filter(|right| !later(right)).cloned().collect();
        anyhow::ensure!(unused.is_empty(), "{unused:#?}");
        Ok(Some(()))
    };
    let unused = wait_for("a use for every right", SOON, idle).await;
    let (_, refused) = asked(&release.user(), home.name());
    assert!(refused.is_empty(), "{refused:#?}");
    unused.unwrap();
}
