//! The issuer, as clients see it: reached under its own name, saying what is configured, publishing the keys that sign here.

use super::{Finding, Findings, judge_clock};
use nauthera_core::time::UnixTime;
use nauthera_core::uri::IssuerUrl;
use nauthera_server::endpoints::discovery;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// The longest that one request may take.
const WITHIN: Duration = Duration::from_secs(10);
/// More than any document of ours has.
const LARGEST: usize = 256 * 1_024;

/// Asks it, and says what was seen; `kids` are the keys that sign here.
pub async fn check(issuer: &IssuerUrl, ca: Option<&Path>, kids: &[String], now: UnixTime) -> Vec<Finding> {
    let mut findings = Findings::of("issuer");
    let client = match client(ca) {
        Ok(client) => client,
        Err(error) => {
            findings.error(format!("it cannot be asked: {error}"), "give --ca a file of PEM certificates");
            return findings.all;
        }
    };
    let document = issuer.join("/.well-known/openid-configuration");
    match get(&client, &document).await {
        Err(error) => findings.error(
            format!("{document} is not reached: {error}"),
            "see whether DNS, the gateway and its certificate lead clients to this server",
        ),
        Ok((metadata, date)) => {
            compare(&mut findings, issuer, &metadata);
            if let Some(theirs) = date {
                judge_clock(&mut findings, "the issuer", theirs, now);
            }
            publishes(&mut findings, &client, issuer, kids).await;
        }
    }
    findings.all
}

fn client(ca: Option<&Path>) -> anyhow::Result<reqwest::Client> {
    let mut builder =
        reqwest::Client::builder().timeout(WITHIN).redirect(reqwest::redirect::Policy::none()).no_proxy();
    if let Some(path) = ca {
        for certificate in reqwest::Certificate::from_pem_bundle(&std::fs::read(path)?)? {
            builder = builder.add_root_certificate(certificate);
        }
    }
    Ok(builder.build()?)
}

/// A JSON document, and the time that its server has.
async fn get(client: &reqwest::Client, url: &str) -> anyhow::Result<(Value, Option<UnixTime>)> {
    let mut response = client.get(url).send().await.map_err(told)?;
    anyhow::ensure!(response.status().is_success(), "it answers {}", response.status());
    let date = response.headers().get(reqwest::header::DATE).and_then(|date| date.to_str().ok());
    let date = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
    let date = date.map(|date| UnixTime(date.timestamp().as_second()));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(told)? {
        anyhow::ensure!(body.len() + chunk.len() <= LARGEST, "its answer has no end");
        body.extend_from_slice(&chunk);
    }
    Ok((serde_json::from_slice(&body)?, date))
}

/// An error with its causes: the outermost alone says only that a request failed.
fn told(error: reqwest::Error) -> anyhow::Error {
    let error = anyhow::Error::from(error.without_url());
    anyhow::anyhow!("{error:#}")
}

fn compare(findings: &mut Findings, issuer: &IssuerUrl, metadata: &Value) {
    let expected = discovery::endpoints(issuer);
    let differs = expected.iter().filter_map(|(name, url)| {
        let found = metadata.get(*name).and_then(Value::as_str);
        (found != Some(url)).then(|| format!("{name} is {}, not {url}", found.unwrap_or("not there")))
    });
    let differs: Vec<String> = differs.collect();
    if differs.is_empty() {
        findings.ok(format!("{issuer} is reached, and its metadata is what is configured"));
    } else {
        findings.error(
            format!("its metadata is another than what is configured: {}", differs.join("; ")),
            "another server answers there, or another Snapshot is served: see where the address leads",
        );
    }
}

async fn publishes(findings: &mut Findings, client: &reqwest::Client, issuer: &IssuerUrl, kids: &[String]) {
    if kids.is_empty() {
        return;
    }
    let published = match get(client, &issuer.join("/oauth2/jwks")).await {
        Ok((published, _)) => published,
        Err(error) => {
            findings.error(format!("its keys are not reached: {error}"), "see what answers at its jwks_uri");
            return;
        }
    };
    let all = published.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let is_there =
        |kid: &&String| all.iter().any(|key| key.get("kid").and_then(Value::as_str) == Some(kid.as_str()));
    let missing: Vec<&str> = kids.iter().filter(|kid| !is_there(kid)).map(String::as_str).collect();
    if missing.is_empty() {
        findings.ok(format!("it publishes the {} keys of this installation", kids.len()));
    } else {
        findings.error(
            format!("it does not publish {}", missing.join(", ")),
            "a replica has other keys: let all replicas have one folder of keys, or one mounted Secret",
        );
    }
}
