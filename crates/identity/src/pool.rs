//! The pool in which passwords are hashed: a few threads of their own and a short queue, so that a storm of logins neither
//! exhausts memory nor starves anything else. What finds no room is refused at once.

use crate::password::Password;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use tokio::sync::oneshot;

/// Jobs that may wait for each thread.
const QUEUE_PER_THREAD: usize = 64;

/// There is no room in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

struct Job {
    password: Password,
    hash: Arc<str>,
    answer: oneshot::Sender<bool>,
}

/// A bounded pool of hashing threads. Each holds the memory of one hash, 19 MiB.
pub struct HashPool {
    jobs: SyncSender<Job>,
    counts: Arc<Counts>,
    capacity: usize,
}

#[derive(Default)]
struct Counts {
    queued: AtomicUsize,
    hashed: AtomicU64,
}

impl HashPool {
    /// A pool of so many threads, at least one. They end when the pool is dropped.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        let threads = threads.max(1);
        let capacity = threads * QUEUE_PER_THREAD;
        let (jobs, queue) = sync_channel(capacity);
        let queue = Arc::new(Mutex::new(queue));
        let counts = Arc::new(Counts::default());
        for n in 0..threads {
            let (queue, counts) = (queue.clone(), counts.clone());
            let thread = std::thread::Builder::new().name(format!("hash-{n}"));
            if let Err(error) = thread.spawn(move || work(&queue, &counts)) {
                // With no thread at all every login is refused as busy: the queue has no reader.
                drop(error);
            }
        }
        Self { jobs, counts, capacity }
    }

    /// Is this the password of the hash?
    ///
    /// # Errors
    /// [`Full`] when there is no room in the queue.
    pub(crate) async fn verify(&self, password: Password, hash: Arc<str>) -> Result<bool, Full> {
        let (answer, answered) = oneshot::channel();
        self.counts.queued.fetch_add(1, Ordering::Relaxed);
        if self.jobs.try_send(Job { password, hash, answer }).is_err() {
            self.counts.queued.fetch_sub(1, Ordering::Relaxed);
            return Err(Full);
        }
        answered.await.map_err(|_| Full)
    }

    /// Jobs that wait or run.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.counts.queued.load(Ordering::Relaxed)
    }

    /// Jobs that may wait.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Passwords hashed so far.
    #[must_use]
    pub fn hashed(&self) -> u64 {
        self.counts.hashed.load(Ordering::Relaxed)
    }
}

fn work(queue: &Mutex<Receiver<Job>>, counts: &Counts) {
    let mut memory = Vec::new();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // Whoever stopped waiting (a closed connection) costs nothing more.
        let fits = (!job.answer.is_closed()).then(|| job.password.fits(&job.hash, &mut memory));
        counts.queued.fetch_sub(1, Ordering::Relaxed);
        if let Some(fits) = fits {
            counts.hashed.fetch_add(1, Ordering::Relaxed);
            job.answer.send(fits).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash_password;
    use secrecy::SecretString;

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        let pool = Arc::new(HashPool::new(1));
        let hash: Arc<str> = hash_password(&SecretString::from("x"), [1; 16]).into();
        let jobs = (0..pool.capacity() + 20).map(|_| {
            let (pool, hash) = (pool.clone(), hash.clone());
            tokio::spawn(async move { pool.verify(Password::new(SecretString::from("y")), hash).await })
        });
        let jobs: Vec<_> = jobs.collect();
        let mut full = 0;
        for job in jobs {
            full += usize::from(job.await.unwrap() == Err(Full));
        }
        assert!(full > 0 && full <= 20, "{full}");
        assert_eq!(pool.queued(), 0);
    }
}
