//! Leader election by a Lease. Who leads is judged in [`election`]; this is its edge: reading and writing the Lease, and a
//! [`Term`] for whoever leads, which ends the moment that the leadership may be over.

mod election;
#[cfg(test)]
mod election_tests;
#[cfg(test)]
mod term_tests;

pub use election::{Election, Move, Seen, Timing};

use crate::cluster::{Fault, params, within};
use crate::names::{MANAGED_BY, MANAGED_BY_LABEL};
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::Api;
use kube::core::ObjectMeta as Meta;
use nauthera_core::time::Clock;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How long a read or a write of the Lease may take: shorter than what is left of a term at any look.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// One time of leading. Everything that writes holds one, and stops when it is over.
#[derive(Clone)]
pub struct Term {
    over: CancellationToken,
    until: watch::Receiver<Duration>,
    clock: Arc<dyn Clock>,
}

impl Term {
    /// A term without end, for an operator that runs alone.
    #[must_use]
    pub fn alone(clock: Arc<dyn Clock>, over: CancellationToken) -> Self {
        let (_, until) = watch::channel(Duration::MAX);
        Self { over, until, clock }
    }

    /// May be written now? Asked right before each write: a process that was stopped for long learns it here. A term that was once said to
    /// be over stays so, whatever an answer that came late may mean: who was told has stopped.
    #[must_use]
    pub fn holds(&self) -> bool {
        if self.clock.monotonic() >= *self.until.borrow() {
            self.over.cancel();
        }
        !self.over.is_cancelled()
    }

    /// The same, for whoever is about to write.
    ///
    /// # Errors
    /// [`Fault::NotLeading`].
    pub fn check(&self) -> Result<(), Fault> {
        if self.holds() { Ok(()) } else { Err(Fault::NotLeading) }
    }

    /// Waits until it is over.
    pub async fn ended(&self) {
        self.over.cancelled().await;
    }

    /// Ends with the term.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.over.child_token()
    }
}

/// The candidate of this process.
pub struct Candidate {
    api: Api<Lease>,
    name: String,
    election: Election,
    timing: Timing,
    clock: Arc<dyn Clock>,
    terms: watch::Sender<Option<Term>>,
    until: Option<(watch::Sender<Duration>, CancellationToken)>,
    transitions: i32,
    said: Option<String>,
}

impl Candidate {
    /// A candidate for the Lease of this name; `me` is a name that no other candidate has.
    pub fn new(api: Api<Lease>, name: &str, me: String, clock: Arc<dyn Clock>) -> Self {
        let timing = Timing::default();
        let election = Election::new(me, timing);
        let terms = watch::Sender::new(None);
        Self {
            api,
            name: name.into(),
            election,
            timing,
            clock,
            terms,
            until: None,
            transitions: 0,
            said: None,
        }
    }

    /// The term of this process, while it leads.
    #[must_use]
    pub fn terms(&self) -> watch::Receiver<Option<Term>> {
        self.terms.subscribe()
    }

    /// Stands for election until it is told to stop; then the Lease is released, so that another one leads at once.
    pub async fn stand(mut self, stop: CancellationToken) {
        let mut every = tokio::time::interval(self.timing.retry);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = every.tick() => {}
                () = self.term_runs_out() => {
                    self.end_term("the Lease could not be renewed in time");
                    continue;
                }
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.term_runs_out() => self.end_term("the Lease could not be renewed in time"),
                () = round(&mut self.election, &self.api, &self.name, &*self.clock, &mut self.transitions, &mut self.said) => {}
            }
            self.follow();
        }
        let led = self.until.is_some();
        self.end_term("this process stops");
        if led {
            self.release().await;
        }
    }

    /// Waits until the term is over by the own clock; for ever where there is none.
    fn term_runs_out(&self) -> impl Future<Output = ()> + use<> {
        let left =
            self.until.as_ref().map(|(until, _)| until.borrow().saturating_sub(self.clock.monotonic()));
        async move {
            match left {
                Some(left) => tokio::time::sleep(left).await,
                None => std::future::pending().await,
            }
        }
    }

    /// Begins, prolongs or ends the term as the election says.
    fn follow(&mut self) {
        let now = self.clock.monotonic();
        if !self.election.leads(now) {
            return self.end_term("another one holds the Lease");
        }
        let end = self.election.leads_until().unwrap_or(now);
        if self.until.as_ref().is_some_and(|(_, over)| over.is_cancelled()) {
            self.end_term("the Lease was renewed late");
        }
        match &self.until {
            Some((until, _)) => {
                until.send_replace(end);
            }
            None => {
                let (sender, until) = watch::channel(end);
                let over = CancellationToken::new();
                self.until = Some((sender, over.clone()));
                tracing::info!(identity = self.election.me(), "leading");
                self.terms.send_replace(Some(Term { over, until, clock: self.clock.clone() }));
            }
        }
    }

    fn end_term(&mut self, why: &str) {
        if let Some((until, over)) = self.until.take() {
            until.send_replace(Duration::ZERO);
            over.cancel();
            self.terms.send_replace(None);
            tracing::warn!(why, "not leading any more");
        }
    }

    /// Lets go of the Lease, if it is still this process's.
    async fn release(&mut self) {
        self.election.release();
        let read = within(ANSWER_WITHIN, self.api.get_opt(&self.name)).await;
        let Ok(Some(mut lease)) = read else { return };
        let Some(spec) = &mut lease.spec else { return };
        if spec.holder_identity.as_deref() != Some(self.election.me()) {
            return;
        }
        spec.holder_identity = Some(String::new());
        spec.lease_duration_seconds = Some(1);
        let written = within(ANSWER_WITHIN, self.api.replace(&self.name, &params(), &lease)).await;
        if let Err(error) = written {
            tracing::info!(%error, "the Lease could not be released: another one leads once it has run out");
        }
    }
}

