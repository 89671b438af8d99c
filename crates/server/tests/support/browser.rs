//! A small browser: keeps cookies, follows redirects within the issuer, reads forms and posts them.

use super::manifests::ADA;
use super::reply::Reply;
use super::requests::Authorize;
use super::world::World;
use axum::body::Body;
use http::{Method, Request};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The most redirects that are followed.
const MOST_REDIRECTS: usize = 8;

/// A browser.
#[derive(Clone)]
pub struct Browser<'a> {
    world: &'a World,
    /// Its cookies.
    pub cookies: BTreeMap<String, String>,
    /// Headers that it sends with every request.
    pub headers: Vec<(&'static str, String)>,
    /// Where it sits.
    pub peer: IpAddr,
}

impl<'a> Browser<'a> {
    /// A browser without cookies.
    pub fn new(world: &'a World) -> Self {
        let peer = IpAddr::from([192, 0, 2, 7]);
        Self { world, cookies: BTreeMap::new(), headers: Vec::new(), peer }
    }

    /// One whose person reads this language.
    pub fn reading(mut self, language: &str) -> Self {
        self.headers.push(("accept-language", language.to_owned()));
        self
    }

    fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if self.cookies.is_empty() {
            return request;
        }
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request.header("cookie", cookies.join("; "))
    }

    async fn send(&mut self, request: Request<Body>) -> Reply {
        let reply = self.world.send_from(self.peer, request).await;
        for cookie in reply.cookies() {
            let (pair, attributes) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        reply
    }

    /// Asks for an address, and stays where it leads.
    pub async fn get(&mut self, path: &str) -> Reply {
        let request = self.request(Method::GET, path).body(Body::empty()).unwrap();
        self.send(request).await
    }

    /// Asks for the headers of an address.
    pub async fn head(&mut self, path: &str) -> Reply {
        let request = self.request(Method::HEAD, path).body(Body::empty()).unwrap();
        self.send(request).await
    }

    /// Asks for an address, and follows while it leads within the issuer.
    pub async fn open(&mut self, path: &str) -> Reply {
        let reply = self.get(path).await;
        self.follow(reply).await
    }

    /// Follows while it leads within the issuer.
    pub async fn follow(&mut self, mut reply: Reply) -> Reply {
        for _ in 0..MOST_REDIRECTS {
            if !reply.status.is_redirection() || !reply.location().starts_with('/') {
                return reply;
            }
            let next = reply.location().to_owned();
            reply = self.get(&next).await;
        }
        panic!("redirects without end: {reply}");
    }

    /// Posts a form, and stays where it leads.
    pub async fn post(&mut self, form: &Form) -> Reply {
        let request = self.request(Method::POST, &form.action);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form.body())).unwrap()).await
    }

    /// Posts a form, and follows while it leads within the issuer.
    pub async fn submit(&mut self, form: &Form) -> Reply {
        let reply = self.post(form).await;
        self.follow(reply).await
    }

    /// Types a name and a password into a login form, and follows.
    pub async fn log_in(&mut self, page: &Reply, (username, password): (&str, &str)) -> Reply {
        assert!(page.is_login(), "no login form: {page}");
        self.submit(&page.form().set("username", username).set("password", password)).await
    }

    /// Presses a button of a page with one form.
    pub async fn decide(&mut self, page: &Reply, decision: &str) -> Reply {
        self.submit(&page.form().set("decision", decision)).await
    }

    /// Goes the whole way of a request as a person who agrees to everything; where it leads in the end.
    pub async fn authorize_as(&mut self, request: &Authorize, person: (&str, &str)) -> Reply {
        let mut reply = self.open(&request.path(self.world)).await;
        if reply.is_login() {
            reply = self.log_in(&reply, person).await;
        }
        if reply.is_consent() {
            reply = self.decide(&reply, "allow").await;
        }
        reply
    }

    /// Goes the whole way of a request as Ada.
    pub async fn authorize(&mut self, request: &Authorize) -> Reply {
        self.authorize_as(request, ADA).await
    }

    /// Logs in without a client.
    pub async fn sign_in(&mut self, person: (&str, &str)) -> Reply {
        let page = self.open(&self.world.path("/account")).await;
        self.log_in(&page, person).await
    }

    /// The session cookie: its name and value.
    pub fn session(&self) -> Option<(String, String)> {
        let name = &self.world.app.serving().cookies.session;
        self.cookies.get_key_value(name).map(|(name, value)| (name.clone(), value.clone()))
    }
}

/// A form of a page, with its hidden fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Where it is posted.
    pub action: String,
    /// Its fields.
    pub fields: Vec<(String, String)>,
}

impl Form {
    /// The forms of a page.
    pub fn all(html: &str) -> Vec<Self> {
        html.split("<form ").skip(1).map(|text| Self::read(text.split("</form>").next().unwrap())).collect()
    }

    fn read(text: &str) -> Self {
        let inputs = text.split("<input ").skip(1).filter(|input| input.contains("type=\"hidden\""));
        let field = |input: &str| Some((attribute(input, "name")?, attribute(input, "value")?));
        Self { action: attribute(text, "action").unwrap(), fields: inputs.filter_map(field).collect() }
    }

    /// A form that no page has.
    pub fn of(action: impl Into<String>, fields: &[(&str, &str)]) -> Self {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self { action: action.into(), fields: fields.collect() }
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// With a field set.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without a field.
    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self
    }

    /// The body that it is posted as.
    pub fn body(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.fields).finish()
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    let mut value = rest.split_once('"')?.0.to_owned();
    // The ampersand last: what it begins stays as it is.
    for (entity, character) in
        [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")]
    {
        value = value.replace(entity, character);
    }
    Some(value)
}
