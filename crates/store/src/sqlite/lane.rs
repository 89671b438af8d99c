//! Where steps wait for a thread: bounded, answered by a deadline, and never begun once nobody waits any more. What a
//! thread does with a step is the reader's or the writer's.

use crate::{Result, StoreError};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use rusqlite::Connection;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// A step that waits: runs on a connection, then answers.
pub(super) trait Step: Send {
    /// Does somebody still wait for the answer?
    fn is_wanted(&self) -> bool;
    /// Runs it, or runs it again when what it did was rolled back. The error, when it failed.
    fn run(&mut self, connection: &Connection) -> std::result::Result<(), &StoreError>;
    /// Answers with what came of it.
    fn answer(self: Box<Self>);
    /// Answers that it was not done.
    fn refuse(self: Box<Self>, why: &str);
}

/// A waiting step of any kind.
pub(super) type Waiting = Box<dyn Step>;

struct Call<T, F> {
    work: F,
    outcome: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T, F> Step for Call<T, F>
where
    T: Send,
    F: Fn(&Connection) -> Result<T> + Send,
{
    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn run(&mut self, connection: &Connection) -> std::result::Result<(), &StoreError> {
        self.outcome.insert((self.work)(connection)).as_ref().map(drop)
    }

    fn answer(self: Box<Self>) {
        if let Some(outcome) = self.outcome {
            // Nobody may listen any more.
            let _ = self.reply.send(outcome);
        }
    }

    fn refuse(self: Box<Self>, why: &str) {
        let _ = self.reply.send(Err(StoreError::Unavailable(why.to_owned())));
    }
}

/// A queue of steps and the threads that take from it.
pub(super) struct Lane {
    steps: Option<Sender<Waiting>>,
    threads: Vec<JoinHandle<()>>,
}

impl Lane {
    /// Starts one thread for each worker.
    pub(super) fn start<W>(name: &str, capacity: usize, workers: impl IntoIterator<Item = W>) -> Result<Self>
    where
        W: FnOnce(Receiver<Waiting>) + Send + 'static,
    {
        let (sender, receiver) = bounded(capacity.max(1));
        let mut lane = Self { steps: Some(sender), threads: Vec::new() };
        for worker in workers {
            let steps = receiver.clone();
            let thread = std::thread::Builder::new().name(name.to_owned());
            let thread = thread.spawn(move || worker(steps));
            lane.threads.push(thread.map_err(|e| StoreError::Unavailable(format!("no thread: {e}")))?);
        }
        Ok(lane)
    }

    /// Hands a step over and waits for its answer.
    pub(super) async fn call<T, F>(&self, deadline: Duration, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let step = Box::new(Call { work, outcome: None, reply });
        let queue = self.steps.as_ref().ok_or_else(|| away("it is closed"))?;
        queue.try_send(step).map_err(|error| match error {
            TrySendError::Full(_) => away("too many steps wait"),
            TrySendError::Disconnected(_) => away("its thread has ended"),
        })?;
        match tokio::time::timeout(deadline, answer).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(away("its thread has ended")),
            Err(_) => Err(away("it did not answer in time")),
        }
    }

    /// Threads that take steps.
    pub(super) fn threads(&self) -> usize {
        self.threads.len()
    }

    /// Steps that wait.
    pub(super) fn waiting(&self) -> usize {
        self.steps.as_ref().map_or(0, Sender::len)
    }
}

fn away(why: &str) -> StoreError {
    StoreError::Unavailable(why.to_owned())
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.steps = None;
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
    }
}
