//! AuthClient to `nauthera_core::spec::ClientSpec`.

use super::fault::{At, Fault, Faults};
use super::{jwk, lists};
use crate::v1alpha1::{AuthClientSpec, ClientAuthentication, ObjectReference, SecretTemplate};
use nauthera_core::names::{Audience, ClientId, ObjectRef, Scope};
use nauthera_core::spec;
use nauthera_core::spec::{ClientKeys, ClientSpec, TtlRequest};
use nauthera_core::uri::{BackChannelUri, BadUri, RedirectUri};
use std::sync::Arc;
use url::Url;

/// Reads an AuthClient's spec. `object` names the AuthClient: references without a namespace mean its own.
///
/// # Errors
/// Every [`Fault`] of the spec, in the order of its fields.
pub fn client(object: &ObjectRef, written: &AuthClientSpec) -> Result<ClientSpec, Vec<Fault>> {
    let mut faults = Faults::default();
    let spec = At::Root.field("spec");
    let server = reference(object, written.auth_server_ref.as_ref());
    if server.is_none() {
        faults.add(&spec, "authServerRef is missing; name the AuthServer to register with");
    }
    let read = server.map(|server| client_at(&mut faults, &spec, server, written));
    faults.done(read)
}

/// Reads a client that stands anywhere in an object, as the examples of a policy do.
pub(crate) fn client_at(
    faults: &mut Faults,
    at: &At<'_>,
    server: ObjectRef,
    written: &AuthClientSpec,
) -> ClientSpec {
    let client_type = written.client_type;
    let authentication = written.authentication.as_ref();
    let token = at.field("token");
    let ttl = written.token.as_ref();
    let fields = at.field("authentication");
    if let Some(grants) = &written.grant_types {
        lists::once(faults, &at.field("grantTypes"), grants);
    }
    ClientSpec {
        display_name: lists::text(faults, &at.field("displayName"), written.display_name.as_ref()),
        server,
        client_type,
        redirect_uris: uris(
            faults,
            &at.field("redirectUris"),
            "redirect URI",
            &written.redirect_uris,
            |text| RedirectUri::parse(text, client_type),
        ),
        post_logout_redirect_uris: uris(
            faults,
            &at.field("postLogoutRedirectUris"),
            "post-logout redirect URI",
            &written.post_logout_redirect_uris,
            |text| RedirectUri::parse_post_logout(text, client_type),
        ),
        back_channel_logout_uri: written
            .back_channel_logout_uri
            .as_deref()
            .and_then(|text| faults.take(&at.field("backChannelLogoutUri"), back_channel(text))),
        scopes: lists::each(faults, &at.field("scopes"), &written.scopes, Scope::parse),
        audiences: lists::each(faults, &at.field("audiences"), &written.audiences, Audience::parse),
        introspects: lists::each(faults, &at.field("introspects"), &written.introspects, Audience::parse),
        grant_types: written.grant_types.as_ref().map(|grants| grants.iter().copied().collect()),
        method: authentication.and_then(|a| a.method),
        service_accounts: authentication
            .map(|a| lists::plain(faults, &fields.field("serviceAccounts"), &a.service_accounts))
            .unwrap_or_default(),
        keys: authentication.and_then(|a| keys(faults, &fields, a)),
        token: TtlRequest {
            access: faults
                .lifetime(&token.field("accessTokenTTL"), ttl.and_then(|t| t.access_token_ttl.as_ref())),
            refresh: faults
                .lifetime(&token.field("refreshTokenTTL"), ttl.and_then(|t| t.refresh_token_ttl.as_ref())),
            id: faults.lifetime(&token.field("idTokenTTL"), ttl.and_then(|t| t.id_token_ttl.as_ref())),
        },
        allowed_groups: lists::optional(
            faults,
            &at.field("allowedGroups"),
            written.allowed_groups.as_deref(),
        ),
        secret: written.secret.as_ref().map(secret).unwrap_or_default(),
        existing_secret: written.existing_secret_ref.as_ref().map(|reference| reference.name.as_str().into()),
        client_id: written
            .client_id
            .as_ref()
            .and_then(|id| faults.take(&at.field("clientId"), ClientId::custom(id))),
    }
}

/// The object that is meant; its namespace is the referring object's own when none is written.
pub(crate) fn reference(object: &ObjectRef, written: Option<&ObjectReference>) -> Option<ObjectRef> {
    let written = written?;
    let namespace = written.namespace.as_deref().map_or_else(|| object.namespace.clone(), Arc::from);
    Some(ObjectRef::new(namespace, written.name.as_str()))
}

fn uris(
    faults: &mut Faults,
    at: &At<'_>,
    what: &str,
    texts: &[String],
    parse: impl Fn(&str) -> Result<RedirectUri, BadUri>,
) -> Vec<RedirectUri> {
    lists::each(faults, at, texts, |text| {
        parse(text).map_err(|error| format!("`{}` cannot be a {what}: {error}", lists::cut(text)))
    })
}

fn back_channel(text: &str) -> Result<BackChannelUri, String> {
    BackChannelUri::parse(text)
        .map_err(|error| format!("`{}` cannot be a back-channel logout URI: {error}", lists::cut(text)))
}

fn keys(faults: &mut Faults, at: &At<'_>, written: &ClientAuthentication) -> Option<ClientKeys> {
    match (&written.jwks, &written.jwks_uri) {
        (None, None) => None,
        (Some(set), None) => {
            jwk::key_set(faults, &at.field("jwks").field("keys"), &set.keys).map(ClientKeys::Jwks)
        }
        (None, Some(text)) => {
            faults.take(&at.field("jwksUri"), https(text, "jwksUri")).map(ClientKeys::JwksUri)
        }
        (Some(_), Some(_)) => {
            faults.add(at, "the client's public keys come from one place: write either jwks or jwksUri");
            None
        }
    }
}

/// An https address that the server, or a browser, will fetch from.
pub(crate) fn https(text: &str, what: &str) -> Result<Url, String> {
    let bad = |why: &str| format!("`{}` cannot be a {what}: {why}", lists::cut(text));
    let url = Url::parse(text)
        .map_err(|_| bad("it is not an absolute URI; write it in full, beginning with https://"))?;
    match () {
        () if url.scheme() != "https" => Err(bad("use https")),
        () if !url.username().is_empty() || url.password().is_some() => {
            Err(bad("it has a user name or password; take away everything before `@`"))
        }
        () if url.fragment().is_some() => Err(bad("it has a fragment; take away everything from `#` on")),
        () => Ok(url),
    }
}

fn secret(written: &SecretTemplate) -> spec::SecretTemplate {
    spec::SecretTemplate {
        name: written.name.as_deref().map(Arc::from),
        keys: lists::map(&written.keys),
        labels: lists::map(&written.labels),
        annotations: lists::map(&written.annotations),
    }
}
