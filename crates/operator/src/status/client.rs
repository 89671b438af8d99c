//! The status of an AuthClient.

use super::bounded::{fitted, number};
use super::conditions::{Conditions, Verdict, accepted, first_failure, kind, resolved};
use super::merge::time;
use super::words::{count, manifest_faults, names, sentence};
use super::{reading, reasons};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use nauthera_api::v1alpha1::{AuthClientStatus, Binding, EffectiveSetting, LocalRef, PolicyRef, Violation};
use nauthera_core::binding;
use nauthera_core::codes::Code;
use nauthera_core::finding::Finding;
use nauthera_core::names::ObjectRef;
use nauthera_core::report::{self, ClientReport};
use nauthera_core::snapshot::PolicyMark;
use nauthera_core::time::UnixTime;
use nauthera_core::uri::IssuerUrl;

/// How many violations a status lists.
const VIOLATIONS: usize = 30;
/// How many policies and settings a status lists.
const LISTED: usize = 64;

/// What is known of a client beside its Report.
#[derive(Debug, Clone, Copy)]
pub struct ClientFacts<'a> {
    /// The AuthClient.
    pub object: &'a ObjectRef,
    /// Its generation.
    pub generation: i64,
    /// What is wrong with its manifest, as `nauthera_api::objects` found it.
    pub reading: &'a [Finding],
    /// What became of it.
    pub report: &'a ClientReport,
    /// The issuer of its server, where that is served.
    pub issuer: Option<&'a IssuerUrl>,
    /// Its application's Secret.
    pub secret: SecretFact<'a>,
    /// How far its own change has come. Judged by row: another client's change leaves it [`Live::Everywhere`].
    pub live: Live<'a>,
    /// Is its server in a namespace that this operator does not watch? Then nobody knows whether it is there.
    pub out_of_reach: bool,
    /// The policies by which its server is frozen.
    pub frozen_by: &'a [ObjectRef],
    /// When its secret rotates next.
    pub next_rotation: Option<UnixTime>,
    /// The status that is there. It is kept while the client's server is frozen and its own manifest is the one that was judged.
    pub there: Option<&'a AuthClientStatus>,
}

