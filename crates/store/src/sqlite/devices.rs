//! Device authorizations (RFC 8628): asked for by a device, decided by a person, taken once.

use super::row::{change, digest, document, grant_id, maybe_time, one, statements, time};
use super::{grants, refresh};
use crate::columns::{self, device_state, device_word, expect_id, json, sweep_at};
use crate::{NewRefresh, Poll, Redemption, Result, SLOW_DOWN};
use nauthera_core::facts::{DeviceRecord, DeviceState, Digest, GrantRecord};
use nauthera_core::time::{Seconds, UnixTime};
use rusqlite::{Connection, Row, params};

statements! {
    INSERT = "INSERT INTO devices (digest, user_code, grant_id, client_id, scopes, resources, expires_at, poll_interval,
                                   polled_at, state, subject, authorization, sweep_at)
              VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT DO NOTHING";
    BY_USER_CODE = "SELECT digest, user_code, grant_id, client_id, scopes, resources, expires_at, poll_interval, polled_at,
                           state, authorization FROM devices WHERE user_code = ?1";
    BY_DIGEST = "SELECT digest, user_code, grant_id, client_id, scopes, resources, expires_at, poll_interval, polled_at,
                        state, authorization FROM devices WHERE digest = ?1";
    AFTER = "SELECT digest, user_code, grant_id, client_id, scopes, resources, expires_at, poll_interval, polled_at,
                    state, authorization FROM devices WHERE digest > ?1 ORDER BY digest LIMIT ?2";
    DECIDE = "UPDATE devices SET state = ?2, subject = ?3, authorization = ?4
              WHERE user_code = ?1 AND state = 'pending' AND expires_at > ?5";
    POLLED = "UPDATE devices SET polled_at = ?2, poll_interval = ?3 WHERE digest = ?1";
    STATE = "SELECT grant_id, state FROM devices WHERE digest = ?1";
    TAKE = "UPDATE devices SET state = 'redeemed', authorization = NULL, sweep_at = MAX(sweep_at, ?2) WHERE digest = ?1";
}

pub(super) fn decode(row: &Row<'_>) -> Result<DeviceRecord> {
    let state = device_state(&row.get::<_, String>(9)?, || document(row, 10))?;
    Ok(DeviceRecord {
        digest: digest(row, 0)?,
        user_code: row.get(1)?,
        grant: grant_id(row, 2)?,
        client_id: columns::client_id(&row.get::<_, String>(3)?)?,
        scopes: document(row, 4)?,
        resources: document(row, 5)?,
        expires_at: time(row, 6)?,
        interval: Seconds::new(row.get(7)?),
        polled_at: maybe_time(row, 8)?,
        state,
    })
}

pub(super) fn insert(c: &Connection, device: &DeviceRecord) -> Result<bool> {
    let (state, authorization) = device_word(&device.state);
    let inserted = change(
        c,
        INSERT,
        params![
            device.digest.0,
            device.user_code,
            device.grant.0,
            device.client_id.as_str(),
            json(&device.scopes)?,
            json(&device.resources)?,
            device.expires_at.0,
            device.interval.get(),
            device.polled_at.map(|t| t.0),
            state,
            authorization.map(|a| &a.person.subject.0),
            authorization.map(json).transpose()?,
            sweep_at(device.expires_at),
        ],
    )?;
    Ok(inserted == 1)
}

pub(super) fn by_user_code(c: &Connection, user_code: &str) -> Result<Option<DeviceRecord>> {
    one(c, BY_USER_CODE, [user_code], decode)
}

/// Decides it. Only yes and no are decisions.
pub(super) fn decide(c: &Connection, user_code: &str, state: &DeviceState, now: UnixTime) -> Result<bool> {
    if !columns::decides(state) {
        return Ok(false);
    }
    let (state, authorization) = device_word(state);
    let subject = authorization.map(|a| &a.person.subject.0);
    let document = authorization.map(json).transpose()?;
    Ok(change(c, DECIDE, params![user_code, state, subject, document, now.0])? == 1)
}

pub(super) fn poll(c: &Connection, digest: Digest, now: UnixTime) -> Result<Poll> {
    let Some(mut device) = one(c, BY_DIGEST, [digest.0], decode)? else { return Ok(Poll::Unknown) };
    let too_soon = device.polled_at.is_some_and(|last| now < last.plus(device.interval));
    if too_soon {
        device.interval = Seconds::new(device.interval.get().saturating_add(SLOW_DOWN));
    }
    device.polled_at = Some(now);
    change(c, POLLED, params![digest.0, now.0, device.interval.get()])?;
    Ok(if too_soon { Poll::TooSoon(device) } else { Poll::Counted(device) })
}

pub(super) fn redeem(
    c: &Connection,
    digest: Digest,
    grant: &GrantRecord,
    refresh: Option<&NewRefresh>,
) -> Result<Redemption> {
    let state = one(c, STATE, [digest.0], |row| Ok((grant_id(row, 0)?, row.get::<_, String>(1)?)))?;
    let Some((id, _)) = state.filter(|(_, state)| state == "approved") else {
        return Ok(Redemption::AlreadyRedeemed);
    };
    expect_id(id, grant)?;
    change(c, TAKE, params![digest.0, sweep_at(grant.expires_at)])?;
    grants::insert(c, grant)?;
    if let Some(refresh) = refresh {
        refresh::insert(c, refresh, grant.id)?;
    }
    Ok(Redemption::Won)
}
