//! A client explained from its own object alone, which its owner can read: the status read back into what `explain` prints. The writing
//! half of the same rules is in `client`.

use super::conditions::kind;
use super::reasons;
use nauthera_api::v1alpha1::{AuthClientStatus, EffectiveSetting, Violation};
use nauthera_core::codes::Code;
use nauthera_core::finding::{Finding, Place, Severity};
use nauthera_core::names::{Kind, ObjectRef};
use nauthera_core::report::{self, Source};
use nauthera_core::snapshot::PolicyMark;
use serde::Serialize;
use serde_json::Value;

/// What stands in `field` of a setting that the built-in baseline decided.
const BASELINE: &str = "baseline";
/// What stands in `field` of a setting that follows from the client's type.
const TYPE: &str = "type";

/// A client as its object explains it.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// Its type, as it is written or by default.
    pub client_type: String,
    /// The word in listings: `ok`, `narrowed`, `refused`, `waiting`, `frozen`.
    pub verdict: &'static str,
    /// The code that refuses it or makes it wait.
    pub reason: Option<Code>,
    /// The id under which it is served.
    pub client_id: Option<String>,
    /// The server that it names.
    pub server: Option<ObjectRef>,
    /// That server's issuer.
    pub issuer: Option<String>,
    /// The policies that govern it.
    pub policies: Vec<PolicyMark>,
    /// Each effective setting.
    pub settings: Vec<Setting>,
    /// What is said of it, as far as a status holds it: with its place in the client, and without those in policies.
    pub findings: Vec<Finding>,
    /// What a reader must know about the status itself: that it is of an older edit, for example.
    pub notes: Vec<String>,
}

/// One effective setting, as [`report::Setting`] has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Setting {
    /// The client's field.
    pub name: String,
    /// The value that is served.
    pub value: String,
    /// What the client asked for, where that is something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// What decided.
    pub source: By,
}

/// What decided a setting, as [`Source`] has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum By {
    /// The client's own manifest.
    Client,
    /// The client's type.
    Type,
    /// The field's default.
    Default,
    /// The built-in baseline.
    Baseline,
    /// Policies.
    Policy {
        /// Which, with their generations.
        policies: Vec<PolicyMark>,
        /// By which field.
        field: String,
    },
}

impl From<report::Setting> for Setting {
    fn from(setting: report::Setting) -> Self {
        let source = match setting.source {
            Source::Client => By::Client,
            Source::Type => By::Type,
            Source::Default => By::Default,
            Source::Baseline => By::Baseline,
            Source::Policy { policies, field } => By::Policy { policies, field: field.to_owned() },
        };
        Self { name: setting.name.to_owned(), value: setting.value, asked: setting.asked, source }
    }
}

/// Policies and field of a setting, as a status writes them.
pub(super) fn written_source(setting: &report::Setting) -> (Vec<String>, Option<String>) {
    match &setting.source {
        Source::Policy { policies, field } => (
            policies.iter().take(64).map(|mark| mark.policy.to_string()).collect(),
            Some((*field).to_owned()),
        ),
        Source::Client => (Vec::new(), Some(setting.name.to_owned())),
        Source::Type => (Vec::new(), Some(TYPE.to_owned())),
        Source::Baseline => (Vec::new(), Some(BASELINE.to_owned())),
        Source::Default => (Vec::new(), None),
    }
}

/// Explains an AuthClient from its object.
///
/// # Errors
/// When its status has another shape, as that of a far newer operator may.
pub fn explained(object: &Value) -> serde_json::Result<Explained> {
    let status: AuthClientStatus = match object.get("status") {
        Some(status) => serde_json::from_value(status.clone())?,
        None => AuthClientStatus { observed_generation: -1, ..AuthClientStatus::default() },
    };
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let namespace = text("/metadata/namespace").unwrap_or_default();
    let server = text("/spec/authServerRef/name")
        .map(|name| ObjectRef::new(text("/spec/authServerRef/namespace").unwrap_or(namespace), name));
    let policies: Vec<PolicyMark> = status
        .policies
        .iter()
        .map(|policy| PolicyMark {
            policy: ObjectRef::new(&*policy.namespace, &*policy.name),
            generation: policy.generation,
        })
        .collect();
    let settings = status.effective.iter().map(|setting| read_setting(setting, &policies)).collect();
    let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
    let mut notes = notes(&status, generation);
    let client = ObjectRef::new(namespace, text("/metadata/name").unwrap_or_default());
    let findings = findings(&client, &status, &mut notes);
    notes.extend(unready(&status, &findings));
    Ok(Explained {
        client_type: text("/spec/type").unwrap_or("web").to_owned(),
        verdict: verdict(&status).word(),
        reason: decisive(&status),
        client_id: status.client_id.clone(),
        server,
        issuer: status.issuer.clone(),
        policies,
        settings,
        findings,
        notes,
    })
}

fn notes(status: &AuthClientStatus, generation: Option<i64>) -> Vec<String> {
    let seen = status.observed_generation;
    match generation {
        _ if seen < 0 => vec!["no operator has seen this AuthClient yet".to_owned()],
        Some(now) if now != seen => {
            vec![format!("this is said of generation {seen}, and the AuthClient is at generation {now}")]
        }
        _ => Vec::new(),
    }
}

/// Why the client is not Ready, where no finding says it: such a reason has no code, since manifests are not to blame.
fn unready(status: &AuthClientStatus, findings: &[Finding]) -> Option<String> {
    let (found, reason, message) = condition(status, kind::READY)?;
    let told = findings.iter().any(|finding| finding.code.reason() == reason);
    (found != "True" && !told).then(|| format!("it is not Ready ({reason}): {message}"))
}

