//! Two operators as the chart installs them: whatever becomes of the one that leads, the other takes over, and the webhook answers all
//! the while, or is passed over, and never holds up anybody.

use super::teams::Teams;
use super::{Release, authorities, chart, restricted};
use anyhow::{Context, Result, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::Request;
use kube::Client;
use nauthera_test_kubernetes::cluster::Cluster;
use nauthera_test_kubernetes::component::{Component, answering};
use nauthera_test_kubernetes::kubectl::{get, kubectl, with_input};
use nauthera_test_kubernetes::manifests;
use nauthera_test_kubernetes::objects::{SOON, ready};
use nauthera_test_kubernetes::tokens::Load;
use nauthera_test_kubernetes::wait::wait_for;
use serde_json::{Value, json};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// How long it takes at most until another one leads after a kill, by what is promised.
const AFTER_A_KILL: Duration = Duration::from_secs(15);
/// The same after a graceful stop: two seconds, and what the kubelet takes until it tells the process.
const AFTER_A_STOP: Duration = Duration::from_secs(2 + 2);
/// The webhook is asked for two seconds; a busy machine has its own.
const HELD_UP: Duration = Duration::from_secs(4);
const SECRET: &str = "nauthera-webhook";

/// The pod that leads.
fn leader(home: &str) -> Result<String> {
    let lease = get(&["lease", "nauthera-operator", "-n", home])?;
    let holder = lease["spec"]["holderIdentity"].as_str().context("a holder")?;
    let (pod, _) = holder.rsplit_once('_').context("a pod's name")?;
    Ok(pod.to_owned())
}

/// Waits until another pod leads; which.
async fn another_leads(home: &str, than: &str, within: Duration) -> String {
    let another = async || Ok(Some(leader(home)?).filter(|now| now != than && !now.is_empty()));
    wait_for("another leader", within, another).await.unwrap()
}

async fn both_are_ready(home: &str) {
    let both = async || {
        let deployment = get(&["deployment", "nauthera-operator", "-n", home])?;
        let budget = get(&["poddisruptionbudget", "nauthera-operator", "-n", home])?;
        let two = deployment["status"]["readyReplicas"] == 2 && deployment["status"]["replicas"] == 2;
        Ok((two && budget["status"]["disruptionsAllowed"] == 1).then_some(()))
    };
    wait_for("two operators", SOON, both).await.unwrap();
}

/// The operators.
fn pods(home: &str) -> Vec<String> {
    let pods = get(&["pods", "-l", "app.kubernetes.io/component=operator", "-n", home]).unwrap();
    let names = pods["items"].as_array().unwrap().iter().map(|pod| &pod["metadata"]["name"]);
    names.map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// Asks for a pod's eviction, as whoever drains a node does.
fn evict(home: &str, pod: &str) -> nauthera_test_kubernetes::kubectl::Said {
    let eviction = json!({ "apiVersion": "policy/v1", "kind": "Eviction", "metadata": { "name": pod, "namespace": home } });
    let path = format!("/api/v1/namespaces/{home}/pods/{pod}/eviction");
    with_input(["create", "--raw", &path, "-f", "-"], &eviction.to_string()).unwrap()
}

/// The process of the operator in this pod, which is named after it.
fn process(pod: &str) -> String {
    let named = format!("HOSTNAME={pod}");
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let read = |file: &str| std::fs::read(entry.path().join(file)).unwrap_or_default();
        let has =
            |text: Vec<u8>, word: &str| text.split(|byte| *byte == 0).any(|part| part == word.as_bytes());
        if has(read("environ"), &named) && has(read("cmdline"), "operator") {
            return entry.file_name().to_string_lossy().into_owned();
        }
    }
    panic!("no process of {pod}")
}

/// Developers who try a client again and again, and are told what is wrong with it wherever the webhook was asked.
struct Tries {
    load: Load,
    warned: Arc<AtomicU64>,
}

impl Tries {
    async fn start(teams: &Teams) -> Self {
        let client = Cluster::here().unwrap().client().await.unwrap();
        let path = format!(
            "/apis/auth.nauthera.io/v1alpha1/namespaces/{}/authclients?dryRun=All",
            teams.shop.name()
        );
        let body = json!({ "apiVersion": "auth.nauthera.io/v1alpha1", "kind": "AuthClient", "metadata": { "name": "greedy" },
            "spec": { "authServerRef": { "name": "main", "namespace": teams.identity.name() }, "type": "service", "scopes": ["payroll:read"] } });
        let warned = Arc::new(AtomicU64::new(0));
        let (text, count) = (body.to_string(), warned.clone());
        let load =
            Load::asking(move || try_once(client.clone(), (path.clone(), text.clone()), count.clone()))
                .unwrap();
        Self { load, warned }
    }

    /// Waits for so many more warnings.
    async fn more(&self, warnings: u64) {
        let wanted = self.warned.load(Ordering::Relaxed) + warnings;
        let came = async || {
            let so_far = self.load.so_far();
            ensure!(self.warned.load(Ordering::Relaxed) >= wanted, "{so_far:?}");
            Ok(Some(()))
        };
        wait_for("warnings of the webhook", SOON, came).await.unwrap();
    }

    fn end(self) {
        let counts = self.load.end();
        assert_eq!(counts.failed, 0, "of {}: {:?}", counts.tokens, counts.failures);
    }
}

async fn try_once(client: Client, (path, body): (String, String), warned: Arc<AtomicU64>) -> Result<()> {
    let began = Instant::now();
    let request =
        Request::post(path).header("content-type", "application/json").body(body.into_bytes().into())?;
    let response = client.send(request).await?;
    ensure!(response.status() == 201, "{}", response.status());
    ensure!(began.elapsed() < HELD_UP, "it took {:?}", began.elapsed());
    let warnings = response.headers().get_all("warning").iter();
    let tells =
        |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).contains("payroll:read");
    warned.fetch_add(warnings.filter(|value| tells(value)).count().min(1) as u64, Ordering::Relaxed);
    Ok(())
}

