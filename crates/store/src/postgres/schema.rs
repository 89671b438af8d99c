//! The schema's versions: brings a database up to date, and refuses one that this release cannot serve. Versions only add, so a
//! release serves databases of later ones until one of them says otherwise in `nauthera_schema`. Replicas that start together
//! take turns by the lock on one row, which ends with its holder's connection.

use super::connection::Connection;
use super::fault::{is_conflict, told};
use crate::{Result, StoreError};
use refinery::error::Kind;
use std::time::Duration;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, SimpleQueryMessage};

mod embedded {
    refinery::embed_migrations!("migrations/postgres");
}

/// The longest wait for another replica that changes the schema.
const TURN_WITHIN: &str = "SET lock_timeout = '120s'";
/// How often making the lock's table is tried: of several that do so at once, PostgreSQL refuses all but one.
const TRIES: u32 = 20;

const MAKE_LOCK: &str = "CREATE TABLE IF NOT EXISTS nauthera_turn (id SMALLINT PRIMARY KEY);
                         INSERT INTO nauthera_turn (id) VALUES (1) ON CONFLICT (id) DO NOTHING";
const TAKE_TURN: &str = "BEGIN; SELECT id FROM nauthera_turn WHERE id = 1 FOR UPDATE";

/// The newest version that this release knows.
pub(super) const KNOWN: i64 = 4;

/// Is every version applied that this release knows? Asked first, so that a server needs no right to change a schema that somebody
/// else brings up to date.
pub(super) async fn is_current(connection: &mut Connection) -> Result<bool> {
    Ok(newest(&connection.client).await? >= KNOWN)
}

/// The newest version that was applied; zero for an empty database.
pub(super) async fn newest(client: &Client) -> Result<i64> {
    let table = "SELECT count(*)::TEXT FROM information_schema.tables
                 WHERE table_schema = current_schema() AND table_name = 'refinery_schema_history'";
    if number(client, table).await? == 0 {
        return Ok(0);
    }
    number(client, "SELECT COALESCE(MAX(version), 0)::TEXT FROM refinery_schema_history").await
}

/// Can this release serve it?
pub(super) async fn serves(connection: &Connection) -> Result<()> {
    let needed =
        number(&connection.client, "SELECT serves_from::TEXT FROM nauthera_schema WHERE id = 1").await?;
    if needed > KNOWN {
        return Err(StoreError::Corrupt(format!(
            "the database was written by a newer release: it needs schema version {needed}, this release has {KNOWN}"
        )));
    }
    Ok(())
}

/// Applies the versions that the database lacks, each in a transaction, while `lock` holds others off.
pub(super) async fn migrate(connection: &mut Connection, lock: Connection) -> Result<()> {
    take_turn(&lock.client).await?;
    // Another may have done it meanwhile.
    if !is_current(connection).await? {
        let runner = embedded::migrations::runner();
        runner.run_async(&mut connection.client).await.map_err(|error| failure(&error))?;
        tracing::info!(version = KNOWN, "the database's schema is up to date");
    }
    lock.client.batch_execute("COMMIT").await.map_err(|e| told(&e))
}

async fn take_turn(client: &Client) -> Result<()> {
    client.batch_execute(TURN_WITHIN).await.map_err(|e| told(&e))?;
    for tried in 1.. {
        match client.batch_execute(MAKE_LOCK).await {
            Ok(()) => break,
            Err(error) if tried < TRIES && is_race(&error) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => return Err(told(&error)),
        }
    }
    client.batch_execute(TAKE_TURN).await.map_err(|e| told(&e))
}

/// Did another make it at the same moment?
fn is_race(error: &tokio_postgres::Error) -> bool {
    let made = [SqlState::UNIQUE_VIOLATION, SqlState::DUPLICATE_TABLE, SqlState::DUPLICATE_OBJECT];
    is_conflict(error) || error.code().is_some_and(|code| made.contains(code))
}

async fn number(client: &Client, sql: &str) -> Result<i64> {
    let messages = client.simple_query(sql).await.map_err(|e| told(&e))?;
    let value = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    value
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| StoreError::Corrupt("the schema is damaged".into()))
}

fn failure(error: &refinery::Error) -> StoreError {
    if let Kind::Connection(_, source) = error.kind()
        && let Some(source) = source.downcast_ref::<tokio_postgres::Error>()
    {
        return told(source);
    }
    // The rest of the message is the whole text of the version.
    StoreError::Corrupt(format!("migration: {}", error.to_string().lines().next().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_is_the_last_that_the_migration_library_applies() {
        let runner = embedded::migrations::runner();
        let newest = runner.get_migrations().iter().map(|migration| i64::from(migration.version())).max();
        assert_eq!(newest, Some(KNOWN));
    }
}
