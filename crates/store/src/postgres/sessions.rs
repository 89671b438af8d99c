//! Browser sessions: begun, renewed and ended. An ended one leaves a mark, by which its codes and grants are known to have ended, and
//! what its clients are to be told. The row is locked first: a redemption on its way holds it, and its client is to be told as well.

use super::grants::mark_until;
use super::logouts::queued;
use super::pool::Steps;
use super::row::{bucket, bucket_of, digest, document, first, get, statements, time};
use crate::columns::json;
use crate::{Result, SEEN_EVERY, SessionStart};
use nauthera_core::facts::{Digest, SessionRecord, Subject};
use nauthera_core::time::UnixTime;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

statements! {
    INSERT = "INSERT INTO sessions (digest, sid, subject, person, login, created_at, last_seen_at, expires_at, bucket)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    RENEW = "UPDATE sessions SET digest = $2, login = $3, last_seen_at = $4, expires_at = $5 WHERE digest = $1";
    READ = "SELECT digest, sid, person, login, created_at, last_seen_at, expires_at FROM sessions WHERE digest = $1";
    IMPORT = "INSERT INTO sessions (digest, sid, subject, person, login, created_at, last_seen_at, expires_at, bucket)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
    AFTER = "SELECT digest, sid, person, login, created_at, last_seen_at, expires_at FROM sessions WHERE digest > $1
             ORDER BY digest LIMIT $2";
    OF = "SELECT digest, sid, person, login, created_at, last_seen_at, expires_at FROM sessions WHERE subject = $1
          ORDER BY created_at DESC LIMIT 100";
    TOUCH = "UPDATE sessions SET last_seen_at = $2 WHERE digest = $1 AND last_seen_at <= $3";
    LOCK = "SELECT sid FROM sessions WHERE sid = $1 FOR UPDATE";
    END = concat!(
        "WITH gone AS (
             DELETE FROM sessions WHERE sid = $1 AND subject = $2 RETURNING sid, subject, bucket
         ), mark AS (
             INSERT INTO ended_sessions (sid, subject, at, bucket, sweep_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (sid, subject) DO NOTHING
         ), ",
        queued!("$3"),
        " SELECT 1 FROM gone"
    );
    REPLACE = concat!(
        "WITH gone AS (
             DELETE FROM sessions WHERE sid = $1 RETURNING sid, subject, bucket
         ), mark AS (
             INSERT INTO ended_sessions (sid, subject, at, bucket, sweep_at)
             SELECT sid, subject, $2::BIGINT, bucket, $3::BIGINT FROM gone ON CONFLICT (sid, subject) DO NOTHING
         ), ",
        queued!("$2"),
        " SELECT 1 FROM gone"
    );
    LOCK_ALL = "SELECT sid FROM sessions WHERE subject = $1 AND sid <> $2 ORDER BY sid FOR UPDATE";
    END_ALL = concat!(
        "WITH gone AS (
             DELETE FROM sessions WHERE subject = $1 AND sid <> $2 RETURNING sid, subject, bucket
         ), mark AS (
             INSERT INTO ended_sessions (sid, subject, at, bucket, sweep_at)
             SELECT sid, subject, $3::BIGINT, bucket, $4::BIGINT FROM gone ON CONFLICT (sid, subject) DO NOTHING
         ), ",
        queued!("$3"),
        " SELECT sid FROM gone"
    );
}

pub(super) async fn start(steps: &Steps, start: &SessionStart, now: UnixTime) -> Result<bool> {
    match start {
        SessionStart::New { session, replaces } => {
            match replaces {
                None => store(steps, INSERT, session, None).await?,
                Some(sid) => store(steps, INSERT, session, Some((sid, now))).await?,
            }
            Ok(true)
        }
        SessionStart::Renewed { old, new, login, expires_at } => {
            let (old, new) = (old.0.as_slice(), new.0.as_slice());
            let renewed = steps.change(RENEW, &[&old, &new, &json(login)?, &now.0, &expires_at.0]).await?;
            Ok(renewed == 1)
        }
    }
}

/// Stores a session that comes from elsewhere.
pub(super) async fn import(steps: &Steps, session: &SessionRecord) -> Result<()> {
    store(steps, IMPORT, session, None).await
}

async fn store(
    steps: &Steps,
    sql: &'static str,
    session: &SessionRecord,
    replaces: Option<(&str, UnixTime)>,
) -> Result<()> {
    let SessionRecord { digest, sid, person, login, created_at, last_seen_at, expires_at } = session;
    let digest = digest.0.as_slice();
    let (sid, subject) = (&**sid, &*person.subject.0);
    let (person, login, bucket) = (json(person)?, json(login)?, bucket(digest));
    let values: [&(dyn ToSql + Sync); 9] =
        [&digest, &sid, &subject, &person, &login, &created_at.0, &last_seen_at.0, &expires_at.0, &bucket];
    match replaces {
        None => steps.change(sql, &values).await.map(drop),
        Some((old, now)) => {
            let end: [&(dyn ToSql + Sync); 3] = [&old, &now.0, &mark_until(now)];
            steps.locked((LOCK, &[&old]), (REPLACE, &end), Some((sql, &values))).await.map(drop)
        }
    }
}

pub(super) fn decode(row: &Row) -> Result<SessionRecord> {
    Ok(SessionRecord {
        digest: digest(row, 0)?,
        sid: get::<&str>(row, 1)?.into(),
        person: document(row, 2)?,
        login: document(row, 3)?,
        created_at: time(row, 4)?,
        last_seen_at: time(row, 5)?,
        expires_at: time(row, 6)?,
    })
}

pub(super) async fn read(steps: &Steps, digest: Digest) -> Result<Option<SessionRecord>> {
    first(&steps.read(READ, &[&digest.0.as_slice()]).await?, decode)
}

pub(super) async fn of(steps: &Steps, subject: &Subject) -> Result<Vec<SessionRecord>> {
    steps.read(OF, &[&&*subject.0]).await?.iter().map(decode).collect()
}

pub(super) async fn touch(steps: &Steps, digest: Digest, now: UnixTime) -> Result<()> {
    let before = now.minus(SEEN_EVERY).0;
    steps.change(TOUCH, &[&digest.0.as_slice(), &now.0, &before]).await.map(drop)
}

/// Ends it, if it is this subject's. Grants of a session that was swept before end all the same.
pub(super) async fn end(steps: &Steps, subject: &Subject, sid: &str, now: UnixTime) -> Result<bool> {
    let end: [&(dyn ToSql + Sync); 5] = [&sid, &&*subject.0, &now.0, &bucket_of(sid), &mark_until(now)];
    Ok(!steps.locked((LOCK, &[&sid]), (END, &end), None).await?.is_empty())
}

/// Ends all of a subject but one; how many ended.
pub(super) async fn end_all(steps: &Steps, subject: &Subject, except: &str, now: UnixTime) -> Result<u64> {
    let subject = &*subject.0;
    let lock: [&(dyn ToSql + Sync); 2] = [&subject, &except];
    let end: [&(dyn ToSql + Sync); 4] = [&subject, &except, &now.0, &mark_until(now)];
    let ended = steps.locked((LOCK_ALL, &lock), (END_ALL, &end), None).await?;
    Ok(u64::try_from(ended.len()).unwrap_or(u64::MAX))
}