/// The Secret of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretFact<'a> {
    /// It is there as it should be.
    Written,
    /// It is still to be written.
    Pending,
    /// The one that the client brings is not there any more, or cannot be used: it goes on with what it brought last.
    Missing(&'a Finding),
    /// A Secret of that name is there that this client does not control, with who does.
    Taken(&'a str),
    /// The API server does not take it, with its words.
    Refused(&'a str),
}

/// How far a change has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Live<'a> {
    /// No Snapshot carries it yet.
    Unpublished,
    /// It is published, and no replica is ready.
    NoReplica,
    /// Some ready replicas do not serve it yet.
    Behind {
        /// How many serve it.
        serving: usize,
        /// How many are ready.
        ready: usize,
        /// The first that does not, by name.
        first: &'a str,
    },
    /// Every ready replica serves it, or has served it.
    Everywhere,
}

/// Makes the status. Its times are set by [`super::merge`].
#[must_use]
pub fn client(facts: &ClientFacts<'_>) -> AuthClientStatus {
    if let Some(kept) = kept(facts) {
        return kept;
    }
    let report = facts.report;
    let verdicts = Verdicts::of(facts);
    let row = report.row.as_deref();
    let marks: &[PolicyMark] = report.merged.as_ref().map_or(&[], |merged| merged.marks());
    let violations: Vec<&Finding> = report.findings.iter().filter(|finding| is_beyond(finding)).collect();
    let written = row.is_some() && matches!(facts.secret, SecretFact::Written | SecretFact::Missing(_));
    let template = report.asked.as_ref().filter(|_| written);
    let secret = template.map(|asked| asked.secret.name_for(facts.object).to_string());
    let brought = template.and_then(|asked| asked.existing_secret.as_ref()).map(ToString::to_string);
    AuthClientStatus {
        observed_generation: facts.generation,
        client_id: row.map(|row| row.client_id.to_string()),
        issuer: row.and(facts.issuer).map(ToString::to_string),
        client_secret_ref: brought.or_else(|| secret.clone()).map(|name| LocalRef { name }),
        binding: secret.map(|name| Binding { name }),
        policies: marks.iter().take(LISTED).map(PolicyRef::from).collect(),
        policy_names: policy_names(marks),
        effective: report.effective().into_iter().take(LISTED).map(effective).collect(),
        violations: violations.iter().take(VIOLATIONS).map(|finding| violation(finding)).collect(),
        violations_total: Some(number(violations.len())),
        audit: report.audit.iter().take(VIOLATIONS).map(violation).collect(),
        audit_total: Some(number(report.audit.len())),
        next_rotation_time: facts.next_rotation.filter(|_| written).and_then(time),
        conditions: verdicts.conditions(facts),
    }
}

/// While a server is frozen its clients are not judged, and keep what they have: so does the status of one that was not edited since. A
/// fault of one policy is no news about ten thousand clients.
fn kept(facts: &ClientFacts<'_>) -> Option<AuthClientStatus> {
    let there = facts.there.filter(|there| there.observed_generation == facts.generation)?;
    let frozen = facts.report.verdict == report::Verdict::Frozen && facts.reading_is_fine();
    if !frozen || there.conditions.is_empty() {
        return None;
    }
    let next_rotation_time = facts.next_rotation.and_then(time).or_else(|| there.next_rotation_time.clone());
    let mut status = AuthClientStatus { next_rotation_time, ..there.clone() };
    // What was on its way when the server froze still arrives.
    let under_way = [reasons::NOT_LIVE, reasons::NO_REPLICA];
    let live = facts.live.verdict();
    for (kind, arrived) in [(kind::PROGRAMMED, &live), (kind::READY, &arrival(&live, there))] {
        let waits = |condition: &&mut Condition| {
            condition.type_ == kind && under_way.contains(&condition.reason.as_str())
        };
        if let Some(condition) = status.conditions.iter_mut().find(waits) {
            *condition = arrived.condition(kind, facts.generation);
        }
    }
    Some(status)
}

/// What `Ready` says of a client that waited for nothing but to be live.
fn arrival(live: &Verdict, there: &AuthClientStatus) -> Verdict {
    if !live.holds() {
        return live.clone();
    }
    let narrowed = there.conditions.iter().find(|condition| condition.reason == reasons::NARROWED);
    match narrowed {
        Some(condition) => Verdict::yes(reasons::NARROWED, condition.message.clone()),
        None => Verdict::yes(reasons::READY, AS_ASKED),
    }
}

const AS_ASKED: &str = "it is served as it asks";

impl ClientFacts<'_> {
    fn reading_is_fine(&self) -> bool {
        manifest_faults(self.reading).is_none()
    }
}

/// What is said of a client, aspect by aspect.
struct Verdicts {
    accepted: Verdict,
    resolved: Verdict,
    compliant: Verdict,
    programmed: Verdict,
    ready: Verdict,
}

impl Verdicts {
    fn of(facts: &ClientFacts<'_>) -> Self {
        let accepted = acceptance(facts);
        let resolved = references(facts, &accepted);
        let compliant = compliance(facts, &accepted);
        let programmed = programming(facts);
        let secret = secret(facts);
        let refused = facts.report.decisive().is_some_and(is_beyond);
        let mut checks = vec![&accepted, &resolved];
        checks.extend(refused.then_some(&compliant));
        checks.extend([&programmed, &secret]);
        let ready = first_failure(&checks).unwrap_or_else(|| readiness(facts, &compliant));
        Self { accepted, resolved, compliant, programmed, ready }
    }

    fn conditions(&self, facts: &ClientFacts<'_>) -> Vec<Condition> {
        let mut conditions = Conditions::of(facts.generation);
        conditions.add(kind::ACCEPTED, &self.accepted);
        conditions.add(kind::RESOLVED_REFS, &self.resolved);
        conditions.add(kind::COMPLIANT, &self.compliant);
        conditions.add(kind::PROGRAMMED, &self.programmed);
        conditions.add(kind::READY, &self.ready);
        if is_stalled(facts) {
            conditions.stall(&self.ready);
        }
        conditions.done()
    }
}

