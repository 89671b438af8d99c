//! The protocol's decisions: what a request asks, whether it may, and what follows. Pure: facts, time and results of
//! signature checks come in as arguments; `nauthera-server` fetches them and carries out what is decided here.

pub mod assertion;
pub mod authorize;
pub mod back_channel;
pub mod claims;
pub mod client_auth;
pub mod device;
pub mod error;
#[cfg(test)]
mod fixtures;
pub mod interaction;
pub mod introspect;
pub mod keyring;
pub mod logout;
pub mod params;
pub mod pkce;
pub mod scope;
pub mod token;

pub use error::{ErrorCode, OAuthError};
pub use params::Params;
