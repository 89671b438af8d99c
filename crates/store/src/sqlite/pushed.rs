//! Pushed authorization requests (RFC 9126).

use super::row::{change, digest, one, statements, time};
use crate::{Result, columns};
use nauthera_core::facts::{Digest, PushedRecord};
use rusqlite::{Connection, Row, params};

statements! {
    INSERT = "INSERT INTO pushed (digest, client_id, parameters, expires_at, spent) VALUES (?1, ?2, ?3, ?4, ?5)";
    IMPORT = "INSERT INTO pushed (digest, client_id, parameters, expires_at, spent) VALUES (?1, ?2, ?3, ?4, ?5)
              ON CONFLICT (digest) DO NOTHING";
    READ = "SELECT digest, client_id, parameters, expires_at, spent FROM pushed WHERE digest = ?1";
    AFTER = "SELECT digest, client_id, parameters, expires_at, spent FROM pushed WHERE digest > ?1 ORDER BY digest
             LIMIT ?2";
    SPEND = "UPDATE pushed SET spent = 1 WHERE digest = ?1 AND spent = 0";
}

pub(super) fn insert(c: &Connection, pushed: &PushedRecord) -> Result<()> {
    store(c, INSERT, pushed)
}

/// Stores one that comes from elsewhere.
pub(super) fn import(c: &Connection, pushed: &PushedRecord) -> Result<()> {
    store(c, IMPORT, pushed)
}

fn store(c: &Connection, sql: &str, pushed: &PushedRecord) -> Result<()> {
    let PushedRecord { digest, client_id, parameters, expires_at, spent } = pushed;
    change(c, sql, params![digest.0, client_id.as_str(), parameters, expires_at.0, spent]).map(drop)
}

pub(super) fn decode(row: &Row<'_>) -> Result<PushedRecord> {
    Ok(PushedRecord {
        digest: digest(row, 0)?,
        client_id: columns::client_id(&row.get::<_, String>(1)?)?,
        parameters: row.get(2)?,
        expires_at: time(row, 3)?,
        spent: row.get(4)?,
    })
}

pub(super) fn read(c: &Connection, digest: Digest) -> Result<Option<PushedRecord>> {
    one(c, READ, [digest.0], decode)
}

/// Spends it; `false` when it was spent before or is not there.
pub(super) fn spend(c: &Connection, digest: Digest) -> Result<bool> {
    Ok(change(c, SPEND, [digest.0])? == 1)
}
