//! Refresh tokens: each is followed once, by a row that names its successor. Whether a successor was used is read from what
//! follows it in turn.

use super::grants;
use super::pool::Steps;
use super::row::{bucket, digest, first, get, grant_id, maybe_time, statements, time};
use crate::columns::sweep_at;
use crate::{NewRefresh, Result, Rotation};
use nauthera_core::facts::{Digest, GrantRecord, RefreshRecord, Rotated};
use nauthera_core::time::UnixTime;
use tokio_postgres::Row;

/// A refresh token with its grant and what followed it, as [`decode`] takes them.
macro_rules! select {
    () => {
        concat!(
            "SELECT f.digest, f.grant_id, f.expires_at, t.rotated_at, t.sealed, s.digest IS NULL OR u.digest IS NOT NULL, ",
            grants::columns!(),
            ", t.successor FROM refresh f JOIN grants g ON g.id = f.grant_id ",
            grants::endings!(),
            " LEFT JOIN rotations t ON t.digest = f.digest
              LEFT JOIN refresh s ON s.digest = t.successor
              LEFT JOIN rotations u ON u.digest = t.successor"
        )
    };
}

statements! {
    READ = concat!(select!(), " WHERE f.digest = $1");
    AFTER = concat!(select!(), " WHERE f.digest > $1 ORDER BY f.digest LIMIT $2");
    ROTATE = concat!(
        "WITH old AS (
             SELECT f.grant_id, r.grant_id IS NULL AND (e.sid IS NULL OR g.outlives_session) AS live
             FROM refresh f JOIN grants g ON g.id = f.grant_id ",
        grants::endings!(),
        "    WHERE f.digest = $1
         ), won AS (
             INSERT INTO rotations (digest, successor, sealed, rotated_at, bucket)
             SELECT $1::BYTEA, $2::BYTEA, $3::BYTEA, $4::BIGINT, $5::SMALLINT FROM old WHERE live
             ON CONFLICT (digest) DO NOTHING RETURNING digest
         ), next AS (
             INSERT INTO refresh (digest, grant_id, expires_at, bucket, sweep_at)
             SELECT $2::BYTEA, old.grant_id, $6::BIGINT, $7::SMALLINT, $8::BIGINT FROM old CROSS JOIN won
         ), longer AS (
             UPDATE grants SET expires_at = $9, sweep_at = $10
             WHERE id = (SELECT old.grant_id FROM old CROSS JOIN won) AND expires_at < $9
         )
         SELECT live, EXISTS (SELECT 1 FROM won) FROM old"
    );
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

pub(super) fn decode(row: &Row) -> Result<(RefreshRecord, GrantRecord)> {
    let rotated = match maybe_time(row, 3)? {
        None => None,
        Some(at) => {
            let successor_used = get(row, 5)?;
            let sealed = if successor_used { None } else { get::<Option<Vec<u8>>>(row, 4)? };
            Some(Rotated { at, successor_used, sealed_successor: sealed.unwrap_or_default() })
        }
    };
    let refresh = RefreshRecord {
        digest: digest(row, 0)?,
        grant: grant_id(row, 1)?,
        expires_at: time(row, 2)?,
        rotated,
    };
    Ok((refresh, grants::decode(row, 6)?))
}

pub(super) async fn read(steps: &Steps, digest: Digest) -> Result<Option<(RefreshRecord, GrantRecord)>> {
    first(&steps.read(READ, &[&digest.0.as_slice()]).await?, decode)
}

pub(super) async fn rotate(steps: &Steps, old: Digest, next: &Next, now: UnixTime) -> Result<Rotation> {
    let successor = &next.refresh;
    let (from, to) = (old.0.as_slice(), successor.digest.0.as_slice());
    let rows = steps
        .write(
            ROTATE,
            &[
                &from,
                &to,
                &next.sealed,
                &now.0,
                &bucket(from),
                &successor.expires_at.0,
                &bucket(to),
                &sweep_at(successor.expires_at),
                &next.grant_expires_at.0,
                &sweep_at(next.grant_expires_at),
            ],
        )
        .await?;
    match first(&rows, |row| Ok((get::<bool>(row, 0)?, get::<bool>(row, 1)?)))? {
        Some((true, true)) => Ok(Rotation::Won),
        // Another was faster: how it stands now is read afterwards, since what the statement saw is older.
        Some((true, false)) => Ok(match read(steps, old).await? {
            Some((refresh, grant)) if grant.revoked_at.is_none() => Rotation::Lost(refresh),
            _ => Rotation::Gone,
        }),
        Some((false, _)) | None => Ok(Rotation::Gone),
    }
}
