//! Browser sessions: begun, renewed and ended. An ended one leaves a mark, by which its codes and grants are known to have ended.

use super::grants::mark_until;
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
    END = "WITH gone AS (
               DELETE FROM sessions WHERE sid = $1 AND subject = $2 RETURNING sid
           ), mark AS (
               INSERT INTO ended_sessions (sid, subject, at, bucket, sweep_at) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (sid, subject) DO NOTHING
           )
           SELECT 1 FROM gone";
    REPLACE = "WITH gone AS (DELETE FROM sessions WHERE sid = $1 RETURNING sid, subject)
               INSERT INTO ended_sessions (sid, subject, at, bucket, sweep_at)
               SELECT sid, subject, $2::BIGINT, $3::SMALLINT, $4::BIGINT FROM gone
               ON CONFLICT (sid, subject) DO NOTHING";
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
            let end: [&(dyn ToSql + Sync); 4] = [&old, &now.0, &bucket_of(old), &mark_until(now)];
            steps.change_both((REPLACE, &end), (sql, &values)).await
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
    let ended = steps.write(END, &[&sid, &&*subject.0, &now.0, &bucket_of(sid), &mark_until(now)]).await?;
    Ok(!ended.is_empty())
}
