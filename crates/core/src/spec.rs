//! What the four kinds say, once read: every field judged and typed. `nauthera-api` makes these from manifests; the
//! names follow the manifests' fields.

mod client;
mod policy;
mod server;
mod users;

pub use client::{ClientKeys, ClientSpec, SecretTemplate, TtlRequest};
pub use policy::{Example, MethodRules, PolicySpec, Rotation, RotationRule, Schedule, Selector, TtlCeilings};
pub use server::{
    AllowedNamespaces, Branding, Database, IssuerKeys, IssuerNamespaces, LabelSelector, Requirement,
    RequirementOperator, SecretKey, ServerSpec, ServiceAccountIssuer, SessionSettings, SigningSettings,
};
pub use users::{LdapSpec, StaticUser, UserStoreSpec, hash_bounds};
