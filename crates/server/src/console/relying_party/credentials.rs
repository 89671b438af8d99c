//! What a client authenticates with: its one method, and its secret where it has one, read at the moment it is needed.

use super::super::answer::Visit;
use super::attempt::Fault;
use base64::{Engine, engine::general_purpose::STANDARD};
use nauthera_core::grant::AuthMethod;
use nauthera_core::snapshot::Row;

/// Credentials of a client. No `Debug`: they hold its secret.
pub enum Credentials {
    /// `client_secret_basic`: the header's value.
    Basic(String),
    /// `client_secret_post`: id and secret.
    Post(String, String),
    /// `none`: the id.
    Public(String),
}

impl Credentials {
    /// The credentials of a client, by its own method.
    pub fn of(visit: &Visit<'_>, row: &Row) -> Result<Self, Fault> {
        let id = row.client_id.to_string();
        let secret = || {
            let text =
                "the client's secret is not where it should lie: look at the folder of its credentials";
            (visit.shown.view.secret_of)(&row.object).ok_or_else(|| Fault::new("no secret", text))
        };
        match row.authentication.method {
            AuthMethod::None => Ok(Self::Public(id)),
            AuthMethod::ClientSecretBasic => Ok(Self::Basic(basic(&id, secret()?.trim_end()))),
            AuthMethod::ClientSecretPost => Ok(Self::Post(id, secret()?.trim_end().to_owned())),
            method => {
                let text =
                    format!("the client authenticates with {method}, which the console cannot do for it");
                Err(Fault::new("no credentials", text))
            }
        }
    }
}

/// RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
fn basic(id: &str, secret: &str) -> String {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_of_a_basic_header_are_form_encoded() {
        let header = basic("shop.web", "a+b:c d");
        let decoded = STANDARD.decode(header.strip_prefix("Basic ").unwrap()).unwrap();
        assert_eq!(String::from_utf8(decoded).unwrap(), "shop.web:a%2Bb%3Ac+d");
    }
}
