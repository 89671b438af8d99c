//! Requests of programs: a form, or none, with a client's own authentication.

use super::jose::client_key;
use super::manifests::secret_of;
use super::reply::Reply;
use super::world::World;
use axum::body::Body;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{Method, Request};
use nauthera_core::grant::{AuthMethod, SigningAlgorithm};
use nauthera_core::oauth::client_auth::JWT_BEARER;
use nauthera_core::time::Clock;
use nauthera_server::keys::TokenType;
use serde_json::{Value, json};
use std::net::IpAddr;

/// A request of a program.
#[derive(Clone)]
pub struct Call<'a> {
    world: &'a World,
    method: Method,
    path: String,
    peer: Option<IpAddr>,
    /// The form.
    pub form: Vec<(String, String)>,
    /// The headers.
    pub headers: Vec<(&'static str, String)>,
}

impl<'a> Call<'a> {
    fn new(world: &'a World, method: Method, below: &str) -> Self {
        Self { world, method, path: world.path(below), peer: None, form: Vec::new(), headers: Vec::new() }
    }

    /// A GET.
    pub fn get(world: &'a World, below: &str) -> Self {
        Self::new(world, Method::GET, below)
    }

    /// A POST.
    pub fn post(world: &'a World, below: &str) -> Self {
        Self::new(world, Method::POST, below)
    }

    /// A token request.
    pub fn token(world: &'a World, grant_type: &str) -> Self {
        Self::post(world, "/oauth2/token").with("grant_type", grant_type)
    }

    /// With a form parameter.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.form.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without a form parameter.
    pub fn without(mut self, name: &str) -> Self {
        self.form.retain(|(known, _)| known != name);
        self
    }

    /// With a header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With an access token in the header.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// With HTTP Basic (RFC 6749 §2.3.1).
    pub fn basic(self, id: &str, secret: &str) -> Self {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let user = format!("{}:{}", encode(id), encode(secret));
        self.header("authorization", format!("Basic {}", STANDARD.encode(user)))
    }

    /// With id and secret in the form.
    pub fn secret_in_form(self, id: &str, secret: &str) -> Self {
        self.with("client_id", id).with("client_secret", secret)
    }

    /// With a client assertion (RFC 7523).
    pub fn asserting(self, assertion: &str) -> Self {
        self.with("client_assertion_type", JWT_BEARER).with("client_assertion", assertion)
    }

    /// As a client, in the client's own way.
    pub fn by(self, id: &str) -> Self {
        let serving = self.world.app.serving();
        match serving.client(id).unwrap().authentication.method {
            AuthMethod::ClientSecretBasic => self.basic(id, &secret_of(id)),
            AuthMethod::ClientSecretPost => self.secret_in_form(id, &secret_of(id)),
            AuthMethod::PrivateKeyJwt | AuthMethod::KubernetesServiceAccount => {
                let assertion = assertion(self.world, id, &json!({}));
                self.asserting(&assertion)
            }
            AuthMethod::None => self.with("client_id", id),
        }
    }

    /// From an address.
    pub fn from(self, peer: impl Into<IpAddr>) -> Self {
        Self { peer: Some(peer.into()), ..self }
    }

    /// Sends it.
    pub async fn send(&self) -> Reply {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.form).finish();
        let body = if self.form.is_empty() { None } else { Some(form) };
        self.send_body(body.map(|body| ("application/x-www-form-urlencoded", body.into_bytes()))).await
    }

    /// Sends it with another body.
    pub async fn send_body(&self, body: Option<(&str, Vec<u8>)>) -> Reply {
        let mut request = Request::builder().method(self.method.clone()).uri(&self.path);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let request = match body {
            Some((media, body)) => request.header("content-type", media).body(Body::from(body)),
            None => request.body(Body::empty()),
        };
        match self.peer {
            Some(peer) => self.world.send_from(peer, request.unwrap()).await,
            None => self.world.send(request.unwrap()).await,
        }
    }
}

/// An assertion of a client that is good but for what `changed` changes; `null` takes a claim away.
pub fn assertion(world: &World, id: &str, changed: &Value) -> String {
    let claims = assertion_claims(world, id, changed);
    client_key(SigningAlgorithm::Es256).sign(TokenType::Id, claims.to_string().as_bytes()).unwrap()
}

/// The claims of such an assertion.
pub fn assertion_claims(world: &World, id: &str, changed: &Value) -> Value {
    let now = world.clock.now().0;
    let mut claims = json!({
        "iss": id, "sub": id, "aud": world.issuer(), "iat": now, "exp": now + 60, "jti": world.app.random_text(),
    });
    for (name, value) in changed.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}
