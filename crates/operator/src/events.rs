//! Events: what happened to an object, for whoever runs `kubectl describe`. Pure: two Reports, or two statuses, in; a bounded list out.
//!
//! An Event tells of a change and never of a state, so nothing is told of what was there before the first compile. A change that reaches
//! thousands of clients is told of the first hundred, and in numbers on the policy that made it.

use crate::status::{HasConditions, fitted, line, names, reasons};
use kube::runtime::events::{Event, EventType};
use nauthera_core::finding::{Finding, Severity};
use nauthera_core::names::{Kind, ObjectKey, ObjectRef};
use nauthera_core::report::{ClientReport, PolicyReport, Report, ServerReport, StoreReport, Verdict};

/// How many Events of clients one turn makes at most.
pub const MAX_OF_CLIENTS: usize = 100;
/// How many Events of other objects one turn makes at most.
pub const MAX_OF_OTHERS: usize = 100;
/// How many characters a note has: an API server takes 1,024 bytes, and a character has up to four.
const NOTE: usize = 256;

/// What happened to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// The object.
    pub about: ObjectKey,
    /// Should somebody look at it?
    pub warning: bool,
    /// One of [`reasons`], or the name of a code.
    pub reason: &'static str,
    /// In plain words.
    pub note: String,
    /// What the operator did: `Compile`, `Publish` or `WriteSecret`.
    pub action: &'static str,
}

impl Happened {
    fn compiled(about: &ObjectKey, reason: &'static str, note: impl AsRef<str>) -> Self {
        let note = fitted(note.as_ref(), NOTE);
        Self { about: about.clone(), warning: false, reason, note, action: "Compile" }
    }

    fn warned(about: &ObjectKey, reason: &'static str, note: impl AsRef<str>) -> Self {
        Self { warning: true, ..Self::compiled(about, reason, note) }
    }

    fn found(about: &ObjectKey, finding: &Finding) -> Self {
        Self::warned(about, finding.code.reason(), line(finding))
    }

    /// A client has a new secret.
    #[must_use]
    pub fn rotated(client: &ObjectRef, why: &str) -> Self {
        Self::secret(
            client,
            false,
            reasons::ROTATED,
            &format!("{why}; the old secret goes on for the overlap"),
        )
    }

    /// A client has a new secret, and the old ones ended.
    #[must_use]
    pub fn revoked(client: &ObjectRef) -> Self {
        Self::secret(
            client,
            false,
            reasons::REVOKED,
            "a new secret is written, and the old ones ended at once",
        )
    }

    /// The Secret of a client was not as it should be.
    #[must_use]
    pub fn rebuilt(client: &ObjectRef) -> Self {
        // Kubernetes counts Events of one reason as one, with the words of the first: those fit all of them.
        let note = "the Secret was deleted or edited by hand; it is written again with a new secret";
        Self::secret(client, true, reasons::SECRET_REBUILT, note)
    }

    fn secret(client: &ObjectRef, warning: bool, reason: &'static str, note: &str) -> Self {
        let about = ObjectKey::new(Kind::AuthClient, client.clone());
        Self { about, warning, reason, note: fitted(note, NOTE), action: "WriteSecret" }
    }

    /// As Kubernetes writes it.
    #[must_use]
    pub fn event(&self) -> Event {
        Event {
            type_: if self.warning { EventType::Warning } else { EventType::Normal },
            reason: self.reason.to_owned(),
            note: Some(self.note.clone()),
            action: self.action.to_owned(),
            secondary: None,
        }
    }
}

/// What happened from one compile to the next; nothing at the first one.
#[must_use]
pub fn between(old: Option<&Report>, new: &Report) -> Vec<Happened> {
    let Some(old) = old else { return Vec::new() };
    let key = |kind, name: &ObjectRef| ObjectKey::new(kind, name.clone());
    let servers = new
        .servers
        .iter()
        .flat_map(|(name, now)| of_server(&key(Kind::AuthServer, name), old.servers.get(name), now));
    let stores = new
        .stores
        .iter()
        .flat_map(|(name, now)| of_store(&key(Kind::UserStore, name), old.stores.get(name), now));
    let policies = new
        .policies
        .iter()
        .flat_map(|(name, now)| of_policy(&key(Kind::AuthPolicy, name), old.policies.get(name), now));
    let clients = new.clients.iter().flat_map(|(name, now)| {
        let before = old.clients.get(name);
        // Most clients are what they were: nothing is made for them.
        let same = before.is_some_and(|before| is_same(before, now));
        let key = (!same).then(|| key(Kind::AuthClient, name));
        key.into_iter().flat_map(move |key| of_client(&key, before, now))
    });
    servers.chain(stores).chain(policies).take(MAX_OF_OTHERS).chain(clients.take(MAX_OF_CLIENTS)).collect()
}

fn is_same(before: &ClientReport, now: &ClientReport) -> bool {
    (before.verdict, before.generation, before.reason()) == (now.verdict, now.generation, now.reason())
        && taken(before).eq(taken(now))
}

/// What is taken of a client, by code and place.
fn taken(client: &ClientReport) -> impl Iterator<Item = &str> {
    client.findings.iter().filter(|finding| finding.is_violation()).map(|finding| &*finding.message)
}

