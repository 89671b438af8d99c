//! Values remembered for a while: revoked tokens without a grant, client assertions seen; and the probe.

use super::pool::Steps;
use super::row::{bucket, statements};
use crate::{Duty, Holder, Result};
use nauthera_core::facts::Digest;
use nauthera_core::time::UnixTime;

statements! {
    CLOCK = "SELECT CAST(EXTRACT(EPOCH FROM now()) AS BIGINT)";
    PROBE = "UPDATE probe SET probes = probes + 1 WHERE id = 1";
    REVOKE = "INSERT INTO revoked_tokens (jti, expires_at, bucket) VALUES ($1, $2, $3) ON CONFLICT (jti)
              DO UPDATE SET expires_at = GREATEST(revoked_tokens.expires_at, excluded.expires_at)";
    IS_REVOKED = "SELECT 1 FROM revoked_tokens WHERE jti = $1";
    TAKE_DUTY = "INSERT INTO duties (name, holder, until_at) VALUES ($1, $2, $3) ON CONFLICT (name)
                 DO UPDATE SET holder = excluded.holder, until_at = excluded.until_at
                 WHERE duties.holder = excluded.holder OR duties.until_at <= $4";
    REMEMBER = "INSERT INTO assertions (jti, expires_at, bucket) VALUES ($1, $2, $3) ON CONFLICT (jti) DO NOTHING";
}

/// Writes, so that a full disk or a standby shows.
pub(super) async fn probe(steps: &Steps) -> Result<()> {
    steps.change(PROBE, &[]).await.map(drop)
}

pub(super) async fn revoke_token(steps: &Steps, jti: Digest, expires_at: UnixTime) -> Result<()> {
    steps.change(REVOKE, &[&jti.0.as_slice(), &expires_at.0, &bucket(&jti.0)]).await.map(drop)
}

pub(super) async fn is_token_revoked(steps: &Steps, jti: Digest) -> Result<bool> {
    Ok(!steps.read(IS_REVOKED, &[&jti.0.as_slice()]).await?.is_empty())
}

pub(super) async fn remember_assertion(steps: &Steps, jti: Digest, expires_at: UnixTime) -> Result<bool> {
    Ok(steps.change(REMEMBER, &[&jti.0.as_slice(), &expires_at.0, &bucket(&jti.0)]).await? == 1)
}

pub(super) async fn take_duty(
    steps: &Steps,
    duty: Duty,
    holder: Holder,
    (now, until): (UnixTime, UnixTime),
) -> Result<bool> {
    Ok(steps.change(TAKE_DUTY, &[&duty.as_str(), &holder.0.as_slice(), &until.0, &now.0]).await? == 1)
}

pub(super) async fn clock(steps: &Steps) -> Result<UnixTime> {
    let rows = steps.read(CLOCK, &[]).await?;
    let now = super::row::first(&rows, |row| super::row::time(row, 0))?;
    now.ok_or_else(|| crate::StoreError::Corrupt("the database has no clock".into()))
}
