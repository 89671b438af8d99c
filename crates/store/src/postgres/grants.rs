//! Grants: what tokens are made under. One is revoked by a row of its own, whether it exists yet or not: so it does not matter which of
//! a redemption and a revocation at the same moment is first. In the same way a session that was ended ends its grants.

use super::pool::Steps;
use super::row::{bucket, document, first, get, grant_id, maybe_time, statements, time};
use crate::columns::{json, sweep_at};
use crate::{NewRefresh, Result};
use nauthera_core::facts::{GrantId, GrantRecord};
use nauthera_core::policy::LONGEST_GRANT;
use nauthera_core::time::UnixTime;
use tokio_postgres::Row;

/// The columns of a grant `g`, with what ended it, as [`decode`] takes them.
macro_rules! columns {
    () => {
        "g.id, g.document, g.created_at, g.expires_at, g.outlives_session, r.at, e.at"
    };
}
pub(super) use columns;

/// What a grant `g` may have been ended by: `r` revoked it, `e` ended its session.
macro_rules! endings {
    () => {
        "LEFT JOIN revoked_grants r ON r.grant_id = g.id
         LEFT JOIN ended_sessions e ON e.sid = g.sid AND e.subject = g.subject"
    };
}
pub(super) use endings;

statements! {
    READ = concat!("SELECT ", columns!(), " FROM grants g ", endings!(), " WHERE g.id = $1");
    AFTER = concat!("SELECT ", columns!(), " FROM grants g ", endings!(), " WHERE g.id > $1 ORDER BY g.id LIMIT $2");
    REVOKE = "INSERT INTO revoked_grants (grant_id, at, bucket, sweep_at) VALUES ($1, $2, $3, $4)
              ON CONFLICT (grant_id) DO NOTHING";
    EXTEND = "UPDATE grants SET expires_at = $2, sweep_at = $3 WHERE id = $1 AND expires_at < $2";
}

/// A grant as the values of a row, in the order `id, client_id, subject, sid, outlives_session, document, created_at, expires_at,
/// bucket, sweep_at`.
pub(super) struct Values<'a> {
    pub(super) id: &'a [u8],
    pub(super) client_id: &'a str,
    pub(super) subject: &'a str,
    pub(super) sid: Option<&'a str>,
    pub(super) outlives_session: bool,
    pub(super) document: String,
    pub(super) created_at: i64,
    pub(super) expires_at: i64,
    pub(super) bucket: i16,
    pub(super) sweep_at: i64,
}

impl<'a> Values<'a> {
    pub(super) fn of(grant: &'a GrantRecord) -> Result<Self> {
        let authorization = &grant.authorization;
        Ok(Self {
            id: &grant.id.0,
            client_id: authorization.client_id.as_str(),
            subject: &authorization.person.subject.0,
            sid: authorization.sid.as_deref(),
            outlives_session: authorization.outlives_session(),
            document: json(authorization)?,
            created_at: grant.created_at.0,
            expires_at: grant.expires_at.0,
            bucket: bucket(&grant.id.0),
            sweep_at: sweep_at(grant.expires_at),
        })
    }
}

/// The refresh token that comes with a grant, as the values of a row; both are missing where none does.
pub(super) struct Token<'a> {
    pub(super) digest: Option<&'a [u8]>,
    pub(super) expires_at: Option<i64>,
}

impl<'a> Token<'a> {
    pub(super) fn of(refresh: Option<&'a NewRefresh>) -> Self {
        Self {
            digest: refresh.map(|refresh| refresh.digest.0.as_slice()),
            expires_at: refresh.map(|refresh| refresh.expires_at.0),
        }
    }
}

/// Decodes a grant whose columns, those of [`columns`], begin at `at`.
pub(super) fn decode(row: &Row, at: usize) -> Result<GrantRecord> {
    let outlives_session: bool = get(row, at + 4)?;
    let (revoked, ended) = (maybe_time(row, at + 5)?, maybe_time(row, at + 6)?);
    let (revoked_at, session_ended_at) = match (outlives_session, revoked, ended) {
        (true, revoked, ended) => (revoked, ended),
        // Whichever was first.
        (false, Some(revoked), Some(ended)) => (Some(revoked.min(ended)), None),
        (false, revoked, ended) => (revoked.or(ended), None),
    };
    Ok(GrantRecord {
        id: grant_id(row, at)?,
        authorization: document(row, at + 1)?,
        created_at: time(row, at + 2)?,
        expires_at: time(row, at + 3)?,
        revoked_at,
        session_ended_at,
    })
}

pub(super) async fn read(steps: &Steps, id: GrantId) -> Result<Option<GrantRecord>> {
    let rows = steps.read(READ, &[&id.0.as_slice()]).await?;
    first(&rows, |row| decode(row, 0))
}

/// When the mark of an end can go: after everything that it ended.
pub(super) fn mark_until(now: UnixTime) -> i64 {
    sweep_at(now.plus(LONGEST_GRANT))
}

/// Revokes it, and what would produce it later; the first time counts.
pub(super) async fn revoke(steps: &Steps, id: GrantId, now: UnixTime) -> Result<()> {
    let key = id.0.as_slice();
    steps.change(REVOKE, &[&key, &now.0, &bucket(key), &mark_until(now)]).await.map(drop)
}

pub(super) async fn extend(steps: &Steps, id: GrantId, expires_at: UnixTime) -> Result<()> {
    steps.change(EXTEND, &[&id.0.as_slice(), &expires_at.0, &sweep_at(expires_at)]).await.map(drop)
}
