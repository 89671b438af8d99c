//! A page of metrics in the text format of Prometheus: which metrics there are, with which labels and values.

use std::collections::{BTreeMap, BTreeSet};

/// Values by label.
pub type Labels = BTreeMap<String, BTreeSet<String>>;

/// What a page has.
#[derive(Debug, Default)]
pub struct Page {
    /// Labels of the samples, by the sample's name.
    pub samples: BTreeMap<String, Labels>,
    /// Types by the metric's name.
    pub types: BTreeMap<String, String>,
}

impl Page {
    /// Reads one. Lines that are none of the format are passed over: whether it is good is promtool's to say.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let mut page = Self::default();
        for line in text.lines() {
            if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
                page.types.insert(name.to_owned(), kind.to_owned());
            } else if !line.starts_with('#') {
                page.sample(line);
            }
        }
        page
    }

    fn sample(&mut self, line: &str) {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        let labels = self.samples.entry(name.to_owned()).or_default();
        let inside = line.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}'));
        for pair in inside.map(|(inside, _)| inside.split("\",")).into_iter().flatten() {
            if let Some((label, value)) = pair.split_once("=\"") {
                labels.entry(label.to_owned()).or_default().insert(value.trim_end_matches('"').to_owned());
            }
        }
    }

    /// The value of the only sample of a name.
    #[must_use]
    pub fn value(text: &str, name: &str) -> Option<f64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.parse().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_labels_and_values_are_read() {
        let text = "# HELP a_total A.\n# TYPE a_total counter\na_total{x=\"1, 2\",y=\"b\"} 3\na_total{x=\"c\",y=\"b\"} 4\nup 1\n";
        let page = Page::read(text);
        assert_eq!(page.types["a_total"], "counter");
        let values: Vec<&str> = page.samples["a_total"]["x"].iter().map(String::as_str).collect();
        assert_eq!(values, ["1, 2", "c"]);
        assert_eq!(Page::value(text, "up"), Some(1.0));
        assert_eq!(Page::value(text, "u"), None);
    }
}