/// What is kept of the webhook's certificates.
fn kept(home: &str) -> Value {
    let secret = get(&["secret", SECRET, "-n", home]).unwrap();
    let bytes = STANDARD.decode(secret["data"]["certificate.json"].as_str().unwrap()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// What was made so many seconds ago was made longer ago.
fn age(home: &str, which: &str, seconds: i64) {
    let mut kept = kept(home);
    let since = kept[which]["since"].as_i64().unwrap();
    kept[which]["since"] = json!(since - seconds);
    let patch = json!({ "data": { "certificate.json": STANDARD.encode(kept.to_string()) } });
    kubectl(["patch", "secret", SECRET, "-n", home, "-p", &patch.to_string()]).unwrap().worked().unwrap();
}

/// Waits until each operator presents a certificate of this authority.
async fn all_present(home: &str, authority: &str) {
    let file = Cluster::here().unwrap().directory().join("webhook-authority.pem");
    std::fs::write(&file, authority).unwrap();
    let name = format!("nauthera-webhook.{home}.svc");
    let present = async || {
        let pods = get(&["pods", "-l", "app.kubernetes.io/component=operator", "-n", home])?;
        for pod in pods["items"].as_array().context("pods")? {
            let address = pod["status"]["podIP"].as_str().context("an address")?;
            let mut curl = Command::new("curl");
            curl.args(["--silent", "--show-error", "--max-time", "5", "--output", "/dev/null", "--cacert"])
                .arg(&file);
            curl.args([
                "--resolve",
                &format!("{name}:8443:{address}"),
                &format!("https://{name}:8443/validate"),
            ]);
            let said = curl.output()?;
            ensure!(said.status.success(), "{address}: {}", String::from_utf8_lossy(&said.stderr));
        }
        Ok(Some(()))
    };
    wait_for("the next certificate at each operator", SOON, present).await.unwrap();
}

/// A change of a client is carried out by whoever leads now.
async fn a_change_is_carried_out(teams: &Teams, name: &str) {
    let manifest = manifests::client(name, teams.identity.name(), "orders:read", "");
    with_input(["apply", "-n", teams.shop.name(), "-f", "-"], &manifest).unwrap().worked().unwrap();
    ready(teams.shop.name(), "authclient", name).await.unwrap();
}

#[tokio::test]
async fn the_other_operator_takes_over_and_nobody_waits_for_the_webhook() {
    let (home, teams) = (restricted("system"), Teams::new());
    let _release = Release::install(&home, chart(), &["replicas=2"]);
    let home = home.name();
    teams.apply();
    teams.wait_until_ready();
    both_are_ready(home).await;
    let tries = Tries::start(&teams).await;
    tries.more(5).await;
    // Its certificate is due to be renewed, from now on.
    let before = authorities();
    age(home, "current", 61 * 24 * 3_600);

    // A node is drained: one at a time.
    let first = leader(home).unwrap();
    let standby = pods(home).into_iter().find(|pod| *pod != first).unwrap();
    evict(home, &first).worked().unwrap();
    let refused = evict(home, &standby).refused().unwrap();
    assert!(refused.contains("disruption budget"), "{refused}");
    let second = another_leads(home, &first, AFTER_A_STOP).await;
    a_change_is_carried_out(&teams, "after-a-stop").await;
    both_are_ready(home).await;

    // The API server knows of the next certificate before anybody presents it.
    let announced = async || {
        Ok(Some(kept(home)["next"].clone()).filter(|next| !next.is_null() && authorities() != before))
    };
    let next = wait_for("the next certificate", SOON, announced).await.unwrap();
    age(home, "next", 3 * 60);
    let killed = Command::new("kill").args(["-s", "KILL", &process(&second)]).status().unwrap();
    assert!(killed.success());
    another_leads(home, &second, AFTER_A_KILL).await;
    a_change_is_carried_out(&teams, "after-a-kill").await;
    both_are_ready(home).await;
    all_present(home, next["authority"].as_str().unwrap()).await;
    tries.more(10).await;
    tries.end();

    Component::ApiServer.kill().unwrap();
    answering().await.unwrap();
    let tries = Tries::start(&teams).await;
    tries.more(5).await;
    drop(tries);
    a_change_is_carried_out(&teams, "after-the-api-server").await;
    teams.get_a_token().await;
}
