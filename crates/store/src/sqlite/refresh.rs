//! Refresh tokens, a row for each family: a rotation replaces the current one in its place.

use super::grants;
use super::row::{change, digest, grant_id, maybe_time, one, statements, time};
use crate::columns::unseal_at;
use crate::{NewRefresh, Result, Rotation, Turn};
use nauthera_core::facts::{FamilyRecord, GrantId, GrantRecord, Rotated};
use nauthera_core::time::UnixTime;
use rusqlite::{Connection, Row, params};

/// A family with its grant.
macro_rules! select {
    () => {
        "SELECT f.grant_id, f.current, f.expires_at, f.previous, f.sealed, f.rotated_at,
                g.authorization, g.created_at, g.expires_at, g.revoked_at, g.session_ended_at
         FROM families f JOIN grants g ON g.id = f.grant_id"
    };
}

statements! {
    INSERT = "INSERT INTO families (grant_id, current, expires_at) VALUES (?1, ?2, ?3)";
    IMPORT = "INSERT INTO families (grant_id, current, expires_at, previous, sealed, rotated_at, unseal_at)
              SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 FROM grants WHERE id = ?1 ON CONFLICT (grant_id) DO NOTHING";
    READ = concat!(select!(), " WHERE f.grant_id = ?1");
    AFTER = concat!(select!(), " WHERE f.grant_id > ?1 ORDER BY f.grant_id LIMIT ?2");
    ROTATE = "UPDATE families SET previous = current, current = ?3, sealed = ?4, rotated_at = ?5, unseal_at = ?6, expires_at = ?7
              WHERE grant_id = ?1 AND current = ?2 AND expires_at > ?5
                AND EXISTS (SELECT 1 FROM grants WHERE id = ?1 AND revoked_at IS NULL)";
}

pub(super) fn insert(c: &Connection, refresh: &NewRefresh, grant: GrantId) -> Result<()> {
    change(c, INSERT, params![grant.0, refresh.digest.0, refresh.expires_at.0]).map(drop)
}

/// Stores one that comes from elsewhere; none without its grant, with which it would go.
pub(super) fn import(c: &Connection, family: &FamilyRecord) -> Result<()> {
    let FamilyRecord { grant, current, expires_at, rotated } = family;
    let rotated = rotated.as_ref();
    let sealed = rotated.map(|rotated| &rotated.sealed_successor).filter(|sealed| !sealed.is_empty());
    let values = params![
        grant.0,
        current.0,
        expires_at.0,
        rotated.map(|rotated| rotated.previous.0),
        sealed,
        rotated.map(|rotated| rotated.at.0),
        sealed.and(rotated).map(|rotated| unseal_at(rotated.at)),
    ];
    change(c, IMPORT, values).map(drop)
}

pub(super) fn decode(row: &Row<'_>) -> Result<(FamilyRecord, GrantRecord)> {
    let rotated = match maybe_time(row, 5)? {
        None => None,
        Some(at) => Some(Rotated {
            previous: digest(row, 3)?,
            at,
            sealed_successor: row.get::<_, Option<Vec<u8>>>(4)?.unwrap_or_default(),
        }),
    };
    let grant = grant_id(row, 0)?;
    let family = FamilyRecord { grant, current: digest(row, 1)?, expires_at: time(row, 2)?, rotated };
    Ok((family, grants::decode(row, grant, 6)?))
}

pub(super) fn read(c: &Connection, grant: GrantId) -> Result<Option<(FamilyRecord, GrantRecord)>> {
    one(c, READ, [grant.0], decode)
}

pub(super) fn rotate(c: &Connection, turn: &Turn, now: UnixTime) -> Result<Rotation> {
    let Turn { grant, presented, successor, sealed_successor, grant_until } = turn;
    let sealed = Some(sealed_successor).filter(|sealed| !sealed.is_empty());
    let unseal_at = sealed.map(|_| unseal_at(now));
    let values =
        params![grant.0, presented.0, successor.digest.0, sealed, now.0, unseal_at, successor.expires_at.0];
    if change(c, ROTATE, values)? == 0 {
        return Ok(Rotation::of(read(c, *grant)?));
    }
    if let Some(until) = grant_until {
        grants::extend(c, *grant, *until)?;
    }
    Ok(Rotation::Won)
}
