//! Fuzz targets: for each parser of what comes from outside a function that takes any bytes and says whether a property held.
//!
//! Two runners share them. `cargo test` replays the seeds in `corpus/` and all that was ever found in `regressions/`, then tries
//! a fixed number of inputs bent from them, always the same ones ([`short`]). `make fuzz` builds the same functions with
//! coverage counters and lets libFuzzer search for as long as it is told. The rules themselves are the rooms': a target calls
//! what the server calls, or the real service itself, and asks a second opinion that shares no code with it.

pub mod bend;
pub mod files;
pub mod provider;
pub mod short;
pub mod shot;
#[expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::new_without_default,
    reason = "a test's support: what breaks a rule here is a finding, and a panic is how it is told"
)]
pub mod support;
pub mod targets;

/// Whether the property of a target held for an input; the error says which did not.
pub type Verdict = anyhow::Result<()>;

/// A parser under attack.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: also that of its folder of seeds, its folder of regressions and its dictionary.
    pub name: &'static str,
    /// Judges one input.
    pub check: fn(&[u8]) -> Verdict,
    /// The longest input that is worth trying, in bytes.
    pub longest: usize,
    /// How many bent inputs the short run tries.
    pub rounds: usize,
}

impl Target {
    /// The target of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        targets::ALL.iter().find(|target| target.name == name)
    }
}
