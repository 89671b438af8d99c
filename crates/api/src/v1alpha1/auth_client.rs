//! AuthClient: what an application needs, said by its developers. What it gets after policy is core's to say; what was
//! made of it stands in the status.

use super::auth_client_status::AuthClientStatus;
use super::map::{AnnotationMap, KeyMap, LabelMap, qualified_keys};
use super::reference::{LocalRef, ObjectReference};
use super::text::{DurationText, NAME};
use super::word::Word;
use kube::{CustomResource, KubeSchema};
use nauthera_core::grant::{AuthMethod, ClientType, GrantType};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What an application asks for.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "auth.nauthera.io",
    version = "v1alpha1",
    kind = "AuthClient",
    namespaced,
    category = "nauthera",
    status = "AuthClientStatus",
    derive = "PartialEq",
    doc = "An application that logs people in, or that calls others as itself. Its developers own it.",
    validation = ("self.metadata.name.size() <= 63", "the name of an AuthClient has at most 63 characters; choose a shorter one"),
    printcolumn = r#"{"name": "Server", "type": "string", "jsonPath": ".spec.authServerRef.name", "description": "The AuthServer it registers with."}"#,
    printcolumn = r#"{"name": "Type", "type": "string", "jsonPath": ".spec.type", "description": "What kind of application it is."}"#,
    printcolumn = r#"{"name": "Client ID", "type": "string", "jsonPath": ".status.clientId", "description": "The client id it is served with."}"#,
    printcolumn = r#"{"name": "Compliant", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Compliant\")].status", "description": "Is nothing of it beyond policy?"}"#,
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status", "description": "Is it served as its spec and policies say?"}"#,
    printcolumn = r#"{"name": "Reason", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason", "description": "Why it is ready or not."}"#,
    printcolumn = r#"{"name": "Policies", "type": "string", "jsonPath": ".status.policyNames", "description": "The policies that govern it.", "priority": 1}"#,
    printcolumn = r#"{"name": "Next rotation", "type": "string", "jsonPath": ".status.nextRotationTime", "description": "When its secret rotates next.", "priority": 1}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
