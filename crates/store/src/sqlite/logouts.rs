//! The queue of logouts: filled where a session ends, in the same transaction; claimed, put off and emptied by who tells clients.

use super::row::{change, many, one, statements, time};
use crate::logouts::{LogoutClaim, LogoutQueue, key};
use crate::{Result, columns};
use nauthera_core::facts::{LogoutDelivery, Subject};
use nauthera_core::time::UnixTime;
use rusqlite::{Connection, Row, params};

statements! {
    QUEUE = "INSERT INTO logouts (key, client_id, subject, sid, ended_at, due_at, attempts)
             SELECT DISTINCT ?2 || '/' || client_id, client_id, ?1, ?2, ?3, ?3, 0 FROM grants WHERE subject = ?1 AND sid = ?2
             ON CONFLICT (key) DO NOTHING";
    NEXT_CLIENT = "SELECT client_id FROM logouts WHERE client_id > ?1 ORDER BY client_id LIMIT 1";
    DUE = "SELECT due_at, key FROM logouts WHERE client_id = ?1 AND due_at <= ?2 ORDER BY due_at LIMIT ?3";
    CLAIM = "UPDATE logouts SET due_at = ?2, attempts = attempts + 1 WHERE key = ?1
             RETURNING client_id, subject, sid, ended_at, attempts";
    FINISH = "DELETE FROM logouts WHERE key = ?1";
    PUT_OFF = "UPDATE logouts SET due_at = ?3 WHERE key = ?1 AND attempts = ?2";
    AFTER = "SELECT client_id, subject, sid, ended_at, attempts FROM logouts WHERE key > ?1 ORDER BY key LIMIT ?2";
    IMPORT = "INSERT INTO logouts (key, client_id, subject, sid, ended_at, due_at, attempts)
              VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6) ON CONFLICT (key) DO NOTHING";
    PENDING = "SELECT COUNT(*) FROM (SELECT 1 FROM logouts WHERE client_id > '' LIMIT 100000) AS due";
    OLDEST = "SELECT ended_at FROM logouts WHERE ended_at > 0 ORDER BY ended_at LIMIT 1";
    SURPLUS = "SELECT key FROM logouts WHERE client_id = ?1 ORDER BY ended_at DESC LIMIT ?3 OFFSET ?2";
}

/// Queues what the clients of a session are told. Called before anything of the session is taken away.
pub(super) fn queue(c: &Connection, subject: &Subject, sid: &str, now: UnixTime) -> Result<()> {
    change(c, QUEUE, params![subject.0, sid, now.0]).map(drop)
}

/// What a claim would get: when each is due, and its key.
pub(super) fn due(c: &Connection, claim: &LogoutClaim, now: UnixTime) -> Result<Vec<(i64, String)>> {
    let mut found = Vec::new();
    for client in clients(c)? {
        if claim.but.iter().any(|but| but.as_str() == client) {
            continue;
        }
        let few = params![client, now.0, claim.most_of_one];
        found.extend(many(c, DUE, few, |row| Ok((row.get(0)?, row.get(1)?)))?);
    }
    found.sort();
    found.truncate(usize::try_from(claim.most).unwrap_or(usize::MAX));
    Ok(found)
}

/// The clients that wait to be told, each found by one look into the index.
fn clients(c: &Connection) -> Result<Vec<String>> {
    let mut clients: Vec<String> = Vec::new();
    loop {
        let last = clients.last().map_or("", String::as_str);
        match one(c, NEXT_CLIENT, [last], |row| Ok(row.get(0)?))? {
            Some(client) => clients.push(client),
            None => return Ok(clients),
        }
    }
}

pub(super) fn claim(c: &Connection, claim: &LogoutClaim, now: UnixTime) -> Result<Vec<LogoutDelivery>> {
    let until = now.plus(claim.lease).0;
    let mut claimed = Vec::new();
    for (_, key) in due(c, claim, now)? {
        claimed.extend(one(c, CLAIM, params![key, until], decode)?);
    }
    Ok(claimed)
}

/// Decodes a delivery.
pub(super) fn decode(row: &Row<'_>) -> Result<LogoutDelivery> {
    Ok(LogoutDelivery {
        client_id: columns::client_id(row.get_ref(0)?.as_str().unwrap_or_default())?,
        subject: Subject(row.get(1)?),
        sid: row.get(2)?,
        ended_at: time(row, 3)?,
        attempts: row.get(4)?,
    })
}

pub(super) fn finish(c: &Connection, delivery: &LogoutDelivery) -> Result<bool> {
    Ok(change(c, FINISH, [key(delivery)])? == 1)
}

pub(super) fn put_off(c: &Connection, delivery: &LogoutDelivery, until: UnixTime) -> Result<bool> {
    Ok(change(c, PUT_OFF, params![key(delivery), delivery.attempts, until.0])? == 1)
}

pub(super) fn state(c: &Connection) -> Result<LogoutQueue> {
    let pending: u32 = one(c, PENDING, [], |row| Ok(row.get(0)?))?.unwrap_or_default();
    Ok(LogoutQueue { pending: pending.into(), oldest: one(c, OLDEST, [], |row| time(row, 0))? })
}

/// Drops the oldest of each client that has more than `most`.
pub(super) fn trim(c: &Connection, most: u32, limit: u32) -> Result<u64> {
    let mut surplus: Vec<String> = Vec::new();
    for client in clients(c)? {
        surplus.extend(many(c, SURPLUS, params![client, most, limit], |row| Ok(row.get(0)?))?);
    }
    let mut dropped = 0;
    for key in surplus.iter().take(usize::try_from(limit).unwrap_or(usize::MAX)) {
        dropped += u64::from(change(c, FINISH, [key])? == 1);
    }
    Ok(dropped)
}

/// Stores a delivery that comes from elsewhere.
pub(super) fn import(c: &Connection, delivery: &LogoutDelivery) -> Result<()> {
    let LogoutDelivery { client_id, subject, sid, ended_at, attempts } = delivery;
    let values = params![key(delivery), client_id.as_str(), subject.0, sid, ended_at.0, attempts];
    change(c, IMPORT, values).map(drop)
}
