//! A browser: it logs in through the pages, as people do, and has a session from then on; or it logs in again and again, which
//! makes a storm.

use super::{Client, challenge, form};
use crate::load::{Turn, Worker, Workers};
use crate::wire::{self, Answer, Connection};
use crate::world::{PASSWORD, PEOPLE, PERSON_SCOPES, REDIRECT_URI, World, username};
use anyhow::{Context, Result, bail};
use std::net::Ipv4Addr;

/// A browser with a session: its cookies as it sends them.
#[derive(Debug, Clone)]
pub struct Browser {
    /// The `Cookie` header.
    pub cookies: String,
}

/// The path of an authorization request of this client.
pub fn authorize_path(client: &Client) -> String {
    let query = form(&[
        ("response_type", "code"),
        ("client_id", client.id()),
        ("redirect_uri", REDIRECT_URI),
        ("scope", &PERSON_SCOPES.join(" ")),
        ("state", "af0ifjsldkj"),
        ("nonce", "n-0S6_WzA2Mj"),
        ("code_challenge", &challenge()),
        ("code_challenge_method", "S256"),
    ]);
    format!("/oauth2/authorize?{query}")
}

/// The login form as its page shows it.
struct LoginForm {
    cookies: String,
    csrf: String,
    interaction: String,
}

impl LoginForm {
    fn open(connection: &mut Connection, client: &Client) -> Result<Self> {
        let answer = connection.ask(&wire::get(&authorize_path(client), ""))?;
        let login = answer.expect(303)?.header("location").context("no location")?.to_owned();
        let page = connection.ask(&wire::get(&login, ""))?;
        page.expect(200)?;
        let cookies: Vec<String> = page.cookies().map(|(name, value)| format!("{name}={value}")).collect();
        let field = |name: &str| hidden(page.body, name).with_context(|| format!("no field {name}"));
        Ok(Self { csrf: field("csrf")?, interaction: field("i")?, cookies: cookies.join("; ") })
    }

    fn request(&self, username: &str) -> Vec<u8> {
        let form = form(&[
            ("csrf", &self.csrf),
            ("i", &self.interaction),
            ("username", username),
            ("password", PASSWORD),
        ]);
        wire::post("/login", &form, &format!("Cookie: {}\r\n", self.cookies))
    }
}

fn hidden(page: &str, name: &str) -> Option<String> {
    let start = format!("<input type=\"hidden\" name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&start)?;
    rest.split_once('"').map(|(value, _)| value.to_owned())
}

/// The code of an authorization response.
pub fn code_in(location: Option<&str>) -> Result<String> {
    let query =
        location.and_then(|location| location.split_once('?')).context("no authorization response")?.1;
    let code = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "code");
    code.map(|(_, code)| code.into_owned()).with_context(|| format!("no code: {query}"))
}

impl Browser {
    /// Logs a person in through the pages.
    pub fn log_in(connection: &mut Connection, client: &Client, number: usize) -> Result<Self> {
        let login = LoginForm::open(connection, client)?;
        let answer = connection.ask(&login.request(&username(number % PEOPLE)))?;
        code_in(answer.expect(303)?.header("location"))?;
        let mut cookies = vec![login.cookies];
        cookies.extend(answer.cookies().map(|(name, value)| format!("{name}={value}")));
        if cookies.len() < 2 {
            bail!("the login set no session cookie");
        }
        Ok(Self { cookies: cookies.join("; ") })
    }
}

/// Password logins, one after the other; each is hashed.
pub struct Storm {
    request: Vec<u8>,
    source: Ipv4Addr,
}

impl Storm {
    /// Connections of a storm, each with a person and an address of its own: one alone would be held back by the limits on
    /// guessing.
    pub fn workers(world: &World, connection: &mut Connection, connections: usize) -> Result<Workers> {
        let client = Client::Web(world.web.clone());
        let login = LoginForm::open(connection, &client)?;
        let worker = |number: usize| Self {
            request: login.request(&username(number % PEOPLE)),
            source: Ipv4Addr::new(127, 0, 1, u8::try_from(number % 255).unwrap_or_default()),
        };
        Ok((0..connections).map(|number| Box::new(worker(number)) as Box<dyn Worker>).collect())
    }
}

impl Worker for Storm {
    fn request(&mut self) -> Option<&[u8]> {
        Some(&self.request)
    }

    fn judge(&mut self, answer: &Answer<'_>) -> Result<Turn> {
        code_in(answer.expect(303)?.header("location")).map(|_| Turn::Done)
    }

    fn source(&self) -> Ipv4Addr {
        self.source
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_field_is_read_from_a_page() {
        let page = "<form><input type=\"hidden\" name=\"csrf\" value=\"abc\"><input type=\"hidden\" name=\"i\" value=\"x\">";
        assert_eq!(hidden(page, "i").as_deref(), Some("x"));
        assert_eq!(hidden(page, "z"), None);
    }

    #[test]
    fn a_code_is_read_from_a_response() {
        assert_eq!(code_in(Some("https://a/cb?state=s&code=c%2Bd")).unwrap(), "c+d");
        assert!(code_in(Some("https://a/cb?error=access_denied")).is_err());
        assert!(code_in(None).is_err());
    }
}
