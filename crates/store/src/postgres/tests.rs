//! PostgreSQL under the conformance suite, and what only a server can suffer.

mod backend;
mod copy;
mod faults;
mod limits;
mod load;
mod plans;
mod replicas;
mod schema;
mod subset;
mod tls;

crate::conformance!(backend::Database);
