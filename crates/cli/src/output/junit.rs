//! Findings as JUnit XML: a suite for each file and one for the cluster, a case for each finding, and one that passes for a suite
//! without any.

use super::cases::{Case, Cases};
use super::human::render;
use super::plain::visible;
use nauthera_api::manifests::Manifests;
use std::collections::BTreeMap;
use std::fmt::Write;

struct Suite<'c> {
    name: String,
    cases: Vec<(&'c Case, bool)>,
}

/// The document; `cluster` says whether one was judged, `fails` which cases are failures.
pub fn document(
    manifests: &Manifests,
    cluster: bool,
    cases: &Cases,
    fails: impl Fn(&Case) -> bool,
) -> String {
    let suites = suites(manifests, cluster, cases, fails);
    let tests: usize = suites.iter().map(|suite| suite.cases.len().max(1)).sum();
    let failures: usize = suites.iter().map(Suite::failures).sum();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    writeln!(xml, "<testsuites name=\"nauthera check\" tests=\"{tests}\" failures=\"{failures}\">").ok();
    for suite in &suites {
        suite.write(manifests, &mut xml);
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// Files that hold anything of ours, in their order, and at the end what is in no file.
fn suites<'c>(
    manifests: &Manifests,
    cluster: bool,
    cases: &'c Cases,
    fails: impl Fn(&Case) -> bool,
) -> Vec<Suite<'c>> {
    let mut by_file: BTreeMap<Option<usize>, Vec<(&'c Case, bool)>> = BTreeMap::new();
    for case in cases.iter() {
        by_file.entry(case.at().map(|at| at.file)).or_default().push((case, fails(case)));
    }
    let mut suites = Vec::new();
    for (n, file) in manifests.files().iter().enumerate() {
        let cases = by_file.remove(&Some(n)).unwrap_or_default();
        if !(cases.is_empty() && file.text.is_empty()) {
            suites.push(Suite { name: file.location.display().to_string(), cases });
        }
    }
    let elsewhere = by_file.remove(&None).or_else(|| cluster.then(Vec::new));
    let name = if cluster { "cluster" } else { "manifests" };
    suites.extend(elsewhere.map(|cases| Suite { name: name.into(), cases }));
    suites
}

impl Suite<'_> {
    fn failures(&self) -> usize {
        self.cases.iter().filter(|(_, fails)| *fails).count()
    }

    fn write(&self, manifests: &Manifests, xml: &mut String) {
        let (name, failures) = (escaped(&self.name), self.failures());
        let tests = self.cases.len().max(1);
        writeln!(xml, "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\">").ok();
        if self.cases.is_empty() {
            writeln!(xml, "    <testcase classname=\"{name}\" name=\"no findings\"/>").ok();
        }
        for (case, fails) in &self.cases {
            let finding = &case.finding;
            let subject =
                finding.labels.first().map(|label| format!(" {} {}", label.place.key, label.place.path()));
            let title = format!("{}{}", finding.code, subject.unwrap_or_default());
            writeln!(xml, "    <testcase classname=\"{name}\" name=\"{}\">", escaped(title.trim_end())).ok();
            let text = anstream::adapter::strip_str(&render(manifests, case)).to_string();
            let text = text.lines().map(escaped).collect::<Vec<_>>().join("\n");
            if *fails {
                let message = escaped(&finding.message);
                let code = finding.code;
                writeln!(xml, "      <failure type=\"{code}\" message=\"{message}\">{text}</failure>").ok();
            } else {
                writeln!(xml, "      <system-out>{text}</system-out>").ok();
            }
            xml.push_str("    </testcase>\n");
        }
        xml.push_str("  </testsuite>\n");
    }
}

/// XML 1.0 cannot hold control characters at all.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_and_control_characters_made_visible() {
        assert_eq!(escaped("a<b> & \"c\"\u{1b}"), "a&lt;b&gt; &amp; &quot;c&quot;\\u{1b}");
    }
}