fn of_client(key: &ObjectKey, before: Option<&ClientReport>, now: &ClientReport) -> Vec<Happened> {
    let was_served = before.is_some_and(|before| before.verdict.is_served());
    let decisive = now.decisive();
    let news = before.is_none_or(|before| before.verdict != now.verdict || !taken(before).eq(taken(now)));
    if !news {
        return Vec::new();
    }
    let narrowed = || {
        let first = now.findings.iter().find(|finding| finding.is_violation());
        let more = match taken(now).count().saturating_sub(1) {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let first = first.map(|finding| format!("{} {}", finding.code, finding.message)).unwrap_or_default();
        Happened::warned(
            key,
            reasons::NARROWED,
            format!("served without what is beyond policy: {first}{more}"),
        )
    };
    let begins = || match before {
        None => Happened::compiled(key, reasons::CREATED, "the client is served"),
        Some(_) => Happened::compiled(key, reasons::ADMITTED, "the client is served now"),
    };
    match now.verdict {
        Verdict::Refused => decisive.map(|finding| Happened::found(key, finding)).into_iter().collect(),
        Verdict::Waiting => {
            vec![Happened::compiled(key, reasons::WAITING, decisive.map(line).unwrap_or_default())]
        }
        Verdict::Frozen => {
            // A server that is frozen says so itself, once.
            let own =
                decisive.filter(|finding| finding.code == nauthera_core::codes::Code::ClientNotAccepted);
            own.map(|finding| Happened::found(key, finding)).into_iter().collect()
        }
        Verdict::Narrowed if was_served => vec![narrowed()],
        Verdict::Narrowed => vec![begins(), narrowed()],
        Verdict::Compliant if was_served => {
            let before = before.map(|before| before.verdict);
            let complies = before == Some(Verdict::Narrowed);
            let note = "the client asks for nothing beyond policy any more";
            complies.then(|| Happened::compiled(key, reasons::WIDENED, note)).into_iter().collect()
        }
        Verdict::Compliant => vec![begins()],
    }
}

fn of_policy(key: &ObjectKey, before: Option<&PolicyReport>, now: &PolicyReport) -> Vec<Happened> {
    let edited = before.is_none_or(|before| before.generation != now.generation);
    let turned = before.is_none_or(|before| before.accepted != now.accepted);
    if !(edited || turned) {
        return Vec::new();
    }
    if !now.accepted {
        let error = now.findings.iter().find(|finding| finding.severity == Severity::Error);
        return error.map(|finding| Happened::found(key, finding)).into_iter().collect();
    }
    let sum = |of: fn(&nauthera_core::report::Governed) -> usize| now.servers.values().map(of).sum::<usize>();
    let (clients, violating) = (sum(|governed| governed.clients), sum(|governed| governed.violating));
    let what = if now.enforces { "narrows or refuses" } else { "would narrow or refuse" };
    let note = match now.servers.is_empty() {
        true => "no client is judged by it yet".to_owned(),
        false => format!("it governs {clients} clients and {what} {violating} of them"),
    };
    vec![Happened::compiled(key, reasons::PUBLISHED, note)]
}

fn of_server(key: &ObjectKey, before: Option<&ServerReport>, now: &ServerReport) -> Vec<Happened> {
    let was_frozen = before.is_some_and(|before| !before.frozen_by.is_empty());
    let mut happened = Vec::new();
    match (was_frozen, now.frozen_by.is_empty()) {
        (false, false) => {
            let note =
                format!("AuthPolicy {} is not accepted: every client stays as it is", names(&now.frozen_by));
            happened.push(Happened::warned(key, reasons::FROZEN, note));
        }
        (true, true) => {
            let note = "every policy is accepted again, and clients are judged again";
            happened.push(Happened::compiled(key, reasons::THAWED, note));
        }
        _ => {}
    }
    happened.extend(news(key, before.map(|before| &before.findings), &now.findings));
    happened
}

fn of_store(key: &ObjectKey, before: Option<&StoreReport>, now: &StoreReport) -> Vec<Happened> {
    news(key, before.map(|before| &before.findings), &now.findings)
}

/// Findings that were not there before, but for the freeze, which has Events of its own.
fn news(key: &ObjectKey, before: Option<&Vec<Finding>>, now: &[Finding]) -> Vec<Happened> {
    let frozen = nauthera_core::codes::Code::ServerFrozen;
    let known = |finding: &Finding| {
        before.is_some_and(|before| {
            before.iter().any(|other| (other.code, &other.message) == (finding.code, &finding.message))
        })
    };
    let new =
        now.iter().filter(|finding| finding.is_violation() && finding.code != frozen && !known(finding));
    new.map(|finding| Happened::found(key, finding)).collect()
}

/// What a status that is written tells: that the object's own change is live.
#[must_use]
pub fn programmed<S: HasConditions>(about: &ObjectKey, old: Option<&S>, new: &S) -> Option<Happened> {
    let holds = |status: &S| {
        let found = status.conditions().iter().find(|condition| condition.type_ == "Programmed");
        found.filter(|condition| condition.status == "True").map(|_| status.observed_generation())
    };
    let now = holds(new)?;
    let before = old.and_then(holds);
    let note = format!("generation {now} is served by every ready replica");
    (before != Some(now))
        .then(|| Happened { action: "Publish", ..Happened::compiled(about, reasons::PROGRAMMED, note) })
}

#[cfg(test)]
mod tests;
