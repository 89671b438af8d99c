//! Values remembered for a while: revoked tokens without a grant, client assertions seen; and the probe.

use super::row::{change, one, statements};
use crate::{Duty, Holder, Result};
use nauthera_core::facts::Digest;
use nauthera_core::time::UnixTime;
use rusqlite::{Connection, params};

statements! {
    PROBE = "UPDATE probe SET probes = probes + 1 WHERE id = 1";
    REVOKE = "INSERT INTO revoked_tokens (jti, expires_at) VALUES (?1, ?2)
              ON CONFLICT (jti) DO UPDATE SET expires_at = MAX(expires_at, excluded.expires_at)";
    IS_REVOKED = "SELECT 1 FROM revoked_tokens WHERE jti = ?1";
    TAKE_DUTY = "INSERT INTO duties (name, holder, until_at) VALUES (?1, ?2, ?3) ON CONFLICT (name)
                 DO UPDATE SET holder = excluded.holder, until_at = excluded.until_at
                 WHERE duties.holder = excluded.holder OR duties.until_at <= ?4";
    REMEMBER = "INSERT INTO assertions (jti, expires_at) VALUES (?1, ?2) ON CONFLICT (jti) DO NOTHING";
}

/// Writes, so that a full disk or a lock shows.
pub(super) fn probe(c: &Connection) -> Result<()> {
    change(c, PROBE, []).map(drop)
}

pub(super) fn revoke_token(c: &Connection, jti: Digest, expires_at: UnixTime) -> Result<()> {
    change(c, REVOKE, params![jti.0, expires_at.0]).map(drop)
}

pub(super) fn is_token_revoked(c: &Connection, jti: Digest) -> Result<bool> {
    Ok(one(c, IS_REVOKED, [jti.0], |_| Ok(()))?.is_some())
}

pub(super) fn remember_assertion(c: &Connection, jti: Digest, expires_at: UnixTime) -> Result<bool> {
    Ok(change(c, REMEMBER, params![jti.0, expires_at.0])? == 1)
}

pub(super) fn take_duty(
    c: &Connection,
    duty: Duty,
    holder: Holder,
    (now, until): (UnixTime, UnixTime),
) -> Result<bool> {
    Ok(change(c, TAKE_DUTY, params![duty.as_str(), holder.0, until.0, now.0])? == 1)
}
