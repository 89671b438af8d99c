//! What connections do: one small file for each kind of work, and the requests that they share.

mod browser;
mod code;
mod credentials;
mod introspection;
mod refresh;

pub use browser::{Browser, Storm};
pub use code::{Codes, Logins, Redemption};
pub use credentials::{Credentials, claims_of};
pub use introspection::Introspection;
pub use refresh::Refresh;

use crate::wire;
use crate::world::Confidential;
use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use nauthera_core::grant::AuthMethod;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// The code verifier of every request (RFC 7636).
const VERIFIER: &str = "dBjFtJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// The challenge of [`VERIFIER`].
fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

/// A form as it is sent.
fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// A POST request of a confidential client, authenticated in its own way.
fn authenticated(client: &Confidential, path: &str, pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut pairs = pairs.to_vec();
    if client.method == AuthMethod::ClientSecretBasic {
        let credentials = STANDARD.encode(format!("{}:{}", client.id, client.secret));
        return wire::post(path, &form(&pairs), &format!("Authorization: Basic {credentials}\r\n"));
    }
    pairs.extend([("client_id", client.id.as_str()), ("client_secret", client.secret.as_str())]);
    wire::post(path, &form(&pairs), "")
}

/// A client that people log in to.
#[derive(Debug, Clone)]
pub enum Client {
    /// With a secret.
    Web(Confidential),
    /// Without one: its id.
    Browser(String),
}

impl Client {
    fn id(&self) -> &str {
        match self {
            Self::Web(client) => &client.id,
            Self::Browser(id) => id,
        }
    }

    /// A token request of this client.
    fn token_request(&self, pairs: &[(&str, &str)]) -> Vec<u8> {
        match self {
            Self::Web(client) => authenticated(client, "/oauth2/token", pairs),
            Self::Browser(id) => {
                let mut pairs = pairs.to_vec();
                pairs.push(("client_id", id));
                wire::post("/oauth2/token", &form(&pairs), "")
            }
        }
    }
}

/// The tokens of an answer, as far as they are used again.
#[derive(Deserialize)]
pub struct Tokens {
    /// The access token.
    pub access_token: String,
    /// The refresh token.
    pub refresh_token: Option<String>,
    /// The ID token.
    pub id_token: Option<String>,
}
