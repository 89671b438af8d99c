//! The house rules: what the repository promises about its own shape.
//!
//! This crate reads the workspace (through `cargo`) and the files of the tree (through `git`) and judges them. It
//! owns the table of rooms and the text rules; how the product behaves is left to the tests of each room. It is
//! never shipped, and a shipped crate may depend on it for its tests alone.

pub mod files;
pub mod graph;
pub mod image;
pub mod papers;
pub mod rooms;
pub mod security;
pub mod text;

/// A result whose error is one sentence for the person who runs the tests.
pub type Outcome<T> = Result<T, String>;

/// Turns a list of findings into a test's result: no finding is a pass, and a failure lists them all.
///
/// # Errors
/// The findings, one a line under `rule`, when there are any.
pub fn verdict(rule: &str, findings: &[String]) -> Outcome<()> {
    if findings.is_empty() {
        return Ok(());
    }
    Err(format!("{rule}\n  {}", findings.join("\n  ")))
}

#[cfg(test)]
mod tests {
    use super::verdict;

    #[test]
    fn no_finding_is_a_pass() {
        assert_eq!(verdict("a rule", &[]), Ok(()));
    }

    #[test]
    fn a_failure_lists_every_finding() {
        let findings = ["first".to_owned(), "second".to_owned()];
        assert_eq!(verdict("a rule", &findings), Err("a rule\n  first\n  second".to_owned()));
    }
}
