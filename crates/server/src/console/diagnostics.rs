//! What the terminal prints, in full: each finding with its manifests quoted.

use super::answer::{Outcome, Visit};
use super::layout::{Layout, Section, counted};
use http::StatusCode;

#[derive(askama::Template)]
#[template(path = "console_diagnostics.html")]
struct Diagnostics<'a> {
    layout: Layout,
    summary: Option<Summary>,
    entries: Vec<Entry<'a>>,
}

struct Entry<'a> {
    severity: &'static str,
    class: &'static str,
    text: &'a str,
}

/// Findings at a glance.
pub struct Summary {
    /// How many there are of each weight.
    pub words: String,
    /// The class of a notice that says so.
    pub class: &'static str,
}

/// How many texts of each weight there are; `None` when there is nothing to say.
pub fn summary(texts: &[String]) -> Option<Summary> {
    let words = [("error", "errors"), ("warning", "warnings"), ("note", "notes")];
    let counts =
        words.map(|(one, many)| (texts.iter().filter(|text| weight(text).0 == one).count(), one, many));
    let parts: Vec<String> = counts
        .iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| counted(*count, one, many))
        .collect();
    let is_bad = texts.iter().any(|text| weight(text).0 == "error");
    let class = if is_bad { "notice-danger" } else { "notice-info" };
    (!parts.is_empty()).then(|| Summary { words: parts.join(", "), class })
}

/// The word with which a text begins, and its badge.
fn weight(text: &str) -> (&'static str, &'static str) {
    if text.starts_with("error") {
        ("error", "badge-danger")
    } else if text.starts_with("warning") {
        ("warning", "badge-warning")
    } else {
        ("note", "badge-info")
    }
}

/// Every text, the gravest first; else in the order of the terminal.
fn entries(texts: &[String]) -> Vec<Entry<'_>> {
    let entries = texts.iter().map(|text| {
        let (severity, class) = weight(text);
        Entry { severity, class, text: text.trim_end() }
    });
    let mut entries: Vec<Entry<'_>> = entries.collect();
    entries.sort_by_key(|entry| match entry.severity {
        "error" => 0,
        "warning" => 1,
        _ => 2,
    });
    entries
}

/// Answers with the page.
pub fn page(visit: &Visit<'_>) -> Outcome {
    let texts = &visit.shown.view.diagnostics;
    let page = Diagnostics {
        layout: Layout::of(visit, Section::Diagnostics),
        summary: summary(texts),
        entries: entries(texts),
    };
    Ok(visit.page(StatusCode::OK, &page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_texts_come_first_and_equals_keep_their_order() {
        let texts =
            ["note: a", "warning[NA0203]: b", "error[NA0101]: c", "warning[NA0202]: d"].map(str::to_owned);
        let shown: Vec<&str> = entries(&texts).iter().map(|entry| entry.text).collect();
        assert_eq!(shown, ["error[NA0101]: c", "warning[NA0203]: b", "warning[NA0202]: d", "note: a"]);
    }

    #[test]
    fn findings_are_counted_by_the_word_with_which_they_begin() {
        let texts = ["error[NA0101]: x", "warning[NA0203]: y", "warning[NA0203]: z"].map(str::to_owned);
        let told = |texts| summary(texts).map(|summary| (summary.words, summary.class));
        assert_eq!(told(&texts), Some(("1 error, 2 warnings".to_owned(), "notice-danger")));
        assert_eq!(told(&texts[1..]), Some(("2 warnings".to_owned(), "notice-info")));
        assert_eq!(told(&[]), None);
    }
}
