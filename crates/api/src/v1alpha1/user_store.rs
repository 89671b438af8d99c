//! UserStore: who the people are, said by the platform team.

use super::directory::Directory;
use super::user_store_status::UserStoreStatus;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who the people are.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "auth.nauthera.io",
    version = "v1alpha1",
    kind = "UserStore",
    namespaced,
    category = "nauthera",
    status = "UserStoreStatus",
    derive = "PartialEq",
    doc = "Who the people are that log in: written here, or in a directory. The platform team owns it.",
    printcolumn = r#"{"name": "Type", "type": "string", "jsonPath": ".spec.type", "description": "Where the people are."}"#,
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status", "description": "Is it valid, and reachable from every server that uses it?"}"#,
    printcolumn = r#"{"name": "Reason", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason", "description": "Why it is ready or not."}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
#[x_kube(
    validation = ("self.type != 'static' || has(self.users)", "a UserStore of type static needs users: list the people, or choose type ldap"),
    validation = Rule::new("self.type == 'static' || !has(self.users)")
        .message("users are for type static: take them away, or choose that type")
        .field_path(".users"),
    validation = ("self.type != 'ldap' || has(self.ldap)", "a UserStore of type ldap needs ldap: say where the directory is, or choose type static"),
    validation = Rule::new("self.type == 'ldap' || !has(self.ldap)")
        .message("ldap is for type ldap: take it away, or choose that type")
        .field_path(".ldap")
)]
#[serde(rename_all = "camelCase")]
pub struct UserStoreSpec {
    /// Where the people are: static (written in users, for demos and break-glass) or ldap (in a directory).
    #[serde(rename = "type")]
    pub store_type: UserStoreType,
    /// The people, for type static.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["username".into()]))]
    pub users: Option<Vec<StaticUser>>,
    /// The directory, for type ldap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ldap: Option<Directory>,
}

/// Where people are.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum UserStoreType {
    /// Written in the manifest.
    Static,
    /// In a directory.
    Ldap,
}

/// A person written in the manifest, with the standard claims of OpenID Connect Core 5.1.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct StaticUser {
    /// What the person types to log in, never reassigned to someone else. Letters of either case are one.
    #[schemars(length(min = 1, max = 128))]
    pub username: String,
    /// The Argon2id hash of the password in PHC format, as nauthera hash-password prints it.
    #[schemars(length(min = 20, max = 512))]
    pub password_hash: String,
    /// The groups the person is in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200), inner(length(min = 1, max = 256)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub groups: Vec<String>,
    /// The e-mail address (claim email).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 254))]
    pub email: Option<String>,
    /// Is the e-mail address known to be the person's (claim email_verified)?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// The full name (claim name).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub name: Option<String>,
    /// The given name (claim given_name).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub given_name: Option<String>,
    /// The family name (claim family_name).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub family_name: Option<String>,
    /// The middle name (claim middle_name).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub middle_name: Option<String>,
    /// The nickname (claim nickname).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub nickname: Option<String>,
    /// What the person wants to be called in applications (claim preferred_username). Left out: the username.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub preferred_username: Option<String>,
    /// The address of the person's page (claim profile), an http or https address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 8, max = 2048))]
    pub profile: Option<String>,
    /// The address of a picture of the person (claim picture), an http or https address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 8, max = 2048))]
    pub picture: Option<String>,
    /// The address of the person's own site (claim website), an http or https address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 8, max = 2048))]
    pub website: Option<String>,
    /// The gender (claim gender).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub gender: Option<String>,
    /// The birthday (claim birthdate): YYYY-MM-DD, YYYY, or 0000-MM-DD without the year. In quotes, since YAML takes it for
    /// a date or a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 4, max = 10))]
    pub birthdate: Option<String>,
    /// The time zone (claim zoneinfo), such as Europe/Berlin.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub zoneinfo: Option<String>,
    /// The language (claim locale), such as de-AT.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 35))]
    pub locale: Option<String>,
    /// The telephone number (claim phone_number), such as +49 30 123456.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub phone_number: Option<String>,
    /// Is the telephone number known to be the person's (claim phone_number_verified)?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number_verified: Option<bool>,
    /// The postal address (claim address).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<PostalAddress>,
    /// When these facts last changed (claim updated_at), in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub updated_at: Option<i64>,
}

/// A postal address (OpenID Connect Core 5.1.1).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PostalAddress {
    /// The whole address as on an envelope, with line breaks (member formatted).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub formatted: Option<String>,
    /// Street, house number and what else is needed there (member street_address).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub street_address: Option<String>,
    /// The town (member locality).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub locality: Option<String>,
    /// The state or province (member region).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub region: Option<String>,
    /// The postal code (member postal_code).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub postal_code: Option<String>,
    /// The country (member country).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub country: Option<String>,
}
