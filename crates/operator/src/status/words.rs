//! Findings as one line of text, the same in conditions, Events and admission answers: what `check` prints, without the places.

use nauthera_core::finding::{Finding, Severity};
use nauthera_core::names::ObjectRef;

/// The finding in one line: its message, what follows, and who can change what.
#[must_use]
pub fn sentence(finding: &Finding) -> String {
    let parts = [finding.message.as_str()].into_iter();
    let parts = parts.chain(finding.notes.iter().map(String::as_str)).chain(finding.help.as_deref());
    parts.collect::<Vec<_>>().join("; ")
}

/// The finding in one line with its code first.
#[must_use]
pub fn line(finding: &Finding) -> String {
    format!("{} {}", finding.code, sentence(finding))
}

/// What is wrong with a manifest, as one message: the first error with its place, and how many more there are.
pub(super) fn manifest_faults(findings: &[Finding]) -> Option<(&'static str, String)> {
    let errors: Vec<&Finding> =
        findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
    let (first, more) = errors.split_first()?;
    let place = first.labels.first().map(|label| label.place.path()).filter(|path| !path.is_empty());
    let place = place.map(|path| format!("{path}: ")).unwrap_or_default();
    let more = match more.len() {
        0 => String::new(),
        1 => "; and one more fault".to_owned(),
        more => format!("; and {more} more faults"),
    };
    Some((first.code.reason(), format!("{} {place}{}{more}", first.code, sentence(first))))
}

/// Objects by name, with commas between.
#[must_use]
pub fn names(objects: &[ObjectRef]) -> String {
    objects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// `3 things`, `1 thing`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
