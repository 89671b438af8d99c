//! A person in front of a browser, without the browser: a cookie jar that fills in the pages' forms.

use crate::http::agent;
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, HashMap};
use ureq::http::{HeaderMap, Request, header};
use url::Url;

/// How many redirects and forms one errand may have.
const MOST_STEPS: usize = 20;

/// Somebody with a browser of their own.
pub struct Person {
    username: &'static str,
    password: &'static str,
    cookies: BTreeMap<String, String>,
}

/// Where an errand ends.
enum End {
    /// A page of the server.
    Page(Url, String),
    /// An address elsewhere.
    Elsewhere(Url),
}

/// A form of a page.
struct Form {
    action: String,
    fields: HashMap<String, String>,
}

impl Person {
    /// Ada, who is not logged in yet.
    #[must_use]
    pub const fn ada() -> Self {
        Self { username: "ada", password: "quickstart", cookies: BTreeMap::new() }
    }

    /// Goes through a request, logs in and decides where that is asked, up to the address that the browser is sent to.
    ///
    /// # Errors
    /// When it ends on a page, or goes in circles.
    pub fn go(&mut self, url: &Url, decision: &str) -> Result<Url> {
        match self.walk(url, decision, "")? {
            End::Elsewhere(url) => Ok(url),
            End::Page(url, html) => bail!("{url} is shown instead of a redirect:\n{html}"),
        }
    }

    /// Types a device's code and decides; the text of the last page.
    ///
    /// # Errors
    /// When the browser is sent elsewhere.
    pub fn let_in(&mut self, page: &Url, user_code: &str) -> Result<String> {
        match self.walk(page, "allow", user_code)? {
            End::Page(_, html) => Ok(html),
            End::Elsewhere(url) => bail!("the browser is sent to {url}"),
        }
    }

    /// Opens a page and stays there; its text.
    ///
    /// # Errors
    /// When the browser is sent on.
    pub fn look(&mut self, page: &Url) -> Result<String> {
        match self.request(page, None)? {
            (None, html) => Ok(html),
            (Some(location), _) => bail!("the browser is sent to {location}"),
        }
    }

    fn walk(&mut self, url: &Url, decision: &str, user_code: &str) -> Result<End> {
        let answers = [
            ("username", self.username),
            ("password", self.password),
            ("user_code", user_code),
            ("decision", decision),
        ];
        let (mut at, mut posted) = (url.clone(), None);
        for _ in 0..MOST_STEPS {
            let (location, html) = self.request(&at, posted.take())?;
            if let Some(location) = location {
                let next = at.join(&location)?;
                if next.origin() != url.origin() {
                    return Ok(End::Elsewhere(next));
                }
                at = next;
                continue;
            }
            let Some(form) = first_form(&html).filter(|form| form.fields.contains_key("csrf")) else {
                return Ok(End::Page(at, html));
            };
            at = at.join(&form.action)?;
            posted = Some(form.filled(&answers));
        }
        bail!("{at} leads in circles")
    }

    /// The address of a redirect, or the text of a page.
    fn request(&mut self, url: &Url, form: Option<String>) -> Result<(Option<String>, String)> {
        let jar: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::builder().uri(url.as_str()).header(header::COOKIE, jar.join("; "));
        let response = match form {
            Some(form) => agent().run(
                request
                    .method("POST")
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(form)?,
            )?,
            None => agent().run(request.body(())?)?,
        };
        let (parts, mut body) = response.into_parts();
        self.keep_cookies(&parts.headers);
        let location = parts.headers.get(header::LOCATION).map(|value| value.to_str().map(str::to_owned));
        Ok((location.transpose()?, body.read_to_string()?))
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        let lines = headers.get_all(header::SET_COOKIE).iter().filter_map(|line| line.to_str().ok());
        for line in lines {
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

impl Form {
    /// The form with what a person adds: the answers that it has fields for, and a button where it has buttons.
    fn filled(self, answers: &[(&str, &str)]) -> String {
        let asked = answers.iter().filter(|(name, _)| self.fields.contains_key(*name));
        let mut all: HashMap<&str, &str> =
            self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        all.extend(asked.copied());
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(all).finish()
    }
}

/// The first form of a page with its fields and buttons; the pages are ours, so that a glance is enough.
fn first_form(html: &str) -> Option<Form> {
    let (_, rest) = html.split_once("<form")?;
    let (tag, rest) = rest.split_once('>')?;
    let (inside, _) = rest.split_once("</form>")?;
    let mut fields = HashMap::new();
    for start in ["<input", "<button"] {
        for piece in inside.split(start).skip(1) {
            let tag = piece.split_once('>').map_or(piece, |(tag, _)| tag);
            if let Some(name) = attribute(tag, "name") {
                fields.insert(name, attribute(tag, "value").unwrap_or_default());
            }
        }
    }
    Some(Form { action: attribute(tag, "action").context("no action").ok()?, fields })
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(
        value
            .replace("&quot;", "\"")
            .replace("&#34;", "\"")
            .replace("&lt;", "<")
            .replace("&#38;", "&")
            .replace("&amp;", "&"),
    )
}
