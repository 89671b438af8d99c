//! The bounded pool that hashes passwords: few threads of its own, so that a storm of logins starves nothing else; a
//! bounded queue, so that it exhausts no memory; and a deadline, so that nobody waits for an answer that no one wants any more.

mod threads;

use crate::password::Hashed;
use crossbeam_channel::{Sender, bounded};
use secrecy::SecretString;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use threads::{Bench, Job, relieve, serve};
use tokio::sync::oneshot;

/// The size of a pool.
#[derive(Debug, Clone)]
pub struct PoolOptions {
    /// Threads; each works in at most the memory of the costliest hash that it met, and gives it back when idle.
    pub threads: NonZero<usize>,
    /// Passwords that may wait; one more is refused at once.
    pub queue: usize,
    /// The longest wait for an answer, queue and hashing together.
    pub deadline: Duration,
    /// Threads hash when nothing else wants the processor. One that is not done with a password after so long is given no time
    /// at all, and another one of the usual priority goes on in its place.
    pub patience: Duration,
}

impl Default for PoolOptions {
    /// Half the cores and at least one, 64 waiting passwords for each thread, ten seconds, and a second's patience.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let threads = NonZero::new(cores / 2).unwrap_or(NonZero::<usize>::MIN);
        let (deadline, patience) = (Duration::from_secs(10), Duration::from_secs(1));
        Self { threads, queue: 64 * threads.get(), deadline, patience }
    }
}

/// Too many passwords wait, or this one waited too long. The same attempt may succeed in a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords wait to be checked")]
pub struct Busy;

/// The pool. Dropped, it ends its threads.
pub struct HashPool {
    jobs: Option<Sender<Arc<Job>>>,
    threads: Vec<JoinHandle<()>>,
    hashed: Arc<AtomicU64>,
    refused: AtomicU64,
    options: PoolOptions,
}

impl HashPool {
    /// Starts the threads.
    ///
    /// # Errors
    /// Those of starting a thread.
    pub fn start(options: PoolOptions) -> std::io::Result<Self> {
        let (sender, receiver) = bounded(options.queue.max(1));
        let hashed = Arc::new(AtomicU64::new(0));
        let refused = AtomicU64::new(0);
        let mut pool = Self { jobs: Some(sender), threads: Vec::new(), hashed, refused, options };
        let thread = |name: &str| std::thread::Builder::new().name(name.into());
        for _ in 0..pool.options.threads.get() {
            let bench = Arc::<Bench>::default();
            let (jobs, watched, hashed) = (receiver.clone(), bench.clone(), pool.hashed.clone());
            pool.threads.push(thread("password").spawn(move || serve(&jobs, &watched, &hashed))?);
            let (jobs, hashed, patience) = (receiver.clone(), pool.hashed.clone(), pool.options.patience);
            let relief = move || relieve(&jobs, &bench, &hashed, patience);
            pool.threads.push(thread("password-relief").spawn(relief)?);
        }
        Ok(pool)
    }

    /// Is this the password of that hash?
    ///
    /// # Errors
    /// [`Busy`] when the queue is full or the deadline passes; such a password is not hashed any more.
    pub async fn verify(&self, password: SecretString, against: Arc<Hashed>) -> Result<bool, Busy> {
        let outcome = self.hash(password, against).await;
        if outcome.is_err() {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        outcome
    }

    async fn hash(&self, password: SecretString, against: Arc<Hashed>) -> Result<bool, Busy> {
        let (reply, answer) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or(Busy)?;
        jobs.try_send(Job::new(password, against, reply)).map_err(|_| Busy)?;
        match tokio::time::timeout(self.options.deadline, answer).await {
            Ok(Ok(verified)) => Ok(verified),
            Ok(Err(_)) | Err(_) => Err(Busy),
        }
    }

    /// Passwords that wait now.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.jobs.as_ref().map_or(0, Sender::len)
    }

    /// Passwords that may wait.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.options.queue.max(1)
    }

    /// Threads that hash.
    #[must_use]
    pub const fn threads(&self) -> usize {
        self.options.threads.get()
    }

    /// Passwords that were refused since the start: the queue was full, or they waited too long.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Passwords hashed since the start.
    #[must_use]
    pub fn hashed(&self) -> u64 {
        self.hashed.load(Ordering::Relaxed)
    }
}

impl Drop for HashPool {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::hash_password;
    use std::sync::Mutex;

    fn pool(queue: usize, deadline: Duration) -> Arc<HashPool> {
        patient(queue, deadline, Duration::from_secs(60))
    }

    fn patient(queue: usize, deadline: Duration, patience: Duration) -> Arc<HashPool> {
        let options = PoolOptions { threads: NonZero::<usize>::MIN, queue, deadline, patience };
        Arc::new(HashPool::start(options).unwrap())
    }

    fn hashed() -> Arc<Hashed> {
        Arc::new(Hashed::parse(&hash_password(&"right".into(), [1; 16]).unwrap()).unwrap())
    }

    /// A hash that takes about as long as one may.
    fn slow() -> Arc<Hashed> {
        Arc::new(Hashed::of_nobody((65_536, 10, 1)).unwrap())
    }

