//! A relying party that nobody here wrote, the crate `openidconnect`, against a running `nauthera up`.
//!
//! It owns what the tests share: the process, a person with a cookie jar, the client as an application sets it up. What is
//! proved stands in `tests/`.

pub mod http;
pub mod person;
pub mod relying_party;
pub mod server;
