//! What a change does: two Reports compared, client by client and field by field, each widening marked.
//!
//! Values are compared by what they permit, not as texts. How a plan is printed is its caller's matter, as is where the two
//! Reports come from; a carrier that knows the old Snapshots compiles the new state over them, so that a freeze shows as one.

mod fields;

use crate::codes::Code;
use crate::finding::{Finding, Severity};
use crate::grant::ClientType;
use crate::names::ObjectRef;
use crate::report::{ClientReport, Report, Source, Verdict};
use serde::Serialize;

/// What a change does to one client.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The client.
    pub client: ObjectRef,
    /// Its type, where known; the new one where it changes.
    pub client_type: Option<ClientType>,
    /// What becomes of it.
    pub fate: Fate,
    /// What it was; `None` when it was not there.
    pub before: Option<Verdict>,
    /// What it becomes; `None` when it is not there any more.
    pub after: Option<Verdict>,
    /// Settings that differ, of a client that is served before and after.
    pub fields: Vec<FieldChange>,
    /// Violations and refusals that come.
    pub new_findings: Vec<Finding>,
    /// Those that go.
    pub gone_findings: Vec<Finding>,
}

/// What becomes of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// It was not there.
    Added,
    /// It is not there any more.
    Removed,
    /// It was served, and is not any more.
    Refused,
    /// It was not served, and is now.
    Admitted,
    /// It is served, before and after.
    Served,
    /// It is not served, before and after.
    Unserved,
}

/// One setting that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    /// The setting, `token.accessTokenTTL`; the same name as in [`ClientReport::effective`].
    pub name: &'static str,
    /// How it differs.
    #[serde(flatten)]
    pub what: What,
    /// Does it permit something that was not permitted?
    pub widens: bool,
    /// Does it forbid something that was permitted?
    pub narrows: bool,
    /// What decides it now; `None` where nothing but the manifest does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

/// How a setting differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", untagged)]
pub enum What {
    /// Another value.
    Value {
        /// The old one.
        before: String,
        /// The new one.
        after: String,
    },
    /// Other items of a list.
    Items {
        /// Items that come.
        added: Vec<String>,
        /// Items that go.
        removed: Vec<String>,
    },
}

impl Change {
    /// Is a client refused by it: one that was served, or a new one?
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.fate == Fate::Refused || (self.fate == Fate::Added && !is_served(self.after))
    }

    /// Does a client get less by it than it has, or a new one less than it asks?
    #[must_use]
    pub fn narrows(&self) -> bool {
        let takes = self.new_findings.iter().any(|finding| finding.severity == Severity::Warning);
        is_served(self.after) && (takes || self.fields.iter().any(|field| field.narrows))
    }

    /// Does a client that was there get more than it had?
    #[must_use]
    pub fn widens(&self) -> bool {
        self.fate == Fate::Admitted || self.fields.iter().any(|field| field.widens)
    }
}

fn is_served(verdict: Option<Verdict>) -> bool {
    verdict.is_some_and(Verdict::is_served)
}

/// Every client that differs between two Reports, in order of name.
#[must_use]
pub fn plan(old: &Report, new: &Report) -> Vec<Change> {
    let gone = old.clients.iter().filter(|(name, _)| !new.clients.contains_key(*name));
    let gone = gone.map(|(name, client)| (name, change(name, Some(client), None)));
    let here =
        new.clients.iter().map(|(name, client)| (name, change(name, old.clients.get(name), Some(client))));
    let mut changes: Vec<_> = gone.chain(here).collect();
    changes.sort_by_key(|(name, _)| *name);
    changes.into_iter().filter_map(|(_, change)| change).collect()
}

fn change(name: &ObjectRef, old: Option<&ClientReport>, new: Option<&ClientReport>) -> Option<Change> {
    let (before, after) = (old.map(|client| client.verdict), new.map(|client| client.verdict));
    let fate = match (old, new) {
        (None, _) => Fate::Added,
        (_, None) => Fate::Removed,
        _ => match (is_served(before), is_served(after)) {
            (true, false) => Fate::Refused,
            (false, true) => Fate::Admitted,
            (true, true) => Fate::Served,
            (false, false) => Fate::Unserved,
        },
    };
    // A client that is kept as it was is not judged, so its violations did not go.
    let judged = !matches!(after, Some(Verdict::Frozen | Verdict::Waiting));
    let change = Change {
        client: name.clone(),
        client_type: new.and_then(|client| client.client_type).or(old.and_then(|client| client.client_type)),
        fate,
        before,
        after,
        fields: old.zip(new).map(|(old, new)| fields::changed(old, new)).unwrap_or_default(),
        new_findings: new.map(|new| beyond(new, old)).unwrap_or_default(),
        gone_findings: old
            .zip(new)
            .filter(|_| judged)
            .map(|(old, new)| beyond(old, Some(new)))
            .unwrap_or_default(),
    };
    let moved = matches!(fate, Fate::Added | Fate::Removed | Fate::Refused | Fate::Admitted);
    let differs = moved
        || !(change.fields.is_empty() && change.new_findings.is_empty() && change.gone_findings.is_empty());
    differs.then_some(change)
}

/// What is said of one client and not of the other. Where in a manifest it stands does not matter: lists are reordered.
fn beyond(client: &ClientReport, other: Option<&ClientReport>) -> Vec<Finding> {
    fn all(client: &ClientReport) -> impl Iterator<Item = &Finding> {
        client.findings.iter().chain(&client.audit)
    }
    let same = |a: &Finding, b: &Finding| {
        (a.code, a.severity, &a.message, &a.allowed, &a.policy)
            == (b.code, b.severity, &b.message, &b.allowed, &b.policy)
    };
    // That a client which is there goes on waiting is the freeze's doing, and told with it.
    let waits = |finding: &Finding| finding.code == Code::ClientWaiting && other.is_some();
    let known = |finding: &&Finding| {
        waits(finding) || other.is_some_and(|other| all(other).any(|known| same(known, finding)))
    };
    all(client).filter(|finding| !known(finding)).cloned().collect()
}

#[cfg(test)]
mod tests;
