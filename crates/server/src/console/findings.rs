//! Verdicts and findings as the pages show them.

use super::route;
use nauthera_core::finding::{Finding, Severity};
use nauthera_core::report::Verdict;

/// A verdict as a badge.
pub struct VerdictBadge {
    /// The word, as listings write it.
    pub word: &'static str,
    /// The badge's class.
    pub class: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// Every verdict, worst first.
pub const VERDICTS: [Verdict; 5] =
    [Verdict::Refused, Verdict::Waiting, Verdict::Frozen, Verdict::Narrowed, Verdict::Compliant];

/// The badge of a verdict.
pub fn badge(verdict: Verdict) -> VerdictBadge {
    let (class, meaning) = match verdict {
        Verdict::Compliant => ("badge-success", "served as its manifest asks"),
        Verdict::Narrowed => ("badge-warning", "served without what is beyond policy"),
        Verdict::Refused => ("badge-danger", "not served, by policy"),
        Verdict::Waiting => ("badge-info", "not served for now: something that it needs is not there"),
        Verdict::Frozen => ("badge-info", "served as before: something is not accepted"),
    };
    VerdictBadge { word: verdict.word(), class, meaning }
}

/// The class of a severity's badge.
const fn class(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "badge-danger",
        Severity::Warning => "badge-warning",
        Severity::Note => "badge-info",
    }
}

/// A policy with a link to its page.
pub struct PolicyLink {
    /// `namespace/name`.
    pub name: String,
    /// Its page.
    pub href: String,
    /// Its edit, where that is known.
    pub generation: Option<i64>,
}

impl PolicyLink {
    /// The link to a policy in one of its edits.
    pub fn of(mark: &nauthera_core::snapshot::PolicyMark) -> Self {
        Self { generation: Some(mark.generation), ..Self::to(&mark.policy) }
    }

    /// The link to a policy.
    pub fn to(policy: &nauthera_core::names::ObjectRef) -> Self {
        Self { name: policy.to_string(), href: route::policy(policy), generation: None }
    }
}

/// A finding as a page shows it.
pub struct FindingView<'a> {
    /// The finding.
    pub finding: &'a Finding,
    /// `error`, `warning`, `note`.
    pub severity: &'static str,
    /// The badge's class.
    pub class: &'static str,
    /// Its code.
    pub code: &'static str,
    /// The code's long form.
    pub meaning: &'static str,
    /// Where it is: `spec.scopes[3]` of the object.
    pub place: Option<String>,
    /// The policy that decides.
    pub policy: Option<PolicyLink>,
}

impl<'a> FindingView<'a> {
    /// A finding for a page.
    pub fn of(finding: &'a Finding) -> Self {
        let place = finding.labels.first().map(|label| label.place.path()).filter(|path| !path.is_empty());
        Self {
            finding,
            severity: finding.severity.as_str(),
            class: class(finding.severity),
            code: finding.code.as_str(),
            meaning: finding.code.text(),
            place,
            policy: finding.policy.as_ref().map(PolicyLink::to),
        }
    }

    /// The policy's field that decides, or nothing.
    pub fn field(&self) -> &'static str {
        self.finding.field.unwrap_or_default()
    }
}
