//! Pushed authorization requests (RFC 9126).

use super::row::{change, one, statements, time};
use crate::{Result, columns};
use nauthera_core::facts::{Digest, PushedRecord};
use rusqlite::{Connection, params};

statements! {
    INSERT = "INSERT INTO pushed (digest, client_id, parameters, expires_at, spent) VALUES (?1, ?2, ?3, ?4, ?5)";
    READ = "SELECT client_id, parameters, expires_at, spent FROM pushed WHERE digest = ?1";
    SPEND = "UPDATE pushed SET spent = 1 WHERE digest = ?1 AND spent = 0";
}

pub(super) fn insert(c: &Connection, pushed: &PushedRecord) -> Result<()> {
    let PushedRecord { digest, client_id, parameters, expires_at, spent } = pushed;
    change(c, INSERT, params![digest.0, client_id.as_str(), parameters, expires_at.0, spent]).map(drop)
}

pub(super) fn read(c: &Connection, digest: Digest) -> Result<Option<PushedRecord>> {
    one(c, READ, [digest.0], |row| {
        Ok(PushedRecord {
            digest,
            client_id: columns::client_id(&row.get::<_, String>(0)?)?,
            parameters: row.get(1)?,
            expires_at: time(row, 2)?,
            spent: row.get(3)?,
        })
    })
}

/// Spends it; `false` when it was spent before or is not there.
pub(super) fn spend(c: &Connection, digest: Digest) -> Result<bool> {
    Ok(change(c, SPEND, [digest.0])? == 1)
}
