//! Who issues the ServiceAccount tokens of this cluster, and with which keys: asked of its API server (OpenID Connect discovery, and the
//! JWK Set beside it, RFC 7517). It is a fact like what the watches bring, so nothing is published before it was answered once; what was
//! known stays while it cannot be asked, since an API server that is away has not changed its keys.

use crate::backoff::doubled;
use crate::cluster::{Fault, call};
use crate::context::Context;
use kube::Client;
use nauthera_core::spec::{IssuerKeys, IssuerNamespaces, ServiceAccountIssuer};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// How often it is asked again: keys of an API server change with its restart, and the new ones are published before they sign.
const EVERY: Duration = Duration::from_secs(30);
/// The first and the longest wait after a failure.
const WAITS: (Duration, Duration) = (Duration::from_millis(500), EVERY);
/// So many failures in a row are worth a word.
const SAID_AT: u32 = 3;
/// The largest answer, in bytes.
const LARGEST: usize = 64 * 1_024;
/// The most keys that are taken.
const MOST_KEYS: usize = 32;
/// What of a key is public and has a use (RFC 7518 section 6): nothing else gets into a Snapshot.
const MEMBERS: [&str; 9] = ["kty", "kid", "alg", "use", "n", "e", "crv", "x", "y"];

const DISCOVERY: &str = "/.well-known/openid-configuration";
const KEYS: &str = "/openid/v1/jwks";

/// Keeps the fact for ever.
pub async fn keep(context: Arc<Context>) {
    let (mut failures, mut said) = (0_u32, None);
    loop {
        let rest = match ask(&context.client).await {
            Ok(issuer) => {
                context.shared.met_cluster(Some(issuer));
                (failures, said) = (0, None);
                EVERY
            }
            Err(fault) => {
                failures = failures.saturating_add(1);
                // It may not be asked, or does not say: then there is nobody whose tokens could be trusted, unless it was known before.
                let is_answer = matches!(fault, Fault::Forbidden(_) | Fault::NotFound);
                if is_answer {
                    context.shared.met_cluster(None);
                }
                if is_answer || failures >= SAID_AT {
                    say(&mut said, fault.to_string());
                }
                if is_answer { EVERY } else { doubled(WAITS, failures) }
            }
        };
        tokio::time::sleep(rest).await;
    }
}

/// Says a fault, unless it was said just before.
fn say(said: &mut Option<String>, fault: String) {
    if said.as_ref() != Some(&fault) {
        tracing::warn!(
            fault,
            "the issuer of this cluster's ServiceAccount tokens cannot be asked for: what is known of it stays, and clients with \
             kubernetes_service_account are served by that; the ClusterRole nauthera-operator-cluster allows to read it"
        );
        *said = Some(fault);
    }
}

/// Asks once.
///
/// # Errors
/// The API server's, or what is wrong with its answer.
pub async fn ask(client: &Client) -> Result<ServiceAccountIssuer, Fault> {
    #[derive(Deserialize)]
    struct Discovered {
        issuer: String,
    }
    let found: Discovered = parsed(&read(client, DISCOVERY).await?)?;
    let keys = public_keys(&read(client, KEYS).await?)?;
    Ok(ServiceAccountIssuer {
        issuer: found.issuer.into(),
        keys: IssuerKeys::Jwks(keys.into()),
        ca: None,
        namespaces: IssuerNamespaces::All,
    })
}

async fn read(client: &Client, path: &str) -> Result<String, Fault> {
    let request = http::Request::get(path).body(Vec::new());
    let request = request.map_err(|error| Fault::Other(error.to_string()))?;
    let text = call(client.request_text(request)).await?;
    if text.len() > LARGEST {
        return Err(Fault::Other(format!("{path} has more than {LARGEST} bytes")));
    }
    Ok(text)
}

fn parsed<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Fault> {
    serde_json::from_str(text)
        .map_err(|error| Fault::Other(format!("what it answers cannot be read: {error}")))
}

/// The public keys in one order and with what is needed alone, so that equal keys are equal bytes.
fn public_keys(text: &str) -> Result<String, Fault> {
    #[derive(Deserialize)]
    struct Written {
        keys: Vec<Map<String, Value>>,
    }
    let written: Written = parsed(text)?;
    let public = |mut key: Map<String, Value>| {
        key.retain(|name, _| MEMBERS.contains(&name.as_str()));
        Value::Object(key).to_string()
    };
    let mut keys: Vec<String> = written.keys.into_iter().map(public).collect();
    keys.sort();
    keys.dedup();
    if keys.is_empty() || keys.len() > MOST_KEYS {
        return Err(Fault::Other(format!("{KEYS} has {} keys: 1 to {MOST_KEYS} are expected", keys.len())));
    }
    Ok(format!("{{\"keys\":[{}]}}", keys.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_are_equal_bytes_and_nothing_private_is_taken() {
        let one = r#"{ "keys": [{"kty":"RSA","kid":"b","n":"AQ","e":"AQAB","d":"secret"}, {"kid":"a","kty":"EC"}] }"#;
        let other = r#"{"keys":[{"kid":"a","kty":"EC","x5t":"1"},{"n":"AQ","e":"AQAB","kid":"b","kty":"RSA"}],"more":1}"#;
        let keys = public_keys(one).unwrap();
        assert_eq!(keys, public_keys(other).unwrap());
        assert!(!keys.contains("secret"), "{keys}");
        assert_eq!(keys, r#"{"keys":[{"e":"AQAB","kid":"b","kty":"RSA","n":"AQ"},{"kid":"a","kty":"EC"}]}"#);
    }

    #[test]
    fn what_is_no_key_set_is_no_news() {
        for text in ["", "<html>", "{}", r#"{"keys":[]}"#, r#"{"keys":["a"]}"#, r#"{"keys":{}}"#] {
            assert!(public_keys(text).is_err(), "{text}");
        }
        let many: Vec<String> = (0..=MOST_KEYS).map(|n| format!("{{\"kid\":\"{n}\"}}")).collect();
        assert!(public_keys(&format!("{{\"keys\":[{}]}}", many.join(","))).is_err());
    }
}
