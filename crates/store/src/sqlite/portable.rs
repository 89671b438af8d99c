//! Facts out of SQLite and into it. Each is written by one step, and one that is there already stays.

use super::row::{digest, grant_id, many, one, statements, time};
use super::{codes, consents, devices, grants, logouts, once, pushed, refresh, sessions};
use crate::Result;
use crate::portable::{Cursor, Fact, FactKind, Page};
use rusqlite::{Connection, Row, params};

statements! {
    TOKENS_AFTER = "SELECT jti, expires_at FROM revoked_tokens WHERE jti > ?1 ORDER BY jti LIMIT ?2";
    ASSERTIONS_AFTER = "SELECT jti, expires_at FROM assertions WHERE jti > ?1 ORDER BY jti LIMIT ?2";
}

/// A row's key, and the fact that it holds; none when it is dead.
type Keyed = (Vec<u8>, Option<Fact>);

/// Reads a page of facts of a kind.
pub(super) fn export(c: &Connection, kind: FactKind, after: Option<Cursor>, limit: u32) -> Result<Page> {
    if kind == FactKind::Consent {
        return consents_after(c, after, limit);
    }
    if kind == FactKind::Logout {
        return logouts_after(c, after, limit);
    }
    let key = match after {
        Some(Cursor::Key(key)) => key,
        _ => Vec::new(),
    };
    let (sql, decode): (&str, fn(&Row<'_>) -> Result<Keyed>) = match kind {
        FactKind::Grant => (grants::AFTER, |row| {
            Ok((row.get(0)?, Some(Fact::Grant(grants::decode(row, grant_id(row, 0)?, 1)?))))
        }),
        FactKind::Refresh => {
            (refresh::AFTER, |row| Ok((row.get(0)?, Some(Fact::Refresh(refresh::decode(row)?.0)))))
        }
        FactKind::Code => (codes::AFTER, |row| Ok((row.get(7)?, codes::decode(row)?.map(Fact::Code)))),
        FactKind::Device => {
            (devices::AFTER, |row| Ok((row.get(0)?, Some(Fact::Device(devices::decode(row)?)))))
        }
        FactKind::Pushed => {
            (pushed::AFTER, |row| Ok((row.get(0)?, Some(Fact::Pushed(pushed::decode(row)?)))))
        }
        FactKind::Session => {
            (sessions::AFTER, |row| Ok((row.get(0)?, Some(Fact::Session(sessions::decode(row)?)))))
        }
        FactKind::RevokedToken => {
            (TOKENS_AFTER, |row| Ok((row.get(0)?, Some(Fact::RevokedToken(digest(row, 0)?, time(row, 1)?)))))
        }
        FactKind::Assertion | FactKind::Consent | FactKind::Logout => {
            (ASSERTIONS_AFTER, |row| Ok((row.get(0)?, Some(Fact::Assertion(digest(row, 0)?, time(row, 1)?)))))
        }
    };
    let rows = many(c, sql, params![key, limit], decode)?;
    let full = rows.len() == limit as usize;
    let next = rows.last().filter(|_| full).map(|(key, _)| Cursor::Key(key.clone()));
    Ok((rows.into_iter().filter_map(|(_, fact)| fact).collect(), next))
}

fn consents_after(c: &Connection, after: Option<Cursor>, limit: u32) -> Result<Page> {
    let (subject, client_id) = match after {
        Some(Cursor::Consent(subject, client_id)) => (subject, client_id),
        _ => Default::default(),
    };
    let all = many(c, consents::AFTER, params![subject, client_id, limit], consents::decode_whole)?;
    let full = all.len() == limit as usize;
    let next = all.last().filter(|_| full);
    let next = next.map(|last| Cursor::Consent(last.subject.to_string(), last.client_id.as_str().to_owned()));
    Ok((all.into_iter().map(Fact::Consent).collect(), next))
}

fn logouts_after(c: &Connection, after: Option<Cursor>, limit: u32) -> Result<Page> {
    let key = match after {
        Some(Cursor::Text(key)) => key,
        _ => String::new(),
    };
    let all = many(c, logouts::AFTER, params![key, limit], logouts::decode)?;
    let full = all.len() == limit as usize;
    let next = all.last().filter(|_| full).map(|last| Cursor::Text(crate::logouts::key(last)));
    Ok((all.into_iter().map(Fact::Logout).collect(), next))
}

/// Stores a fact.
pub(super) fn import(c: &Connection, fact: &Fact) -> Result<()> {
    match fact {
        Fact::Grant(grant) => grants::import(c, grant),
        Fact::Refresh(family) => refresh::import(c, family),
        Fact::Code(code) => codes::import(c, code),
        Fact::Device(device) => devices::insert(c, device).map(drop),
        Fact::Pushed(pushed) => pushed::import(c, pushed),
        Fact::Session(session) => sessions::import(c, session),
        Fact::Logout(delivery) => logouts::import(c, delivery),
        Fact::Consent(consent) => consents::save(c, consent),
        Fact::RevokedToken(jti, end) => once::revoke_token(c, *jti, *end),
        Fact::Assertion(jti, end) => once::remember_assertion(c, *jti, *end).map(drop),
    }
}

/// How many facts of a kind there are.
pub(super) fn count(c: &Connection, kind: FactKind) -> Result<u64> {
    let count = one(c, kind.count_sql(), [], |row| Ok(row.get::<_, i64>(0)?))?;
    Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
}

/// What SQLite's own check finds.
pub(super) fn damage(c: &Connection) -> Result<Vec<String>> {
    let lines = many(c, "PRAGMA integrity_check(20)", [], |row| Ok(row.get::<_, String>(0)?))?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}
