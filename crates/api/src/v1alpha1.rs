//! The four kinds of `auth.nauthera.io/v1alpha1` as they are written: one module a kind, its status apart. These types
//! are the source of the CRDs (see [`crate::crds`]); what they mean is read by [`crate::resolve`].
//!
//! Doc sentences of fields are the API's documentation: they end up in the schema and in `kubectl explain`.

mod auth_client;
mod auth_client_status;
mod auth_policy;
mod auth_policy_status;
mod auth_server;
mod auth_server_status;
mod condition;
mod directory;
mod embedded;
mod map;
mod reference;
mod rotation;
mod selector;
mod text;
mod user_store;
mod user_store_status;
mod word;
mod workload;

pub use auth_client::{
    AuthClient, AuthClientSpec, ClientAuthentication, JsonWebKeys, SecretTemplate, TokenRequest,
};
pub use auth_client_status::{AuthClientStatus, Binding, EffectiveSetting, PolicyRef, Violation};
pub use auth_policy::{
    AuthPolicy, AuthPolicySpec, ClientSelector, MethodPolicy, PersonPolicy, PolicyExample, RedirectPolicy,
    TokenCeilings,
};
pub use auth_policy_status::{AuthPolicyStatus, ClientCounts, PolicyServer};
pub use auth_server::{
    AllowedClients, AllowedNamespaces, AuthServer, AuthServerSpec, Branding, FromNamespaces,
    ServiceAccountIssuer, Session, Signing,
};
pub use auth_server_status::{AuthServerStatus, ServerClients, SigningKeyStatus};
pub use directory::{AccountSearch, Directory, DirectoryPool, DirectoryTimeouts, GroupSearch};
pub use map::{MAX_LABELS, MAX_MAP};
pub use reference::{CA_KEY, DATABASE_URL_KEY, LocalRef, ObjectReference, PASSWORD_KEY, SecretKeyRef};
pub use rotation::SecretRotation;
pub use selector::{LabelRequirement, LabelSelector, SelectorOperator};
pub use text::DurationText;
pub use user_store::{PostalAddress, StaticUser, UserStore, UserStoreSpec, UserStoreType};
pub use user_store_status::{UserStoreServer, UserStoreStatus};
pub use workload::{
    CertManager, CertificateIssuer, Database, Expose, ExposeHttpRoute, ExposeIngress, ParentRef, PodTemplate,
    Postgres, Resources, Sqlite, Tls,
};

/// The API group of the four kinds.
pub const GROUP: &str = "auth.nauthera.io";
/// The only version so far.
pub const VERSION: &str = "v1alpha1";
/// `apiVersion` of the four kinds.
pub const API_VERSION: &str = "auth.nauthera.io/v1alpha1";
/// The annotation of an AuthClient whose new value rotates its secret with overlap.
pub const ROTATE_ANNOTATION: &str = "auth.nauthera.io/rotate";
/// The annotation of an AuthClient whose new value rotates its secret and ends the old ones at once.
pub const REVOKE_ANNOTATION: &str = "auth.nauthera.io/revoke";
pub use nauthera_core::binding::CLIENT_LABEL;