fn read_setting(setting: &EffectiveSetting, known: &[PolicyMark]) -> Setting {
    let mark = |name: &String| {
        let generation =
            known.iter().find(|mark| mark.policy.to_string() == *name).map_or(0, |mark| mark.generation);
        ObjectRef::parse(name).map(|policy| PolicyMark { policy, generation })
    };
    let several = Some(&setting.policies).filter(|all| !all.is_empty());
    let policies: Vec<PolicyMark> = match several {
        Some(all) => all.iter().filter_map(mark).collect(),
        None => setting.policy.iter().filter_map(mark).collect(),
    };
    let source = match setting.field.as_deref() {
        field if !policies.is_empty() => By::Policy { policies, field: field.unwrap_or_default().to_owned() },
        None => By::Default,
        Some(BASELINE) => By::Baseline,
        Some(TYPE) => By::Type,
        Some(_) => By::Client,
    };
    Setting {
        name: setting.setting.clone(),
        value: setting.value.clone(),
        asked: setting.requested.clone(),
        source,
    }
}

fn condition<'s>(status: &'s AuthClientStatus, kind: &str) -> Option<(&'s str, &'s str, &'s str)> {
    let found = status.conditions.iter().find(|condition| condition.type_ == kind)?;
    Some((&found.status, &found.reason, &found.message))
}

fn verdict(status: &AuthClientStatus) -> report::Verdict {
    let is = |kind, wanted: &str| condition(status, kind).is_some_and(|(found, ..)| found == wanted);
    let programmed = condition(status, kind::PROGRAMMED).map(|(_, reason, _)| reason);
    let kept = [Code::ServerFrozen.reason(), Code::ClientNotAccepted.reason()];
    match programmed {
        None => report::Verdict::Waiting,
        Some(reasons::REFUSED) => report::Verdict::Refused,
        Some(reasons::WAITING) => report::Verdict::Waiting,
        Some(reason) if reason == Code::ClientWaiting.reason() => report::Verdict::Waiting,
        Some(reason) if kept.contains(&reason) => match status.client_id {
            Some(_) => report::Verdict::Frozen,
            None => report::Verdict::Waiting,
        },
        Some(_) if is(kind::COMPLIANT, "False") => report::Verdict::Narrowed,
        Some(_) => report::Verdict::Compliant,
    }
}

/// The conditions that name a code, with that code.
fn coded(status: &AuthClientStatus) -> impl Iterator<Item = (Code, &str)> {
    let kinds = [kind::ACCEPTED, kind::RESOLVED_REFS, kind::COMPLIANT, kind::PROGRAMMED];
    let failing = kinds.into_iter().filter_map(|kind| condition(status, kind));
    failing.filter(|(found, ..)| *found == "False").filter_map(|(_, reason, message)| {
        let code = Code::ALL.iter().copied().find(|code| code.reason() == reason)?;
        Some((code, message))
    })
}

fn decisive(status: &AuthClientStatus) -> Option<Code> {
    coded(status).map(|(code, _)| code).next()
}

fn findings(client: &ObjectRef, status: &AuthClientStatus, notes: &mut Vec<String>) -> Vec<Finding> {
    let mut told: Vec<Finding> = Vec::new();
    let mut unknown = 0;
    for (list, audit) in [(&status.violations, false), (&status.audit, true)] {
        for violation in list {
            match finding(client, violation, audit) {
                Some(finding) => told.push(finding),
                None => unknown += 1,
            }
        }
    }
    // What is not about policy stands in the conditions alone.
    let more = coded(status).filter(|(code, _)| told.iter().all(|told| told.code != *code));
    let more: Vec<Finding> = more
        .map(|(code, message)| {
            let message = message.strip_prefix(code.as_str()).unwrap_or(message).trim_start();
            Finding::new(code, message).at(Place::new(Kind::AuthClient, client, ""), "")
        })
        .collect();
    told.splice(0..0, more);
    if unknown > 0 {
        notes.push(format!(
            "{unknown} findings have codes that this nauthera does not know; a newer one does"
        ));
    }
    let listed = |total: Option<i64>, here: usize| total.unwrap_or_default() - super::bounded::number(here);
    let left = listed(status.violations_total, status.violations.len()).max(0)
        + listed(status.audit_total, status.audit.len()).max(0);
    if left > 0 {
        notes.push(format!("{left} more findings are not in the status, which lists the first 30"));
    }
    told
}

fn finding(client: &ObjectRef, violation: &Violation, audit: bool) -> Option<Finding> {
    let code = Code::parse(&violation.code)?;
    let place = Place::new(Kind::AuthClient, client, pointer(violation.field.as_deref().unwrap_or_default()));
    let finding = Finding::new(code, &*violation.message).at(place, "");
    Some(Finding {
        severity: if audit { Severity::Note } else { code.severity() },
        requested: violation.requested.clone(),
        allowed: violation.allowed.clone(),
        policy: violation.policy.as_deref().and_then(ObjectRef::parse),
        ..finding
    })
}

/// `spec.scopes[3]` as a JSON pointer, as far as a path can be read back.
fn pointer(path: &str) -> String {
    let parts = path.split(['.', '[']).map(|part| part.trim_end_matches(']')).filter(|part| !part.is_empty());
    parts.map(|part| format!("/{part}")).collect()
}
