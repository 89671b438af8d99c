//! The threads of the pool. Each hashes at the lowest priority that the system has, so that tokens never wait for a password;
//! beside it, one of the usual priority watches, and takes over while the other is given no time at all.
//!
//! A watching thread that takes over hashes in place of the one that it watches, which by then stands still; so no more of them are
//! at work at once than the pool has threads.

use crate::password::{Hashed, Memory};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use secrecy::SecretString;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tracing::Span;

/// How long an idle thread keeps its memory.
const KEEP_MEMORY: Duration = Duration::from_secs(2);
/// What traces are made of: the spans of this target, and no others.
const SPANS: &str = "nauthera::span";
/// How often a thread that took over looks whether it is still needed.
const STILL_NEEDED: Duration = Duration::from_millis(100);

/// A password to verify.
pub(super) struct Job {
    password: SecretString,
    against: Arc<Hashed>,
    reply: Mutex<Option<oneshot::Sender<bool>>>,
    /// The request's span, and the one of its wait in the queue. Of no cost where nothing is traced.
    asked_in: Span,
    wait: Mutex<Option<Span>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Job {
    pub(super) fn new(
        password: SecretString,
        against: Arc<Hashed>,
        reply: oneshot::Sender<bool>,
    ) -> Arc<Self> {
        let wait = tracing::info_span!(target: SPANS, "password wait");
        // A span of ours stands in another one only where both are traced.
        let asked_in = if wait.is_disabled() { Span::none() } else { Span::current() };
        let wait = Mutex::new(Some(wait));
        Arc::new(Self { password, against, reply: Mutex::new(Some(reply)), asked_in, wait })
    }

    /// Does anybody wait for the answer?
    fn is_awaited(&self) -> bool {
        locked(&self.reply).as_ref().is_some_and(|reply| !reply.is_closed())
    }

    fn work(&self, memory: &mut Memory, hashed: &AtomicU64) {
        drop(locked(&self.wait).take());
        let span = tracing::info_span!(target: SPANS, parent: &self.asked_in, "password hash");
        let verified = span.in_scope(|| self.against.verify(&self.password, memory));
        hashed.fetch_add(1, Ordering::Relaxed);
        if let Some(reply) = locked(&self.reply).take() {
            // Nobody may wait any more.
            let _ = reply.send(verified);
        }
    }
}

/// What one thread is at, as the one that watches it sees it.
#[derive(Default)]
pub(super) struct Bench {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    job: Option<Arc<Job>>,
    /// Which of its jobs that is.
    number: u64,
    closed: bool,
}

impl Bench {
    fn begin(&self, job: &Arc<Job>) {
        let mut state = locked(&self.state);
        state.number += 1;
        state.job = Some(job.clone());
        drop(state);
        self.changed.notify_one();
    }

    fn end(&self) {
        locked(&self.state).job = None;
        self.changed.notify_one();
    }

    fn close(&self) {
        locked(&self.state).closed = true;
        self.changed.notify_one();
    }

    fn is_at(&self, number: u64) -> bool {
        let state = locked(&self.state);
        state.number == number && state.job.is_some() && !state.closed
    }

    /// Waits for a job that is not done after so long; `None` when there will be no more.
    fn starved(&self, patience: Duration) -> Option<(u64, Arc<Job>)> {
        let mut state = locked(&self.state);
        loop {
            let waits = |state: &mut State| state.job.is_none() && !state.closed;
            state = self.changed.wait_while(state, waits).unwrap_or_else(PoisonError::into_inner);
            if state.closed {
                return None;
            }
            let number = state.number;
            let same = |state: &mut State| state.number == number && state.job.is_some() && !state.closed;
            let waited = self.changed.wait_timeout_while(state, patience, same);
            let (next, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            if timeout.timed_out()
                && let Some(job) = &next.job
            {
                return Some((number, job.clone()));
            }
            state = next;
        }
    }
}

/// Hashes until the queue is closed. The memory is kept while logins come one after the other, and given back when they cease.
pub(super) fn serve(jobs: &Receiver<Arc<Job>>, bench: &Bench, hashed: &AtomicU64) {
    give_way();
    let mut memory = Memory::default();
    loop {
        let job = match jobs.recv_timeout(KEEP_MEMORY) {
            Ok(job) => job,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                memory = Memory::default();
                let Ok(job) = jobs.recv() else { break };
                job
            }
        };
        if job.is_awaited() {
            bench.begin(&job);
            job.work(&mut memory, hashed);
            bench.end();
        }
    }
    bench.close();
}

/// Watches a thread, and hashes in its place as long as it stands still.
pub(super) fn relieve(jobs: &Receiver<Arc<Job>>, bench: &Bench, hashed: &AtomicU64, patience: Duration) {
    while let Some((number, job)) = bench.starved(patience) {
        tracing::debug!("no time is left for passwords: they are hashed at the usual priority");
        let mut memory = Memory::default();
        job.work(&mut memory, hashed);
        while bench.is_at(number) {
            match jobs.recv_timeout(STILL_NEEDED) {
                Ok(job) if job.is_awaited() => job.work(&mut memory, hashed),
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    }
}

/// Takes whatever time nothing else wants, from now on, where the system knows such a thing.
fn give_way() {
    #[cfg(target_os = "linux")]
    {
        use thread_priority::{
            NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
            thread_native_id,
        };
        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        // A sandbox may forbid it: then passwords are hashed beside everything else.
        if let Err(error) = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle) {
            tracing::debug!(?error, "password threads keep the usual priority");
        }
    }
}
