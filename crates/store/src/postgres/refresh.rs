//! Refresh tokens, a row for each family. A rotation is one update of that row, which finds it by the grant's id, and whose conditions
//! are all that may have changed since the grant was read: of several that would replace the same token one finds it there.

use super::grants;
use super::pool::Steps;
use super::row::{digest, first, get, grant_id, maybe_time, statements, time};
use crate::columns::{sweep_at, unseal_at};
use crate::{Result, Rotation, Turn};
use nauthera_core::facts::{FamilyRecord, GrantId, GrantRecord, Rotated};
use nauthera_core::time::UnixTime;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// A family with its grant, as [`decode`] takes them.
macro_rules! select {
    () => {
        concat!(
            "SELECT f.grant_id, f.current, f.expires_at, f.previous, f.sealed, f.rotated_at, ",
            grants::columns!(),
            " FROM families f JOIN grants g ON g.id = f.grant_id ",
            grants::endings!()
        )
    };
}

/// Replaces the token, if it is the current one of a family that lives.
macro_rules! turn {
    () => {
        "UPDATE families SET previous = current, current = $3, sealed = $4, rotated_at = $5, unseal_at = $6, expires_at = $7
         FROM grants g
         WHERE families.grant_id = $1 AND families.current = $2 AND families.expires_at > $5 AND g.id = $1
           AND (SELECT count(*) FROM revoked_grants r WHERE r.grant_id = g.id) = 0
           AND (g.outlives_session
                OR (SELECT count(*) FROM ended_sessions e WHERE e.sid = g.sid AND e.subject = g.subject) = 0)"
    };
}

statements! {
    READ = concat!(select!(), " WHERE f.grant_id = $1");
    AFTER = concat!(select!(), " WHERE f.grant_id > $1 ORDER BY f.grant_id LIMIT $2");
    ROTATE = turn!();
    ROTATE_AND_EXTEND = concat!(
        "WITH turned AS (",
        turn!(),
        " RETURNING families.grant_id), longer AS (
             UPDATE grants SET expires_at = $8, sweep_at = $9
             WHERE id = (SELECT turned.grant_id FROM turned) AND expires_at < $8
         )
         SELECT grant_id FROM turned"
    );
}

pub(super) fn decode(row: &Row) -> Result<(FamilyRecord, GrantRecord)> {
    let rotated = match maybe_time(row, 5)? {
        None => None,
        Some(at) => Some(Rotated {
            previous: digest(row, 3)?,
            at,
            sealed_successor: get::<Option<Vec<u8>>>(row, 4)?.unwrap_or_default(),
        }),
    };
    let family = FamilyRecord {
        grant: grant_id(row, 0)?,
        current: digest(row, 1)?,
        expires_at: time(row, 2)?,
        rotated,
    };
    Ok((family, grants::decode(row, 6)?))
}

pub(super) async fn read(steps: &Steps, grant: GrantId) -> Result<Option<(FamilyRecord, GrantRecord)>> {
    first(&steps.read(READ, &[&grant.0.as_slice()]).await?, decode)
}

pub(super) async fn rotate(steps: &Steps, turn: &Turn, now: UnixTime) -> Result<Rotation> {
    let Turn { grant, presented, successor, sealed_successor, grant_until } = turn;
    let (key, from, to) = (grant.0.as_slice(), presented.0.as_slice(), successor.digest.0.as_slice());
    let sealed = Some(sealed_successor).filter(|sealed| !sealed.is_empty());
    let unseal_at = sealed.map(|_| unseal_at(now));
    let values: [&(dyn ToSql + Sync); 7] =
        [&key, &from, &to, &sealed, &now.0, &unseal_at, &successor.expires_at.0];
    let rotated = match grant_until {
        None => steps.change(ROTATE, &values).await?,
        Some(until) => {
            let [a, b, c, d, e, f, g] = values;
            steps.change(ROTATE_AND_EXTEND, &[a, b, c, d, e, f, g, &until.0, &sweep_at(*until)]).await?
        }
    };
    if rotated == 1 {
        return Ok(Rotation::Won);
    }
    // How it stands is read afterwards, since what the statement saw may be older.
    Ok(Rotation::of(read(steps, *grant).await?))
}