/// Can only an edit of this client mend it? Policies only tighten, so one more of them never allows a method; it may well admit, state a
/// list or allow an id, so those are waited for.
fn is_stalled(facts: &ClientFacts<'_>) -> bool {
    let hopeless = |finding: &Finding| {
        matches!(finding.code, Code::MethodNotAllowed | Code::KeysOutOfReach | Code::ClientIdTaken)
    };
    let refused = facts.report.row.is_none() && facts.report.decisive().is_some_and(hopeless);
    !facts.reading_is_fine() || refused
}

fn acceptance(facts: &ClientFacts<'_>) -> Verdict {
    if let Some((reason, message)) = manifest_faults(facts.reading) {
        return Verdict::no(reason, message);
    }
    let refuses = |finding: &&Finding| {
        matches!(
            finding.code,
            Code::ClientNotAccepted | Code::NamespaceNotAllowed | Code::ClientIdTaken | Code::KeysOutOfReach
        )
    };
    facts.report.findings.iter().find(refuses).map_or_else(accepted, Verdict::because)
}

/// What is said of a server in a namespace that is not watched: nobody knows whether it is there.
#[must_use]
pub fn out_of_reach(server: &ObjectRef) -> String {
    format!(
        "AuthServer `{server}` is in a namespace that this operator does not watch; platform adds {} to its namespaces, or the client names \
         another server",
        server.namespace
    )
}

fn references(facts: &ClientFacts<'_>, accepted: &Verdict) -> Verdict {
    let missing = |finding: &&Finding| {
        matches!(
            finding.code,
            Code::ServerNotFound | Code::SecretMissing | Code::SecretUnusable | Code::SecretConflict
        )
    };
    if let Some(server) = facts.report.server.as_ref().filter(|_| facts.out_of_reach) {
        return Verdict::no(reasons::OUT_OF_REACH, out_of_reach(server));
    }
    if let Some(finding) = facts.report.findings.iter().find(missing) {
        return Verdict::because(finding);
    }
    if let (SecretFact::Missing(fault), true) = (facts.secret, facts.report.row.is_some()) {
        return Verdict::because(&binding::goes_on(fault.clone()));
    }
    if let (SecretFact::Taken(whose), true) = (facts.secret, facts.report.row.is_some()) {
        let asked = facts.report.asked.as_ref();
        let name = asked.map(|asked| asked.secret.name_for(facts.object)).unwrap_or_default();
        let message = format!(
            "Secret `{}/{name}` is there and {whose}; it is never touched; take it away, or write another secret.name",
            facts.object.namespace
        );
        return Verdict::no(Code::SecretConflict.reason(), message);
    }
    if accepted.holds() {
        resolved()
    } else {
        Verdict::unknown(reasons::NOT_JUDGED, "the manifest is not accepted")
    }
}

fn compliance(facts: &ClientFacts<'_>, accepted: &Verdict) -> Verdict {
    let report = facts.report;
    let taken = report.findings.iter().filter(|finding| is_beyond(finding)).count();
    if let Some(finding) = report.decisive().filter(|finding| is_beyond(finding)) {
        return Verdict::because(finding);
    }
    match report.verdict {
        report::Verdict::Compliant => Verdict::yes(reasons::COMPLIANT, "it asks for nothing beyond policy"),
        report::Verdict::Narrowed => Verdict::no(reasons::NARROWED, narrowed(taken)),
        // It was judged, and waits for something else.
        _ if report.merged.is_some() && accepted.holds() => match taken {
            0 => Verdict::yes(reasons::COMPLIANT, "it asks for nothing beyond policy"),
            taken => Verdict::no(reasons::NARROWED, narrowed(taken)),
        },
        report::Verdict::Frozen if accepted.holds() => {
            Verdict::unknown(Code::ServerFrozen.reason(), frozen(facts))
        }
        _ => Verdict::unknown(reasons::NOT_JUDGED, "no policy was asked yet"),
    }
}

fn frozen(facts: &ClientFacts<'_>) -> String {
    match facts.frozen_by {
        [] => {
            "its server is not accepted, so it keeps the settings that it had; platform mends it".to_owned()
        }
        policies => format!(
            "its server is frozen by AuthPolicy {}, which is not accepted, so it keeps the settings that it had; its owners mend it, or take \
             it away",
            names(policies)
        ),
    }
}

fn narrowed(taken: usize) -> String {
    let things = count(taken, "thing that it asks is", "things that it asks are");
    format!("{things} beyond policy, and it is served without; status.violations says which")
}

