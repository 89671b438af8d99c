//! Introspection by a confidential client of a token of its own, one that a person's grant stands behind.

use super::{Tokens, authenticated};
use crate::load::{Turn, Worker};
use crate::wire::Answer;
use crate::world::Confidential;
use anyhow::{Result, bail};

/// One connection with an access token of its own.
pub struct Introspection {
    request: Vec<u8>,
}

impl Introspection {
    /// Asks about the access token of a login.
    pub fn new(client: &Confidential, tokens: &Tokens) -> Self {
        Self { request: authenticated(client, "/oauth2/introspect", &[("token", &tokens.access_token)]) }
    }
}

impl Worker for Introspection {
    fn request(&mut self) -> Option<&[u8]> {
        Some(&self.request)
    }

    fn judge(&mut self, answer: &Answer<'_>) -> Result<Turn> {
        if !answer.expect(200)?.body.contains("\"active\":true") {
            bail!("the token is not active: {}", answer.body);
        }
        Ok(Turn::Done)
    }
}
