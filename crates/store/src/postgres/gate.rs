//! Nothing is asked of a database before its schema is known to be right. Bringing it up to date goes on in the background for as
//! long as the database is away, so that a server starts without it and serves what needs none.

use super::connection::Connection;
use super::schema;
use super::target::Source;
use crate::{Result, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The pauses between tries.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_millis(1_000),
];

/// How far the schema is known.
#[derive(Debug, Clone)]
enum State {
    /// Nothing was heard yet.
    Opening,
    /// It is away, and why.
    Away(String),
    /// It is right.
    Ready,
    /// This release cannot use it, and why.
    Refused(String),
}

/// Lets steps through once the schema is right.
pub(super) struct Gate {
    state: watch::Receiver<State>,
    keeper: JoinHandle<()>,
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Gate {
    pub(super) fn start(source: Arc<Source>, connect: Duration) -> Self {
        let (tell, state) = watch::channel(State::Opening);
        let keeper = tokio::spawn(async move {
            let mut pauses = PAUSES.iter();
            let mut pause = Duration::ZERO;
            loop {
                tokio::time::sleep(pause).await;
                pause = pauses.next().copied().unwrap_or(pause);
                let now = match bring_up_to_date(&source, connect).await {
                    Ok(()) => State::Ready,
                    Err(StoreError::Unavailable(why)) => State::Away(why),
                    Err(StoreError::Corrupt(why)) => State::Refused(why),
                };
                if let State::Away(why) = &now {
                    tracing::warn!(%why, "the database is away");
                }
                let done = !matches!(now, State::Away(_));
                tell.send_replace(now);
                if done {
                    // Kept, so that who waits is never told that nobody speaks any more.
                    std::future::pending::<()>().await;
                }
            }
        });
        Self { state, keeper }
    }

    /// Waits for the first news, so long at most.
    pub(super) async fn first_outcome(&self, patience: Duration) -> Result<()> {
        let mut state = self.state.clone();
        let news = state.wait_for(|state| !matches!(state, State::Opening));
        tokio::time::timeout(patience, news).await.ok();
        match &*self.state.borrow() {
            State::Refused(why) => Err(StoreError::Corrupt(why.clone())),
            _ => Ok(()),
        }
    }

    /// May a step be taken?
    pub(super) fn check(&self) -> Result<()> {
        match &*self.state.borrow() {
            State::Ready => Ok(()),
            State::Opening => Err(StoreError::Unavailable("it is being opened".into())),
            State::Away(why) => Err(StoreError::Unavailable(why.clone())),
            State::Refused(why) => Err(StoreError::Corrupt(why.clone())),
        }
    }
}

async fn bring_up_to_date(source: &Source, connect: Duration) -> Result<()> {
    let mut work = Connection::open(source, connect, None).await?;
    if !schema::is_current(&mut work).await? {
        let lock = Connection::open(source, connect, None).await?;
        schema::migrate(&mut work, lock).await?;
    }
    schema::serves(&work).await
}
