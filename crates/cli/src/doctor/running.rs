//! The server that runs here, by its admin port: does it serve this Snapshot, and does it reach its database?

use super::{Finding, Findings};
use crate::args::AdminAddress;
use serde_json::Value;
use std::time::Duration;

/// The longest that it may take to answer.
const WITHIN: Duration = Duration::from_secs(5);

/// Asks it, and says what was seen.
pub async fn check(address: AdminAddress, revision: Option<&str>) -> Vec<Finding> {
    let mut findings = Findings::of("server");
    let AdminAddress::At(address) = address else { return findings.all };
    let url = format!("http://{address}/status");
    let asked = async {
        let client = reqwest::Client::builder().timeout(WITHIN).no_proxy().build()?;
        client.get(&url).send().await?.error_for_status()?.json::<Value>().await
    };
    let status = match asked.await {
        Ok(status) => status,
        Err(_) => {
            findings.warning(
                format!("no server answers at {address}"),
                "start it, give its --admin-listen, or `none` to check the files alone",
            );
            return findings.all;
        }
    };
    let text = |name: &str| status.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let served = text("revision");
    match revision {
        Some(wanted) if wanted != served => findings.error(
            format!("it serves revision {served}, the Snapshot is {wanted}"),
            "its log says why it refuses the Snapshot; what it held before goes on",
        ),
        _ => findings.ok(format!("it serves revision {served}")),
    }
    match text("database").as_str() {
        "ok" => findings.ok("it reaches its database"),
        why => findings
            .error(format!("it does not reach its database: {why}"), "see the database's findings above"),
    }
    let lost = status.get("auditLinesLost").and_then(Value::as_u64).unwrap_or_default();
    if lost > 0 {
        findings.warning(
            format!("{lost} audit lines found no room"),
            "see whether what reads its audit lines keeps up, and whether its disk is full",
        );
    }
    findings.all
}
