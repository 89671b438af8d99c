//! Authorization requests as clients send them, and what comes of them.

use super::calls::Call;
use super::manifests::client_id;
use super::reply::Reply;
use super::world::World;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The code verifier of every request, from RFC 7636 appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// Its challenge.
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// The S256 challenge of a verifier.
pub fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// An authorization request.
#[derive(Debug, Clone)]
pub struct Authorize {
    /// Its parameters, in order.
    pub parameters: Vec<(String, String)>,
}

impl Authorize {
    /// A good request of a client of namespace `shop`.
    pub fn of(client: &str) -> Self {
        let id = client_id(client);
        let redirect = match client {
            "native" => "http://127.0.0.1:49152/cb".to_owned(),
            _ => format!("https://{client}.shop.example/cb"),
        };
        let request = Self { parameters: Vec::new() };
        let parameters = [
            ("client_id", id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", &redirect),
            ("scope", "openid"),
            ("state", "the state"),
            ("nonce", "the nonce"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        parameters.iter().fold(request, |request, (name, value)| request.and(name, value))
    }

    /// With one more parameter, even if it is there.
    pub fn and(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a parameter set.
    pub fn set(self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    /// Without a parameter.
    pub fn without(mut self, name: &str) -> Self {
        self.parameters.retain(|(known, _)| known != name);
        self
    }

    /// Without PKCE.
    pub fn without_pkce(self) -> Self {
        self.without("code_challenge").without("code_challenge_method")
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> &str {
        self.parameters.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// As a query or a body.
    pub fn encoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.parameters).finish()
    }

    /// The path and query that a browser is sent to.
    pub fn path(&self, world: &World) -> String {
        world.path(&format!("/oauth2/authorize?{}", self.encoded()))
    }

    /// The token request for a code that this request got.
    pub fn redeem<'a>(&self, world: &'a World, code: &str) -> Call<'a> {
        let call = Call::token(world, "authorization_code").by(self.get("client_id"));
        let call = call.with("code", code).with("redirect_uri", self.get("redirect_uri"));
        if self.get("code_challenge").is_empty() { call } else { call.with("code_verifier", VERIFIER) }
    }

    /// Goes the whole way as Ada in a new browser, and redeems the code.
    pub async fn tokens(&self, world: &World) -> Tokens {
        let code = world.browser().authorize(self).await.code();
        Tokens::of(&self.redeem(world, &code).send().await)
    }
}

/// The tokens of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// The access token.
    pub access: String,
    /// The refresh token; empty when there is none.
    pub refresh: String,
    /// The ID token; empty when there is none.
    pub id: String,
    /// The scopes granted.
    pub scope: String,
    /// Seconds that the access token lives.
    pub expires_in: i64,
}

impl Tokens {
    /// Reads an answer that must have gone well (RFC 6749 §5.1).
    pub fn of(reply: &Reply) -> Self {
        let body = reply.ok();
        assert_eq!(body["token_type"], "Bearer", "{reply}");
        assert_eq!(
            (reply.header("cache-control"), reply.header("pragma")),
            ("no-store", "no-cache"),
            "{reply}"
        );
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let expires_in = body["expires_in"].as_i64().unwrap();
        Self {
            access: text("access_token"),
            refresh: text("refresh_token"),
            id: text("id_token"),
            scope: text("scope"),
            expires_in,
        }
    }

    /// Refreshes them, as a client.
    pub fn renew<'a>(&self, world: &'a World, client: &str) -> Call<'a> {
        Call::token(world, "refresh_token").by(client).with("refresh_token", &self.refresh)
    }

    /// Asks userinfo with the access token.
    pub async fn userinfo(&self, world: &World) -> Reply {
        Call::get(world, "/oauth2/userinfo").bearer(&self.access).send().await
    }

    /// Does userinfo take the access token?
    pub async fn live(&self, world: &World) -> bool {
        let reply = self.userinfo(world).await;
        assert!(matches!(reply.status.as_u16(), 200 | 401), "{reply}");
        reply.status == 200
    }

    /// The claims of the ID token, unverified.
    pub fn id_claims(&self) -> Value {
        super::jose::claims_of(&self.id)
    }

    /// The claims of the access token, unverified.
    pub fn access_claims(&self) -> Value {
        super::jose::claims_of(&self.access)
    }
}
