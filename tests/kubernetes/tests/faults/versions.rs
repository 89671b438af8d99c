//! Operator and servers one release apart: the operator is the newer one, as in every upgrade. It writes what the older servers read
//! until none of them is there any more, and again as soon as one is there that was rolled back; an application that asks for tokens
//! meanwhile notices nothing.

use super::replicas::{THREE, on_postgres, token_that_lives};
use super::site::Site;
use super::turns::whole;
use nauthera_test_kubernetes::cluster::binary;
use nauthera_test_kubernetes::kubectl::{get, kubectl};
use nauthera_test_kubernetes::objects::SOON;
use nauthera_test_kubernetes::tokens::Load;
use nauthera_test_kubernetes::wait::wait_for;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

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
    let image = serde_json::json!({ "spec": { "image": image } }).to_string();
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
