//! The pool of connections, and how a step runs on one: within its deadline, again where the database undid it for others' sake,
//! and never on a connection that has shown itself of no use.

use super::breaker::Breaker;
use super::connection::Connection;
use super::fault::{is_conflict, is_spent, told};
use super::target::Source;
use super::{Options, PoolStatus};
use crate::{Result, StoreError};
use deadpool::Runtime;
use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult, Timeouts};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use tracing::Instrument;

/// How often a step is tried that the database undoes for others' sake.
const TRIES: u32 = 5;

/// A connection goes after so long, so that no server keeps one for ever and a change of address or credentials is followed.
const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// Values of a statement.
pub(super) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A statement and its values.
pub(super) type Statement<'a> = (&'static str, Values<'a>);

struct Opener {
    source: Arc<Source>,
    connect: Duration,
    statement: Duration,
}

impl Manager for Opener {
    type Type = Connection;
    type Error = StoreError;

    async fn create(&self) -> Result<Connection> {
        Connection::open(&self.source, self.connect, Some(self.statement)).await
    }

    async fn recycle(&self, connection: &mut Connection, metrics: &Metrics) -> RecycleResult<StoreError> {
        if connection.client.is_closed() || metrics.age() > LIFETIME {
            return Err(RecycleError::message("spent"));
        }
        Ok(())
    }
}

/// Where steps run.
pub(super) struct Steps {
    pool: Pool<Opener>,
    statement: Duration,
    breaker: Breaker,
}

/// Why one try came to nothing.
enum Miss {
    /// The database undid it.
    Conflict(StoreError),
    /// The connection was closed before or while it ran.
    Closed(StoreError),
    Other(StoreError),
}

