//! The secrets of clients that bring their own: found among the manifests, never made up.

use nauthera_api::manifests::Manifests;
use nauthera_core::binding::{self, Brought, CLIENT_LABEL, CLIENT_SECRET};
use nauthera_core::finding::Finding;
use nauthera_core::names::ObjectRef;

/// The secret that a client brings, as its Secret among the manifests has it.
///
/// # Errors
/// Why there is none: the Secret is missing, is another client's, or has no usable `client_secret`.
pub fn brought(client: &ObjectRef, name: &str, manifests: &Manifests) -> Result<String, Box<Finding>> {
    let secret = manifests.secrets().get(&ObjectRef::new(client.namespace.clone(), name));
    let secret = match secret {
        None => Brought::Missing,
        Some(secret) if secret.stands_twice() => Brought::Twice,
        Some(secret) => Brought::Found {
            label: secret.labels().get(CLIENT_LABEL).map(|label| &**label),
            value: secret.value(CLIENT_SECRET),
        },
    };
    binding::brought(client, name, secret)
}
