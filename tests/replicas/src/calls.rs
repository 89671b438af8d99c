//! The requests of clients and people, at the proxy or at one replica.

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use nauthera_rp_rust::http::agent;
use nauthera_rp_rust::person::Person;
use nauthera_rp_rust::relying_party::parameter;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use url::Url;

/// The redirect URI of the public client.
const CALLBACK: &str = "https://page.example/callback";
/// A verifier that is long enough (RFC 7636 section 4.1).
const VERIFIER: &str = "a-verifier-of-these-tests-that-is-long-enough-0123456789";

/// Where requests are sent.
#[derive(Clone)]
pub struct Target {
    base: String,
    data: PathBuf,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// `Retry-After`, where it was said.
    pub retry_after: Option<String>,
    /// The body, as JSON where it is that.
    pub body: Value,
}

impl Answer {
    /// A member of the body that is a text.
    ///
    /// # Errors
    /// When there is none.
    pub fn text(&self, name: &str) -> Result<String> {
        let text = self.body.get(name).and_then(Value::as_str);
        Ok(text.with_context(|| format!("no {name} in {self:?}"))?.to_owned())
    }
}

impl Target {
    /// A base address, and where clients' credentials lie.
    #[must_use]
    pub fn at(base: &str, data: &Path) -> Self {
        Self { base: base.into(), data: data.into() }
    }

    /// Posts a form. Every request has a connection of its own.
    ///
    /// # Errors
    /// Those of the transport.
    pub fn post(&self, path: &str, form: &[(&str, &str)], authorization: Option<&str>) -> Result<Answer> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut request = agent()
            .post(format!("{}{path}", self.base))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("connection", "close");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        answer(request.send(&body)?)
    }

    /// Gets a path.
    ///
    /// # Errors
    /// Those of the transport.
    pub fn get(&self, path: &str, authorization: Option<&str>) -> Result<Answer> {
        let mut request = agent().get(format!("{}{path}", self.base)).header("connection", "close");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        answer(request.call()?)
    }

    /// Logs a person in to the public client; the code.
    ///
    /// # Errors
    /// When the person is not sent back with one.
    pub fn code(&self, person: &mut Person) -> Result<String> {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let query = [
            ("client_id", "apps.page"),
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("scope", "openid profile"),
            ("state", "s"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let url = Url::parse_with_params(&format!("{}/oauth2/authorize", self.base), query)?;
        parameter(&person.go(&url, "allow")?, "code")
    }

    /// Exchanges a code.
    ///
    /// # Errors
    /// Those of the transport.
    pub fn redeem(&self, code: &str) -> Result<Answer> {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", "apps.page"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.post("/oauth2/token", &form, None)
    }

    /// Logs in and exchanges: access and refresh token.
    ///
    /// # Errors
    /// When either does not work.
    pub fn tokens(&self, person: &mut Person) -> Result<(String, String)> {
        let answer = self.redeem(&self.code(person)?)?;
        ensure!(answer.status == 200, "{answer:?}");
        Ok((answer.text("access_token")?, answer.text("refresh_token")?))
    }

    /// Uses a refresh token.
    ///
    /// # Errors
    /// Those of the transport.
    pub fn refresh(&self, token: &str) -> Result<Answer> {
        let form = [("grant_type", "refresh_token"), ("client_id", "apps.page"), ("refresh_token", token)];
        self.post("/oauth2/token", &form, None)
    }

    /// Ends what a token stands for.
    ///
    /// # Errors
    /// Those of the transport.
    pub fn revoke(&self, token: &str) -> Result<Answer> {
        self.post("/oauth2/revoke", &[("client_id", "apps.page"), ("token", token)], None)
    }

    /// A token for the service itself.
    ///
    /// # Errors
    /// Those of the transport, or when it has no credentials.
    pub fn client_credentials(&self) -> Result<Answer> {
        let folder = self.data.join("secrets/apps/reports-client-secret");
        let read = |key: &str| std::fs::read_to_string(folder.join(key)).with_context(|| key.to_owned());
        let basic = format!(
            "Basic {}",
            STANDARD.encode(format!("{}:{}", read("client_id")?, read("client_secret")?))
        );
        self.post("/oauth2/token", &[("grant_type", "client_credentials")], Some(&basic))
    }

    /// Is an access token taken at userinfo?
    ///
    /// # Errors
    /// Those of the transport.
    pub fn userinfo(&self, token: &str) -> Result<Answer> {
        self.get("/oauth2/userinfo", Some(&format!("Bearer {token}")))
    }
}

fn answer(response: ureq::http::Response<ureq::Body>) -> Result<Answer> {
    let (parts, mut body) = response.into_parts();
    let retry_after =
        parts.headers.get("retry-after").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let text = body.read_to_string()?;
    Ok(Answer {
        status: parts.status.as_u16(),
        retry_after,
        body: serde_json::from_str(&text).unwrap_or(Value::Null),
    })
}
