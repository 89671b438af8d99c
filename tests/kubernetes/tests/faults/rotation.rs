//! The rotation of a client's secret, with the operator killed before each of its writes and after it, where the answer is lost. An
//! application that reads its Secret is never refused.

use super::site::Site;
use super::turns::whole;
use anyhow::{Context, Result, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use nauthera_test_kubernetes::cluster::Cluster;
use nauthera_test_kubernetes::kubectl::{get, kubectl};
use nauthera_test_kubernetes::objects::SOON;
use nauthera_test_kubernetes::proxy::{Call, Gate, Trouble};
use nauthera_test_kubernetes::tokens::{Credentials, Load, token};
use nauthera_test_kubernetes::wait::wait_for;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

const SECRET: &str = "till-client-secret";

/// An application that reads its Secret before each request. Where a secret ends at once (`revokes`) the Secret may have been written
/// between the reading and the request: then what it says now must do.
struct Reader {
    server: SocketAddr,
    secrets: Mutex<Option<Api<Secret>>>,
    namespace: String,
    revokes: bool,
}

impl Reader {
    async fn client() -> Result<Client> {
        Cluster::here()?.client().await
    }

    async fn api(&self) -> Result<Api<Secret>> {
        if let Some(api) = self.secrets.lock().unwrap().clone() {
            return Ok(api);
        }
        let api = Api::namespaced(Self::client().await?, &self.namespace);
        *self.secrets.lock().unwrap() = Some(api.clone());
        Ok(api)
    }

    async fn read(&self) -> Result<Credentials> {
        let data = self.api().await?.get(SECRET).await?.data.context("a Secret with data")?;
        let value = |key: &str| -> Result<String> {
            Ok(String::from_utf8(data.get(key).context("its keys")?.0.clone())?)
        };
        Ok(Credentials { id: value("client_id")?, secret: value("client_secret")? })
    }

    async fn ask(self: Arc<Self>) -> Result<()> {
        let mut read = self.read().await?;
        loop {
            let Err(error) = token(self.server, &read).await else { return Ok(()) };
            let now = self.read().await?;
            if !self.revokes || now == read {
                return Err(error);
            }
            read = now;
        }
    }
}

/// The record of the client, as the operator keeps it.
fn record(site: &Site) -> Result<Value> {
    let shards = ["secrets", "-l", "auth.nauthera.io/kind=record", "-n", site.platform.name()];
    let client = format!("{}/till", site.shop.name());
    for shard in get(&shards)?["items"].as_array().into_iter().flatten() {
        let bytes = STANDARD.decode(shard["data"]["records.json"].as_str().unwrap_or_default())?;
        let shard: Value = serde_json::from_slice(&bytes)?;
        if let Some(record) = shard.pointer(&format!("/records/{}", client.replace('/', "~1"))) {
            return Ok(record.clone());
        }
    }
    anyhow::bail!("no record of {client}")
}

/// A write of the rotation: of records, of what is published, of the Secret.
fn is_of_rotation(call: &Call) -> bool {
    call.is_write() && (call.is_of("secrets") || call.is_of("configmaps"))
}

/// Rotates once, with the operator killed at its write of this number; was there such a write?
async fn killed_at(site: &Site, annotation: &str, (number, is_lost): (usize, bool)) -> bool {
    let before = site.credentials("till").secret;
    let gate = Gate::default();
    let trouble = if is_lost { Trouble::HoldAnswer(gate.clone()) } else { Trouble::Hold(gate.clone()) };
    site.proxy.once(number, is_of_rotation, trouble);
    let operator = site.behind("killed", &[]);
    let value = format!("auth.nauthera.io/{annotation}={number}-{is_lost}");
    kubectl(["annotate", "authclient", "till", "--overwrite", &value, "-n", site.shop.name()])
        .unwrap()
        .worked()
        .unwrap();
    let done = || is_done(site, &before);
    let over = async || {
        if gate.is_reached() { Ok(Some(true)) } else { Ok(done()?.then_some(false)) }
    };
    let reached = wait_for("the write, or the end", SOON, over).await.unwrap();
    operator.kill().unwrap();
    site.proxy.calm();
    if reached {
        let _operator = site.behind("after", &[]);
        let ended = async || Ok(done()?.then_some(()));
        wait_for(&format!("the end after a kill at write {number}"), SOON, ended).await.unwrap();
    }
    reached
}

/// Has the Secret another secret, and is nothing on its way any more?
fn is_done(site: &Site, before: &str) -> Result<bool> {
    let record = record(site)?;
    let now = site.credentials("till").secret;
    ensure!(record["secrets"].as_array().is_some_and(|live| live.len() <= 3), "{record}");
    Ok(now != before && record["pending"].is_null())
}

async fn every_step(purpose: &str, annotation: &str) {
    let _turn = whole().await;
    let site = Site::new(purpose).await;
    let first = site.behind("first", &[]);
    site.ready().await;
    first.kill().unwrap();
    let reader = Arc::new(Reader {
        server: site.service(),
        secrets: Mutex::default(),
        namespace: site.shop.name().to_owned(),
        revokes: annotation == "revoke",
    });
    let mut load = Load::asking(move || reader.clone().ask()).unwrap();
    load.more(1, SOON).await.unwrap();
    for is_lost in [false, true] {
        let mut steps = 0;
        while killed_at(&site, annotation, (steps, is_lost)).await {
            steps += 1;
        }
        // Its record, what is published of it and its Secret; more where a shard is new, or the record is told before the end is seen.
        assert!(steps >= 3, "a rotation has {steps} writes");
    }
    load.more(1, SOON).await.unwrap();
    let counts = load.end();
    assert_eq!(counts.failed, 0, "of {}: {:?}", counts.tokens, counts.failures);
    site.nothing_was_forbidden();
}

#[tokio::test]
async fn a_rotation_survives_a_kill_at_every_step() {
    every_step("rotate", "rotate").await;
}

#[tokio::test]
async fn a_revocation_survives_a_kill_at_every_step() {
    every_step("revoke", "revoke").await;
}