/// Reads the Lease, judges it, and writes it where that is due.
async fn round(
    election: &mut Election,
    api: &Api<Lease>,
    name: &str,
    clock: &dyn Clock,
    transitions: &mut i32,
    said: &mut Option<String>,
) {
    let outcome = try_round(election, api, name, clock, transitions).await;
    let text = outcome.err().map(|error| error.to_string());
    if let Some(error) = text.as_ref().filter(|text| said.as_ref() != Some(*text)) {
        tracing::warn!(error, "the Lease cannot be looked after");
    }
    *said = text;
}

async fn try_round(
    election: &mut Election,
    api: &Api<Lease>,
    name: &str,
    clock: &dyn Clock,
    transitions: &mut i32,
) -> Result<(), Fault> {
    let lease = within(ANSWER_WITHIN, api.get_opt(name)).await?;
    let step = election.judge(lease.as_ref().map(seen), clock.monotonic());
    let sent = clock.monotonic();
    let spec = lease.as_ref().and_then(|lease| lease.spec.clone()).unwrap_or_default();
    let written = match step {
        Move::Wait => return Ok(()),
        Move::Create => {
            *transitions = 0;
            let lease = claim(name, None, election.me(), clock, &LeaseSpec::default(), 0);
            within(ANSWER_WITHIN, api.create(&params(), &lease)).await
        }
        Move::Replace { resource_version, renewal } => {
            *transitions = spec.lease_transitions.unwrap_or_default() + i32::from(!renewal);
            let kept = if renewal { spec } else { LeaseSpec::default() };
            let lease = claim(name, Some(resource_version), election.me(), clock, &kept, *transitions);
            within(ANSWER_WITHIN, api.replace(name, &params(), &lease)).await
        }
    };
    match written {
        Ok(_) => election.won(sent),
        Err(Fault::Conflict) => election.refused(),
        Err(error) => return Err(error),
    }
    Ok(())
}

fn seen(lease: &Lease) -> Seen {
    let spec = lease.spec.as_ref();
    let lasts =
        spec.and_then(|spec| spec.lease_duration_seconds).and_then(|seconds| u64::try_from(seconds).ok());
    Seen {
        resource_version: lease.metadata.resource_version.clone().unwrap_or_default(),
        holder: spec.and_then(|spec| spec.holder_identity.clone()).unwrap_or_default(),
        lasts: lasts.map(Duration::from_secs),
    }
}

/// The Lease as this candidate holds it. Its times are for people: nobody decides by another machine's clock.
fn claim(
    name: &str,
    resource_version: Option<String>,
    me: &str,
    clock: &dyn Clock,
    kept: &LeaseSpec,
    transitions: i32,
) -> Lease {
    let now = Timestamp::from_microsecond(clock.precise().0).map(MicroTime).ok();
    let lasts = i32::try_from(Timing::default().lease.as_secs()).ok();
    let labels = [(MANAGED_BY_LABEL.to_owned(), MANAGED_BY.to_owned())];
    let metadata: Meta = ObjectMeta {
        name: Some(name.into()),
        resource_version,
        labels: Some(labels.into()),
        ..ObjectMeta::default()
    };
    let spec = LeaseSpec {
        holder_identity: Some(me.into()),
        lease_duration_seconds: lasts,
        acquire_time: kept.acquire_time.clone().or_else(|| now.clone()),
        renew_time: now,
        lease_transitions: Some(transitions),
        ..LeaseSpec::default()
    };
    Lease { metadata, spec: Some(spec) }
}
