//! The status of an AuthPolicy.

use super::bounded::number;
use super::conditions::{Conditions, Verdict, accepted, kind};
use super::reasons;
use super::words::{line, manifest_faults, names};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use nauthera_api::v1alpha1::{AuthPolicyStatus, ClientCounts, PolicyServer};
use nauthera_core::codes::Code;
use nauthera_core::finding::{Finding, Severity};
use nauthera_core::names::ObjectRef;
use nauthera_core::report::{Governed, PolicyReport};
use nauthera_core::snapshot::Revision;

/// How many servers a status lists.
const SERVERS: usize = 64;
/// How many violating clients a status names.
const VIOLATORS: usize = 20;

/// What is known of a policy beside its Report.
#[derive(Debug, Clone, Copy)]
pub struct PolicyFacts<'a> {
    /// Its generation.
    pub generation: i64,
    /// What is wrong with its manifest.
    pub reading: &'a [Finding],
    /// What it governs.
    pub report: &'a PolicyReport,
    /// The servers that it applies to, by name, with how far this generation is live there.
    pub servers: &'a [PolicyLive<'a>],
    /// The status of this generation that is there.
    pub there: Option<&'a AuthPolicyStatus>,
}

/// How far a policy's generation is live on a server.
#[derive(Debug, Clone)]
pub struct PolicyLive<'a> {
    /// The AuthServer.
    pub server: &'a ObjectRef,
    /// The revision that carries this generation; `None` when none does yet, or the server is frozen.
    pub revision: Option<Revision>,
    /// How many replicas serve that revision or a later one.
    pub live: usize,
    /// How many replicas are ready.
    pub replicas: usize,
    /// The policies by which the server is frozen.
    pub frozen_by: &'a [ObjectRef],
    /// Does every client there keep what it has?
    pub keeps: bool,
    /// What was counted there before it froze.
    pub counted: Option<ClientCounts>,
}

/// Makes the status.
#[must_use]
pub fn policy(facts: &PolicyFacts<'_>) -> AuthPolicyStatus {
    let report = facts.report;
    let counted = |at: &PolicyLive<'_>| {
        at.counted.clone().unwrap_or_else(|| counts(report.servers.get(at.server).into_iter()))
    };
    let mut violators: Vec<String> =
        report.servers.values().flat_map(|governed| &governed.violators).map(ToString::to_string).collect();
    if facts.servers.iter().any(|at| at.counted.is_some()) {
        violators.extend(facts.there.into_iter().flat_map(|there| there.violating_clients.clone()));
    }
    violators.sort();
    violators.dedup();
    violators.truncate(VIOLATORS);
    let servers = facts.servers.iter().take(SERVERS).map(|at| PolicyServer {
        name: at.server.name.to_string(),
        clients: counted(at),
        revision: at.revision.map(|revision| revision.to_string()),
        live_replicas: number(at.live),
        replicas: number(at.replicas),
    });
    AuthPolicyStatus {
        observed_generation: facts.generation,
        clients: Some(sum(facts.servers.iter().map(counted))),
        live: live(facts),
        servers: servers.collect(),
        violating_clients: violators,
        conditions: conditions(facts),
    }
}

fn counts<'a>(governed: impl Iterator<Item = &'a Governed>) -> ClientCounts {
    sum(governed.map(|governed| ClientCounts {
        total: number(governed.clients),
        compliant: number(governed.compliant),
        violating: number(governed.violating),
    }))
}

fn sum(counts: impl Iterator<Item = ClientCounts>) -> ClientCounts {
    counts.fold(ClientCounts::default(), |sum, one| ClientCounts {
        total: sum.total + one.total,
        compliant: sum.compliant + one.compliant,
        violating: sum.violating + one.violating,
    })
}

/// `5/6`: over all servers. A policy in Audit is in no Snapshot, and one that is not accepted neither.
fn live(facts: &PolicyFacts<'_>) -> Option<String> {
    let counts = facts.report.enforces && facts.report.accepted && !facts.servers.is_empty();
    let sum = |of: fn(&PolicyLive<'_>) -> usize| facts.servers.iter().map(of).sum::<usize>();
    counts.then(|| format!("{}/{}", sum(|at| at.live), sum(|at| at.replicas)))
}

fn conditions(facts: &PolicyFacts<'_>) -> Vec<Condition> {
    let acceptance = acceptance(facts);
    let mut conditions = Conditions::of(facts.generation);
    conditions.add(kind::ACCEPTED, &acceptance);
    if acceptance.holds() {
        conditions.add(kind::READY, &readiness(facts));
    } else {
        // Nothing but an edit of the policy makes it acceptable: it is judged by itself.
        let message = format!("{}; the servers it applies to keep every client as it is", acceptance.message);
        let ready = Verdict::no(acceptance.reason, message);
        conditions.add(kind::READY, &ready);
        conditions.stall(&ready);
    }
    conditions.done()
}

fn acceptance(facts: &PolicyFacts<'_>) -> Verdict {
    if let Some((reason, message)) = manifest_faults(facts.reading) {
        return Verdict::no(reason, message);
    }
    if facts.report.accepted {
        return accepted();
    }
    let errors: Vec<&Finding> =
        facts.report.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
    let all = errors.iter().map(|finding| line(finding));
    let message = all.collect::<Vec<_>>().join("; ");
    let code = errors.first().map_or(Code::PolicyNotAccepted, |finding| finding.code);
    Verdict::no(code.reason(), message)
}

fn readiness(facts: &PolicyFacts<'_>) -> Verdict {
    if !facts.report.enforces {
        return Verdict::yes(reasons::AUDIT, "it is in Audit: it reports, and changes nothing");
    }
    if facts.servers.is_empty() {
        return Verdict::yes(reasons::NO_SERVER, "no AuthServer is there that it applies to");
    }
    let behind = |at: &&PolicyLive<'_>| at.revision.is_none() || at.live < at.replicas || at.replicas == 0;
    let Some(at) = facts.servers.iter().find(behind) else {
        return Verdict::yes(reasons::READY, "every replica of every server that it applies to serves it");
    };
    let name = &at.server.name;
    match at.revision {
        None if !at.frozen_by.is_empty() => {
            let message = format!(
                "AuthServer {name} is frozen by AuthPolicy {}, which is not accepted, so this generation does not hold there yet; its owners mend \
                 it, or take it away",
                names(at.frozen_by)
            );
            Verdict::no(Code::ServerFrozen.reason(), message)
        }
        None if at.keeps => {
            let message = format!(
                "AuthServer {name} is not accepted, so this generation does not hold there yet; platform mends it"
            );
            Verdict::no(Code::ServerNotAccepted.reason(), message)
        }
        None => Verdict::no(
            reasons::NOT_PUBLISHED,
            format!("what AuthServer {name} serves does not carry this generation yet"),
        ),
        Some(_) if at.replicas == 0 => {
            Verdict::no(reasons::NO_REPLICA, format!("no replica of AuthServer {name} is ready"))
        }
        Some(_) => Verdict::no(
            reasons::NOT_LIVE,
            format!("{} of {} replicas of AuthServer {name} serve this generation", at.live, at.replicas),
        ),
    }
}
