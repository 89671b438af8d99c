//! Removing what has ended, in small steps: each statement touches at most `limit` rows, found bucket by bucket through an index.
//!
//! Codes and device authorizations stay for as long as their grant, whose end may move later while they
//! wait. So a row that comes up while its grant lives is put off to the grant's present end instead of being removed.
//! A family of refresh tokens goes with its grant. A grant in turn stays for as long as the session in which it began, since its client is told when that ends.

use super::pool::Steps;
use super::row::{first, get, statements};
use crate::{PUSHED_RETENTION, Result, logouts};
use nauthera_core::time::{Micros, UnixTime};

//
// Keys are handed on as an array: a statement that deletes by a join may be planned as a scan of the whole table.

/// Keys of rows of a table that are due, from all buckets, at most `$2`.
macro_rules! due {
    ($table:literal, $key:literal, $time:literal) => {
        concat!(
            "SELECT due.* FROM generate_series(0, 15) AS b (n) CROSS JOIN LATERAL (SELECT ",
            $key,
            " FROM ",
            $table,
            " WHERE bucket = b.n AND ",
            $time,
            " < $1 ORDER BY ",
            $time,
            " LIMIT $2) AS due LIMIT $2"
        )
    };
}

/// Removes what is due.
macro_rules! remove {
    ($table:literal, $key:literal, $time:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE ",
            $key,
            " = ANY (ARRAY(",
            due!($table, $key, $time),
            ")) AND ",
            $time,
            " < $1"
        )
    };
}

/// Puts off what is due and whose grant lives.
macro_rules! put_off {
    ($table:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " SET sweep_at = g.sweep_at FROM grants g WHERE g.id = ",
            $table,
            ".grant_id AND g.sweep_at >= $1 AND ",
            $table,
            ".digest = ANY (ARRAY(",
            due!($table, "digest", "sweep_at"),
            "))"
        )
    };
}

/// Keys of what is due and whose grant lives no more.
macro_rules! orphans {
    ($table:literal) => {
        concat!(
            "ARRAY(SELECT d.digest FROM (",
            due!($table, "digest, grant_id", "sweep_at"),
            ") AS d WHERE (SELECT count(*) FROM grants g WHERE g.id = d.grant_id AND g.sweep_at >= $1) = 0)"
        )
    };
}

statements! {
    PUSHED = remove!("pushed", "digest", "expires_at");
    GRANTS = concat!(
        "WITH gone AS (", remove!("grants", "id", "sweep_at"), " RETURNING id),
              families AS (DELETE FROM families WHERE grant_id = ANY (ARRAY(SELECT id FROM gone)) RETURNING grant_id)
         SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM families)"
    );
    REVOKED = remove!("revoked_grants", "grant_id", "sweep_at");
    SESSIONS = remove!("sessions", "digest", "expires_at");
    TOKENS = remove!("revoked_tokens", "jti", "expires_at");
    ASSERTIONS = remove!("assertions", "jti", "expires_at");
    ENDED = remove!("ended_sessions", "sid", "sweep_at");
    LOGOUTS = remove!("logouts", "key", "ended_at");
    PUT_OFF_GRANTS = concat!(
        "UPDATE grants SET sweep_at = s.expires_at FROM sessions s
         WHERE s.sid = grants.sid AND s.subject = grants.subject AND s.expires_at >= $1 AND grants.id = ANY (ARRAY(",
        due!("grants", "id", "sweep_at"),
        "))"
    );
    LIMITS = remove!("limits", "subject", "level");
    PUT_OFF_CODES = put_off!("codes");
    PUT_OFF_DEVICES = put_off!("devices");
    CODES = concat!("DELETE FROM codes WHERE digest = ANY (", orphans!("codes"), ")");
    DEVICES = concat!("DELETE FROM devices WHERE digest = ANY (", orphans!("devices"), ")");
    UNSEAL = concat!(
        "UPDATE families SET sealed = NULL, unseal_at = NULL WHERE grant_id = ANY (ARRAY(",
        due!("families", "grant_id", "unseal_at"), ")) AND unseal_at < $1"
    );
}

pub(super) async fn sweep(steps: &Steps, now: UnixTime, limit: u32) -> Result<u64> {
    let limit = i64::from(limit);
    let mut done = steps.change(PUT_OFF_GRANTS, &[&now.0, &limit]).await?;
    for put_off in [PUT_OFF_CODES, PUT_OFF_DEVICES] {
        steps.change(put_off, &[&now.0, &limit]).await?;
    }
    done += steps.change(UNSEAL, &[&now.0, &limit]).await?;
    done += steps.change(PUSHED, &[&now.minus(PUSHED_RETENTION).0, &limit]).await?;
    done += steps.change(LOGOUTS, &[&now.minus(logouts::RETENTION).0, &limit]).await?;
    for remove in [CODES, DEVICES] {
        done += steps.change(remove, &[&now.0, &limit]).await?;
    }
    let grants = steps.write(GRANTS, &[&now.0, &limit]).await?;
    let grants = first(&grants, |row| get::<i64>(row, 0))?;
    done += grants.and_then(|count| u64::try_from(count).ok()).unwrap_or_default();
    for remove in [REVOKED, SESSIONS, ENDED, TOKENS, ASSERTIONS] {
        done += steps.change(remove, &[&now.0, &limit]).await?;
    }
    done += steps.change(LIMITS, &[&Micros::from(now).0, &limit]).await?;
    Ok(done)
}
