//! What was asked, when, and what was answered.

use http::{Method, Request};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Calls that are remembered.
const REMEMBERED: usize = 100_000;

/// One request.
#[derive(Debug, Clone)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: String,
    /// The query.
    pub query: String,
}

impl Call {
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        Self {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
        }
    }

    /// Does it begin a watch?
    #[must_use]
    pub fn is_watch(&self) -> bool {
        self.query.split('&').any(|pair| pair == "watch=true")
    }

    /// Does it change anything?
    #[must_use]
    pub fn is_write(&self) -> bool {
        self.method != Method::GET
    }

    /// Is it about objects of this plural, such as `secrets`?
    #[must_use]
    pub fn is_of(&self, plural: &str) -> bool {
        self.path.split('/').any(|part| part == plural)
    }
}

/// A request with its answer.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What was asked.
    pub call: Call,
    /// When.
    pub at: Instant,
    /// What was answered; `None` while nothing was, or where the connection was ended instead.
    pub status: Option<u16>,
    /// Was it refused only since its namespace is being deleted?
    pub is_over: bool,
}

/// The call that was repeated most often within any time of this length, and how often. A watch and a list of one kind are two
/// calls, and so are a read and a write of one object.
#[must_use]
pub fn busiest(seen: &[Seen], within: Duration) -> (usize, String) {
    let mut by_call: BTreeMap<String, Vec<Instant>> = BTreeMap::new();
    for Seen { call, at, .. } in seen {
        let kind = if call.is_watch() { "WATCH" } else { call.method.as_str() };
        by_call.entry(format!("{kind} {}", call.path)).or_default().push(*at);
    }
    let most = by_call.into_iter().map(|(call, times)| {
        let mut window: VecDeque<Instant> = VecDeque::new();
        let mut most = 0;
        for at in times {
            while window.front().is_some_and(|first| *first + within < at) {
                window.pop_front();
            }
            window.push_back(at);
            most = most.max(window.len());
        }
        (most, call)
    });
    most.max().unwrap_or_default()
}

/// The calls of a proxy.
#[derive(Default)]
pub(super) struct Calls(Mutex<Log>);

#[derive(Default)]
struct Log {
    first: u64,
    seen: VecDeque<Seen>,
}

impl Calls {
    /// Notes a call; its number.
    pub(super) fn asked(&self, call: &Call) -> u64 {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if log.seen.len() >= REMEMBERED {
            log.seen.pop_front();
            log.first += 1;
        }
        log.seen.push_back(Seen { call: call.clone(), at: Instant::now(), status: None, is_over: false });
        log.first + log.seen.len() as u64 - 1
    }

    /// Notes what was answered.
    pub(super) fn answered(&self, number: u64, (status, is_over): (Option<u16>, bool)) {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = number.checked_sub(log.first).and_then(|place| usize::try_from(place).ok());
        if let Some(seen) = place.and_then(|place| log.seen.get_mut(place)) {
            (seen.status, seen.is_over) = (status, is_over);
        }
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).seen.iter().cloned().collect()
    }

    pub(super) fn forget(&self) {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.first += log.seen.len() as u64;
        log.seen.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_call_is_counted_within_any_window() {
        let start = Instant::now();
        let seen = |path: &str, ms: u64| Seen {
            call: Call { method: Method::GET, path: path.into(), query: String::new() },
            at: start + Duration::from_millis(ms),
            status: None,
            is_over: false,
        };
        let calls = [seen("/a", 0), seen("/b", 0), seen("/b", 900), seen("/b", 1_100), seen("/a", 5_000)];
        assert_eq!(busiest(&calls, Duration::from_secs(1)), (2, "GET /b".into()));
        assert_eq!(busiest(&[], Duration::from_secs(1)), (0, String::new()));
    }

    #[test]
    fn what_a_call_is_about_is_seen_by_whole_words() {
        let path = "/api/v1/namespaces/auth/secrets/configmaps-a".to_owned();
        let call = Call { method: Method::PUT, path, query: "fieldManager=a&watch=trueish".into() };
        assert!(call.is_of("secrets") && !call.is_of("configmaps"));
        assert!(call.is_write() && !call.is_watch());
    }
}
