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
}

/// What a server says of a store.
#[derive(Debug, Clone, Copy)]
pub struct StoreLive<'a> {
    /// The AuthServer's name.
    pub server: &'a str,
    /// Why it cannot use the store; `None` when it can.
    pub fault: Option<&'a str>,
    /// Since when it says so, where known.
    pub since: Option<UnixTime>,
}

/// Makes the status.
#[must_use]
pub fn store(facts: &StoreFacts<'_>) -> UserStoreStatus {
    let servers = facts.servers.iter().take(SERVERS).map(|at| UserStoreServer {
        name: at.server.to_owned(),
        reachable: at.fault.is_none(),
        message: at.fault.map(|fault| fitted(fault, 1_024)),
        since: at.since.and_then(time),
    });
    let acceptance = manifest_faults(facts.reading)
        .map_or_else(accepted, |(reason, message)| Verdict::no(reason, message));
    let mut conditions = Conditions::of(facts.generation);
    conditions.add(kind::ACCEPTED, &acceptance);
    if acceptance.holds() {
        conditions.add(kind::READY, &readiness(facts));
    } else {
        let ready = Verdict::no(acceptance.reason, acceptance.message.clone());
        conditions.add(kind::READY, &ready);
        conditions.stall(&ready);
    }
    UserStoreStatus {
        observed_generation: facts.generation,
        servers: servers.collect(),
        conditions: conditions.done(),
    }
}

fn readiness(facts: &StoreFacts<'_>) -> Verdict {
    let faulty = facts.servers.iter().find_map(|at| at.fault.map(|fault| (at.server, fault)));
    match faulty {
        Some((server, fault)) => {
            Verdict::no(reasons::UNREACHABLE, format!("AuthServer {server} cannot use it: {fault}"))
        }
        None if facts.servers.is_empty() => {
            Verdict::yes(reasons::UNUSED, "it is valid, and no AuthServer uses it")
        }
        None => Verdict::yes(reasons::READY, "every AuthServer that uses it can"),
    }
}
