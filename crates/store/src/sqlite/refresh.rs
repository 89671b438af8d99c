//! Refresh tokens: each is followed once. Whether a successor was used is read from the successor itself.

use super::grants;
use super::row::{change, grant_id, maybe_time, one, statements, time};
use crate::columns::sweep_at;
use crate::{NewRefresh, Result, Rotation};
use nauthera_core::facts::{Digest, GrantId, GrantRecord, RefreshRecord, Rotated};
use nauthera_core::time::UnixTime;
use rusqlite::{Connection, Row, params};

/// A refresh token with its grant and what followed it.
macro_rules! select {
    () => {
        "SELECT r.grant_id, r.expires_at, r.rotated_at, r.sealed, s.digest IS NULL OR s.rotated_at IS NOT NULL,
                g.authorization, g.created_at, g.expires_at, g.revoked_at, g.session_ended_at, r.digest, r.successor
         FROM refresh r JOIN grants g ON g.id = r.grant_id LEFT JOIN refresh s ON s.digest = r.successor"
    };
}

statements! {
    INSERT = "INSERT INTO refresh (digest, grant_id, expires_at, sweep_at) VALUES (?1, ?2, ?3, ?4)";
    IMPORT = "INSERT INTO refresh (digest, grant_id, expires_at, sweep_at, rotated_at, successor, sealed)
              VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (digest) DO NOTHING";
    READ = concat!(select!(), " WHERE r.digest = ?1");
    AFTER = concat!(select!(), " WHERE r.digest > ?1 ORDER BY r.digest LIMIT ?2");
    STATE = "SELECT r.grant_id, r.expires_at, r.rotated_at, r.sealed, s.digest IS NULL OR s.rotated_at IS NOT NULL,
                    g.revoked_at
             FROM refresh r JOIN grants g ON g.id = r.grant_id LEFT JOIN refresh s ON s.digest = r.successor
             WHERE r.digest = ?1";
    ROTATE = "UPDATE refresh SET rotated_at = ?2, successor = ?3, sealed = ?4 WHERE digest = ?1";
}

/// What follows a refresh token.
pub(super) struct Next {
    /// The successor.
    pub(super) refresh: NewRefresh,
    /// Its value, encrypted.
    pub(super) sealed: Vec<u8>,
    /// When the family ends now.
    pub(super) grant_expires_at: UnixTime,
}

pub(super) fn insert(c: &Connection, refresh: &NewRefresh, grant: GrantId) -> Result<()> {
    change(c, INSERT, params![refresh.digest.0, grant.0, refresh.expires_at.0, sweep_at(refresh.expires_at)])
        .map(drop)
}

/// Stores one that comes from elsewhere.
pub(super) fn import(c: &Connection, token: &RefreshRecord, successor: Option<Digest>) -> Result<()> {
    let RefreshRecord { digest, grant, expires_at, rotated } = token;
    let sealed =
        rotated.as_ref().map(|rotated| &rotated.sealed_successor).filter(|sealed| !sealed.is_empty());
    let (at, successor) = (rotated.as_ref().map(|rotated| rotated.at.0), successor.map(|digest| digest.0));
    let values = params![digest.0, grant.0, expires_at.0, sweep_at(*expires_at), at, successor, sealed];
    change(c, IMPORT, values).map(drop)
}

pub(super) fn decode(row: &Row<'_>, digest: Digest) -> Result<RefreshRecord> {
    let rotated = match maybe_time(row, 2)? {
        None => None,
        Some(at) => {
            let successor_used = row.get(4)?;
            let sealed = if successor_used { None } else { row.get::<_, Option<Vec<u8>>>(3)? };
            Some(Rotated { at, successor_used, sealed_successor: sealed.unwrap_or_default() })
        }
    };
    Ok(RefreshRecord { digest, grant: grant_id(row, 0)?, expires_at: time(row, 1)?, rotated })
}

pub(super) fn read(c: &Connection, digest: Digest) -> Result<Option<(RefreshRecord, GrantRecord)>> {
    one(c, READ, [digest.0], |row| {
        let refresh = decode(row, digest)?;
        let grant = grants::decode(row, refresh.grant, 5)?;
        Ok((refresh, grant))
    })
}

pub(super) fn rotate(c: &Connection, old: Digest, next: &Next, now: UnixTime) -> Result<Rotation> {
    let state = one(c, STATE, [old.0], |row| Ok((decode(row, old)?, maybe_time(row, 5)?)))?;
    let refresh = match state {
        None | Some((_, Some(_))) => return Ok(Rotation::Gone),
        Some((refresh, None)) if refresh.rotated.is_some() => return Ok(Rotation::Lost(refresh)),
        Some((refresh, None)) => refresh,
    };
    let successor = &next.refresh;
    change(c, ROTATE, params![old.0, now.0, successor.digest.0, next.sealed])?;
    insert(c, successor, refresh.grant)?;
    grants::extend(c, refresh.grant, next.grant_expires_at)?;
    Ok(Rotation::Won)
}
