//! What every step does with statements and rows: run a constant one, read one row or many, and documents as JSON.

use crate::{Result, StoreError};
use nauthera_core::facts::{Digest, GrantId};
use nauthera_core::time::UnixTime;
use rusqlite::{Connection, Params, Row};
use serde::{Serialize, de::DeserializeOwned};

/// Names the constant statements of a room, and lists them for the test that looks at their plans.
macro_rules! statements {
    ($($name:ident = $sql:literal;)+) => {
        $(const $name: &str = $sql;)+
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

/// A document as stored.
pub(super) fn json(document: &impl Serialize) -> Result<String> {
    serde_json::to_string(document)
        .map_err(|e| StoreError::Corrupt(format!("a document does not encode: {e}")))
}

/// A document as it was before. The message says where and how it fails, not what it holds.
pub(super) fn document<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
    let text = row.get_ref(column)?.as_str().map_err(|e| StoreError::Corrupt(e.to_string()))?;
    serde_json::from_str(text).map_err(|e| {
        let name = row.as_ref().column_name(column).unwrap_or("?");
        StoreError::Corrupt(format!("{name} does not decode at column {} ({:?})", e.column(), e.classify()))
    })
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

/// When to sweep what ends then: at the next full hour, so that rows which end at about the same time share one place in the
/// index, and new ones come at its end.
pub(super) fn sweep_at(end: UnixTime) -> i64 {
    end.0.saturating_add(3_599).div_euclid(3_600).saturating_mul(3_600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sweeping_waits_for_the_hour_and_never_comes_early() {
        assert_eq!(sweep_at(UnixTime(7_200)), 7_200);
        assert_eq!(sweep_at(UnixTime(7_201)), 10_800);
        assert!(sweep_at(UnixTime(i64::MAX)) > i64::MAX - 7_200);
    }
}
