//! Removing what has ended, in small steps: each statement touches at most `limit` rows, found by an index.
//!
//! Codes and device authorizations stay for as long as their grant, whose end may move later while they
//! wait. So a row that comes up while its grant lives is put off to the grant's present end instead of being removed.
//! A family of refresh tokens goes with its grant. A grant in turn stays for as long as the session in which it began, since its client is told when that ends.

use super::row::{change, statements};
use crate::{PUSHED_RETENTION, Result, logouts};
use nauthera_core::time::UnixTime;
use rusqlite::{Connection, params};

statements! {
    PUSHED = "DELETE FROM pushed WHERE rowid IN
              (SELECT rowid FROM pushed WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)";
    GRANTS = "DELETE FROM grants WHERE rowid IN
              (SELECT rowid FROM grants WHERE sweep_at < ?1 ORDER BY sweep_at, rowid LIMIT ?2)";
    SESSIONS = "DELETE FROM sessions WHERE rowid IN
                (SELECT rowid FROM sessions WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)";
    ENDED = "DELETE FROM ended_sessions WHERE sid IN
             (SELECT sid FROM ended_sessions WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)";
    TOKENS = "DELETE FROM revoked_tokens WHERE jti IN
              (SELECT jti FROM revoked_tokens WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)";
    ASSERTIONS = "DELETE FROM assertions WHERE jti IN
                  (SELECT jti FROM assertions WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)";
    LOGOUTS = "DELETE FROM logouts WHERE key IN
               (SELECT key FROM logouts WHERE ended_at < ?1 ORDER BY ended_at LIMIT ?2)";
    PUT_OFF_GRANTS = "UPDATE grants SET sweep_at = (SELECT expires_at FROM sessions WHERE sessions.sid = grants.sid) WHERE rowid IN
        (SELECT due.rowid FROM (SELECT rowid, sid, subject FROM grants WHERE sweep_at < ?1 ORDER BY sweep_at LIMIT ?2) due
         JOIN sessions s ON s.sid = due.sid AND s.subject = due.subject AND s.expires_at >= ?1)";
    PUT_OFF_CODES = "UPDATE codes SET sweep_at = (SELECT sweep_at FROM grants WHERE id = grant_id) WHERE rowid IN
        (SELECT due.rowid FROM (SELECT rowid, grant_id FROM codes WHERE sweep_at < ?1 ORDER BY sweep_at LIMIT ?2) due
         JOIN grants g ON g.id = due.grant_id AND g.sweep_at >= ?1)";
    CODES = "DELETE FROM codes WHERE rowid IN
        (SELECT due.rowid FROM (SELECT rowid, grant_id FROM codes WHERE sweep_at < ?1 ORDER BY sweep_at LIMIT ?2) due
         LEFT JOIN grants g ON g.id = due.grant_id AND g.sweep_at >= ?1 WHERE g.id IS NULL)";
    FAMILIES = "DELETE FROM families WHERE grant_id IN
                (SELECT id FROM grants WHERE sweep_at < ?1 ORDER BY sweep_at, rowid LIMIT ?2)";
    PUT_OFF_DEVICES = "UPDATE devices SET sweep_at = (SELECT sweep_at FROM grants WHERE id = grant_id) WHERE rowid IN
        (SELECT due.rowid FROM (SELECT rowid, grant_id FROM devices WHERE sweep_at < ?1 ORDER BY sweep_at LIMIT ?2) due
         JOIN grants g ON g.id = due.grant_id AND g.sweep_at >= ?1)";
    DEVICES = "DELETE FROM devices WHERE rowid IN
        (SELECT due.rowid FROM (SELECT rowid, grant_id FROM devices WHERE sweep_at < ?1 ORDER BY sweep_at LIMIT ?2) due
         LEFT JOIN grants g ON g.id = due.grant_id AND g.sweep_at >= ?1 WHERE g.id IS NULL)";
    UNSEAL = "UPDATE families SET sealed = NULL, unseal_at = NULL WHERE rowid IN
        (SELECT rowid FROM families WHERE unseal_at < ?1 ORDER BY unseal_at LIMIT ?2)";
}

pub(super) fn sweep(c: &Connection, now: UnixTime, limit: u32) -> Result<u64> {
    let end = params![now.0, limit];
    let mut done = change(c, PUT_OFF_GRANTS, end)?;
    for put_off in [PUT_OFF_CODES, PUT_OFF_DEVICES] {
        change(c, put_off, end)?;
    }
    done += change(c, PUSHED, params![now.minus(PUSHED_RETENTION).0, limit])?;
    done += change(c, LOGOUTS, params![now.minus(logouts::RETENTION).0, limit])?;
    // The same grants are due to both: a family goes first, by the grant that goes after it.
    for remove in [UNSEAL, CODES, DEVICES, FAMILIES, GRANTS, SESSIONS, ENDED, TOKENS, ASSERTIONS] {
        done += change(c, remove, end)?;
    }
    Ok(u64::try_from(done).unwrap_or(u64::MAX))
}
