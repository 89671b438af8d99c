//! An AuthClient: what an application asks for.

use crate::grant::{AuthMethod, ClientType, GrantSet};
use crate::names::{Audience, ClientId, ObjectRef, Scope};
use crate::time::Seconds;
use crate::uri::{BackChannelUri, RedirectUri};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use url::Url;

/// What an application asks for. Fields are named as in the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSpec {
    /// Shown to people beside the object's name; the object's name when none is written.
    pub display_name: Option<Arc<str>>,
    /// The server to register with.
    pub server: ObjectRef,
    /// What kind of application it is.
    pub client_type: ClientType,
    /// Where authorization responses may go.
    pub redirect_uris: Vec<RedirectUri>,
    /// Where logout may lead.
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// Where it is told that a session has ended.
    pub back_channel_logout_uri: Option<BackChannelUri>,
    /// What it may ask for.
    pub scopes: Vec<Scope>,
    /// Resource indicators (RFC 8707) that it may name.
    pub audiences: Vec<Audience>,
    /// Audiences whose tokens it may introspect.
    pub introspects: Vec<Audience>,
    /// Grants, where the manifest names them; else those of its type.
    pub grant_types: Option<GrantSet>,
    /// The authentication method, where the manifest names one.
    pub method: Option<AuthMethod>,
    /// ServiceAccounts of its namespace, for `kubernetes_service_account`.
    pub service_accounts: Vec<Arc<str>>,
    /// Public keys, for `private_key_jwt`.
    pub keys: Option<ClientKeys>,
    /// Lifetimes it asks for; they may only shorten.
    pub token: TtlRequest,
    /// People outside these groups cannot log in to it; `None` lets everyone, an empty list nobody.
    pub allowed_groups: Option<Vec<Arc<str>>>,
    /// How its Secret looks.
    pub secret: SecretTemplate,
    /// A Secret that it brings itself.
    pub existing_secret: Option<Arc<str>>,
    /// A client id other than the default.
    pub client_id: Option<ClientId>,
}

/// Where the public keys of a client come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum ClientKeys {
    /// A JSON Web Key Set (RFC 7517) written in the manifest, as JSON text.
    Jwks(Arc<str>),
    /// An https address that serves one.
    JwksUri(Url),
}

/// Lifetimes that a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TtlRequest {
    /// Of access tokens.
    pub access: Option<Seconds>,
    /// Of refresh tokens, counted from the login.
    pub refresh: Option<Seconds>,
    /// Of ID tokens.
    pub id: Option<Seconds>,
}

/// What follows the name of an AuthClient in the name of its Secret.
const SECRET_SUFFIX: &str = "-client-secret";

/// How the Secret that is written for a client looks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SecretTemplate {
    /// Its name; `<object>-client-secret` when none is written.
    pub name: Option<Arc<str>>,
    /// Renamed keys: the usual key, then the one to write.
    pub keys: BTreeMap<Arc<str>, Arc<str>>,
    /// Labels to add.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// Annotations to add.
    pub annotations: BTreeMap<Arc<str>, Arc<str>>,
}

impl SecretTemplate {
    /// The name of the Secret of this client.
    #[must_use]
    pub fn name_for(&self, client: &ObjectRef) -> Arc<str> {
        self.name.clone().unwrap_or_else(|| format!("{}{SECRET_SUFFIX}", client.name).into())
    }

    /// What a usual key is called in the Secret.
    #[must_use]
    pub fn key(&self, usual: &str) -> Arc<str> {
        self.keys.get(usual).cloned().unwrap_or_else(|| usual.into())
    }

    /// The name of the AuthClient whose Secret has this name by default.
    #[must_use]
    pub fn default_owner(name: &str) -> Option<&str> {
        name.strip_suffix(SECRET_SUFFIX)
    }
}
