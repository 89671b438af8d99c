//! SQLite under the conformance suite, and what only a file can suffer.

mod backend;
mod faults;
mod files;
mod groups;
mod kill;
mod plans;
mod schema;

crate::conformance!(backend::File);
