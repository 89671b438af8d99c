//! The status of an AuthServer.

use super::bounded::{fitted, number};
use super::conditions::{Conditions, Verdict, accepted, first_failure, kind, resolved};
use super::merge::time;
use super::reasons;
use super::words::{count, manifest_faults, names};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use nauthera_api::v1alpha1::{AuthServerStatus, PolicyRef, ServerClients, SigningKeyStatus};
use nauthera_core::codes::Code;
use nauthera_core::finding::Finding;
use nauthera_core::names::ObjectRef;
use nauthera_core::oauth::keyring::{self, KeyTimes};
use nauthera_core::report::ServerReport;
use nauthera_core::snapshot::Revision;
use nauthera_core::spec::SigningSettings;
use nauthera_core::time::UnixTime;
use nauthera_core::uri::IssuerUrl;

/// How many lagging replicas a status names.
const LAGGING: usize = 30;
/// How many policies a status lists.
const POLICIES: usize = 200;
/// How many keys a status lists.
const KEYS: usize = 32;

/// What is known of a server beside its Report.
#[derive(Debug, Clone, Copy)]
pub struct ServerFacts<'a> {
    /// The AuthServer.
    pub object: &'a ObjectRef,
    /// Its generation.
    pub generation: i64,
    /// What is wrong with its manifest.
    pub reading: &'a [Finding],
    /// What it serves.
    pub report: &'a ServerReport,
    /// Its issuer, where known.
    pub issuer: Option<&'a IssuerUrl>,
    /// The newest revision that is published.
    pub revision: Option<Revision>,
    /// Why nothing newer can be published, where that is so.
    pub publish_fault: Option<&'a str>,
    /// Its pods.
    pub replicas: Replicas<'a>,
    /// Its keys.
    pub keys: &'a [Key<'a>],
    /// How keys rotate.
    pub signing: SigningSettings,
    /// What it names and is not there, beside what the Report says.
    pub unresolved: &'a [Unresolved],
    /// The time at which keys are judged.
    pub now: UnixTime,
    /// The status that is there. While every client keeps what it has, so does the count of those that are served as they ask.
    pub there: Option<&'a AuthServerStatus>,
}

/// The pods of a server.
#[derive(Debug, Clone, Copy, Default)]
pub struct Replicas<'a> {
    /// How many are wanted; `None` when its Deployment is not there yet.
    pub wanted: Option<i32>,
    /// How many are ready.
    pub ready: i32,
    /// Those that do not serve the newest revision yet, or do not answer.
    pub lagging: &'a [String],
    /// What keeps pods from being ready, where the cluster says so.
    pub trouble: Option<&'a str>,
    /// What of a rollout is still to come, in plain words.
    pub unfinished: Option<&'a str>,
    /// What of the server's parts cannot be applied, where that is so.
    pub fault: Option<&'a str>,
}

/// A key that is published.
#[derive(Debug, Clone, Copy)]
pub struct Key<'a> {
    /// Its id.
    pub kid: &'a str,
    /// Its times.
    pub times: KeyTimes,
}

/// Something that a server names and that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// Why: one of [`reasons`], or the name of a code.
    pub reason: &'static str,
    /// What is missing, and who can change it.
    pub message: String,
}

impl From<&crate::children::Missing> for Unresolved {
    fn from(missing: &crate::children::Missing) -> Self {
        let crate::children::Missing { kind, field } = missing;
        let (kind, definition) = (kind.kind(), kind.definition());
        let message = format!(
            "{field} asks for a {kind}, which this cluster does not know; it is made once {definition} is installed"
        );
        Self { reason: reasons::KIND_MISSING, message }
    }
}

/// Makes the status.
#[must_use]
pub fn server(facts: &ServerFacts<'_>) -> AuthServerStatus {
    let report = facts.report;
    let lagging = facts.replicas.lagging.iter().take(LAGGING).map(|name| fitted(name, 253));
    let policies = report.policies.iter().take(POLICIES).map(PolicyRef::from);
    let kept = facts.there.filter(|_| report.keeps()).and_then(|there| there.clients.as_ref());
    let counted = kept.map(|clients| clients.compliant.min(number(report.clients.total)));
    AuthServerStatus {
        observed_generation: facts.generation,
        issuer: facts.issuer.map(ToString::to_string),
        revision: facts.revision.map(|revision| revision.to_string()),
        replicas: Some(facts.replicas.ready.max(0)),
        lagging_replicas: lagging.collect(),
        clients: Some(ServerClients {
            total: number(report.clients.total),
            compliant: counted.unwrap_or_else(|| number(report.clients.compliant)),
            refused: number(report.clients.refused),
        }),
        policies: policies.collect(),
        signing_keys: keys(facts),
        conditions: conditions(facts),
    }
}

fn keys(facts: &ServerFacts<'_>) -> Vec<SigningKeyStatus> {
    let times: Vec<KeyTimes> = facts.keys.iter().map(|key| key.times).collect();
    let signing = keyring::signing(&times, facts.now);
    let status = |(index, key): (usize, &Key<'_>)| {
        let (usage, next) = if let Some(retired) = key.times.retired_at {
            ("Retired", Some(retired.plus(key.times.longest_token)))
        } else if Some(index) == signing {
            ("Active", Some(key.times.active_from.plus(facts.signing.rotation_interval)))
        } else if key.times.active_from > facts.now {
            ("Next", Some(key.times.active_from))
        } else {
            ("Retired", None)
        };
        SigningKeyStatus {
            kid: fitted(key.kid, 64),
            algorithm: key.times.algorithm.to_string(),
            usage: usage.to_owned(),
            rotates_at: next.and_then(time),
        }
    };
    facts.keys.iter().enumerate().take(KEYS).map(status).collect()
}

