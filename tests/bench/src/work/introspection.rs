//! Introspection by a confidential client of a token of its own, one that a person's grant stands behind.

use super::{Tokens, authenticated};
use crate::load::{Turn, Worker};
use crate::wire::Connection;
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
    fn turn(&mut self, connection: &mut Connection) -> Result<Turn> {
        let answer = connection.ask(&self.request)?.expect(200)?;
        if !answer.body.contains("\"active\":true") {
            bail!("the token is not active: {}", answer.body);
        }
        Ok(Turn::Done)
    }
}
