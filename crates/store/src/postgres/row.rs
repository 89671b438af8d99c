//! What every step does with statements and rows: name constant ones, and decode columns.

use crate::{Result, StoreError};
use nauthera_core::facts::{Digest, GrantId};
use nauthera_core::time::UnixTime;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

/// Names the constant statements of a room, and lists them for the test that holds them to the common subset of SQL.
macro_rules! statements {
    ($($name:ident = $sql:expr;)+) => {
        $(pub(super) const $name: &str = $sql;)+
        #[cfg(test)]
        pub(super) const ALL: &[&str] = &[$($name),+];
    };
}
pub(super) use statements;

/// A column as a value.
pub(super) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T> {
    row.try_get(column).map_err(|e| StoreError::Corrupt(e.to_string()))
}

/// A document as it was before.
pub(super) fn document<T: serde::de::DeserializeOwned>(row: &Row, column: usize) -> Result<T> {
    let name = row.columns().get(column).map_or("?", |column| column.name());
    crate::columns::from_json(get(row, column)?, name)
}

/// A time.
pub(super) fn time(row: &Row, column: usize) -> Result<UnixTime> {
    get(row, column).map(UnixTime)
}

/// A time that may be missing.
pub(super) fn maybe_time(row: &Row, column: usize) -> Result<Option<UnixTime>> {
    Ok(get::<Option<i64>>(row, column)?.map(UnixTime))
}

/// A digest, 32 bytes.
pub(super) fn digest(row: &Row, column: usize) -> Result<Digest> {
    Ok(Digest(bytes(row, column)?))
}

/// A grant's id, 16 bytes.
pub(super) fn grant_id(row: &Row, column: usize) -> Result<GrantId> {
    Ok(GrantId(bytes(row, column)?))
}

fn bytes<const N: usize>(row: &Row, column: usize) -> Result<[u8; N]> {
    let value: &[u8] = get(row, column)?;
    value.try_into().map_err(|_| StoreError::Corrupt(format!("a value has {} bytes, not {N}", value.len())))
}

/// The first row of those that came, decoded.
pub(super) fn first<T>(rows: &[Row], decode: impl FnOnce(&Row) -> Result<T>) -> Result<Option<T>> {
    rows.first().map(decode).transpose()
}

/// The bucket of a row by its random key, 0 to 15.
pub(super) fn bucket(key: &[u8]) -> i16 {
    i16::from(key.first().copied().unwrap_or_default() & 0x0f)
}

/// The bucket of a row by its key of text.
pub(super) fn bucket_of(text: &str) -> i16 {
    bucket(&Digest::of(text).0)
}
