//! The authorization code flow of a browser that has a session: both of its requests together, or each alone.

use super::browser::{authorize_path, code_in};
use super::{Browser, Client, Tokens, VERIFIER};
use crate::load::{Turn, Worker};
use crate::wire::{self, Answer, Connection};
use crate::world::REDIRECT_URI;
use anyhow::{Result, bail};
use std::sync::mpsc::Sender;

fn exchange(client: &Client, code: &str) -> Vec<u8> {
    client.token_request(&[
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ])
}

fn three_tokens(answer: &Answer<'_>) -> Result<Tokens> {
    let tokens: Tokens = serde_json::from_str(answer.expect(200)?.body)?;
    if tokens.refresh_token.is_none() || tokens.id_token.is_none() {
        bail!("not all three tokens");
    }
    Ok(tokens)
}

/// Logins by a browser that has a session: the authorization request, then the exchange of its code for three tokens.
pub struct Logins {
    authorize: Vec<u8>,
    exchange: Option<Vec<u8>>,
    client: Client,
}

impl Logins {
    /// One connection of this browser.
    pub fn new(client: &Client, browser: &Browser) -> Self {
        let authorize = wire::get(&authorize_path(client), &browser.cookies);
        Self { authorize, exchange: None, client: client.clone() }
    }

    /// The tokens of one login.
    pub fn tokens(&self, connection: &mut Connection) -> Result<Tokens> {
        let code = code_in(connection.ask(&self.authorize)?.expect(303)?.header("location"))?;
        three_tokens(&connection.ask(&exchange(&self.client, &code))?)
    }
}

impl Worker for Logins {
    fn request(&mut self) -> Option<&[u8]> {
        Some(self.exchange.as_deref().unwrap_or(&self.authorize))
    }

    fn judge(&mut self, answer: &Answer<'_>) -> Result<Turn> {
        if self.exchange.take().is_some() {
            return three_tokens(answer).map(|_| Turn::Done);
        }
        let code = code_in(answer.expect(303)?.header("location"))?;
        self.exchange = Some(exchange(&self.client, &code));
        Ok(Turn::More)
    }
}

/// Authorization requests alone: they gather the codes that [`Redemption`] exchanges.
pub struct Codes {
    authorize: Vec<u8>,
    gathered: Sender<String>,
}

impl Codes {
    /// One connection of this browser; its codes go to `gathered`.
    pub fn new(client: &Client, browser: &Browser, gathered: Sender<String>) -> Self {
        Self { authorize: wire::get(&authorize_path(client), &browser.cookies), gathered }
    }
}

impl Worker for Codes {
    fn request(&mut self) -> Option<&[u8]> {
        Some(&self.authorize)
    }

    fn judge(&mut self, answer: &Answer<'_>) -> Result<Turn> {
        self.gathered.send(code_in(answer.expect(303)?.header("location"))?)?;
        Ok(Turn::Done)
    }
}

/// Exchanges of codes that were gathered before, until none is left.
pub struct Redemption {
    client: Client,
    codes: Vec<String>,
    request: Vec<u8>,
}

impl Redemption {
    /// One connection with its share of the codes.
    pub fn new(client: &Client, codes: Vec<String>) -> Self {
        Self { client: client.clone(), codes, request: Vec::new() }
    }
}

impl Worker for Redemption {
    fn request(&mut self) -> Option<&[u8]> {
        self.request = exchange(&self.client, &self.codes.pop()?);
        Some(&self.request)
    }

    fn judge(&mut self, answer: &Answer<'_>) -> Result<Turn> {
        three_tokens(answer).map(|_| Turn::Done)
    }
}
