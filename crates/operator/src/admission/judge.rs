//! A request judged: only what is certain now is refused. Manifests arrive in any order, so what an object names and what is not there
//! yet is a hint at most; and since `compile` enforces everything, nothing that passes here is served beyond policy.

use super::answer::Answer;
use super::{client, effects};
use crate::status::line;
use crate::watch::Scope;
use nauthera_api::objects::{self, Judged};
use nauthera_core::finding::{Finding, Severity};
use nauthera_core::inventory::Inventory;
use nauthera_core::names::Kind;
use nauthera_core::report::Report;
use serde_json::Value;

/// A request to create or update an object, as far as it matters here. A dry run is judged like any other.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The kind of the object.
    pub kind: Kind,
    /// Is it about a part of the object, such as its status?
    pub subresource: bool,
    /// The object as it would be; `None` when it would be gone.
    pub object: Option<&'a Value>,
    /// The object as it is; `None` when it is new.
    pub old: Option<&'a Value>,
}

/// What the operator knows now.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// All objects.
    pub inventory: &'a Inventory,
    /// What was made of them last.
    pub report: &'a Report,
    /// Where it looks.
    pub scope: &'a Scope,
}

/// Judges a request. It may compile everything once, for a policy or a server: call it where that blocks nobody.
#[must_use]
pub fn judge(request: &Request<'_>, view: &View<'_>) -> Answer {
    let Some(object) = request.object.filter(|_| !request.subresource) else { return Answer::pass() };
    // An update of labels alone, by an owner who cannot mend the spec, always passes; so does whatever is on its way out.
    if request.old.is_some_and(|old| old.get("spec") == object.get("spec")) {
        return Answer::pass();
    }
    let Some(judged) = objects::judge(request.kind, object).filter(|judged| !judged.metadata.deleted) else {
        return Answer::pass();
    };
    if !judged.is_accepted() {
        return Answer::refuse(errors(&judged.findings));
    }
    let hints: Vec<String> = judged.findings.iter().map(line).collect();
    // As long as not everything was listed nothing can be said of other objects.
    if view.inventory.incomplete {
        return Answer::warn(hints);
    }
    match request.kind {
        Kind::AuthClient => client::judge(&judged, view, hints),
        Kind::AuthPolicy => effects::policy(&judged, view, hints),
        Kind::AuthServer => effects::server(&judged, view, hints),
        Kind::UserStore => Answer::warn(hints),
    }
}

pub(super) fn errors(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|finding| finding.severity == Severity::Error)
}

/// The facts with the object as it would be.
pub(super) fn with(mut inventory: Inventory, judged: &Judged) -> Inventory {
    judged.enter(&mut inventory);
    inventory
}
