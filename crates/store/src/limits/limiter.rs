//! The one door to limits. What replicas share decides; each replica also remembers what it heard, so that whoever must wait is
//! refused without asking again, and so that it goes on by itself from where it stood when what is shared is away.

use super::memory::is_refused;
use super::{Answer, Ask, Ending, LimitStore, Memory, SharedMemory};
use crate::{Store, StoreError};
use nauthera_core::limits::{Rule, Verdict, Wait};
use nauthera_core::time::Micros;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Questions to what is shared at once, at most: a storm of guesses takes no more of it than that.
const TURNS: usize = 8;
/// The longest wait for a turn.
const TURN_WITHIN: Duration = Duration::from_millis(100);

/// What replicas share.
#[derive(Clone)]
pub enum Shared {
    /// Nothing: this replica is alone.
    Alone,
    /// The store, as far as it can keep limits.
    Store(Arc<dyn Store>),
    /// Something beside the store.
    Beside(Arc<dyn SharedMemory>),
}

impl Shared {
    fn limits(&self) -> Option<&dyn LimitStore> {
        match self {
            Self::Alone => None,
            Self::Store(store) => store.limits(),
            Self::Beside(memory) => Some(&**memory),
        }
    }
}

/// An attempt is refused for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// By which limit; by the one with the longest wait where several refuse.
    pub rule: &'static Rule,
    /// How long it must wait.
    pub wait: Wait,
    /// Is it worth a line of audit? Once a minute for each subject.
    pub news: bool,
}

/// How it goes with what is shared.
#[derive(Debug, Default)]
pub struct Health {
    away: AtomicBool,
    missed: AtomicU64,
}

impl Health {
    /// Does this replica go by its own limits, because what is shared was away when it was asked last?
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.away.load(Ordering::Relaxed)
    }

    /// Questions that what is shared did not answer.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }

    fn answered(&self) {
        if self.away.load(Ordering::Relaxed) && self.away.swap(false, Ordering::Relaxed) {
            tracing::info!("limits are shared between replicas again");
        }
    }

    fn unanswered(&self, error: &StoreError) {
        self.missed.fetch_add(1, Ordering::Relaxed);
        if !self.away.swap(true, Ordering::Relaxed) {
            tracing::warn!(%error, "limits are this replica's own until what replicas share is back");
        }
    }
}

/// Limits as the server asks them.
pub struct Limiter {
    own: Memory,
    shared: Shared,
    turns: Semaphore,
    health: Arc<Health>,
}

impl Limiter {
    /// Limits over what is shared, or of this replica alone where the store keeps none.
    #[must_use]
    pub fn new(shared: Shared, own: Memory) -> Self {
        Self { own, shared, turns: Semaphore::new(TURNS), health: Arc::default() }
    }

    /// How it goes with what is shared.
    #[must_use]
    pub const fn health(&self) -> &Arc<Health> {
        &self.health
    }

    /// Is there anything that replicas share?
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.shared.limits().is_some()
    }

    /// This replica's own memory.
    #[must_use]
    pub const fn own(&self) -> &Memory {
        &self.own
    }

    /// Counts an attempt under all these limits, or under none of them where one refuses it.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn admit(&self, asked: &[Ask], now: Micros) -> Result<(), Refused> {
        self.look(asked, now)?;
        let answers = match self.ask(|shared| shared.admit(asked, now)).await {
            Some(answers) => {
                for (ask, answer) in asked.iter().zip(&answers) {
                    self.own.put(ask, answer.state, now);
                }
                answers
            }
            None => self.own.admit(asked, now),
        };
        self.verdict(asked, &answers, now)
    }

    /// Is an attempt known to be refused? Asks this replica's memory alone, and counts nothing.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn look(&self, asked: &[Ask], now: Micros) -> Result<(), Refused> {
        self.verdict(asked, &self.own.look(asked, now), now)
    }

    /// Tells how an admitted attempt ended.
    pub async fn settle(&self, ended: &[(Ask, Ending)], now: Micros) {
        self.own.settle(ended, now);
        self.ask(|shared| shared.settle(ended, now)).await;
    }

    /// The answer of what is shared; `None` where nothing is, or where it is away.
    async fn ask<'a, T>(&'a self, question: impl FnOnce(&'a dyn LimitStore) -> Asking<'a, T>) -> Option<T> {
        let shared = self.shared.limits()?;
        let answer = match self.turn().await {
            Ok(_turn) => question(shared).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) => {
                self.health.answered();
                Some(answer)
            }
            Err(error) => {
                self.health.unanswered(&error);
                None
            }
        }
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>, StoreError> {
        match tokio::time::timeout(TURN_WITHIN, self.turns.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(StoreError::Unavailable("too many attempts at once".into())),
        }
    }

    fn verdict(&self, asked: &[Ask], answers: &[Answer], now: Micros) -> Result<(), Refused> {
        let refusals = asked.iter().zip(answers).filter(|(_, answer)| is_refused(answer));
        let longest = refusals.filter_map(|(ask, answer)| match answer.verdict {
            Verdict::Refused(wait) => Some((wait, ask)),
            Verdict::Admitted => None,
        });
        let Some((wait, ask)) = longest.max_by_key(|(wait, _)| *wait) else { return Ok(()) };
        Err(Refused { rule: ask.rule, wait, news: self.own.is_news(ask.key, now) })
    }
}

/// A question on its way.
type Asking<'a, T> = std::pin::Pin<Box<dyn Future<Output = crate::Result<T>> + Send + 'a>>;
