//! One connection: opened by what the source says now, with the settings that every connection has, and its prepared statements.

use super::fault::told;
use super::target::{Source, Target};
use crate::{Result, StoreError};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls, Statement};

/// An open connection. Dropped, it is closed, whatever it is at.
pub(super) struct Connection {
    pub(super) client: Client,
    driver: JoinHandle<()>,
    /// By where the text stands, since it is a constant: that is hashed faster than its many words.
    prepared: Mutex<HashMap<(usize, usize), Statement>>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Connection {
    /// Opens one; `statement` is how long the database lets a statement run, `None` without an end.
    pub(super) async fn open(source: &Source, within: Duration, statement: Option<Duration>) -> Result<Self> {
        let opening = async {
            let Target { mut config, tls } = source.target().await?;
            config.connect_timeout(within).tcp_user_timeout(within * 2).keepalives_idle(within * 3);
            match tls {
                Some(tls) => {
                    let (client, connection) = config.connect(tls).await.map_err(|e| told(&e))?;
                    Ok::<_, StoreError>((client, drive(connection)))
                }
                None => {
                    let (client, connection) = config.connect(NoTls).await.map_err(|e| told(&e))?;
                    Ok((client, drive(connection)))
                }
            }
        };
        let (client, driver) = within_deadline(within, opening).await?;
        let opened = Self { client, driver, prepared: Mutex::default() };
        opened.set_up(within, statement).await?;
        Ok(opened)
    }

    /// Steps are judged row by row at the isolation they are written for, and nothing is left hanging in a transaction or at a lock.
    async fn set_up(&self, within: Duration, statement: Option<Duration>) -> Result<()> {
        let most = statement.unwrap_or_default().as_millis();
        let settings = format!(
            "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED; \
             SET statement_timeout = {most}; SET idle_in_transaction_session_timeout = 10000"
        );
        let setting = async { self.client.batch_execute(&settings).await.map_err(|e| told(&e)) };
        within_deadline(within, setting).await
    }

    /// A statement, prepared once for each connection.
    pub(super) async fn prepared(
        &self,
        sql: &'static str,
    ) -> std::result::Result<Statement, tokio_postgres::Error> {
        let place = (sql.as_ptr().addr(), sql.len());
        let known = self.prepared.lock().unwrap_or_else(PoisonError::into_inner).get(&place).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner).insert(place, statement.clone());
        Ok(statement)
    }
}

fn drive<S, T>(connection: tokio_postgres::Connection<S, T>) -> JoinHandle<()>
where
    tokio_postgres::Connection<S, T>: Future<Output = std::result::Result<(), tokio_postgres::Error>>,
    S: Send + 'static,
    T: Send + 'static,
{
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a database connection ended");
        }
    })
}

/// Waits for it so long and no longer.
pub(super) async fn within_deadline<T>(within: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout(within, work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(StoreError::Unavailable(format!("no connection within {} ms", within.as_millis()))),
    }
}
