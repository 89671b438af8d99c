//! An LDAP directory as a UserStore describes it. Accepted and checked; which carrier can serve it is the carrier's to
//! say.

use super::map::ClaimMap;
use super::reference::SecretKeyRef;
use super::text::DurationText;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An LDAP directory.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.startTls) || !self.startTls || self.server.all(s, s.startsWith('ldap://'))")
        .message("startTls is for ldap:// addresses: an ldaps:// address is encrypted from the start, so take one of the two away")
        .field_path(".startTls"),
    validation = (
        "has(self.bindDN) == has(self.bindPasswordSecretRef)",
        "bindDN and bindPasswordSecretRef go together: write both, or neither for an anonymous bind"
    )
)]
pub struct Directory {
    /// The addresses, ldaps://HOST or ldap://HOST, tried in order.
    #[schemars(length(min = 1, max = 8), inner(length(min = 8, max = 512), regex(pattern = "^ldaps?://")))]
    pub server: Vec<String>,
    /// Is the connection of an ldap:// address encrypted before anything is sent?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_tls: Option<bool>,
    /// The Secret with the CA certificates of the directory; its usual key is ca.crt. Left out: public CAs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_secret_ref: Option<SecretKeyRef>,
    /// Who searches, as a distinguished name. Left out: an anonymous bind.
    #[serde(rename = "bindDN", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub bind_dn: Option<String>,
    /// The Secret with the password of bindDN; its usual key is password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bind_password_secret_ref: Option<SecretKeyRef>,
    /// How people are found.
    pub user_search: AccountSearch,
    /// How a person's groups are found. Left out: nobody is in a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_search: Option<GroupSearch>,
    /// Claims, each with the attribute it is read from, such as email: mail.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "ClaimMap")]
    pub attributes: BTreeMap<String, String>,
    /// Connections that are kept open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<DirectoryPool>,
    /// How long the directory is waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<DirectoryTimeouts>,
}

/// How people are found.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AccountSearch {
    /// Where the search starts, as a distinguished name.
    #[serde(rename = "baseDN")]
    #[schemars(length(min = 1, max = 1024))]
    pub base_dn: String,
    /// An LDAP filter that entries must match beside the username, such as (objectClass=person). Left out: any entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 1024))]
    pub filter: Option<String>,
    /// The attribute with the username, such as uid.
    #[schemars(length(min = 1, max = 128))]
    pub username_attribute: String,
}

/// How a person's groups are found.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct GroupSearch {
    /// Where the search starts, as a distinguished name.
    #[serde(rename = "baseDN")]
    #[schemars(length(min = 1, max = 1024))]
    pub base_dn: String,
    /// An LDAP filter that entries must match beside the membership, such as (objectClass=groupOfNames). Left out: any
    /// entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 1024))]
    pub filter: Option<String>,
    /// The attribute with the group's name, such as cn.
    #[schemars(length(min = 1, max = 128))]
    pub name_attribute: String,
}

/// Connections that are kept open.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryPool {
    /// How many connections a replica opens at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub size: Option<i32>,
}

/// How long the directory is waited for.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryTimeouts {
    /// For a connection, such as 2s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect: Option<DurationText>,
    /// For one operation, such as 5s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<DurationText>,
}
