//! The authorization code flow of a browser that has a session: both of its requests together, or each alone.

use super::browser::{authorize_path, code_in};
use super::{Browser, Client, Tokens, VERIFIER};
use crate::load::{Turn, Worker};
use crate::wire::{self, Connection};
use crate::world::REDIRECT_URI;
use anyhow::{Result, bail};

/// Logins by a browser that has a session: the authorization request, then the exchange of its code for three tokens.
pub struct Logins {
    authorize: Vec<u8>,
    client: Client,
}

fn exchange(client: &Client, code: &str) -> Vec<u8> {
    client.token_request(&[
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ])
}

impl Logins {
    /// One connection of this browser.
    pub fn new(client: &Client, browser: &Browser) -> Self {
        let authorize = wire::get(&authorize_path(client), &browser.cookies);
        Self { authorize, client: client.clone() }
    }

    /// The tokens of one login.
    pub fn tokens(&mut self, connection: &mut Connection) -> Result<Tokens> {
        let code = code_in(connection.ask(&self.authorize)?.expect(303)?.header("location"))?;
        let answer = connection.ask(&exchange(&self.client, &code))?.expect(200)?;
        Ok(serde_json::from_str(answer.body)?)
    }
}

impl Worker for Logins {
    fn turn(&mut self, connection: &mut Connection) -> Result<Turn> {
        let tokens = self.tokens(connection)?;
        if tokens.refresh_token.is_none() || tokens.id_token.is_none() {
            bail!("a login without all three tokens");
        }
        Ok(Turn::Done)
    }
}

/// Authorization requests alone: they gather the codes that [`Redemption`] exchanges.
pub struct Codes {
    authorize: Vec<u8>,
    gathered: std::sync::mpsc::Sender<String>,
}

impl Codes {
    /// One connection of this browser; its codes go to `gathered`.
    pub fn new(client: &Client, browser: &Browser, gathered: std::sync::mpsc::Sender<String>) -> Self {
        Self { authorize: wire::get(&authorize_path(client), &browser.cookies), gathered }
    }
}

impl Worker for Codes {
    fn turn(&mut self, connection: &mut Connection) -> Result<Turn> {
        let code = code_in(connection.ask(&self.authorize)?.expect(303)?.header("location"))?;
        self.gathered.send(code)?;
        Ok(Turn::Done)
    }
}

/// Exchanges of codes that were gathered before, until none is left.
pub struct Redemption {
    client: Client,
    codes: Vec<String>,
}

impl Redemption {
    /// One connection with its share of the codes.
    pub fn new(client: &Client, codes: Vec<String>) -> Self {
        Self { client: client.clone(), codes }
    }
}

impl Worker for Redemption {
    fn turn(&mut self, connection: &mut Connection) -> Result<Turn> {
        let Some(code) = self.codes.pop() else { return Ok(Turn::Dry) };
        let answer = connection.ask(&exchange(&self.client, &code))?.expect(200)?;
        if !answer.body.contains("\"refresh_token\":\"") {
            bail!("no refresh token: {}", answer.body);
        }
        Ok(Turn::Done)
    }
}
