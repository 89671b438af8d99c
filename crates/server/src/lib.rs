//! HTTP in, HTTP out: the OpenID provider's endpoints and pages over one Snapshot, one store and one set of keys. Rules
//! are `nauthera-core`'s; this crate fetches the facts they ask for, carries out what they decide, and answers.

pub mod admin;
pub mod app;
pub mod assertion;
pub mod audit;
pub mod authn;
pub mod console;
pub mod endpoints;
pub mod fetch;
pub mod grants;
pub mod http;
pub mod keys;
pub mod limits;
pub mod listen;
pub mod logouts;
pub mod metered;
pub mod metrics;
pub mod pages;
pub mod secrets;
mod service_account;
pub mod serving;
pub mod spans;
pub mod tokens;
