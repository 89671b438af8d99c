//! A small browser: cookies, links, forms. It speaks to the console and to the provider by their ports, as the real one does.

use super::manifests::ADA;
use super::world::World;
use crate::console::Answering;
use crate::http::{PeerAddress, Service};
use crate::listen::Answer;
use axum::body::Body;
use http::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use url::Url;

/// The console.
pub const CONSOLE: &str = "http://127.0.0.1:8081";

/// An answer that was read.
pub struct Seen {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    pub url: Url,
}

/// A form of a page.
pub struct Form {
    pub action: String,
    pub fields: Vec<(String, String)>,
}

pub struct Browser<'a> {
    world: &'a World,
    pub cookies: BTreeMap<String, String>,
}

impl<'a> Browser<'a> {
    pub fn new(world: &'a World) -> Self {
        Self { world, cookies: BTreeMap::new() }
    }

    /// Sends a request as it is, without cookies.
    pub async fn send(&self, peer: SocketAddr, request: Request<Body>) -> Seen {
        let url = Url::parse(CONSOLE).unwrap();
        let response = Answering(self.world.console.clone()).answer(peer, request).await;
        read(url, response).await
    }

    async fn request(&mut self, url: Url, method: Method, body: Option<String>) -> Seen {
        let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
        let mut request =
            Request::builder().method(&method).uri(&url[url::Position::BeforePath..]).header(HOST, &host);
        if !self.cookies.is_empty() {
            let cookies: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(COOKIE, cookies.join("; "));
        }
        if body.is_some() {
            request = request
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(ORIGIN, format!("http://{host}"))
                .header("sec-fetch-site", "same-origin");
        }
        let request = request.body(Body::from(body.unwrap_or_default())).unwrap();
        let peer: SocketAddr = "127.0.0.1:40000".parse().unwrap();
        let response = if url.port() == Some(8081) {
            Answering(self.world.console.clone()).answer(peer, request).await
        } else {
            Service::new(self.world.app.clone(), PeerAddress(peer.ip())).answer(request).await
        };
        let seen = read(url, response).await;
        for line in seen.headers.get_all(SET_COOKIE) {
            let line = line.to_str().unwrap();
            let (name, rest) = line.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if line.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        seen
    }

    /// One answer, not followed.
    pub async fn get(&mut self, url: &str) -> Seen {
        let url = Url::parse(CONSOLE).unwrap().join(url).unwrap();
        self.request(url, Method::GET, None).await
    }

    /// Posts a form, not followed.
    pub async fn post(&mut self, url: &str, fields: &[(&str, &str)]) -> Seen {
        let url = Url::parse(CONSOLE).unwrap().join(url).unwrap();
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.request(url, Method::POST, Some(body)).await
    }

    /// Goes where an answer leads, to the first page.
    pub async fn follow(&mut self, mut seen: Seen) -> Seen {
        for _ in 0..10 {
            let Some(location) = seen.headers.get(LOCATION) else { return seen };
            let next = seen.url.join(location.to_str().unwrap()).unwrap();
            seen = self.request(next, Method::GET, None).await;
        }
        panic!("more than ten redirects");
    }

    /// Opens a page of the console.
    pub async fn open(&mut self, path: &str) -> Seen {
        let seen = self.get(path).await;
        assert_eq!(seen.status, StatusCode::OK, "{path}: {}", seen.text);
        seen
    }

    /// Submits the form of a page that has this action, with further fields, and goes where it leads.
    pub async fn submit(&mut self, page: &Seen, action: &str, more: &[(&str, &str)]) -> Seen {
        let answer = self.submit_only(page, action, more).await;
        self.follow(answer).await
    }

    /// Submits it and stops there.
    pub async fn submit_only(&mut self, page: &Seen, action: &str, more: &[(&str, &str)]) -> Seen {
        let form = page.form(action);
        let url = page.url.join(&form.action).unwrap();
        let mut fields: Vec<(&str, &str)> =
            form.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        fields.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        fields.extend(more);
        self.post(url.as_str(), &fields).await
    }

    /// Presses a button of a client's page and stops where it leads.
    pub async fn begin(&mut self, client: &str, grant: &str) -> Seen {
        let page = self.open(&format!("/clients/{client}")).await;
        self.submit_only(&page, "/try", &[("grant", grant)]).await
    }

    /// Logs in and agrees, if that is asked, and ends where it leads.
    pub async fn log_in(&mut self, page: Seen) -> Seen {
        let mut page = page;
        if page.text.contains("name=\"password\"") {
            page = self.submit(&page, "/login", &[("username", ADA.0), ("password", ADA.1)]).await;
        }
        if page.url.path() == "/consent" {
            page = self.submit(&page, "/consent", &[("decision", "allow")]).await;
        }
        page
    }

    /// A whole try by authorization code: its page.
    pub async fn try_code(&mut self, client: &str) -> Seen {
        let led = self.begin(client, "authorization_code").await;
        let page = self.follow(led).await;
        let page = self.log_in(page).await;
        assert!(page.url.path().starts_with("/try/"), "{}: {}", page.url, page.text);
        page
    }
}

async fn read(url: Url, response: axum::response::Response) -> Seen {
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    Seen { status, headers, text: String::from_utf8(bytes.to_vec()).unwrap(), url }
}

impl Seen {
    /// The first form whose action ends so.
    pub fn form(&self, action: &str) -> Form {
        let forms = self.text.split("<form ").skip(1).map(|form| form.split("</form>").next().unwrap());
        let mut found =
            forms.filter(|form| attribute(form, "action").is_some_and(|found| found.ends_with(action)));
        let form = found.next().unwrap_or_else(|| panic!("no form {action} in {}", self.text));
        let inputs = form.split("<input ").skip(1).map(|input| input.split('>').next().unwrap());
        let fields = inputs.filter_map(|input| {
            Some((attribute(input, "name")?, attribute(input, "value").unwrap_or_default()))
        });
        Form { action: attribute(form, "action").unwrap(), fields: fields.collect() }
    }

    /// The value of a query parameter of where it leads.
    pub fn leads_with(&self, name: &str) -> Option<String> {
        let location = self.headers.get(LOCATION)?.to_str().unwrap();
        let url = self.url.join(location).unwrap();
        url.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
    }

    /// Where it leads.
    pub fn location(&self) -> &str {
        self.headers.get(LOCATION).unwrap().to_str().unwrap()
    }

    /// The text as people read it.
    pub fn words(&self) -> String {
        let words = self.text.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
        unescaped(&words.collect::<Vec<_>>().join(" ")).split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let tag = tag.split('>').next().unwrap();
    let (_, rest) =
        format!(" {tag}").split_once(&format!(" {name}=\"")).map(|(a, b)| (a.to_owned(), b.to_owned()))?;
    Some(unescaped(rest.split('"').next().unwrap()))
}

fn unescaped(text: &str) -> String {
    [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}
