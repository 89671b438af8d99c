//! Device authorizations (RFC 8628): asked for by a device, decided by a person, taken once. One is redeemed when the grant of its
//! id exists, and denied when that id was revoked before.

use super::grants;
use super::pool::Steps;
use super::row::{bucket, digest, document, first, get, grant_id, maybe_time, statements, time};
use crate::columns::{self, device_state, device_word, expect_id, json, sweep_at};
use crate::{NewRefresh, Poll, Redemption, Result, SLOW_DOWN};
use nauthera_core::facts::{DeviceRecord, DeviceState, Digest, GrantRecord};
use nauthera_core::time::{Seconds, UnixTime};
use tokio_postgres::Row;

/// The columns of a row of `devices`, as [`decode`] takes them; whether its grant exists, and whether it was revoked, follow.
macro_rules! columns {
    () => {
        "d.digest, d.user_code, d.grant_id, d.client_id, d.scopes, d.resources, d.expires_at, d.poll_interval, d.polled_at, d.state,
         d.document"
    };
}

/// A device with what became of its grant.
macro_rules! select {
    () => {
        concat!(
            "SELECT ", columns!(), ", g.id IS NOT NULL, r.grant_id IS NOT NULL
             FROM devices d LEFT JOIN grants g ON g.id = d.grant_id LEFT JOIN revoked_grants r ON r.grant_id = d.grant_id"
        )
    };
}

statements! {
    INSERT = "INSERT INTO devices (digest, user_code, grant_id, client_id, scopes, resources, expires_at, poll_interval,
                                   polled_at, state, subject, document, bucket, sweep_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING";
    BY_USER_CODE = concat!(select!(), " WHERE d.user_code = $1");
    AFTER = concat!(select!(), " WHERE d.digest > $1 ORDER BY d.digest LIMIT $2");
    DECIDE = "UPDATE devices SET state = $2, subject = $3, document = $4
              WHERE user_code = $1 AND state = 'pending' AND expires_at > $5
                AND NOT EXISTS (SELECT 1 FROM revoked_grants r WHERE r.grant_id = devices.grant_id)";
    POLL = concat!(
        "UPDATE devices d SET polled_at = $2, too_soon = COALESCE($2 < d.polled_at + d.poll_interval, FALSE),
                poll_interval = d.poll_interval + CASE WHEN $2 < d.polled_at + d.poll_interval THEN $3::BIGINT ELSE 0 END
         WHERE d.digest = $1 RETURNING ",
        columns!(),
        ", (SELECT count(*) FROM grants g WHERE g.id = d.grant_id) > 0,
         (SELECT count(*) FROM revoked_grants r WHERE r.grant_id = d.grant_id) > 0, d.too_soon"
    );
    REDEEM =
        "WITH device AS (
             SELECT d.grant_id FROM devices d LEFT JOIN grants g ON g.id = d.grant_id
                    LEFT JOIN revoked_grants r ON r.grant_id = d.grant_id
             WHERE d.digest = $1 AND d.state = 'approved' AND g.id IS NULL AND r.grant_id IS NULL
         ), won AS (
             INSERT INTO grants (id, client_id, subject, sid, outlives_session, document, created_at, expires_at, bucket,
                                 sweep_at, redeemed_at)
             SELECT grant_id, $3::TEXT, $4::TEXT, $5::TEXT, $6::BOOLEAN, $7::TEXT, $8::BIGINT, $9::BIGINT, $10::SMALLINT,
                    $11::BIGINT, $8::BIGINT
             FROM device WHERE grant_id = $2 ON CONFLICT (id) DO NOTHING RETURNING id
         ), token AS (
             INSERT INTO families (grant_id, current, expires_at, bucket)
             SELECT id, $12::BYTEA, $13::BIGINT, $10::SMALLINT FROM won WHERE $12::BYTEA IS NOT NULL
         )
         SELECT grant_id, EXISTS (SELECT 1 FROM won) FROM device";
}

