//! Keys of clients: a set that a manifest may hold is one that the server can read, and an assertion is believed only by a set that
//! the signing key stands in.

use crate::provider::{self, Provider};
use crate::support::{Call, assertion_claims, client_key};
use crate::{Target, Verdict};
use anyhow::{Context, ensure};
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::JwkSet;
use nauthera_api::manifests::Manifests;
use nauthera_core::grant::SigningAlgorithm;
use nauthera_core::spec::ClientKeys;
use nauthera_server::keys::TokenType;
use serde_json::{Value, json};

pub(super) const TARGET: Target = Target { name: "jwks", check, longest: 4_096, rounds: 300 };

const CLIENT: &str = "shop.jwt";

/// The set, as JSON.
fn check(data: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(data) else { return Ok(()) };
    if let Ok(set) = serde_json::from_str::<Value>(text) {
        readable(&set)?;
    }
    provider::with(|provider| {
        provider.world.edit_client("jwt", |client| client.keys = Some(ClientKeys::Jwks(text.into())));
        for algorithm in [SigningAlgorithm::Es256, SigningAlgorithm::EdDsa] {
            let key = client_key(algorithm);
            let public = key.jwk.get("x").and_then(Value::as_str).context("a key without x")?;
            ensure!(!believed(provider, algorithm)? || text.contains(public), "{algorithm} is believed");
        }
        Ok(())
    })
}

/// The keys of a manifest that is accepted are ones that signatures can be checked with.
fn readable(set: &Value) -> Verdict {
    let manifest = json!({
        "apiVersion": "auth.nauthera.io/v1alpha1", "kind": "AuthClient",
        "metadata": { "name": "app", "namespace": "shop" },
        "spec": {
            "authServerRef": { "name": "login", "namespace": "platform" },
            "redirectUris": ["https://shop.example/cb"],
            "authentication": { "method": "private_key_jwt", "jwks": set },
        },
    });
    let manifests = Manifests::from_texts(vec![("client.json".into(), manifest.to_string())]);
    for client in manifests.inventory().clients.values() {
        let Some(ClientKeys::Jwks(text)) = client.spec.as_ref().and_then(|spec| spec.keys.as_ref()) else {
            continue;
        };
        let set: JwkSet =
            serde_json::from_str(text).with_context(|| format!("{text} is accepted and not read"))?;
        ensure!(!set.keys.is_empty(), "{text} is accepted and has no key");
        for key in &set.keys {
            DecodingKey::from_jwk(key).with_context(|| format!("{text} is accepted and no key"))?;
        }
    }
    Ok(())
}

fn believed(provider: &Provider, algorithm: SigningAlgorithm) -> anyhow::Result<bool> {
    let claims = assertion_claims(&provider.world, CLIENT, &json!({})).to_string();
    let assertion = client_key(algorithm).sign(TokenType::Id, claims.as_bytes())?;
    let reply =
        provider.within(Call::token(&provider.world, "client_credentials").asserting(&assertion).send())?;
    let status = reply.status.as_u16();
    ensure!(matches!(status, 200 | 401 | 429), "{reply}");
    Ok(status == 200)
}
