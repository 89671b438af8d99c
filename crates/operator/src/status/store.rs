//! The status of a UserStore.

use super::bounded::fitted;
use super::conditions::{Conditions, Verdict, accepted, kind};
use super::merge::time;
use super::reasons;
use super::words::manifest_faults;
use nauthera_api::v1alpha1::{UserStoreServer, UserStoreStatus};
use nauthera_core::finding::Finding;
use nauthera_core::time::UnixTime;

/// How many servers a status lists.
const SERVERS: usize = 64;

/// What is known of a store.
#[derive(Debug, Clone, Copy)]
pub struct StoreFacts<'a> {
    /// Its generation.
    pub generation: i64,
    /// What is wrong with its manifest.
    pub reading: &'a [Finding],
    /// The servers that use it, by name, with what they say.
    pub servers: &'a [StoreLive<'a>],
    /// The status that is there: a server of which nobody knows anything keeps what is said of it.
    pub there: Option<&'a UserStoreStatus>,
    /// The time of what is news.
    pub now: UnixTime,
}

/// A server that uses a store.
#[derive(Debug, Clone, Copy)]
pub struct StoreLive<'a> {
    /// The AuthServer's name.
    pub server: &'a str,
    /// What it says, where it has said anything.
    pub word: Option<StoreWord<'a>>,
}

/// What a server says of a store that it uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreWord<'a> {
    /// It can.
    Usable,
    /// It cannot, with why.
    Fault(&'a str),
}

/// What is said of a server that has said nothing.
const UNHEARD: &str = "no ready replica of it has used the store yet";

/// Makes the status.
#[must_use]
pub fn store(facts: &StoreFacts<'_>) -> UserStoreStatus {
    let servers: Vec<UserStoreServer> = facts.servers.iter().map(|at| said(facts, *at)).collect();
    let acceptance = manifest_faults(facts.reading)
        .map_or_else(accepted, |(reason, message)| Verdict::no(reason, message));
    let mut conditions = Conditions::of(facts.generation);
    conditions.add(kind::ACCEPTED, &acceptance);
    if acceptance.holds() {
        conditions.add(kind::READY, &readiness(&servers));
    } else {
        let ready = Verdict::no(acceptance.reason, acceptance.message.clone());
        conditions.add(kind::READY, &ready);
        conditions.stall(&ready);
    }
    UserStoreStatus {
        observed_generation: facts.generation,
        servers: servers.into_iter().take(SERVERS).collect(),
        conditions: conditions.done(),
    }
}

/// What is said of one server, and since when.
fn said(facts: &StoreFacts<'_>, at: StoreLive<'_>) -> UserStoreServer {
    let before = facts.there.and_then(|there| there.servers.iter().find(|before| before.name == at.server));
    let message = match (at.word, before) {
        (Some(StoreWord::Usable), _) => None,
        (Some(StoreWord::Fault(fault)), _) => Some(fitted(fault, 1_024)),
        (None, Some(before)) => return before.clone(),
        (None, None) => Some(UNHEARD.to_owned()),
    };
    let same = before.filter(|before| before.message == message);
    UserStoreServer {
        name: at.server.to_owned(),
        reachable: message.is_none(),
        since: same.map_or_else(|| time(facts.now), |same| same.since.clone()),
        message,
    }
}

fn readiness(servers: &[UserStoreServer]) -> Verdict {
    let faulty = servers.iter().find_map(|at| at.message.as_ref().map(|fault| (&at.name, fault)));
    match faulty {
        Some((server, fault)) => {
            Verdict::no(reasons::UNREACHABLE, format!("AuthServer {server} cannot use it: {fault}"))
        }
        None if servers.is_empty() => Verdict::yes(reasons::UNUSED, "it is valid, and no AuthServer uses it"),
        None => Verdict::yes(reasons::READY, "every AuthServer that uses it can"),
    }
}
