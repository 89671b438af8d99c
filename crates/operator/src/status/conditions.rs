//! Conditions while they are worked out: a type, a verdict with its reason and message, and how they become those of a status.

use super::bounded::{MESSAGE, fitted};
use super::reasons;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use nauthera_core::finding::Finding;

/// One aspect of an object: it holds, it does not, or nobody knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    status: &'static str,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

impl Verdict {
    pub(super) fn yes(reason: &'static str, message: impl Into<String>) -> Self {
        Self { status: "True", reason, message: message.into() }
    }

    pub(super) fn no(reason: &'static str, message: impl Into<String>) -> Self {
        Self { status: "False", reason, message: message.into() }
    }

    pub(super) fn unknown(reason: &'static str, message: impl Into<String>) -> Self {
        Self { status: "Unknown", reason, message: message.into() }
    }

    /// The finding as the reason why not.
    pub(super) fn because(finding: &Finding) -> Self {
        Self::no(finding.code.reason(), super::words::line(finding))
    }

    pub(super) fn holds(&self) -> bool {
        self.status == "True"
    }

    /// As a status has it. Its time is set when it is merged with what is there.
    pub(super) fn condition(&self, kind: &str, generation: i64) -> Condition {
        Condition {
            type_: kind.to_owned(),
            status: self.status.to_owned(),
            reason: self.reason.to_owned(),
            message: fitted(&self.message, MESSAGE),
            observed_generation: Some(generation.max(0)),
            last_transition_time: Time(k8s_openapi::jiff::Timestamp::UNIX_EPOCH),
        }
    }
}

/// The types of conditions.
pub mod kind {
    /// The manifest can be used.
    pub const ACCEPTED: &str = "Accepted";
    /// Everything that it names is there.
    pub const RESOLVED_REFS: &str = "ResolvedRefs";
    /// It asks for nothing beyond policy.
    pub const COMPLIANT: &str = "Compliant";
    /// Its own change has reached every replica.
    pub const PROGRAMMED: &str = "Programmed";
    /// All that its owner wants to know.
    pub const READY: &str = "Ready";
    /// Only an edit of this object can mend it; absent otherwise.
    pub const STALLED: &str = "Stalled";
}

/// Conditions in the making, for one edit of an object. Their times are set when they are merged with what is there.
pub(super) struct Conditions {
    generation: i64,
    list: Vec<Condition>,
}

impl Conditions {
    pub(super) const fn of(generation: i64) -> Self {
        Self { generation, list: Vec::new() }
    }

    pub(super) fn add(&mut self, kind: &str, verdict: &Verdict) {
        self.list.push(verdict.condition(kind, self.generation));
    }

    /// Adds `Stalled` with the reason and message of what cannot mend itself.
    pub(super) fn stall(&mut self, verdict: &Verdict) {
        self.add(kind::STALLED, &Verdict::yes(verdict.reason, verdict.message.clone()));
    }

    pub(super) fn done(self) -> Vec<Condition> {
        self.list
    }
}

/// The first of these that does not hold, as the reason why the object is not Ready.
pub(super) fn first_failure(verdicts: &[&Verdict]) -> Option<Verdict> {
    verdicts
        .iter()
        .find(|verdict| !verdict.holds())
        .map(|verdict| Verdict::no(verdict.reason, &*verdict.message))
}

/// Nothing is wrong with the manifest.
pub(super) fn accepted() -> Verdict {
    Verdict::yes(reasons::ACCEPTED, "the manifest can be used")
}

/// Everything named is there.
pub(super) fn resolved() -> Verdict {
    Verdict::yes(reasons::RESOLVED_REFS, "everything that it names is there")
}
