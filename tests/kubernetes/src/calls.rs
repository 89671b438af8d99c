//! The writes that the API server counts, by verb and resource: those of everybody, without what a cluster at rest writes by itself.

use crate::kubectl::kubectl;
use anyhow::Result;
use std::collections::BTreeMap;
use std::fmt;

/// What a cluster writes although nobody asks it to: leases, the node's state, questions who somebody is.
const ITS_OWN: [&str; 7] = [
    "leases",
    "nodes",
    "events",
    "tokenreviews",
    "subjectaccessreviews",
    "serviceaccounts/token",
    "selfsubjectaccessreviews",
];
const WRITES: [&str; 6] = ["POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"];

/// Calls by verb and resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calls(BTreeMap<String, u64>);

impl Calls {
    /// All that were made until now.
    ///
    /// # Errors
    /// When the API server does not say.
    pub fn made() -> Result<Self> {
        Ok(Self::read(&kubectl(["get", "--raw", "/metrics"])?.worked()?))
    }

    fn read(page: &str) -> Self {
        let mut calls: BTreeMap<String, u64> = BTreeMap::new();
        for line in page.lines().filter_map(|line| line.strip_prefix("apiserver_request_total{")) {
            let Some((labels, count)) = line.rsplit_once("} ") else { continue };
            let label = |name: &str| {
                let start = labels.find(&format!("{name}=\""))? + name.len() + 2;
                labels.get(start..)?.split('"').next()
            };
            let [verb, resource, part] =
                ["verb", "resource", "subresource"].map(|name| label(name).unwrap_or(""));
            let resource = if part.is_empty() { resource.to_owned() } else { format!("{resource}/{part}") };
            let its_own =
                ITS_OWN.iter().any(|own| resource == *own || resource.starts_with(&format!("{own}/")));
            if WRITES.contains(&verb) && !its_own {
                let count: f64 = count.parse().unwrap_or_default();
                *calls.entry(format!("{verb} {resource}")).or_default() += count as u64;
            }
        }
        Self(calls)
    }

    /// Those that were made since.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let more = self.0.iter().map(|(what, count)| (what.clone(), count.saturating_sub(before.of(what))));
        Self(more.filter(|(_, count)| *count > 0).collect())
    }

    /// How often this was done, such as `PATCH authclients/status`.
    #[must_use]
    pub fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or_default()
    }

    /// All of them together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }
}

impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(|(what, count)| format!("{what} {count}")).collect();
        f.write_str(&parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_counted_and_what_the_cluster_does_by_itself_is_not() {
        let page = |status: u64| {
            format!(
                "# TYPE apiserver_request_total counter\n\
                 apiserver_request_total{{code=\"200\",group=\"auth.nauthera.io\",resource=\"authclients\",subresource=\"status\",verb=\"PATCH\"}} {status}\n\
                 apiserver_request_total{{code=\"409\",group=\"auth.nauthera.io\",resource=\"authclients\",subresource=\"status\",verb=\"PATCH\"}} 2\n\
                 apiserver_request_total{{code=\"200\",resource=\"secrets\",subresource=\"\",verb=\"LIST\"}} 9\n\
                 apiserver_request_total{{code=\"200\",resource=\"leases\",subresource=\"\",verb=\"PUT\"}} 70\n"
            )
        };
        let (before, now) = (Calls::read(&page(5)), Calls::read(&page(8)));
        assert_eq!(before.total(), 7);
        assert_eq!(now.since(&before).to_string(), "PATCH authclients/status 3");
        assert_eq!(now.since(&now).total(), 0);
    }
}