#[x_kube(
    validation = (
        "!(self.type in ['web', 'browser', 'native']) || (has(self.redirectUris) && self.redirectUris.size() > 0)",
        "clients of type web, browser and native need redirectUris: list each address that a login may return to"
    ),
    validation = Rule::new("!(self.type in ['service', 'device']) || !has(self.redirectUris) || self.redirectUris.size() == 0")
        .message("clients of type service and device have no redirectUris: take them away, or choose another type")
        .field_path(".redirectUris"),
    validation = Rule::new(
        "!(self.type in ['service', 'device']) || !has(self.postLogoutRedirectUris) || self.postLogoutRedirectUris.size() == 0"
    )
        .message("clients of type service and device have no postLogoutRedirectUris: take them away, or choose another type")
        .field_path(".postLogoutRedirectUris"),
    validation = Rule::new("!(self.type in ['service', 'device']) || !has(self.backChannelLogoutUri)")
        .message("clients of type service and device take part in no browser session: take backChannelLogoutUri away, or choose another type")
        .field_path(".backChannelLogoutUri"),
    validation = Rule::new(concat!(
        "!has(self.grantTypes) || self.grantTypes.all(g, g in (",
        "self.type == 'web' ? ['authorization_code', 'refresh_token', 'client_credentials'] : ",
        "self.type == 'device' ? ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'] : ",
        "self.type == 'service' ? ['client_credentials'] : ['authorization_code', 'refresh_token']))"
    ))
        .message("a grant type is not possible for this type: web takes authorization_code, refresh_token and client_credentials; browser and native take authorization_code and refresh_token; device takes urn:ietf:params:oauth:grant-type:device_code and refresh_token; service takes client_credentials")
        .field_path(".grantTypes"),
    validation = Rule::new(concat!(
        "!(self.type in ['browser', 'native', 'device']) || !has(self.authentication) || ",
        "!has(self.authentication.method) || self.authentication.method == 'none'"
    ))
        .message("clients of type browser, native and device cannot keep a secret: write none, or leave authentication.method out")
        .field_path(".authentication.method"),
    validation = Rule::new(concat!(
        "!(self.type in ['web', 'service']) || !has(self.authentication) || ",
        "!has(self.authentication.method) || self.authentication.method != 'none'"
    ))
        .message("clients of type web and service authenticate: write client_secret_basic, client_secret_post, private_key_jwt or kubernetes_service_account, or leave authentication.method out")
        .field_path(".authentication.method"),
    validation = Rule::new(concat!(
        "!has(self.existingSecretRef) || (self.type in ['web', 'service'] && (!has(self.authentication) || ",
        "!has(self.authentication.method) || self.authentication.method in ['client_secret_basic', 'client_secret_post']))"
    ))
        .message("existingSecretRef is for clients with a secret: use it with type web or service and the method client_secret_basic or client_secret_post, or take it away")
        .field_path(".existingSecretRef"),
    validation = Rule::new("!has(self.introspects) || self.introspects.size() == 0 || self.type in ['web', 'service']")
        .message("only clients of type web and service may introspect tokens: take introspects away, or choose another type")
        .field_path(".introspects")
)]
#[serde(rename_all = "camelCase")]
pub struct AuthClientSpec {
    /// The name that people see on consent and account pages, always beside namespace and redirect host. Left out: the
    /// object's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub display_name: Option<String>,
    /// The AuthServer to register with. A client that moves to another server gets a new secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub auth_server_ref: Option<ObjectReference>,
    /// What kind of application it is: web (confidential, server side), browser (public, single page), native (public,
    /// desktop, mobile or command line), device (public, no browser) or service (no user).
    #[serde(rename = "type", default = "web")]
    #[schemars(with = "Word<ClientType>")]
    pub client_type: ClientType,
    /// The addresses that a login may return to, compared as exact strings. Required for web, browser and native,
    /// forbidden for service and device. Use https; http only for loopback addresses and localhost; native clients also
    /// a scheme with a dot, such as com.example.app:/callback. Written as a browser would write them, and without the
    /// parameters of an answer (code, state, error, iss) in the query.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 2048)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub redirect_uris: Vec<String>,
    /// The addresses that a logout may lead to, compared as exact strings. The rules of redirectUris hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 2048)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub post_logout_redirect_uris: Vec<String>,
    /// Where the server tells the application that a session has ended, by a logout token (OpenID Connect Back-Channel Logout 1.0),
    /// and again until it answers with 200 or 204, for a day at most. https on a public address, or a Service of the client's own
    /// namespace such as https://web.shop.svc/logout; http only for loopback addresses and localhost, which a server calls
    /// only where it was started with --allow-private-fetch. No policy judges it. Only for web, browser and native.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    #[x_kube(validation = (
        "self.matches('^(https://.|http://(localhost|127[.][0-9.]+|\\\\[::1\\\\])([:/?]|$))')",
        "backChannelLogoutUri is an https address; http is only for loopback addresses and localhost"
    ))]
    pub back_channel_logout_uri: Option<String>,
    /// The scopes that the application may ask for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 128)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub scopes: Vec<String>,
    /// The resource indicators (RFC 8707) that it may name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 512)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub audiences: Vec<String>,
    /// The audiences whose tokens it may introspect, being their resource server. Without it only its own tokens. Only
    /// for the types web and service.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 512)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub introspects: Vec<String>,
    /// The grants that it uses. Left out: authorization_code and refresh_token for web, browser and native; the device
    /// code and refresh_token for device; client_credentials for service.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<Word<GrantType>>>", length(max = 4))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub grant_types: Option<Vec<GrantType>>,
    /// How it authenticates at the token endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authentication: Option<ClientAuthentication>,
    /// Lifetimes that it asks for. They may only shorten what its policies allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenRequest>,
    /// The groups whose people may log in to it. Left out: everyone. An empty list: nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 256)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allowed_groups: Option<Vec<String>>,
    /// How the Secret looks that is written for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretTemplate>,
    /// A Secret that it brings itself, with the key client_secret of at least 32 characters and the label
    /// auth.nauthera.io/client with the AuthClient's name. A changed value is a rotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing_secret_ref: Option<LocalRef>,
    /// A client id of its own choice, served only where every policy allows that. Left out: namespace and name, joined
    /// by a dot.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128), regex(pattern = "^[A-Za-z0-9._~-]+$"))]
    pub client_id: Option<String>,
}

fn web() -> ClientType {
    ClientType::Web
}

/// How a client authenticates.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = (
        "!has(self.method) || self.method != 'private_key_jwt' || has(self.jwks) != has(self.jwksUri)",
        "private_key_jwt needs the client's public keys: write either jwks or jwksUri"
    ),
    validation = (
        "!(has(self.jwks) && has(self.jwksUri)) || (has(self.method) && self.method == 'private_key_jwt')",
        "the client's public keys come from one place: write either jwks or jwksUri"
    ),
    validation = (
        "!has(self.method) || self.method == 'private_key_jwt' || (!has(self.jwks) && !has(self.jwksUri))",
        "jwks and jwksUri are for the method private_key_jwt: write that method, or take the keys away"
    ),
    validation = (
        "!has(self.method) || self.method != 'kubernetes_service_account' || (has(self.serviceAccounts) && self.serviceAccounts.size() > 0)",
        "kubernetes_service_account needs serviceAccounts: list the ServiceAccounts of this namespace that the application runs as"
    ),
    validation = (
        "!has(self.method) || self.method == 'kubernetes_service_account' || !has(self.serviceAccounts) || self.serviceAccounts.size() == 0",
        "serviceAccounts are for the method kubernetes_service_account: write that method, or take them away"
    )
)]
pub struct ClientAuthentication {
    /// The method. Left out: the one that policy gives, which for public types is always none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Word<AuthMethod>>")]
    pub method: Option<AuthMethod>,
    /// For kubernetes_service_account: the names of ServiceAccounts in this namespace whose tokens are the client's. Then
    /// no secret exists at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(min = 1, max = 253), regex(pattern = NAME)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub service_accounts: Vec<String>,
    /// For private_key_jwt: the client's public keys (a JSON Web Key Set, RFC 7517) for RS256, PS256, ES256 or EdDSA.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<JsonWebKeys>,
    /// For private_key_jwt: where the client serves its public keys. https on a public address, or a Service of the client's
    /// own namespace such as https://keys.shop.svc/jwks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub jwks_uri: Option<String>,
}

