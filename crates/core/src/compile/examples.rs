//! Which policies are accepted: those that could be read and whose examples all get the verdict that they expect.

use super::narrow::{Judged, judge};
use super::servers::not_accepted;
use crate::codes::Code;
use crate::finding::{Finding, Place};
use crate::grant::Expectation;
use crate::inventory::Inventory;
use crate::names::{Kind, ObjectRef};
use crate::policy::{BASELINE_ACCESS_TTL, BASELINE_REFRESH_TTL, Governor, Merged, field};
use crate::report::PolicyReport;
use crate::snapshot::PolicyMark;
use crate::spec::{Example, PolicySpec};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A policy that is not accepted, as far as it is known.
pub struct Rejected {
    pub object: ObjectRef,
    /// Does it hold on every server of its namespace? `None` when it could not be read.
    pub mandatory: Option<bool>,
    /// Would it narrow? A policy that cannot be read is taken to.
    pub enforces: bool,
}

#[derive(Default)]
pub struct Policies {
    pub accepted: Vec<Arc<Governor>>,
    pub rejected: Vec<Rejected>,
    pub reports: BTreeMap<ObjectRef, PolicyReport>,
}

pub fn judge_policies(inventory: &Inventory) -> Policies {
    let mut policies = Policies::default();
    for (name, object) in &inventory.policies {
        let mut report =
            PolicyReport { generation: object.generation, enforces: true, ..PolicyReport::default() };
        match &object.spec {
            None => {
                report.findings.push(not_accepted(Kind::AuthPolicy, name));
                policies.rejected.push(Rejected { object: name.clone(), mandatory: None, enforces: true });
            }
            Some(spec) => {
                let mark = PolicyMark { policy: name.clone(), generation: object.generation };
                let governor = Arc::new(Governor { mark, spec: spec.clone(), certain: true });
                report.enforces = spec.enforces();
                report.findings = failing_examples(&governor);
                report.accepted = report.findings.is_empty();
                report.findings.extend(beyond_baseline(name, spec));
                if report.accepted {
                    policies.accepted.push(governor);
                } else {
                    let (mandatory, enforces) = (Some(spec.mandatory), spec.enforces());
                    policies.rejected.push(Rejected { object: name.clone(), mandatory, enforces });
                }
            }
        }
        policies.reports.insert(name.clone(), report);
    }
    policies
}

/// What a policy states in vain.
fn beyond_baseline<'a>(policy: &'a ObjectRef, spec: &PolicySpec) -> impl Iterator<Item = Finding> + use<'a> {
    let stated = [
        (spec.token.access, BASELINE_ACCESS_TTL, field::ACCESS_TTL),
        (spec.token.refresh, BASELINE_REFRESH_TTL, field::REFRESH_TTL),
    ];
    stated.into_iter().filter_map(move |(stated, baseline, path)| {
        let stated = stated.filter(|stated| *stated > baseline)?;
        let message = format!("lifetime `{stated}` of policy `{policy}` is beyond the built-in baseline");
        let finding = Finding::new(Code::LifetimeBeyondBaseline, message)
            .at(Place::field(Kind::AuthPolicy, policy, path), "stated here")
            .compared(stated.to_string(), baseline.to_string())
            .note(format!("{baseline} holds"));
        Some(finding.help(format!("write {baseline} or less: no policy can allow more")))
    })
}

fn failing_examples(governor: &Arc<Governor>) -> Vec<Finding> {
    let spec: &PolicySpec = &governor.spec;
    if spec.examples.is_empty() {
        return Vec::new();
    }
    let alone = Merged::of(vec![governor.clone()]);
    let policy = &governor.mark.policy;
    spec.examples.iter().enumerate().filter_map(|(n, example)| failure(policy, n, example, &alone)).collect()
}

fn failure(policy: &ObjectRef, n: usize, example: &Example, alone: &Merged) -> Option<Finding> {
    // Judged as a client of that name in the policy's namespace: neither decides anything here.
    let client = ObjectRef::new(policy.namespace.clone(), example.name.clone());
    let (got, why) = match judge(&client, &example.client, alone) {
        Judged::Served { findings, .. } => {
            let taken: Vec<String> =
                findings.iter().filter(|f| f.is_violation()).map(|f| f.message.clone()).collect();
            (if taken.is_empty() { Expectation::Compliant } else { Expectation::Narrowed }, taken)
        }
        Judged::Refused(finding) => (Expectation::Refused, vec![finding.message.clone()]),
    };
    if got == example.expect {
        return None;
    }
    let pointer = format!("/spec/examples/{n}/expect");
    let message = format!("example `{}` of policy `{policy}` is {got}, not {}", example.name, example.expect);
    let finding = Finding::new(Code::ExampleFails, message)
        .at(Place::new(Kind::AuthPolicy, policy, pointer), "expected here");
    let finding = why.into_iter().take(5).fold(finding, Finding::note);
    Some(finding.help("security changes the policy, or what the example expects"))
}