pub(super) fn decode(row: &Row) -> Result<DeviceRecord> {
    let (redeemed, revoked): (bool, bool) = (get(row, 11)?, get(row, 12)?);
    let state = match (redeemed, revoked) {
        (true, _) => DeviceState::Redeemed,
        (false, true) => DeviceState::Denied,
        (false, false) => device_state(get(row, 9)?, || document(row, 10))?,
    };
    let interval = u32::try_from(get::<i64>(row, 7)?).unwrap_or(u32::MAX);
    Ok(DeviceRecord {
        digest: digest(row, 0)?,
        user_code: get(row, 1)?,
        grant: grant_id(row, 2)?,
        client_id: columns::client_id(get(row, 3)?)?,
        scopes: document(row, 4)?,
        resources: document(row, 5)?,
        expires_at: time(row, 6)?,
        interval: Seconds::new(interval),
        polled_at: maybe_time(row, 8)?,
        state,
    })
}

pub(super) async fn insert(steps: &Steps, device: &DeviceRecord) -> Result<bool> {
    let (state, authorization) = device_word(&device.state);
    let digest = device.digest.0.as_slice();
    let inserted = steps
        .change(
            INSERT,
            &[
                &digest,
                &device.user_code,
                &device.grant.0.as_slice(),
                &device.client_id.as_str(),
                &json(&device.scopes)?,
                &json(&device.resources)?,
                &device.expires_at.0,
                &i64::from(device.interval.get()),
                &device.polled_at.map(|t| t.0),
                &state,
                &authorization.map(|a| &*a.person.subject.0),
                &authorization.map(json).transpose()?,
                &bucket(digest),
                &sweep_at(device.expires_at),
            ],
        )
        .await?;
    Ok(inserted == 1)
}

pub(super) async fn by_user_code(steps: &Steps, user_code: &str) -> Result<Option<DeviceRecord>> {
    first(&steps.read(BY_USER_CODE, &[&user_code]).await?, decode)
}

pub(super) async fn decide(
    steps: &Steps,
    user_code: &str,
    state: &DeviceState,
    now: UnixTime,
) -> Result<bool> {
    if !columns::decides(state) {
        return Ok(false);
    }
    let (state, authorization) = device_word(state);
    let subject = authorization.map(|a| &*a.person.subject.0);
    let document = authorization.map(json).transpose()?;
    Ok(steps.change(DECIDE, &[&user_code, &state, &subject, &document, &now.0]).await? == 1)
}

pub(super) async fn poll(steps: &Steps, digest: Digest, now: UnixTime) -> Result<Poll> {
    let slower = i64::from(SLOW_DOWN);
    let rows = steps.write(POLL, &[&digest.0.as_slice(), &now.0, &slower]).await?;
    let polled = first(&rows, |row| Ok((decode(row)?, get::<bool>(row, 13)?)))?;
    Ok(match polled {
        None => Poll::Unknown,
        Some((device, true)) => Poll::TooSoon(device),
        Some((device, false)) => Poll::Counted(device),
    })
}

pub(super) async fn redeem(
    steps: &Steps,
    digest: Digest,
    grant: &GrantRecord,
    refresh: Option<&NewRefresh>,
) -> Result<Redemption> {
    let g = grants::Values::of(grant)?;
    let token = grants::Token::of(refresh);
    let rows = steps
        .write(
            REDEEM,
            &[
                &digest.0.as_slice(),
                &g.id,
                &g.client_id,
                &g.subject,
                &g.sid,
                &g.outlives_session,
                &g.document,
                &g.created_at,
                &g.expires_at,
                &g.bucket,
                &g.sweep_at,
                &token.digest,
                &token.expires_at,
            ],
        )
        .await?;
    let Some((id, won)) = first(&rows, |row| Ok((grant_id(row, 0)?, get::<bool>(row, 1)?)))? else {
        return Ok(Redemption::AlreadyRedeemed);
    };
    expect_id(id, grant)?;
    Ok(if won { Redemption::Won } else { Redemption::AlreadyRedeemed })
}
