//! References from one object to another, by name.

use super::text::{LABEL, NAME, SECRET_KEY};
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// An object of a known kind, here or in another namespace.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ObjectReference {
    /// The object's name.
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME))]
    pub name: String,
    /// The object's namespace. Left out: the namespace of the object that refers to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = LABEL))]
    pub namespace: Option<String>,
}

/// An object of a known kind in the same namespace.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LocalRef {
    /// The object's name, in the namespace of the object that refers to it.
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME))]
    pub name: String,
}

/// One key of a Secret in the same namespace.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyRef {
    /// The Secret's name, in the namespace of the object that refers to it.
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME))]
    pub name: String,
    /// The key in the Secret. Left out: the usual key, which the field that holds this reference names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = SECRET_KEY))]
    pub key: Option<String>,
}

/// The usual key of a CA certificate in a Secret.
pub const CA_KEY: &str = "ca.crt";
/// The usual key of the password of a directory's account.
pub const PASSWORD_KEY: &str = "password";
/// The usual key of a database's address.
pub const DATABASE_URL_KEY: &str = "url";

impl SecretKeyRef {
    /// The key that it means; `usual` where it names none.
    #[must_use]
    pub fn key_or<'a>(&'a self, usual: &'a str) -> &'a str {
        self.key.as_deref().unwrap_or(usual)
    }
}
