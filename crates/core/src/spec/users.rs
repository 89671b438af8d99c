//! A UserStore: who the people are.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bounds on the Argon2id hashes that manifests bring: a hash is somebody's input, and its cost is the server's.
pub mod hash_bounds {
    use std::ops::RangeInclusive;

    /// Memory in KiB.
    pub const MEMORY: RangeInclusive<u32> = 7_168..=65_536;
    /// Passes.
    pub const PASSES: RangeInclusive<u32> = 1..=10;
    /// Lanes.
    pub const LANES: RangeInclusive<u32> = 1..=8;
    /// Bytes of salt.
    pub const SALT: RangeInclusive<usize> = 8..=48;
    /// Bytes of output.
    pub const OUTPUT: RangeInclusive<usize> = 16..=64;
}

/// Who the people are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum UserStoreSpec {
    /// Written in the manifest.
    Static(Vec<StaticUser>),
    /// In a directory.
    Ldap(LdapSpec),
}

/// A person written in the manifest.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StaticUser {
    /// What the person types; never reassigned to someone else.
    pub username: Arc<str>,
    /// An Argon2id hash in PHC format.
    pub password_hash: Arc<str>,
    /// The groups the person is in.
    pub groups: Vec<Arc<str>>,
    /// OIDC standard claims other than `sub` (Core 5.1), as JSON text: a string, a boolean, or the `address` object.
    pub claims: BTreeMap<Arc<str>, Arc<str>>,
}

impl std::fmt::Debug for StaticUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StaticUser").field("username", &self.username).finish_non_exhaustive()
    }
}

/// A directory. Accepted and checked; which carrier can serve it is the carrier's to say.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LdapSpec {
    /// Addresses, `ldap://` or `ldaps://`.
    pub servers: Vec<Arc<str>>,
}
