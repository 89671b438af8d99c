//! Client credentials: each request is one of all clients, chosen at random.

use super::authenticated;
use crate::load::{Turn, Worker, Workers};
use crate::wire::{Answer, Connection};
use crate::world::{SERVICE_SCOPE, World};
use anyhow::{Context, Result, bail};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use std::sync::Arc;

/// One connection.
pub struct Credentials {
    requests: Arc<Vec<Vec<u8>>>,
    random: u64,
}

impl Credentials {
    /// Connections that share the requests of all clients.
    pub fn workers(world: &World, connections: usize) -> Workers {
        let pairs = [("grant_type", "client_credentials"), ("scope", SERVICE_SCOPE)];
        let requests = world.services.iter().map(|client| authenticated(client, "/oauth2/token", &pairs));
        let requests: Arc<Vec<Vec<u8>>> = Arc::new(requests.collect());
        let worker = |number: usize| Self {
            requests: requests.clone(),
            random: 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(number as u64 + 1),
        };
        (0..connections).map(|number| Box::new(worker(number)) as Box<dyn Worker>).collect()
    }
}

impl Worker for Credentials {
    fn request(&mut self) -> Option<&[u8]> {
        // xorshift: fast, and spread evenly enough over the clients.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let index = usize::try_from(self.random % (self.requests.len().max(1) as u64)).unwrap_or_default();
        self.requests.get(index).map(Vec::as_slice)
    }

    fn judge(&mut self, answer: &Answer<'_>) -> Result<Turn> {
        if !answer.expect(200)?.body.starts_with("{\"access_token\":\"") {
            bail!("no access token: {}", answer.body);
        }
        Ok(Turn::Done)
    }
}

/// The answer to the first client, with the claims of its token and without what differs from one token to the next: what the
/// baseline must answer just as the server does.
pub fn claims_of(world: &World, connection: &mut Connection) -> Result<Value> {
    let pairs = [("grant_type", "client_credentials"), ("scope", SERVICE_SCOPE)];
    let client = world.services.first().context("no client")?;
    let answer = connection.ask(&authenticated(client, "/oauth2/token", &pairs))?;
    let mut answer: Map<String, Value> = serde_json::from_str(answer.expect(200)?.body)?;
    let token = answer.remove("access_token").context("no access token")?;
    let parts: Vec<&str> = token.as_str().unwrap_or_default().split('.').collect();
    let [header, claims, _signature] = parts.as_slice() else { bail!("not a JWS") };
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header)?)?;
    let mut claims: Map<String, Value> = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims)?)?;
    for name in ["exp", "iat", "jti"] {
        let kept = claims.get_mut(name).with_context(|| format!("no {name}"))?;
        *kept = Value::from(name);
    }
    Ok(serde_json::json!({"answer": answer, "header": header, "claims": claims}))
}
