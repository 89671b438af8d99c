//! Redis or Valkey beside the store, for what replicas share and may lose: limits, and the ids of client assertions that were seen.
//! Everything in it has an end of its own, names nobody (keys are keyed hashes), and stands under `nauthera:NAMESPACE:`, so that
//! several installations and other programs may use the same server. An answer is there in time or not at all.

mod link;
mod source;
#[cfg(test)]
mod tests;

pub use source::Source;

use crate::limits::{Answer, Ask, Ending, LimitStore, SharedMemory};
use crate::{Result, StoreError};
use async_trait::async_trait;
use link::Link;
use nauthera_core::facts::Digest;
use nauthera_core::limits::{State, Verdict, Wait};
use nauthera_core::time::{Micros, Seconds};
use redis::Script;
use std::fmt::Write;
use std::time::Duration;

/// Seen values are kept so much longer than asked for: another replica's clock may be behind this one's.
const CLOCKS_APART: Seconds = Seconds::minutes(1);

/// How a server is used.
#[derive(Debug, Clone)]
pub struct Options {
    /// The longest that an answer may take: people and programs wait for it.
    pub within: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { within: Duration::from_millis(100) }
    }
}

/// A Redis or Valkey server.
pub struct Redis {
    link: Link,
    limits: Script,
    prefix: String,
}

impl Redis {
    /// Connects in the background, and waits for the first outcome of that for two seconds at most. A server that is away is no
    /// error: each question is [`StoreError::Unavailable`] until it is there.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the URL cannot be read.
    pub async fn open(source: Source, namespace: &str, options: Options) -> Result<Self> {
        // What is wrong with a URL is told at once, not by every question.
        source.client().await?;
        let limits = Script::new(include_str!("redis/limits.lua"));
        let link = Link::start(source, limits.clone(), options.within);
        link.first_outcome().await;
        Ok(Self { link, limits, prefix: format!("nauthera:{namespace}:") })
    }

    /// How the server makes room by removing what is not over yet, by the name of its policy; `None` where it does not. Where it does,
    /// an assertion may be forgotten before it expires.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn eviction(&self) -> Result<Option<String>> {
        self.link.ask(link::eviction).await
    }

    fn key(&self, kind: &str, bytes: &[u8]) -> String {
        let mut key = String::with_capacity(self.prefix.len() + kind.len() + 1 + 2 * bytes.len());
        key.push_str(&self.prefix);
        key.push_str(kind);
        key.push(':');
        for byte in bytes {
            // Writing into a string fails only where memory does.
            write!(key, "{byte:02x}").ok();
        }
        key
    }

    /// Judges or settles limits; the numbers that come back.
    async fn run(
        &self,
        what: &str,
        limits: impl Iterator<Item = (Ask, &str)> + Send,
        now: Micros,
    ) -> Result<Vec<i64>> {
        let mut call = self.limits.prepare_invoke();
        call.arg(what).arg(now.0);
        for (ask, ended) in limits {
            let rule = ask.rule.numbers();
            call.key(self.key("limit", &ask.key.0)).arg(ended);
            call.arg(rule.step).arg(rule.most).arg(rule.longest).arg(rule.free).arg(rule.first);
        }
        self.link.ask(async |mut connection| call.invoke_async(&mut connection).await).await
    }
}

#[async_trait]
impl LimitStore for Redis {
    async fn admit(&self, asked: &[Ask], now: Micros) -> Result<Vec<Answer>> {
        let numbers = self.run("admit", asked.iter().map(|ask| (*ask, "")), now).await?;
        let (answers, rest) = numbers.as_chunks::<4>();
        if answers.len() != asked.len() || !rest.is_empty() {
            return Err(StoreError::Corrupt("Redis answered with something else than asked for".into()));
        }
        let answer = |[refused, level, until, before]: &[i64; 4]| {
            let wait = Wait { micros: until.saturating_sub(now.0).max(1) };
            let verdict = if *refused == 0 { Verdict::Admitted } else { Verdict::Refused(wait) };
            Answer { state: State { level: *level, until: *until, before: *before }, verdict }
        };
        Ok(answers.iter().map(answer).collect())
    }

    async fn settle(&self, ended: &[(Ask, Ending)], now: Micros) -> Result<()> {
        let ended = ended.iter().map(|(ask, ending)| {
            let word = match ending {
                Ending::Failed => "failed",
                Ending::Cleared => "cleared",
                Ending::Undone => "undone",
            };
            (*ask, word)
        });
        self.run("settle", ended, now).await.map(drop)
    }
}

#[async_trait]
impl SharedMemory for Redis {
    async fn remember(&self, value: Digest, lasting: Seconds) -> Result<bool> {
        let key = self.key("seen", &value.0);
        let lasting = u64::from(lasting.get()) + u64::from(CLOCKS_APART.get());
        let set: Option<String> = self
            .link
            .ask(async |mut connection| {
                let mut set = redis::cmd("SET");
                set.arg(&key).arg(1).arg("NX").arg("EX").arg(lasting);
                set.query_async(&mut connection).await
            })
            .await?;
        Ok(set.is_some())
    }
}