fn programming(facts: &ClientFacts<'_>) -> Verdict {
    let report = facts.report;
    match report.verdict {
        report::Verdict::Refused => Verdict::no(reasons::REFUSED, "it is not served"),
        report::Verdict::Waiting if facts.out_of_reach => {
            Verdict::no(reasons::WAITING, "its server is in a namespace that this operator does not watch")
        }
        report::Verdict::Waiting => {
            let waits = report.decisive();
            let frozen = waits.filter(|finding| finding.code == Code::ClientWaiting).map(Verdict::because);
            let message = || waits.map_or_else(|| "it is not served for now".to_owned(), sentence);
            frozen.unwrap_or_else(|| Verdict::no(reasons::WAITING, message()))
        }
        report::Verdict::Frozen if facts.reading_is_fine() => {
            Verdict::no(Code::ServerFrozen.reason(), frozen(facts))
        }
        report::Verdict::Frozen => {
            Verdict::no(Code::ClientNotAccepted.reason(), "it goes on with its last good settings")
        }
        report::Verdict::Compliant | report::Verdict::Narrowed => facts.live.verdict(),
    }
}

impl Live<'_> {
    /// The verdict on `Programmed`.
    pub(super) fn verdict(&self) -> Verdict {
        match self {
            Self::Unpublished => Verdict::no(reasons::NOT_PUBLISHED, "its change is not published yet"),
            Self::NoReplica => Verdict::no(
                reasons::NO_REPLICA,
                "its change is published, and no replica of the server is ready",
            ),
            Self::Behind { serving, ready, first } => {
                let message = format!("{serving} of {ready} replicas serve its change; {first} does not yet");
                Verdict::no(reasons::NOT_LIVE, message)
            }
            Self::Everywhere => Verdict::yes(reasons::PROGRAMMED, "every ready replica serves its change"),
        }
    }
}

fn secret(facts: &ClientFacts<'_>) -> Verdict {
    match facts.secret {
        SecretFact::Written | SecretFact::Taken(_) | SecretFact::Missing(_) => {
            Verdict::yes(reasons::READY, "")
        }
        SecretFact::Pending => {
            Verdict::no(reasons::SECRET_PENDING, "the Secret of the application is not written yet")
        }
        SecretFact::Refused(why) => {
            let message = format!("the API server does not take the Secret of the application: {why}");
            Verdict::no(reasons::SECRET_REFUSED, message)
        }
    }
}

fn readiness(facts: &ClientFacts<'_>, compliant: &Verdict) -> Verdict {
    if facts.report.verdict == report::Verdict::Narrowed {
        return Verdict::yes(reasons::NARROWED, compliant.message.clone());
    }
    Verdict::yes(reasons::READY, AS_ASKED)
}

/// Is it about what policy allows, rather than about something that is missing or unreadable?
fn is_beyond(finding: &Finding) -> bool {
    finding.is_beyond_policy() || (finding.code == Code::NoPolicy && finding.is_violation())
}

fn policy_names(marks: &[PolicyMark]) -> Option<String> {
    let names: Vec<String> = marks.iter().map(|mark| mark.policy.to_string()).collect();
    (!names.is_empty()).then(|| fitted(&names.join(", "), 1_024))
}

fn effective(setting: report::Setting) -> EffectiveSetting {
    let (policies, field) = reading::written_source(&setting);
    EffectiveSetting {
        setting: setting.name.to_owned(),
        value: fitted(&setting.value, 32_768),
        requested: setting.asked.filter(|asked| *asked != setting.value).map(|asked| fitted(&asked, 32_768)),
        policy: policies.first().cloned(),
        policies: if policies.len() > 1 { policies } else { Vec::new() },
        field,
    }
}

fn violation(finding: &Finding) -> Violation {
    let place = finding.labels.first().map(|label| label.place.path()).filter(|path| !path.is_empty());
    Violation {
        code: finding.code.to_string(),
        policy: finding.policy.as_ref().map(ToString::to_string),
        field: place.map(|path| fitted(&path, 256)),
        requested: finding.requested.as_deref().map(|text| fitted(text, 2_048)),
        allowed: finding.allowed.as_deref().map(|text| fitted(text, 4_096)),
        message: fitted(&sentence(finding), 4_096),
    }
}
