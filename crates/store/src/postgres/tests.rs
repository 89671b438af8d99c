//! PostgreSQL under the conformance suite, and what only a server can suffer.

mod backend;
mod subset;

crate::conformance!(backend::Database);
