//! The refresh grant: a confidential client's token stays as it is, a public client's is rotated at every use.

use super::{Client, Tokens};
use crate::load::{Turn, Worker};
use crate::wire::Connection;
use anyhow::{Context, Result, bail};

/// One connection with a refresh token of its own.
pub struct Refresh {
    client: Client,
    token: String,
}

impl Refresh {
    /// Begins with the refresh token of a login.
    pub fn new(client: &Client, tokens: Tokens) -> Result<Self> {
        Ok(Self { client: client.clone(), token: tokens.refresh_token.context("no refresh token")? })
    }
}

impl Worker for Refresh {
    fn turn(&mut self, connection: &mut Connection) -> Result<Turn> {
        let pairs = [("grant_type", "refresh_token"), ("refresh_token", self.token.as_str())];
        let answer = connection.ask(&self.client.token_request(&pairs))?.expect(200)?;
        let tokens: Tokens = serde_json::from_str(answer.body)?;
        match (&self.client, tokens.refresh_token) {
            (Client::Web(_), None) => Ok(Turn::Done),
            (Client::Browser(_), Some(next)) if next != self.token => {
                self.token = next;
                Ok(Turn::Done)
            }
            _ => {
                bail!("a confidential client's token is kept, a public client's is rotated: this was neither")
            }
        }
    }
}
