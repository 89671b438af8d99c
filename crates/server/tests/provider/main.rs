//! The whole server through its real service: what clients, browsers and strangers see. Each file is about one part; the provider
//! that they talk to is in `support`.

#[cfg(test)]
mod discovery;
#[cfg(test)]
mod edge;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
