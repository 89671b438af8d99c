//! The schema's versions: brings a database up to date, and refuses one that this release cannot serve. Versions only add,
//! so a release serves databases of later ones until one of them says otherwise in `user_version`.

use super::fault::may_pass;
use crate::{Result, StoreError};
use refinery::error::Kind;
use rusqlite::Connection;

mod embedded {
    refinery::embed_migrations!("migrations/sqlite");
}

/// `application_id` of our databases: `NAUT`.
const APPLICATION: i64 = 0x4E41_5554;

/// Applies the versions that the database lacks, each in a transaction.
pub(super) fn migrate(connection: &mut Connection) -> Result<()> {
    let runner = embedded::migrations::runner();
    let known = runner.get_migrations().iter().map(|m| i64::from(m.version())).max().unwrap_or_default();
    if newest(connection)? <= known {
        runner.run(connection).map_err(|error| failure(&error))?;
    }
    let needed = pragma(connection, "user_version")?;
    if needed > known {
        return Err(StoreError::Corrupt(format!(
            "the database was written by a newer release: it needs schema version {needed}, this release has {known}"
        )));
    }
    Ok(())
}

/// The newest version that was applied; zero for a new file. Judges every line of the history, which the migration library
/// takes on trust.
fn newest(connection: &Connection) -> Result<i64> {
    let foreign = "SELECT COUNT(*) FROM sqlite_schema WHERE tbl_name <> 'refinery_schema_history'";
    let foreign: i64 = connection.query_row(foreign, [], |row| row.get(0))?;
    match pragma(connection, "application_id")? {
        APPLICATION => {}
        0 if foreign == 0 => {}
        _ => return Err(StoreError::Corrupt("the file is a database of something else".into())),
    }
    let history = "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'refinery_schema_history'";
    if connection.query_row(history, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(0);
    }
    let mut statement = connection.prepare(
        "SELECT version, name, applied_on, checksum FROM refinery_schema_history ORDER BY version",
    )?;
    let mut rows = statement.query([])?;
    let mut newest = 0;
    while let Some(row) = rows.next()? {
        newest = row.get(0)?;
        let (_, applied_on, checksum): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
        if applied_on.parse::<jiff::Timestamp>().is_err() || checksum.parse::<u64>().is_err() {
            return Err(StoreError::Corrupt("the history of the schema is damaged".into()));
        }
    }
    Ok(newest)
}

fn pragma(connection: &Connection, name: &str) -> Result<i64> {
    Ok(connection.pragma_query_value(None, name, |row| row.get(0))?)
}

fn failure(error: &refinery::Error) -> StoreError {
    // The rest of the message is the whole text of the version.
    let message = format!("migration: {}", error.to_string().lines().next().unwrap_or_default());
    match error.kind() {
        Kind::Connection(_, source) if source.downcast_ref().is_some_and(may_pass) => {
            StoreError::Unavailable(message)
        }
        _ => StoreError::Corrupt(message),
    }
}
