//! What an application reads: the content of its Secret, the same whether a cluster mounts it or `up` writes it as files; and what a
//! Secret that a client brings must be.
//!
//! The keys are those of a Service Binding of type `oauth2`, and a [`SecretTemplate`] may rename them. Where the content goes, and who
//! may replace it, is its carrier's matter.

use crate::codes::Code;
use crate::finding::{Finding, Place};
use crate::names::{Kind, ObjectRef};
use crate::snapshot::Row;
use crate::spec::SecretTemplate;
use crate::uri::IssuerUrl;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The key with the client's id.
pub const CLIENT_ID: &str = "client_id";
/// The key with the plain secret, of a client that has one.
pub const CLIENT_SECRET: &str = "client_secret";
/// The type of the binding, under the key `type`.
pub const TYPE: &str = "oauth2";
/// Its provider, under the key `provider`.
pub const PROVIDER: &str = "nauthera";

/// The content of a client's Secret, by key; `secret` is its plain secret, where it has one.
#[must_use]
pub fn content(
    row: &Row,
    template: &SecretTemplate,
    issuer: &IssuerUrl,
    secret: Option<&str>,
) -> BTreeMap<Arc<str>, String> {
    let mut values = vec![
        (CLIENT_ID, row.client_id.to_string()),
        ("issuer", issuer.to_string()),
        ("discovery_url", issuer.join("/.well-known/openid-configuration")),
        ("authorization_endpoint", issuer.join("/oauth2/authorize")),
        ("token_endpoint", issuer.join("/oauth2/token")),
        ("userinfo_endpoint", issuer.join("/oauth2/userinfo")),
        ("jwks_uri", issuer.join("/oauth2/jwks")),
        ("end_session_endpoint", issuer.join("/oauth2/logout")),
        ("type", TYPE.to_owned()),
        ("provider", PROVIDER.to_owned()),
    ];
    values.extend(secret.map(|secret| (CLIENT_SECRET, secret.to_owned())));
    values.into_iter().map(|(key, value)| (template.key(key), value)).collect()
}

/// The label by which the owner of a Secret says for which AuthClient it is meant.
pub const CLIENT_LABEL: &str = "auth.nauthera.io/client";
/// How many characters a secret that a client brings has at least: its check is a fast keyed hash.
pub const LEAST_BROUGHT: usize = 32;

/// A Secret that a client brings (`existingSecretRef`), as its carrier finds it.
#[derive(Clone, Copy)]
pub enum Brought<'a> {
    /// It is not there.
    Missing,
    /// Two documents have its name, and differ.
    Twice,
    /// It is there.
    Found {
        /// The value of [`CLIENT_LABEL`].
        label: Option<&'a str>,
        /// The value under [`CLIENT_SECRET`].
        value: Option<&'a [u8]>,
    },
}

/// The plain secret that a client brings.
///
/// # Errors
/// Why there is none: the Secret is missing, is another client's, or has no usable `client_secret`. The client waits with it.
pub fn brought(client: &ObjectRef, name: &str, secret: Brought<'_>) -> Result<String, Box<Finding>> {
    let object = ObjectRef::new(client.namespace.clone(), name);
    let place = Place::field(Kind::AuthClient, client, "existingSecretRef.name");
    let unusable = |what: &str| {
        let finding = Finding::new(Code::SecretUnusable, format!("Secret `{object}` cannot be used: {what}"))
            .at(place.clone(), "named here")
            .note("the client waits until it can");
        Box::new(finding.help(format!(
            "it needs the label {CLIENT_LABEL}: {} and the key {CLIENT_SECRET} with at least {LEAST_BROUGHT} characters",
            client.name
        )))
    };
    let (label, value) = match secret {
        Brought::Missing => {
            // A carrier that looks by the label cannot tell one that lacks it from none.
            let what =
                format!("Secret `{object}` with the label {CLIENT_LABEL}: {} is not there", client.name);
            let missing = Finding::new(Code::SecretMissing, what)
                .at(place, "named here")
                .note("the client waits until it is; no secret is made up")
                .help("add the Secret or its label, or take existingSecretRef away");
            return Err(Box::new(missing));
        }
        Brought::Twice => return Err(unusable("two documents have its name")),
        Brought::Found { label, value } => (label, value),
    };
    if label != Some(&*client.name) {
        return Err(unusable(&format!("its label {CLIENT_LABEL} does not name this client")));
    }
    match value.and_then(|bytes| std::str::from_utf8(bytes).ok()).map(str::trim_end) {
        Some(value) if value.chars().count() >= LEAST_BROUGHT => Ok(value.to_owned()),
        Some(_) => Err(unusable(&format!("{CLIENT_SECRET} has fewer than {LEAST_BROUGHT} characters"))),
        None => Err(unusable(&format!("the key {CLIENT_SECRET} is missing or not text"))),
    }
}

/// What is said of such a fault where the client has brought a secret before: it goes on with that one.
#[must_use]
pub fn goes_on(fault: Finding) -> Finding {
    Finding { notes: vec!["the client goes on with the secret that it brought last".to_owned()], ..fault }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(label: &'a str, value: &'a [u8]) -> Brought<'a> {
        Brought::Found { label: Some(label), value: Some(value) }
    }

    #[test]
    fn a_secret_is_brought_by_its_label_and_its_length() {
        let client = ObjectRef::new("shop", "web");
        let long = [b'x'; 32];
        let code = |secret| brought(&client, "mine", secret).map_err(|finding| finding.code);
        assert_eq!(code(found("web", &long)), Ok("x".repeat(32)));
        assert_eq!(code(Brought::Missing), Err(Code::SecretMissing));
        let short = [b'x'; 31];
        let newline = [short.as_slice(), b"\n"].concat();
        let none = Brought::Found { label: Some("web"), value: None };
        let unlabelled = Brought::Found { label: None, value: Some(&long) };
        for secret in [
            Brought::Twice,
            found("other", &long),
            found("web", &short),
            found("web", &newline),
            found("web", &[0xff; 40]),
            none,
            unlabelled,
        ] {
            assert_eq!(code(secret), Err(Code::SecretUnusable));
        }
    }

    #[test]
    fn keys_are_renamed_where_the_template_says_so() {
        let template = SecretTemplate {
            keys: [("issuer".into(), "OIDC_ISSUER".into())].into_iter().collect(),
            ..SecretTemplate::default()
        };
        assert_eq!(&*template.key("issuer"), "OIDC_ISSUER");
        assert_eq!(&*template.key("client_id"), "client_id");
    }
}
