//! Grants: what tokens are made under. Revoking one kills all of them, without touching their rows.

use super::row::{change, document, maybe_time, one, statements, time};
use crate::Result;
use crate::columns::{json, sweep_at};
use nauthera_core::facts::{GrantId, GrantRecord};
use nauthera_core::time::UnixTime;
use rusqlite::{Connection, Row, params};

statements! {
    INSERT = "INSERT INTO grants (id, client_id, subject, sid, outlives_session, authorization, created_at, expires_at,
                                  revoked_at, session_ended_at, sweep_at)
              VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    IMPORT = "INSERT INTO grants (id, client_id, subject, sid, outlives_session, authorization, created_at, expires_at,
                                  revoked_at, session_ended_at, sweep_at)
              VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (id) DO NOTHING";
    READ = "SELECT authorization, created_at, expires_at, revoked_at, session_ended_at FROM grants WHERE id = ?1";
    AFTER = "SELECT id, authorization, created_at, expires_at, revoked_at, session_ended_at FROM grants WHERE id > ?1
             ORDER BY id LIMIT ?2";
    REVOKE = "UPDATE grants SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
    EXTEND = "UPDATE grants SET expires_at = ?2, sweep_at = ?3 WHERE id = ?1 AND expires_at < ?2";
    DROP_CODES = "DELETE FROM codes WHERE grant_id = ?1 AND redeemed_at IS NULL";
    DENY_DEVICES = "UPDATE devices SET state = 'denied', authorization = NULL
                    WHERE grant_id = ?1 AND state IN ('pending', 'approved')";
}

pub(super) fn insert(c: &Connection, grant: &GrantRecord) -> Result<()> {
    store(c, INSERT, grant)
}

/// Stores one that comes from elsewhere.
pub(super) fn import(c: &Connection, grant: &GrantRecord) -> Result<()> {
    store(c, IMPORT, grant)
}

fn store(c: &Connection, sql: &str, grant: &GrantRecord) -> Result<()> {
    let GrantRecord { id, authorization, created_at, expires_at, revoked_at, session_ended_at } = grant;
    change(
        c,
        sql,
        params![
            id.0,
            authorization.client_id.as_str(),
            authorization.person.subject.0,
            authorization.sid,
            authorization.outlives_session(),
            json(authorization)?,
            created_at.0,
            expires_at.0,
            revoked_at.map(|t| t.0),
            session_ended_at.map(|t| t.0),
            sweep_at(*expires_at),
        ],
    )
    .map(drop)
}

/// Decodes a grant whose columns, those of [`READ`], begin at `first`.
pub(super) fn decode(row: &Row<'_>, id: GrantId, first: usize) -> Result<GrantRecord> {
    Ok(GrantRecord {
        id,
        authorization: document(row, first)?,
        created_at: time(row, first + 1)?,
        expires_at: time(row, first + 2)?,
        revoked_at: maybe_time(row, first + 3)?,
        session_ended_at: maybe_time(row, first + 4)?,
    })
}

pub(super) fn read(c: &Connection, id: GrantId) -> Result<Option<GrantRecord>> {
    one(c, READ, [id.0], |row| decode(row, id, 0))
}

/// Revokes it; the first time counts.
pub(super) fn revoke(c: &Connection, id: GrantId, now: UnixTime) -> Result<()> {
    change(c, REVOKE, params![id.0, now.0]).map(drop)
}

/// Revokes it, and makes sure that no code or device produces it later.
pub(super) fn revoke_with_codes(c: &Connection, id: GrantId, now: UnixTime) -> Result<()> {
    revoke(c, id, now)?;
    change(c, DROP_CODES, [id.0])?;
    change(c, DENY_DEVICES, [id.0]).map(drop)
}

pub(super) fn extend(c: &Connection, id: GrantId, expires_at: UnixTime) -> Result<()> {
    change(c, EXTEND, params![id.0, expires_at.0, sweep_at(expires_at)]).map(drop)
}
