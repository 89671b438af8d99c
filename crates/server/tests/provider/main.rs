//! The whole server through its real service: what clients, browsers and strangers see. Each file is about one part; the provider
//! that they talk to is in `support`.

#[cfg(test)]
mod assertions;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod audit_events;
#[cfg(test)]
mod authorize;
#[cfg(test)]
mod authorize_errors;
#[cfg(test)]
mod back_channel;
#[cfg(test)]
mod client_auth;
#[cfg(test)]
mod client_credentials;
#[cfg(test)]
mod code;
#[cfg(test)]
mod database;
#[cfg(test)]
mod device;
#[cfg(test)]
mod discovery;
#[cfg(test)]
mod edge;
#[cfg(test)]
mod families;
#[cfg(test)]
mod forwarded;
#[cfg(test)]
mod jwks_uri;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod limits_shared;
#[cfg(test)]
mod listener;
#[cfg(test)]
mod listener_http2;
#[cfg(test)]
mod listener_stop;
#[cfg(test)]
mod listener_tls;
#[cfg(test)]
mod login;
#[cfg(test)]
mod logout;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod metered;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod par;
#[cfg(test)]
mod person;
#[cfg(test)]
mod races;
#[cfg(test)]
mod random;
#[cfg(test)]
mod refresh;
#[cfg(test)]
mod replicas;
#[cfg(test)]
mod service_accounts;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod shared_keys;
#[cfg(test)]
mod storm;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod tokens;
