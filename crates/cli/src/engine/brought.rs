//! The secrets of clients that bring their own: found among the manifests, never made up.

use nauthera_api::manifests::Manifests;
use nauthera_core::codes::Code;
use nauthera_core::finding::{Finding, Place};
use nauthera_core::names::{Kind, ObjectRef};

/// The secret that a client brings, as its Secret among the manifests has it.
///
/// # Errors
/// Why there is none: the Secret is missing, is another client's, or has no usable `client_secret`.
pub fn brought(client: &ObjectRef, name: &str, manifests: &Manifests) -> Result<String, Box<Finding>> {
    let object = ObjectRef::new(client.namespace.clone(), name);
    let place = Place::field(Kind::AuthClient, client, "existingSecretRef.name");
    let Some(secret) = manifests.secrets().get(&object) else {
        let missing = Finding::new(Code::SecretMissing, format!("Secret `{object}` is not there"))
            .at(place, "named here")
            .note("the client waits until it is; no secret is made up")
            .help("add the Secret to the folder, or take existingSecretRef away");
        return Err(Box::new(missing));
    };
    let unusable = |what: &str| {
        let finding = Finding::new(Code::SecretUnusable, format!("Secret `{object}` cannot be used: {what}"))
            .at(place.clone(), "named here")
            .note("the client waits until it can");
        Box::new(finding.help(format!(
            "it needs the label auth.nauthera.io/client: {} and the key client_secret with at least 32 characters",
            client.name
        )))
    };
    if secret.stands_twice() {
        return Err(unusable("two documents have its name"));
    }
    if secret.labels().get("auth.nauthera.io/client").is_none_or(|label| **label != *client.name) {
        return Err(unusable("its label auth.nauthera.io/client does not name this client"));
    }
    let value = secret.value("client_secret").and_then(|bytes| std::str::from_utf8(bytes).ok());
    match value.map(str::trim_end) {
        Some(value) if value.chars().count() >= 32 => Ok(value.to_owned()),
        Some(_) => Err(unusable("client_secret has fewer than 32 characters")),
        None => Err(unusable("the key client_secret is missing or not text")),
    }
}
