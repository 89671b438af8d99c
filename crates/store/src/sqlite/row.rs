//! What every step does with statements and rows: run a constant one, read one row or many, and decode columns.

use crate::{Result, StoreError};
use nauthera_core::facts::{Digest, GrantId};
use nauthera_core::time::UnixTime;
use rusqlite::{Connection, Params, Row};
use serde::de::DeserializeOwned;

/// Names the constant statements of a room, and lists them for the test that looks at their plans.
macro_rules! statements {
    ($($name:ident = $sql:expr;)+) => {
        $(pub(super) const $name: &str = $sql;)+
        #[cfg(test)]
        pub(super) const ALL: &[&str] = &[$($name),+];
    };
}
pub(super) use statements;

/// Runs a statement; the number of rows it changed.
pub(super) fn change(connection: &Connection, sql: &str, params: impl Params) -> Result<usize> {
    Ok(connection.prepare_cached(sql)?.execute(params)?)
}

/// Reads the first row, if there is one.
pub(super) fn one<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    decode: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(decode).transpose()
}

/// Reads all rows.
pub(super) fn many<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    decode: impl Fn(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(decode(row)?);
    }
    Ok(all)
}

/// A document as it was before. The message says where and how it fails, not what it holds.
pub(super) fn document<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
    let text = row.get_ref(column)?.as_str().map_err(|e| StoreError::Corrupt(e.to_string()))?;
    crate::columns::from_json(text, row.as_ref().column_name(column).unwrap_or("?"))
}

/// A time.
pub(super) fn time(row: &Row<'_>, column: usize) -> Result<UnixTime> {
    Ok(UnixTime(row.get(column)?))
}

/// A time that may be missing.
pub(super) fn maybe_time(row: &Row<'_>, column: usize) -> Result<Option<UnixTime>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(UnixTime))
}

/// A digest, 32 bytes.
pub(super) fn digest(row: &Row<'_>, column: usize) -> Result<Digest> {
    Ok(Digest(row.get(column)?))
}

/// A grant's id, 16 bytes.
pub(super) fn grant_id(row: &Row<'_>, column: usize) -> Result<GrantId> {
    Ok(GrantId(row.get(column)?))
}
