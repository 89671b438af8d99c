//! The whole server through its real service: what clients, browsers and strangers see. Each file is about one part; the provider
//! that they talk to is in `support`.

#[cfg(test)]
mod assertions;
#[cfg(test)]
mod authorize;
#[cfg(test)]
mod authorize_errors;
#[cfg(test)]
mod client_auth;
#[cfg(test)]
mod client_credentials;
#[cfg(test)]
mod code;
#[cfg(test)]
mod discovery;
#[cfg(test)]
mod edge;
#[cfg(test)]
mod par;
#[cfg(test)]
mod person;
#[cfg(test)]
mod refresh;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
