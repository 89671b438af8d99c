//! What the replicas of the server say on their admin ports.

use super::platform::{HOME, Platform};
use crate::moment;
use crate::wire::{Connection, get};
use anyhow::{Context, Result, ensure};
use nauthera_test_kubernetes::kubectl;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The admin port of every replica.
const PORT: u16 = 8082;
/// How often they are asked while something is awaited.
const EVERY: Duration = Duration::from_millis(10);
const DEADLINE: Duration = Duration::from_secs(120);

/// Where the replicas are.
pub fn of(platform: &Platform) -> Result<Vec<SocketAddr>> {
    let pods = kubectl::get(&["pods", "-n", HOME, "-l", "auth.nauthera.io/server=main"])?;
    let pods = pods.get("items").and_then(Value::as_array).context("no pods")?;
    let addresses = pods.iter().filter_map(|pod| pod.pointer("/status/podIP")?.as_str()?.parse().ok());
    let addresses: Vec<SocketAddr> = addresses.map(|address| SocketAddr::new(address, PORT)).collect();
    ensure!(addresses.len() == platform.replicas, "{} replicas run", addresses.len());
    Ok(addresses)
}

/// The revision that each of them serves.
pub fn revisions(pods: &[SocketAddr]) -> Result<Vec<String>> {
    pods.iter().map(|pod| revision(*pod)).collect()
}

fn revision(pod: SocketAddr) -> Result<String> {
    let mut connection = Connection::open(pod)?;
    let answer: Value = serde_json::from_str(connection.ask(&get("/readyz", ""))?.body)?;
    Ok(answer.get("revision").and_then(Value::as_str).context("no revision")?.to_owned())
}

/// Waits until all of them serve one other revision than before; how long that took since `began`.
pub async fn until_other(pods: &[SocketAddr], before: &[String], began: Instant) -> Result<Duration> {
    loop {
        let now = revisions(pods)?;
        let first = now.first().context("no replica")?;
        if !before.contains(first) && now.iter().all(|revision| revision == first) {
            return Ok(began.elapsed());
        }
        ensure!(moment::now() < began + DEADLINE, "the replicas never serve another revision");
        tokio::time::sleep(EVERY).await;
    }
}
