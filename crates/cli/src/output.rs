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

use nauthera_api::manifests::Manifests;
use nauthera_core::finding::Finding;
use nauthera_core::report::Report;

/// Everything that is to be told of manifests: what reading them found, what the Report found, and more findings of the
/// caller, each as styled text for [`Ui::say`], by file and place, each once.
pub fn findings(manifests: &Manifests, report: &Report, more: &[Finding]) -> Vec<String> {
    let all = report.findings().chain(more).cloned();
    Cases::of(manifests, all).iter().map(|case| render(manifests, case)).collect()
}

#[cfg(test)]
mod tests;