impl Steps {
    pub(super) fn new(source: Arc<Source>, options: Options) -> Result<Self> {
        let opener = Opener { source, connect: options.connect, statement: options.statement };
        let timeouts = Timeouts {
            wait: Some(options.wait),
            create: Some(options.connect),
            recycle: Some(options.connect),
        };
        let pool = Pool::builder(opener)
            .max_size(options.connections.max(1))
            .timeouts(timeouts)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|e| StoreError::Corrupt(e.to_string()))?;
        // The database ends a statement itself, where it still can; a little later nobody waits for that any more.
        let statement = options.statement + options.statement / 4;
        Ok(Self { pool, statement, breaker: Breaker::default() })
    }

    pub(super) fn status(&self) -> PoolStatus {
        let status = self.pool.status();
        PoolStatus {
            open: status.size,
            idle: status.available,
            most: status.max_size,
            waiting: status.waiting,
        }
    }

    /// Runs a statement that changes something; its rows.
    pub(super) async fn write(&self, sql: &'static str, values: Values<'_>) -> Result<Vec<Row>> {
        self.run(sql, values, false).await
    }

    /// Runs a statement that changes nothing. On a connection that turns out to be closed it is tried once more.
    pub(super) async fn read(&self, sql: &'static str, values: Values<'_>) -> Result<Vec<Row>> {
        self.run(sql, values, true).await
    }

    /// Runs a statement; the number of rows it changed.
    pub(super) async fn change(&self, sql: &'static str, values: Values<'_>) -> Result<u64> {
        let mut tries = 0;
        loop {
            tries += 1;
            let work = async |connection: &Connection| {
                let statement = connection.prepared(sql).await?;
                connection.client.execute(&statement, values).await
            };
            match self.attempt(work).await {
                Ok(changed) => return Ok(changed),
                Err(Miss::Conflict(_)) if tries < TRIES => {}
                Err(Miss::Conflict(why) | Miss::Closed(why) | Miss::Other(why)) => return Err(why),
            }
        }
    }

    /// Takes rows by `lock`, then runs `statement`, which so sees what was done to them before, and perhaps `after`: in one
    /// transaction, sent together. The rows of `statement`.
    pub(super) async fn locked(
        &self,
        lock: Statement<'_>,
        statement: Statement<'_>,
        after: Option<Statement<'_>>,
    ) -> Result<Vec<Row>> {
        let mut tries = 0;
        loop {
            tries += 1;
            let work = async |connection: &Connection| transaction(connection, lock, statement, after).await;
            match self.attempt(work).await {
                Ok(rows) => return Ok(rows),
                Err(Miss::Conflict(_)) if tries < TRIES => {}
                Err(Miss::Conflict(why) | Miss::Closed(why) | Miss::Other(why)) => return Err(why),
            }
        }
    }

    /// Runs statements that each stand for themselves, sent together without waiting in between; the rows of each. None is tried
    /// again, since others of them may be done.
    pub(super) async fn write_each(
        &self,
        statements: &[(&'static str, Values<'_>)],
    ) -> Result<Vec<Vec<Row>>> {
        let work = async |connection: &Connection| {
            let mut prepared = Vec::with_capacity(statements.len());
            for (sql, values) in statements {
                prepared.push((connection.prepared(sql).await?, *values));
            }
            let sent = prepared.iter().map(|(statement, values)| connection.client.query(statement, values));
            futures::future::try_join_all(sent).await
        };
        match self.attempt(work).await {
            Ok(rows) => Ok(rows),
            Err(Miss::Conflict(why) | Miss::Closed(why) | Miss::Other(why)) => Err(why),
        }
    }

    async fn run(&self, sql: &'static str, values: Values<'_>, again: bool) -> Result<Vec<Row>> {
        let mut tries = 0;
        loop {
            tries += 1;
            let work = async |connection: &Connection| {
                let statement = connection.prepared(sql).await?;
                connection.client.query(&statement, values).await
            };
            match self.attempt(work).await {
                Ok(rows) => return Ok(rows),
                Err(Miss::Conflict(_)) if tries < TRIES => {}
                Err(Miss::Closed(_)) if again && tries == 1 => {}
                Err(Miss::Conflict(why) | Miss::Closed(why) | Miss::Other(why)) => return Err(why),
            }
        }
    }

    async fn attempt<T>(
        &self,
        work: impl AsyncFnOnce(&Connection) -> std::result::Result<T, tokio_postgres::Error>,
    ) -> std::result::Result<T, Miss> {
        if !self.breaker.lets_through(Instant::now()) {
            return Err(Miss::Other(silent()));
        }
        let connection = self.connection().await.map_err(Miss::Other)?;
        // In a trace, what is before this span is the wait for a connection.
        let span = tracing::info_span!(target: "nauthera::span", "statement", otel.kind = "client");
        match tokio::time::timeout(self.statement, work(&connection).instrument(span)).await {
            Ok(Ok(done)) => {
                self.breaker.answered();
                Ok(done)
            }
            Ok(Err(error)) => Err(miss(connection, &error)),
            Err(_) => {
                self.breaker.silent(Instant::now());
                // Whatever it is at: nobody waits for it, and nobody shall wait behind it.
                drop(Object::take(connection));
                Err(Miss::Other(silent()))
            }
        }
    }

    async fn connection(&self) -> Result<Object<Opener>> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Timeout(deadpool::managed::TimeoutType::Wait) => {
                StoreError::Unavailable("all connections are busy".into())
            }
            // Where none can be made, there is no use in everybody trying.
            PoolError::Backend(error) => {
                self.breaker.silent(Instant::now());
                error
            }
            _ => {
                self.breaker.silent(Instant::now());
                silent()
            }
        })
    }
}

async fn transaction(
    connection: &Connection,
    lock: Statement<'_>,
    statement: Statement<'_>,
    after: Option<Statement<'_>>,
) -> std::result::Result<Vec<Row>, tokio_postgres::Error> {
    let client = &connection.client;
    let (first, second) = (connection.prepared(lock.0).await?, connection.prepared(statement.0).await?);
    let third = match after {
        Some((sql, values)) => Some((connection.prepared(sql).await?, values)),
        None => None,
    };
    let last = async {
        match &third {
            Some((sql, values)) => client.execute(sql, values).await.map(drop),
            None => Ok(()),
        }
    };
    // Sent in this order without waiting in between; one that fails turns the end into a rollback.
    let (begun, locked, rows, last, ended) = tokio::join!(
        biased;
        client.batch_execute("BEGIN"),
        client.query(&first, lock.1),
        client.query(&second, statement.1),
        last,
        client.batch_execute("COMMIT")
    );
    begun?;
    locked?;
    let rows = rows?;
    last?;
    ended?;
    Ok(rows)
}

fn silent() -> StoreError {
    StoreError::Unavailable("it did not answer in time".into())
}

fn miss(connection: Object<Opener>, error: &tokio_postgres::Error) -> Miss {
    let why = told(error);
    if is_conflict(error) {
        return Miss::Conflict(why);
    }
    if is_spent(error) {
        drop(Object::take(connection));
        return if error.code().is_none() { Miss::Closed(why) } else { Miss::Other(why) };
    }
    Miss::Other(why)
}
