//! The targets, a file each. Those that judge by themselves stand first; those that ask a provider follow.

mod assertions;
mod authorize;
mod basic_auth;
mod cookies;
mod database_url;
mod forwarded;
mod jwks;
mod manifests;
mod names;
mod par;
mod params;
mod requests;
mod schema;
mod shards;
mod snapshot;
mod token;
mod tokens;
mod uris;
mod yaml;

use crate::Target;

/// Every target.
pub const ALL: &[Target] = &[
    yaml::TARGET,
    manifests::TARGET,
    schema::TARGET,
    snapshot::TARGET,
    shards::TARGET,
    uris::TARGET,
    names::TARGET,
    params::TARGET,
    basic_auth::TARGET,
    cookies::TARGET,
    database_url::TARGET,
    forwarded::TARGET,
    jwks::TARGET,
    assertions::TARGET,
    tokens::TARGET,
    authorize::TARGET,
    par::TARGET,
    token::TARGET,
    requests::TARGET,
];