fn conditions(facts: &ServerFacts<'_>) -> Vec<Condition> {
    let acceptance = acceptance(facts);
    let references = references(facts);
    let programmed = programming(facts, &acceptance);
    let replicas = replicas(facts.replicas);
    let ready = first_failure(&[&acceptance, &references, &programmed, &replicas])
        .unwrap_or_else(|| Verdict::yes(reasons::READY, "every wanted replica serves the newest revision"));
    let mut conditions = Conditions::of(facts.generation);
    conditions.add(kind::ACCEPTED, &acceptance);
    conditions.add(kind::RESOLVED_REFS, &references);
    conditions.add(kind::PROGRAMMED, &programmed);
    conditions.add(kind::READY, &ready);
    if is_stalled(facts) {
        conditions.stall(&ready);
    }
    conditions.done()
}

/// Its own manifest, an issuer that another one has, a store of another namespace: only an edit mends these.
fn is_stalled(facts: &ServerFacts<'_>) -> bool {
    let hopeless =
        |finding: &Finding| matches!(finding.code, Code::DuplicateIssuer | Code::UserStoreElsewhere);
    manifest_faults(facts.reading).is_some() || facts.report.findings.iter().any(hopeless)
}

fn found<'a>(facts: &ServerFacts<'a>, codes: &[Code]) -> Option<&'a Finding> {
    facts.report.findings.iter().find(|finding| codes.contains(&finding.code))
}

fn acceptance(facts: &ServerFacts<'_>) -> Verdict {
    if let Some((reason, message)) = manifest_faults(facts.reading) {
        return Verdict::no(reason, message);
    }
    let codes = [Code::ServerNotAccepted, Code::DuplicateIssuer];
    found(facts, &codes).map_or_else(accepted, Verdict::because)
}

fn references(facts: &ServerFacts<'_>) -> Verdict {
    if let Some(finding) = found(facts, &[Code::UserStoreElsewhere, Code::UserStoreNotFound]) {
        return Verdict::because(finding);
    }
    match facts.unresolved.split_first() {
        None => resolved(),
        Some((first, [])) => Verdict::no(first.reason, &*first.message),
        Some((first, more)) => {
            let rest = more.iter().map(|other| other.message.as_str());
            let all: Vec<&str> = [first.message.as_str()].into_iter().chain(rest).collect();
            Verdict::no(first.reason, all.join("; "))
        }
    }
}

fn programming(facts: &ServerFacts<'_>, acceptance: &Verdict) -> Verdict {
    if !facts.report.frozen_by.is_empty() {
        let names = names(&facts.report.frozen_by);
        // Where something lies there that cannot be read, it is served all the same.
        let what = if facts.revision.is_some() || facts.publish_fault.is_some() {
            "every client keeps the settings it has"
        } else {
            "it serves no clients yet"
        };
        let goes_out = match facts.publish_fault {
            Some(fault) => format!("nothing newer can be published: {fault}"),
            None => "deletions and rotations still go out".into(),
        };
        let message = format!(
            "AuthPolicy {names} is not accepted, so {what}; {goes_out}; its owners mend it, or take it away"
        );
        return Verdict::no(Code::PolicyNotAccepted.reason(), message);
    }
    if !acceptance.holds() {
        let what = if facts.revision.is_some() {
            "what it last published goes on being served"
        } else {
            "nothing is served"
        };
        return Verdict::no(acceptance.reason, format!("it is not accepted; {what}"));
    }
    if let Some(fault) = facts.publish_fault {
        let message = format!("what is served goes on, and nothing newer can be published: {fault}");
        return Verdict::no(reasons::PUBLISH_FAILED, message);
    }
    match facts.revision {
        Some(revision) => {
            Verdict::yes(reasons::PROGRAMMED, format!("revision {} is published", revision.short()))
        }
        None => Verdict::no(reasons::NOT_PUBLISHED, "nothing is published yet"),
    }
}

fn replicas(replicas: Replicas<'_>) -> Verdict {
    let Replicas { wanted, ready, lagging, trouble, unfinished, fault } = replicas;
    if let Some(fault) = fault {
        let message = format!(
            "a part of it could not be applied, and is tried again: {fault}; what runs goes on as it was"
        );
        return Verdict::no(reasons::NOT_APPLIED, message);
    }
    let trouble = trouble.map(|trouble| format!(": {trouble}")).unwrap_or_default();
    match (wanted, lagging.first()) {
        (None, _) => Verdict::no(reasons::ROLLOUT, "its pods are not asked for yet"),
        (Some(0), _) => Verdict::no(reasons::NO_REPLICA, "it is scaled to no replica, so it serves nobody"),
        (Some(wanted), _) if ready < wanted => {
            Verdict::no(reasons::ROLLOUT, format!("{ready} of {wanted} replicas are ready{trouble}"))
        }
        (Some(_), _) if unfinished.is_some() => {
            Verdict::no(reasons::ROLLOUT, format!("{}{trouble}", unfinished.unwrap_or_default()))
        }
        (Some(_), Some(first)) => {
            let others = match lagging.len() {
                1 => format!("{first} does not serve the newest revision yet"),
                all => format!(
                    "{first} and {} do not serve the newest revision yet",
                    count(all - 1, "other replica", "other replicas")
                ),
            };
            Verdict::no(reasons::LAGGING, others)
        }
        (Some(_), None) => Verdict::yes(reasons::READY, ""),
    }
}
