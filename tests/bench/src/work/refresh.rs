//! The refresh grant: a confidential client's token stays as it is, a public client's is rotated at every use.

use super::{Client, Tokens};
use crate::load::{Turn, Worker};
use crate::wire::Answer;
use anyhow::{Context, Result, bail};

/// One connection with a refresh token of its own.
pub struct Refresh {
    client: Client,
    scope: Option<&'static str>,
    token: String,
    request: Vec<u8>,
}

impl Refresh {
    /// Begins with the refresh token of a login.
    pub fn new(client: &Client, tokens: Tokens) -> Result<Self> {
        let token = tokens.refresh_token.context("no refresh token")?;
        Ok(Self::of(client, token, None))
    }

    /// Begins with a token, and asks for these scopes alone: without `openid` one signature is all that is made.
    pub fn of(client: &Client, token: String, scope: Option<&'static str>) -> Self {
        let mut refresh = Self { client: client.clone(), scope, token: String::new(), request: Vec::new() };
        refresh.go_on_with(token);
        refresh
    }

    fn go_on_with(&mut self, token: String) {
        let mut pairs = vec![("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
        pairs.extend(self.scope.map(|scope| ("scope", scope)));
        self.request = self.client.token_request(&pairs);
        self.token = token;
    }
}

impl Worker for Refresh {
    fn request(&mut self) -> Option<&[u8]> {
        Some(&self.request)
    }

    fn judge(&mut self, answer: &Answer<'_>) -> Result<Turn> {
        let tokens: Tokens = serde_json::from_str(answer.expect(200)?.body)?;
        match (&self.client, tokens.refresh_token) {
            (Client::Web(_), None) => {}
            (Client::Browser(_), Some(next)) if next != self.token => self.go_on_with(next),
            _ => {
                bail!("a confidential client's token is kept, a public client's is rotated: this was neither")
            }
        }
        Ok(Turn::Done)
    }
}