/// A JSON Web Key Set of public keys.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct JsonWebKeys {
    /// Public keys (RFC 7517), RSA of at least 2048 bits, EC or OKP. Never private ones.
    #[schemars(with = "Vec<JsonWebKey>", length(min = 1, max = 10))]
    pub keys: Vec<Map<String, Value>>,
}

/// The schema of one key: its members depend on its type, so they are judged when it is read.
struct JsonWebKey;

impl JsonSchema for JsonWebKey {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "JsonWebKey".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "description": "One public key.",
            "type": "object",
            "maxProperties": 20,
            "x-kubernetes-preserve-unknown-fields": true,
        })
    }
}

/// Lifetimes that a client asks for.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TokenRequest {
    /// How long access tokens live, such as 5m. Left out: as long as policy allows.
    #[serde(rename = "accessTokenTTL", skip_serializing_if = "Option::is_none")]
    pub access_token_ttl: Option<DurationText>,
    /// How long refresh tokens live, counted from the login, such as 12h. Left out: as long as policy allows.
    #[serde(rename = "refreshTokenTTL", skip_serializing_if = "Option::is_none")]
    pub refresh_token_ttl: Option<DurationText>,
    /// How long ID tokens live, such as 5m. Left out: as long as policy allows.
    #[serde(rename = "idTokenTTL", skip_serializing_if = "Option::is_none")]
    pub id_token_ttl: Option<DurationText>,
}

/// How the Secret looks that is written for a client.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SecretTemplate {
    /// The Secret's name; no other AuthClient of the namespace has one of this name. Left out: the AuthClient's name and
    /// -client-secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME))]
    pub name: Option<String>,
    /// Other names for keys: the usual key, then the one to write, such as client_id: OIDC_CLIENT_ID.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "KeyMap")]
    #[x_kube(
        validation = (
            "self.all(k, k in ['client_id', 'client_secret', 'issuer', 'discovery_url', 'authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri', 'end_session_endpoint', 'type', 'provider'])",
            "only the Secret's own keys can be renamed: client_id, client_secret, issuer, discovery_url, authorization_endpoint, token_endpoint, userinfo_endpoint, jwks_uri, end_session_endpoint, type and provider"
        ),
        validation = (
            "self.all(a, self.all(b, a == b || self[a] != self[b]))",
            "two keys of the Secret would get one name: give each renamed key a name of its own"
        ),
        validation = (
            "self.all(a, self[a] in self || !(self[a] in ['client_id', 'client_secret', 'issuer', 'discovery_url', 'authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri', 'end_session_endpoint', 'type', 'provider']))",
            "a renamed key would take the name of another key of the Secret: rename that one as well, or choose another name"
        )
    )]
    pub keys: BTreeMap<String, String>,
    /// Labels to add to the Secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "LabelMap")]
    #[x_kube(
        validation = (
            "self.all(k, !k.matches('^([^/]*[.])?(auth[.]nauthera[.]io|kubernetes[.]io|k8s[.]io|argocd[.]argoproj[.]io|toolkit[.]fluxcd[.]io)/'))",
            "labels under auth.nauthera.io, kubernetes.io, k8s.io, argocd.argoproj.io and toolkit.fluxcd.io belong to others: take them away"
        ),
        validation = (qualified_keys!(), qualified_keys!("labels"))
    )]
    pub labels: BTreeMap<String, String>,
    /// Annotations to add to the Secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "AnnotationMap")]
    #[x_kube(
        validation = (
            "self.all(k, !k.matches('^([^/]*[.])?(auth[.]nauthera[.]io|kubernetes[.]io|k8s[.]io|argocd[.]argoproj[.]io|toolkit[.]fluxcd[.]io)/'))",
            "annotations under auth.nauthera.io, kubernetes.io, k8s.io, argocd.argoproj.io and toolkit.fluxcd.io belong to others: take them away"
        ),
        validation = (qualified_keys!(), qualified_keys!("annotations"))
    )]
    pub annotations: BTreeMap<String, String>,
}
