//! Browser sessions: begun, renewed and ended, with what hangs on them.

use super::logouts;
use super::row::{change, digest, document, many, one, statements, time};
use crate::columns::json;
use crate::{Result, SEEN_EVERY, SessionStart};
use nauthera_core::facts::{Digest, LoginEvent, SessionRecord, Subject};
use nauthera_core::time::{Seconds, UnixTime};
use rusqlite::{Connection, Row, params};

/// How long it is remembered that a session was ended: longer than any code that was on its way at that moment lives.
const ENDED_RETENTION: Seconds = Seconds::hours(1);

statements! {
    INSERT = "INSERT INTO sessions (digest, sid, subject, person, login, created_at, last_seen_at, expires_at)
              VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    RENEW = "UPDATE sessions SET digest = ?2, login = ?3, last_seen_at = ?4, expires_at = ?5 WHERE digest = ?1";
    READ = "SELECT digest, sid, person, login, created_at, last_seen_at, expires_at FROM sessions WHERE digest = ?1";
    IMPORT = "INSERT INTO sessions (digest, sid, subject, person, login, created_at, last_seen_at, expires_at)
              VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING";
    AFTER = "SELECT digest, sid, person, login, created_at, last_seen_at, expires_at FROM sessions WHERE digest > ?1
             ORDER BY digest LIMIT ?2";
    OF = "SELECT digest, sid, person, login, created_at, last_seen_at, expires_at FROM sessions WHERE subject = ?1
          ORDER BY created_at DESC LIMIT 100";
    ALL_BUT = "SELECT sid FROM sessions WHERE subject = ?1 AND sid <> ?2";
    OWNER = "SELECT subject FROM sessions WHERE sid = ?1";
    TOUCH = "UPDATE sessions SET last_seen_at = ?2 WHERE digest = ?1 AND last_seen_at <= ?3";
    END = "DELETE FROM sessions WHERE sid = ?1 AND subject = ?2";
    REMEMBER_ENDED = "INSERT INTO ended_sessions (sid, expires_at) VALUES (?1, ?2) ON CONFLICT (sid) DO NOTHING";
    DROP_CODES = "DELETE FROM codes WHERE subject = ?1 AND sid = ?2 AND redeemed_at IS NULL";
    REVOKE_GRANTS = "UPDATE grants SET revoked_at = ?3
                     WHERE sid = ?2 AND subject = ?1 AND outlives_session = 0 AND revoked_at IS NULL";
    MARK_GRANTS = "UPDATE grants SET session_ended_at = ?3
                   WHERE sid = ?2 AND subject = ?1 AND outlives_session = 1 AND revoked_at IS NULL
                     AND session_ended_at IS NULL";
}

pub(super) fn start(c: &Connection, start: &SessionStart, now: UnixTime) -> Result<bool> {
    match start {
        SessionStart::New { session, replaces } => {
            if let Some(sid) = replaces
                && let Some(owner) = one(c, OWNER, [sid], |row| Ok(Subject(row.get(0)?)))?
            {
                end(c, &owner, sid, now)?;
            }
            store(c, INSERT, session)?;
            Ok(true)
        }
        SessionStart::Renewed { old, new, login, expires_at } => {
            renew(c, *old, *new, login, (now, *expires_at))
        }
    }
}

/// Stores a session that comes from elsewhere.
pub(super) fn import(c: &Connection, session: &SessionRecord) -> Result<()> {
    store(c, IMPORT, session)
}

fn store(c: &Connection, sql: &str, session: &SessionRecord) -> Result<()> {
    let SessionRecord { digest, sid, person, login, created_at, last_seen_at, expires_at } = session;
    change(
        c,
        sql,
        params![
            digest.0,
            sid,
            person.subject.0,
            json(person)?,
            json(login)?,
            created_at.0,
            last_seen_at.0,
            expires_at.0
        ],
    )
    .map(drop)
}

fn renew(
    c: &Connection,
    old: Digest,
    new: Digest,
    login: &LoginEvent,
    (now, end): (UnixTime, UnixTime),
) -> Result<bool> {
    Ok(change(c, RENEW, params![old.0, new.0, json(login)?, now.0, end.0])? == 1)
}

pub(super) fn decode(row: &Row<'_>) -> Result<SessionRecord> {
    Ok(SessionRecord {
        digest: digest(row, 0)?,
        sid: row.get(1)?,
        person: document(row, 2)?,
        login: document(row, 3)?,
        created_at: time(row, 4)?,
        last_seen_at: time(row, 5)?,
        expires_at: time(row, 6)?,
    })
}

pub(super) fn read(c: &Connection, digest: Digest) -> Result<Option<SessionRecord>> {
    one(c, READ, [digest.0], decode)
}

pub(super) fn of(c: &Connection, subject: &Subject) -> Result<Vec<SessionRecord>> {
    many(c, OF, [&subject.0], decode)
}

pub(super) fn touch(c: &Connection, digest: Digest, now: UnixTime) -> Result<()> {
    change(c, TOUCH, params![digest.0, now.0, now.minus(SEEN_EVERY).0]).map(drop)
}

/// Ends it, if it is this subject's. Grants of a session that was swept before end all the same.
pub(super) fn end(c: &Connection, subject: &Subject, sid: &str, now: UnixTime) -> Result<bool> {
    let ended = change(c, END, params![sid, subject.0])? == 1;
    if ended {
        change(c, REMEMBER_ENDED, params![sid, now.plus(ENDED_RETENTION).0])?;
        logouts::queue(c, subject, sid, now)?;
    }
    change(c, DROP_CODES, params![subject.0, sid])?;
    change(c, REVOKE_GRANTS, params![subject.0, sid, now.0])?;
    change(c, MARK_GRANTS, params![subject.0, sid, now.0])?;
    Ok(ended)
}

/// Ends all of a subject but one; how many ended.
pub(super) fn end_all(c: &Connection, subject: &Subject, except: &str, now: UnixTime) -> Result<u64> {
    let sids: Vec<String> = many(c, ALL_BUT, params![subject.0, except], |row| Ok(row.get(0)?))?;
    let mut ended = 0;
    for sid in sids {
        ended += u64::from(end(c, subject, &sid, now)?);
    }
    Ok(ended)
}
