//! How people and machines are told: diagnostics as a good compiler writes them, the same as JSON, SARIF and JUnit, and the
//! summary of what is served. It judges nothing; what stands in manifests never reaches a terminal raw.

mod cases;
mod excerpt;
mod human;
pub mod json;
pub mod junit;
mod plain;
pub mod sarif;
mod summary;
mod ui;

pub use cases::{Case, Cases, Weight};
pub use human::render;
pub use plain::{count, visible, wrapped};
pub use summary::{gets, headline, summary};
pub use ui::Ui;

#[cfg(test)]
mod tests;
