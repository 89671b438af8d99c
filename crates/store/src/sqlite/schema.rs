//! The schema's versions: brings a database up to date, and refuses one that this release cannot serve. Versions only add,
//! so a release serves databases of later ones until one of them says otherwise in `user_version`.

use super::fault::may_pass;
use crate::{Result, StoreError};
use refinery::error::Kind;
use rusqlite::Connection;

mod embedded {
    refinery::embed_migrations!("migrations/sqlite");
}

/// What the history of a database says that is up to date: version, name and checksum of each. One that begins so needs nothing of the
/// migration library, which costs a server at rest a megabyte.
const APPLIED: [(i64, &str, &str); 4] = [
    (1, "facts", "11192186630550461263"),
    (2, "logouts", "15807363112253513404"),
    (4, "duties", "4001602337152119951"),
    (5, "families", "3448505421104074357"),
];
/// The newest version that this release knows.
const KNOWN: i64 = {
    let [.., (newest, ..)] = APPLIED;
    newest
};

/// `application_id` of our databases: `NAUT`.
const APPLICATION: i64 = 0x4E41_5554;

/// Applies the versions that the database lacks, each in a transaction.
pub(super) fn migrate(connection: &mut Connection) -> Result<()> {
    let history = history(connection)?;
    let is_current = history.len() >= APPLIED.len()
        && history.iter().zip(APPLIED).all(|(applied, known)| applied.says(known));
    let newest = history.last().map_or(0, |applied| applied.version);
    if !is_current && newest <= KNOWN {
        embedded::migrations::runner().run(connection).map_err(|error| failure(&error))?;
    }
    let needed = pragma(connection, "user_version")?;
    if needed > KNOWN {
        return Err(StoreError::Corrupt(format!(
            "the database was written by a newer release: it needs schema version {needed}, this release has {KNOWN}"
        )));
    }
    Ok(())
}

/// A line of the history.
struct Applied {
    version: i64,
    name: String,
    checksum: String,
}

impl Applied {
    fn says(&self, (version, name, checksum): (i64, &str, &str)) -> bool {
        (self.version, &*self.name, &*self.checksum) == (version, name, checksum)
    }
}

/// What was applied, in order; nothing for a new file. Judges every line, which the migration library takes on trust.
fn history(connection: &Connection) -> Result<Vec<Applied>> {
    let foreign = "SELECT COUNT(*) FROM sqlite_schema WHERE tbl_name <> 'refinery_schema_history'";
    let foreign: i64 = connection.query_row(foreign, [], |row| row.get(0))?;
    match pragma(connection, "application_id")? {
        APPLICATION => {}
        0 if foreign == 0 => {}
        _ => return Err(StoreError::Corrupt("the file is a database of something else".into())),
    }
    let history = "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'refinery_schema_history'";
    if connection.query_row(history, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare(
        "SELECT version, name, applied_on, checksum FROM refinery_schema_history ORDER BY version",
    )?;
    let mut rows = statement.query([])?;
    let mut history = Vec::new();
    while let Some(row) = rows.next()? {
        let (name, applied_on, checksum): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
        if applied_on.parse::<jiff::Timestamp>().is_err() || checksum.parse::<u64>().is_err() {
            return Err(StoreError::Corrupt("the history of the schema is damaged".into()));
        }
        history.push(Applied { version: row.get(0)?, name, checksum });
    }
    Ok(history)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_applied_is_what_the_migration_library_applies() {
        let runner = embedded::migrations::runner();
        let mut known: Vec<_> = runner.get_migrations().iter().collect();
        known.sort_by_key(|migration| migration.version());
        let known: Vec<(i64, String, String)> = known
            .iter()
            .map(|one| (i64::from(one.version()), one.name().to_owned(), one.checksum().to_string()))
            .collect();
        let applied =
            APPLIED.map(|(version, name, checksum)| (version, name.to_owned(), checksum.to_owned()));
        assert_eq!(applied.as_slice(), known);
    }
}
