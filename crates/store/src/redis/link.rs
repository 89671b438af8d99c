//! The connection: kept by a task of its own, which opens another one as soon as a question came to nothing, by what the source
//! says then. Nobody who asks waits for a connection: without one the answer is that there is none.

use super::source::Source;
use crate::{Result, StoreError};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisResult, Script};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// The longest that a new connection may take to open, handshake and all.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// The pauses between tries. The first also stands before a connection that follows a good one, so that a server that refuses every
/// question is not called on all the time.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
];

/// How it stands with the connection.
#[derive(Clone)]
enum State {
    /// Nothing was heard yet.
    Opening,
    /// There is none, and why.
    Away(String),
    /// Here it is, and which one it is.
    Open(MultiplexedConnection, u64),
}

/// A connection that comes back.
pub(super) struct Link {
    state: watch::Sender<State>,
    broken: Arc<Notify>,
    keeper: JoinHandle<()>,
    /// The longest that a question may take.
    within: Duration,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Link {
    pub(super) fn start(source: Source, script: Script, within: Duration) -> Self {
        let (state, broken) = (watch::Sender::new(State::Opening), Arc::<Notify>::default());
        let keeper = tokio::spawn(keep(source, script, state.clone(), broken.clone()));
        Self { state, broken, keeper, within }
    }

    /// Waits for the first news, as long as a connection may take to open.
    pub(super) async fn first_outcome(&self) {
        let mut state = self.state.subscribe();
        let news = state.wait_for(|state| !matches!(state, State::Opening));
        tokio::time::timeout(CONNECT_WITHIN, news).await.ok();
    }

    /// Asks a question, once.
    pub(super) async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(MultiplexedConnection) -> RedisResult<T>,
    ) -> Result<T> {
        let (connection, which) = match &*self.state.borrow() {
            State::Open(connection, which) => (connection.clone(), *which),
            State::Opening => return Err(away("it is being connected to")),
            State::Away(why) => return Err(away(why)),
        };
        let error = match tokio::time::timeout(self.within, question(connection)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("it did not answer within {} ms", self.within.as_millis()),
        };
        self.give_up(which, &error);
        Err(away(&error))
    }

    /// This connection is of no use any more: it may be closed, lead to a server that hangs, or to one that takes no writes.
    fn give_up(&self, which: u64, why: &str) {
        let given_up = self.state.send_if_modified(|state| {
            let same = matches!(state, State::Open(_, open) if *open == which);
            if same {
                *state = State::Away(why.to_owned());
            }
            same
        });
        if given_up {
            self.broken.notify_one();
        }
    }
}

fn away(why: &str) -> StoreError {
    StoreError::Unavailable(format!("Redis: {why}"))
}

async fn keep(source: Source, script: Script, state: watch::Sender<State>, broken: Arc<Notify>) {
    let mut warned = false;
    for which in 0.. {
        let connection = open(&source, &script, &state).await;
        if !warned {
            warned = warn_of_eviction(connection.clone()).await;
        }
        state.send_replace(State::Open(connection, which));
        broken.notified().await;
    }
}

/// Opens a connection, as often as it takes.
async fn open(source: &Source, script: &Script, state: &watch::Sender<State>) -> MultiplexedConnection {
    let (mut pauses, mut told) = (PAUSES.iter(), false);
    // The very first one is not waited for.
    let mut pause = if matches!(*state.borrow(), State::Opening) { Duration::ZERO } else { PAUSES[0] };
    loop {
        tokio::time::sleep(pause).await;
        pause = pauses.next().copied().unwrap_or(PAUSES[3]);
        let why = match tokio::time::timeout(CONNECT_WITHIN, opened(source, script)).await {
            Ok(Ok(connection)) => {
                if told {
                    tracing::info!("Redis is there again");
                }
                return connection;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no connection within {} s", CONNECT_WITHIN.as_secs()),
        };
        if !told {
            tracing::warn!(why, "Redis is away");
            told = true;
        }
        state.send_replace(State::Away(why));
    }
}

async fn opened(source: &Source, script: &Script) -> Result<MultiplexedConnection> {
    let told = |error: redis::RedisError| StoreError::Unavailable(error.to_string());
    let client = source.client().await?;
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_WITHIN))
        .set_response_timeout(Some(CONNECT_WITHIN));
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await.map_err(told)?;
    // Loaded now, so that the first question is one trip as well.
    script.load_async(&mut connection).await.map_err(told)?;
    Ok(connection)
}

/// How the server makes room by removing what is not over yet; `None` where it does not.
pub(super) async fn eviction(mut connection: MultiplexedConnection) -> RedisResult<Option<String>> {
    let text: String = redis::cmd("INFO").arg("memory").query_async(&mut connection).await?;
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    let (limit, policy) = (value("maxmemory:"), value("maxmemory_policy:"));
    Ok((limit != "0" && policy != "noeviction").then(|| policy.to_owned()))
}

/// A server that evicts forgets assertions that were seen. Says so; whether it could be known.
async fn warn_of_eviction(connection: MultiplexedConnection) -> bool {
    let Ok(Ok(evicts)) = tokio::time::timeout(CONNECT_WITHIN, eviction(connection)).await else {
        return false;
    };
    if let Some(policy) = evicts {
        tracing::warn!(
            policy,
            "Redis may remove client assertions that were seen before they expire, which could then be used again; set its \
             maxmemory-policy to noeviction"
        );
    }
    true
}
