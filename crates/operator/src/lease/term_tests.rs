//! A term as those who write see it, and as the candidate goes on with it.

use super::{Candidate, Term};
use kube::{Api, Client, Config};
use nauthera_core::time::{Clock, UnixTime};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A clock that is set by hand, in seconds.
#[derive(Default)]
struct Hand(AtomicU64);

impl Clock for Hand {
    fn now(&self) -> UnixTime {
        UnixTime(0)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// A candidate that won just now. Nobody is asked: what the API server says is told by the test.
fn leading(clock: &Arc<Hand>) -> Candidate {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let config = Config::new(http::Uri::from_static("http://127.0.0.1:1"));
    let api = Api::namespaced(Client::try_from(config).unwrap(), "home");
    let mut candidate = Candidate::new(api, "lease", "me".into(), clock.clone());
    candidate.election.won(Duration::ZERO);
    candidate.follow();
    candidate
}

fn term(candidate: &Candidate) -> Term {
    candidate.terms().borrow().clone().unwrap()
}

#[tokio::test]
async fn a_term_is_prolonged_by_each_renewal_that_comes_in_time() {
    let clock = Arc::new(Hand::default());
    let mut candidate = leading(&clock);
    let first = term(&candidate);
    clock.0.store(6, Ordering::Relaxed);
    assert!(first.holds());
    candidate.election.won(Duration::from_secs(5));
    candidate.follow();
    clock.0.store(11, Ordering::Relaxed);
    assert!(first.holds());
    clock.0.store(12, Ordering::Relaxed);
    assert!(!first.holds());
}

#[tokio::test]
async fn a_renewal_that_is_heard_of_late_begins_another_term_since_who_led_has_stopped() {
    let clock = Arc::new(Hand::default());
    let mut candidate = leading(&clock);
    let first = term(&candidate);
    // It was renewed after six seconds, and this process hears of it after eight: somebody has asked meanwhile.
    clock.0.store(8, Ordering::Relaxed);
    assert!(!first.holds());
    candidate.election.won(Duration::from_secs(6));
    candidate.follow();
    assert!(!first.holds(), "who was told that it is over has stopped");
    first.ended().await;
    let second = term(&candidate);
    assert!(second.holds());
    clock.0.store(13, Ordering::Relaxed);
    assert!(!second.holds());
}
