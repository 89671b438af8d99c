//! One file an endpoint. Each reads its request, asks `core` what may happen, lets the store take the one step that must be
//! atomic, and answers.

pub mod account;
pub mod authorize;
pub mod consent;
pub mod device;
pub mod device_page;
pub mod discovery;
pub mod flow;
pub mod introspect;
pub mod jwks;
pub mod known;
pub mod login;
pub mod logout;
pub mod par;
pub mod revoke;
pub mod session;
pub mod statics;
pub mod token;
pub mod userinfo;
