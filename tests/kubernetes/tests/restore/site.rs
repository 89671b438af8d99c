//! What stands in both clusters alike: what comes from Git, and how an application asks. And the folder that one leaves to the other.

use anyhow::{Context, Result};
use nauthera_test_kubernetes::cluster::tree;
use nauthera_test_kubernetes::helm::helm;
use nauthera_test_kubernetes::kubectl::{apply, get, kubectl};
use nauthera_test_kubernetes::manifests;
use nauthera_test_kubernetes::objects::{SOON, ready, secret_value};
use nauthera_test_kubernetes::tokens::{Credentials, form, token};
use nauthera_test_kubernetes::wait::wait_for;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

pub const IDENTITY: &str = "identity";
pub const SHOP: &str = "shop";
pub const HOME: &str = "nauthera-system";
/// The claim of the server's database.
pub const CLAIM: &str = "nauthera-main-data";
/// A secret that a client brings, from where its other secrets come from.
pub const BROUGHT: &str = "a-value-from-a-vault-0123456789abcdef";

/// The folder that the first cluster leaves to the second.
pub fn folder() -> PathBuf {
    let named = std::env::var_os("NAUTHERA_TEST_BACKUP").context("run: scripts/test-cluster.sh restore");
    named.unwrap().into()
}

/// Installs the chart as it is.
pub fn install() {
    let words =
        ["install", "nauthera", "--namespace", HOME, "--create-namespace", "--wait", "--timeout", "120s"];
    let chart = tree("deploy/helm/nauthera").into_os_string();
    helm(words.map(Into::into).into_iter().chain([chart])).unwrap().worked().unwrap();
}

/// Applies what the teams have in Git, and waits until it is served.
pub async fn apply_manifests() {
    let server =
        manifests::server(IDENTITY, "  signing: {algorithm: ES256}") + &manifests::policy("baseline", "");
    apply(IDENTITY, &server).unwrap().worked().unwrap();
    let clients = manifests::client("till", IDENTITY, "orders:read", "")
        + &manifests::client("billing", IDENTITY, "orders:read", "  existingSecretRef: {name: vault}");
    apply(SHOP, &clients).unwrap().worked().unwrap();
    for client in ["till", "billing"] {
        ready(SHOP, "authclient", client).await.unwrap();
    }
}

/// What the application reads in its Secret.
pub fn till() -> Credentials {
    let value = |key| secret_value(SHOP, "till-client-secret", key).unwrap();
    Credentials { id: value("client_id"), secret: value("client_secret") }
}

/// The client that brings its secret.
pub fn billing() -> Credentials {
    Credentials { id: "shop.billing".into(), secret: BROUGHT.into() }
}

/// Where the server answers.
pub fn server() -> Result<SocketAddr> {
    let service = get(&["service", "nauthera-main", "-n", IDENTITY])?;
    let address = service["spec"]["clusterIP"].as_str().unwrap_or_default().parse()?;
    Ok(SocketAddr::new(address, 80))
}

/// A token, as soon as there is one.
pub async fn a_token(client: &Credentials) -> String {
    let ask = async || Ok(token(server()?, client).await?["access_token"].as_str().map(str::to_owned));
    wait_for("a token", SOON, ask).await.unwrap()
}

/// What the server says of a token to whom it was issued.
pub async fn is_active(client: &Credentials, token: &str) -> bool {
    let said = form(server().unwrap(), "/oauth2/introspect", client, format!("token={token}")).await.unwrap();
    said["active"] == true
}

/// The folder of this machine in which the claim's volume lies, once it has one.
pub async fn volume() -> PathBuf {
    let bound = async || {
        let claim = get(&["persistentvolumeclaim", CLAIM, "-n", IDENTITY])?;
        let Some(volume) = claim["spec"]["volumeName"].as_str() else { return Ok(None) };
        let volume = get(&["persistentvolume", volume])?;
        Ok(volume["spec"]["hostPath"]["path"].as_str().map(PathBuf::from))
    };
    wait_for("the claim's volume", SOON, bound).await.unwrap()
}

/// Copies what is in one folder into another, with whose it is.
pub fn copy(from: PathBuf, to: PathBuf) {
    std::fs::create_dir_all(&to).unwrap();
    assert!(Command::new("cp").arg("--archive").arg(from.join(".")).arg(to).status().unwrap().success());
}

/// Objects of a list as a backup has them: with nothing that only their cluster knows.
pub fn bare(mut list: Value) -> Value {
    for object in list["items"].as_array_mut().unwrap() {
        let metadata = object["metadata"].as_object_mut().unwrap();
        for field in ["uid", "resourceVersion", "creationTimestamp", "ownerReferences", "managedFields"] {
            metadata.remove(field);
        }
    }
    list
}

/// Makes the namespaces of the teams.
pub fn namespaces() {
    for namespace in [IDENTITY, SHOP] {
        kubectl(["create", "namespace", namespace]).unwrap().worked().unwrap();
    }
}