    /// Puts the only thread to work, and returns once it is at it.
    async fn occupy(pool: &Arc<HashPool>) -> tokio::task::JoinHandle<Result<bool, Busy>> {
        let worker = pool.clone();
        let occupied = tokio::spawn(async move { worker.verify("x".into(), slow()).await });
        tokio::task::yield_now().await;
        while pool.queued() > 0 {
            tokio::task::yield_now().await;
        }
        occupied
    }

    #[tokio::test]
    async fn right_and_wrong_are_told_apart() {
        let pool = pool(4, Duration::from_secs(60));
        assert_eq!(pool.verify("right".into(), hashed()).await, Ok(true));
        assert_eq!(pool.verify("wrong".into(), hashed()).await, Ok(false));
        assert_eq!(pool.hashed(), 2);
    }

    #[tokio::test]
    async fn one_thread_answers_in_order() {
        let pool = pool(16, Duration::from_secs(60));
        let (order, against) = (Arc::new(Mutex::new(Vec::new())), hashed());
        let mut callers = tokio::task::JoinSet::new();
        for n in 0..8 {
            let (pool, order, against) = (pool.clone(), order.clone(), against.clone());
            callers.spawn(async move {
                pool.verify("right".into(), against).await.unwrap();
                order.lock().unwrap().push(n);
            });
            tokio::task::yield_now().await;
        }
        callers.join_all().await;
        assert_eq!(*order.lock().unwrap(), (0..8).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_full_queue_is_busy_at_once() {
        let pool = pool(2, Duration::from_secs(60));
        let working = occupy(&pool).await;
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..2 {
            let (pool, against) = (pool.clone(), hashed());
            waiting.spawn(async move { pool.verify("right".into(), against).await });
        }
        while pool.queued() < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.verify("right".into(), hashed()).await, Err(Busy));
        assert_eq!(working.await.unwrap(), Ok(false));
        assert_eq!(waiting.join_all().await, [Ok(true), Ok(true)]);
        assert_eq!((pool.hashed(), pool.refused()), (3, 1), "the refused one was not hashed");
    }

    #[tokio::test]
    async fn a_password_that_waits_too_long_is_busy() {
        let pool = pool(4, Duration::from_millis(1));
        let _working = occupy(&pool).await;
        assert_eq!(pool.verify("right".into(), hashed()).await, Err(Busy));
    }

    #[tokio::test]
    async fn a_password_that_nobody_waits_for_is_not_hashed() {
        let pool = pool(4, Duration::from_secs(60));
        let working = occupy(&pool).await;
        let (caller, against) = (pool.clone(), hashed());
        let waiting = tokio::spawn(async move { caller.verify("right".into(), against).await });
        while pool.queued() == 0 {
            tokio::task::yield_now().await;
        }
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        assert_eq!(working.await.unwrap(), Ok(false));
        assert_eq!(pool.verify("right".into(), hashed()).await, Ok(true));
        assert_eq!(pool.hashed(), 2);
    }

    #[tokio::test]
    async fn several_threads_share_the_work() {
        let options = PoolOptions { threads: NonZero::new(3).unwrap(), queue: 32, ..PoolOptions::default() };
        let pool = Arc::new(HashPool::start(options).unwrap());
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..12 {
            let (pool, against) = (pool.clone(), hashed());
            callers.spawn(async move { pool.verify("right".into(), against).await });
        }
        assert!(callers.join_all().await.into_iter().all(|verified| verified == Ok(true)));
        assert_eq!((pool.hashed(), pool.queued(), pool.threads(), pool.capacity()), (12, 0, 3, 32));
    }

    #[tokio::test]
    async fn a_thread_that_stands_still_is_relieved() {
        let pool = patient(4, Duration::from_secs(60), Duration::from_millis(1));
        let starved = occupy(&pool).await;
        assert_eq!(pool.verify("right".into(), hashed()).await, Ok(true));
        assert_eq!(starved.await.unwrap(), Ok(false));
        let hashed = pool.hashed.clone();
        // Dropped, the pool waits for its threads: the one that took over hashed the first password again.
        drop(pool);
        assert!(hashed.load(Ordering::Relaxed) > 2);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn threads_take_the_time_that_nothing_else_wants() {
        const SCHED_IDLE: &str = "5";
        let pool = pool(4, Duration::from_secs(60));
        assert_eq!(pool.verify("right".into(), hashed()).await, Ok(true));
        let mut policies = std::collections::BTreeMap::<String, Vec<String>>::new();
        for task in std::fs::read_dir("/proc/self/task").unwrap() {
            // A thread of another test may end meanwhile.
            let Ok(stat) = std::fs::read_to_string(task.unwrap().path().join("stat")) else { continue };
            let (name, fields) = stat.split_once('(').unwrap().1.rsplit_once(") ").unwrap();
            policies.entry(name.into()).or_default().push(fields.split(' ').nth(38).unwrap().into());
        }
        assert!(policies["password"].iter().any(|policy| policy == SCHED_IDLE), "{policies:?}");
        assert!(policies["password-relief"].iter().all(|policy| policy == "0"), "{policies:?}");
    }

    #[test]
    fn at_most_half_the_cores_hash() {
        let cores = std::thread::available_parallelism().unwrap().get();
        let threads = PoolOptions::default().threads.get();
        assert!(threads == 1 || threads <= cores / 2, "{threads} of {cores}");
    }
}
