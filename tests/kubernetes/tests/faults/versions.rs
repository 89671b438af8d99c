//! Operator and servers one release apart. Where the operator is the newer one, as in every upgrade, it writes what the older servers read
//! until none of them is there any more, and again as soon as one is there that was rolled back. Where it is the older one, newer servers
//! read what it writes. An application that asks for tokens meanwhile notices nothing, and never gets more than policy allows.

use super::replicas::{THREE, on_postgres, token_that_lives};
use super::site::Site;
use super::turns::whole;
use anyhow::ensure;
use nauthera_test_kubernetes::cluster::binary;
use nauthera_test_kubernetes::kubectl::{apply, get, kubectl};
use nauthera_test_kubernetes::manifests;
use nauthera_test_kubernetes::objects::{SOON, of, ready};
use nauthera_test_kubernetes::operator::Operator;
use nauthera_test_kubernetes::proxy::{Call, Trouble};
use nauthera_test_kubernetes::tokens::{Credentials, Load, token};
use nauthera_test_kubernetes::wait::wait_for;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The program in a place that the user of a pod may read.
struct Program(PathBuf);

impl Program {
    fn new() -> Self {
        let folder = Path::new("/var/tmp").join(format!("nauthera-older-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let program = folder.join("nauthera");
        std::fs::copy(binary().unwrap(), &program).unwrap();
        for path in [&folder, &program] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self(program)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        std::fs::remove_dir_all(self.0.parent().unwrap()).ok();
    }
}

/// The format of what is published.
fn format(site: &Site) -> Value {
    let (_, data) = site.published();
    let index: Value = serde_json::from_str(data["index.json"].as_str().unwrap()).unwrap();
    index["format"].clone()
}

/// Lets the servers run this image.
fn run_image(site: &Site, image: &str) {
    let image = json!({ "spec": { "image": image } }).to_string();
    kubectl(["patch", "authserver", "main", "-n", site.platform.name(), "--type=merge", "-p", &image])
        .unwrap()
        .worked()
        .unwrap();
}

/// How many ready pods run this image.
fn pods_of(site: &Site, image: &str) -> usize {
    let pods = get(&["pods", "-l", "auth.nauthera.io/server=main", "-n", site.platform.name()]).unwrap();
    let pods = pods["items"].as_array().cloned().unwrap_or_default();
    let runs = |pod: &&Value| {
        let container = &pod["status"]["containerStatuses"][0];
        pod["spec"]["containers"][0]["image"] == image && container["ready"] == true
    };
    pods.iter().filter(runs).count()
}

#[tokio::test]
async fn servers_one_release_older_are_served_what_they_read_and_replaced_without_a_refusal() {
    let _turn = whole().await;
    let program = Program::new();
    let older = format!(
        "{THREE}
  image: older
  podTemplate: {{env: [{{name: NAUTHERA_PROGRAM, value: {}}}]}}",
        program.0.display()
    );
    let site = on_postgres("versions", &older).await;
    let _operator = site.operator("newer", &[]);
    site.ready().await;
    let (service, client) = (site.service(), site.credentials("till"));
    let served = async || token_that_lives(service, &client).await.map(Some);
    wait_for("the database", SOON, served).await.unwrap();
    assert_eq!(pods_of(&site, "older"), 3);
    site.edit_is_served(13).await;
    assert_eq!(format(&site), 1, "what the servers read");

    let mut load = Load::asking(move || {
        let client = client.clone();
        async move { token_that_lives(service, &client).await }
    })
    .unwrap();
    load.more(20, SOON).await.unwrap();
    run_image(&site, "nauthera:test");
    let replaced = async || {
        let older = pods_of(&site, "older");
        if older > 0 {
            anyhow::ensure!(format(&site) == 1, "an older server is given what it cannot read");
        }
        Ok((older == 0 && pods_of(&site, "nauthera:test") == 3).then_some(()))
    };
    wait_for("three newer servers", SOON, replaced).await.unwrap();
    // Nobody needs the older one any more, so all is said, without another edit.
    let newest = async || Ok((format(&site) == 2).then_some(()));
    wait_for("the newer format", SOON, newest).await.unwrap();
    site.edit_is_served(12).await;
    load.more(20, SOON).await.unwrap();

    // The newer ones are not good, say, and go back to the older release, which cannot read what is published.
    run_image(&site, "older");
    let back = async || Ok((pods_of(&site, "older") == 3).then_some(()));
    wait_for("three older servers", SOON, back).await.unwrap();
    assert_eq!(format(&site), 1, "what the servers read");
    site.edit_is_served(11).await;
    load.more(20, SOON).await.unwrap();
    let counts = load.end();
    assert_eq!(counts.failed, 0, "of {}: {:?}", counts.tokens, counts.failures);
}

/// Asks for tokens, and takes one that lives longer than what every policy since has allowed for a failure.
fn never_wider(site: &Site, client: &Credentials) -> (Load, Arc<AtomicU64>) {
    let (service, client) = (site.service(), client.clone());
    let ceiling = Arc::new(AtomicU64::new(u64::MAX));
    let allowed = ceiling.clone();
    let load = Load::asking(move || {
        let (client, allowed) = (client.clone(), allowed.load(Ordering::Relaxed));
        async move {
            let lasts = token(service, &client).await?["expires_in"].as_u64();
            ensure!(lasts.is_some_and(|lasts| lasts <= allowed), "{lasts:?} s, where {allowed} are allowed");
            Ok(())
        }
    });
    (load.unwrap(), ceiling)
}

/// Narrows the policy, waits until that is served, and takes more for a failure from then on.
async fn narrow(site: &Site, ceiling: &AtomicU64, minutes: u64) {
    site.edit_is_served(minutes).await;
    ceiling.store(minutes * 60, Ordering::Relaxed);
}

/// An operator of the release before the format with the clusters' ServiceAccount issuers: it never asked for one, and what it publishes is,
/// byte for byte, what an operator of today publishes that is told of none.
fn older_operator(site: &Site) -> Operator {
    let asks = |call: &Call| call.path == "/.well-known/openid-configuration";
    site.proxy.trouble(asks, Trouble::Answer(404, "NotFound", None));
    site.behind("older", &[])
}

#[tokio::test]
async fn an_operator_one_release_older_is_understood_by_newer_servers_and_widens_nothing() {
    let _turn = whole().await;
    let site = on_postgres("rollback", "\n  replicas: 2").await;
    let newer = site.operator("newer", &[]);
    site.ready().await;
    let client = site.credentials("till");
    assert_eq!(format(&site), 2);
    let pods = site.pods();
    let (mut load, ceiling) = never_wider(&site, &client);
    narrow(&site, &ceiling, 13).await;

    newer.kill().unwrap();
    let older = older_operator(&site);
    let written = async || Ok((format(&site) == 1).then_some(()));
    wait_for("what the older operator writes", SOON, written).await.unwrap();
    narrow(&site, &ceiling, 12).await;
    site.client("fresh", "");
    ready(site.shop.name(), "authclient", "fresh").await.unwrap();
    token(site.service(), &site.credentials("fresh")).await.unwrap();

    older.kill().unwrap();
    let _newer = site.operator("again", &[]);
    let written = async || Ok((format(&site) == 2).then_some(()));
    wait_for("what the newer operator writes", SOON, written).await.unwrap();
    narrow(&site, &ceiling, 11).await;
    assert_eq!((site.pods(), site.credentials("till")), (pods, client), "nothing was made anew");
    load.more(20, SOON).await.unwrap();
    let counts = load.end();
    assert_eq!(counts.failed, 0, "of {}: {:?}", counts.tokens, counts.failures);
}

/// What an operator of a later release would have published: in a format, and with a field, that nobody here knows.
fn publish_as_a_later_release(site: &Site) {
    let (_, data) = site.published();
    let mut index: Value = serde_json::from_str(data["index.json"].as_str().unwrap()).unwrap();
    (index["format"], index["later"]) = (json!(99), json!({ "restriction": true }));
    let patch = json!({ "data": { "index.json": index.to_string() } }).to_string();
    let map = ["patch", "configmap", "nauthera-main-snapshot", "-n", site.platform.name(), "-p", &patch];
    kubectl(map).unwrap().worked().unwrap();
}

#[tokio::test]
async fn what_a_later_operator_published_is_written_anew_by_an_older_one_but_where_something_has_to_be_kept()
{
    let _turn = whole().await;
    let site = Site::new("later").await;
    let later = site.operator("later", &[]);
    site.ready().await;
    let (mut load, ceiling) = never_wider(&site, &site.credentials("till"));
    narrow(&site, &ceiling, 13).await;
    later.kill().unwrap();
    publish_as_a_later_release(&site);
    // The server refuses it, and goes on with what it has.
    load.more(20, SOON).await.unwrap();
    let older = site.operator("older", &[]);
    let anew = async || Ok((format(&site) == 2).then_some(()));
    wait_for("what the older operator writes", SOON, anew).await.unwrap();
    narrow(&site, &ceiling, 12).await;
    older.kill().unwrap();

    // A policy that is not accepted keeps every client as it is published, and that cannot be read.
    publish_as_a_later_release(&site);
    let fails = manifests::policy(
        "broken",
        "  examples: [{name: a, client: {type: service, scopes: [admin]}, expect: Compliant}]",
    );
    apply(site.platform.name(), &fails).unwrap().worked().unwrap();
    let _older = site.operator("older", &[]);
    let told = async || {
        let server = get(&["authserver", "main", "-n", site.platform.name()])?;
        let said = of(&server, "Programmed");
        let told =
            said["status"] == "False" && server["status"].to_string().contains("freezes is to be kept");
        ensure!(told, "{}", server["status"]["conditions"]);
        Ok(Some(()))
    };
    wait_for("a status that says what is kept", SOON, told).await.unwrap();
    load.more(20, SOON).await.unwrap();
    assert_eq!(format(&site), 99);
    kubectl(["delete", "authpolicy", "broken", "-n", site.platform.name()]).unwrap().worked().unwrap();
    narrow(&site, &ceiling, 11).await;
    assert_eq!(format(&site), 2);
    load.more(5, SOON).await.unwrap();
    let counts = load.end();
    assert_eq!(counts.failed, 0, "of {}: {:?}", counts.tokens, counts.failures);
}
