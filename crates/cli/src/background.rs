//! A thread for work that must not hold up requests: reading a Snapshot of ten thousand clients takes a tenth of a second of a
//! processor, and on a thread of the server's every request behind it would wait for that.

use anyhow::{Context, Result};
use std::sync::mpsc::{SyncSender, sync_channel};
use tokio::sync::oneshot;

type Work = Box<dyn FnOnce() + Send>;

/// Its niceness: where a processor is not enough for all, this thread gets a third of what another one gets. With less, a change of
/// policy would wait for quiet times.
const NICE: i32 = 5;
/// Work that waits; who gives more is told to.
const WAITING: usize = 4;

/// The thread. It ends when this is dropped and what it began is done.
pub struct Background(SyncSender<Work>);

impl Background {
    /// Starts the thread.
    pub fn start() -> Result<Self> {
        let (out, work) = sync_channel::<Work>(WAITING);
        let run = move || {
            give_way();
            work.into_iter().for_each(|work| work());
        };
        let thread = std::thread::Builder::new().name("background".into());
        thread.spawn(run).context("a thread cannot be started")?;
        Ok(Self(out))
    }

    /// Does it there, and waits for what comes of it.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let (done, outcome) = oneshot::channel();
        // Who no longer waits needs no outcome.
        let work = move || drop(done.send(work()));
        self.0.try_send(Box::new(work)).ok().context("too much waits to be done in the background")?;
        outcome.await.context("what was to be done in the background broke off")
    }
}

/// On Linux a niceness is a thread's own; elsewhere it is the process's, and stays.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "background work keeps the usual priority");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_at_a_lower_priority() {
        let background = Background::start().unwrap();
        let nice = background.run(|| rustix::process::getpriority_process(None).unwrap()).await.unwrap();
        let usual = rustix::process::getpriority_process(None).unwrap();
        assert_eq!(nice, NICE.max(usual));
        let both = tokio::join!(background.run(|| 1), background.run(|| 2));
        assert_eq!((both.0.unwrap(), both.1.unwrap()), (1, 2));
    }
}
