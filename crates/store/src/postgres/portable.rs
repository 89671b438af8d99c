//! Facts out of PostgreSQL and into it. Each is written by one statement, and one that is there already stays.

use super::grants::{self, mark_until};
use super::pool::{Steps, Values};
use super::row::{bucket, bucket_of, digest, first, get, statements, time};
use super::{codes, consents, devices, logouts, pushed, refresh, sessions};
use crate::columns::unseal_at;
use crate::portable::{Cursor, Fact, FactKind, Page};
use crate::{Result, StoreError};
use nauthera_core::facts::{CodeRecord, DeviceRecord, DeviceState, FamilyRecord, GrantRecord};
use nauthera_core::time::UnixTime;
use tokio_postgres::Row;

statements! {
    GRANT = "INSERT INTO grants (id, client_id, subject, sid, outlives_session, document, created_at, expires_at, bucket,
                                 sweep_at, redeemed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $7) ON CONFLICT (id) DO NOTHING";
    ENDED = "INSERT INTO ended_sessions (sid, subject, at, bucket, sweep_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (sid, subject) DO NOTHING";
    FAMILY = "INSERT INTO families (grant_id, current, expires_at, previous, sealed, rotated_at, unseal_at, bucket)
              SELECT $1::BYTEA, $2::BYTEA, $3::BIGINT, $4::BYTEA, $5::BYTEA, $6::BIGINT, $7::BIGINT, $8::SMALLINT
              FROM grants WHERE id = $1 ON CONFLICT (grant_id) DO NOTHING";
    REDEEMED = "UPDATE grants SET redeemed_at = $2 WHERE id = $1";
    TOKENS_AFTER = "SELECT jti, expires_at FROM revoked_tokens WHERE jti > $1 ORDER BY jti LIMIT $2";
    ASSERTIONS_AFTER = "SELECT jti, expires_at FROM assertions WHERE jti > $1 ORDER BY jti LIMIT $2";
}

/// Decodes a row; none where the fact is dead.
type Decode = fn(&Row) -> Result<Option<Fact>>;

/// Reads a page of facts of a kind.
pub(super) async fn export(steps: &Steps, kind: FactKind, after: Option<Cursor>, limit: u32) -> Result<Page> {
    match kind {
        FactKind::Consent => return consents_after(steps, after, limit).await,
        FactKind::Logout => return logouts_after(steps, after, limit).await,
        _ => {}
    }
    let key = match after {
        Some(Cursor::Key(key)) => key,
        _ => Vec::new(),
    };
    let (sql, decode): (&'static str, Decode) = match kind {
        FactKind::Grant => {
            (grants::AFTER, |row| grants::decode(row, 0).map(|grant| Some(Fact::Grant(grant))))
        }
        FactKind::Refresh => {
            (refresh::AFTER, |row| refresh::decode(row).map(|(family, _)| Some(Fact::Refresh(family))))
        }
        FactKind::Code => (codes::AFTER, |row| Ok(codes::decode(row)?.map(Fact::Code))),
        FactKind::Device => {
            (devices::AFTER, |row| devices::decode(row).map(|device| Some(Fact::Device(device))))
        }
        FactKind::Pushed => {
            (pushed::AFTER, |row| pushed::decode(row).map(|pushed| Some(Fact::Pushed(pushed))))
        }
        FactKind::Session => {
            (sessions::AFTER, |row| sessions::decode(row).map(|one| Some(Fact::Session(one))))
        }
        FactKind::RevokedToken => {
            (TOKENS_AFTER, |row| Ok(Some(Fact::RevokedToken(digest(row, 0)?, time(row, 1)?))))
        }
        FactKind::Assertion | FactKind::Consent | FactKind::Logout => {
            (ASSERTIONS_AFTER, |row| Ok(Some(Fact::Assertion(digest(row, 0)?, time(row, 1)?))))
        }
    };
    let rows = steps.read(sql, &[&key, &i64::from(limit)]).await?;
    let mut facts = Vec::with_capacity(rows.len());
    for row in &rows {
        facts.extend(decode(row)?);
    }
    let next = last_of_full(&rows, limit);
    let next = next.map(|row| get::<Vec<u8>>(row, 0).map(Cursor::Key)).transpose()?;
    Ok((facts, next))
}

/// The last row of a page that is full: behind it reading goes on.
fn last_of_full(rows: &[Row], limit: u32) -> Option<&Row> {
    rows.last().filter(|_| rows.len() == limit as usize)
}

async fn consents_after(steps: &Steps, after: Option<Cursor>, limit: u32) -> Result<Page> {
    let (subject, client_id) = match after {
        Some(Cursor::Consent(subject, client_id)) => (subject, client_id),
        _ => Default::default(),
    };
    let rows = steps.read(consents::AFTER, &[&subject, &client_id, &i64::from(limit)]).await?;
    let facts = rows.iter().map(|row| consents::decode_whole(row).map(Fact::Consent));
    let facts: Vec<Fact> = facts.collect::<Result<_>>()?;
    let next = last_of_full(&rows, limit);
    let next =
        next.map(|row| Ok::<_, StoreError>(Cursor::Consent(get(row, 4)?, get(row, 0)?))).transpose()?;
    Ok((facts, next))
}

async fn logouts_after(steps: &Steps, after: Option<Cursor>, limit: u32) -> Result<Page> {
    let key = match after {
        Some(Cursor::Text(key)) => key,
        _ => String::new(),
    };
    let rows = steps.read(logouts::AFTER, &[&key, &i64::from(limit)]).await?;
    let facts = rows.iter().map(|row| logouts::decode(row).map(Fact::Logout));
    let facts: Vec<Fact> = facts.collect::<Result<_>>()?;
    let next = last_of_full(&rows, limit);
    Ok((facts, next.map(|row| get(row, 5).map(Cursor::Text)).transpose()?))
}

/// Stores a fact.
pub(super) async fn import(steps: &Steps, fact: Fact) -> Result<()> {
    match fact {
        Fact::Grant(grant) => import_grant(steps, &grant).await,
        Fact::Refresh(family) => import_family(steps, &family).await,
        Fact::Code(code) => import_code(steps, &code).await,
        Fact::Device(device) => import_device(steps, &device).await,
        Fact::Pushed(pushed) => pushed::import(steps, &pushed).await,
        Fact::Session(session) => sessions::import(steps, &session).await,
        Fact::Logout(delivery) => logouts::import(steps, &delivery).await,
        Fact::Consent(consent) => consents::save(steps, &consent).await,
        Fact::RevokedToken(jti, end) => super::once::revoke_token(steps, jti, end).await,
        Fact::Assertion(jti, end) => super::once::remember_assertion(steps, jti, end).await.map(drop),
    }
}

async fn import_grant(steps: &Steps, grant: &GrantRecord) -> Result<()> {
    let g = grants::Values::of(grant)?;
    let values: Values<'_> = &[
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
    ];
    steps.change(GRANT, values).await?;
    if let Some(at) = grant.revoked_at {
        grants::revoke(steps, grant.id, at).await?;
    }
    if let (Some(at), Some(sid)) = (grant.session_ended_at, g.sid) {
        steps.change(ENDED, &[&sid, &g.subject, &at.0, &bucket_of(sid), &mark_until(at)]).await?;
    }
    Ok(())
}

/// None is stored without its grant, with which it would go.
async fn import_family(steps: &Steps, family: &FamilyRecord) -> Result<()> {
    let FamilyRecord { grant, current, expires_at, rotated } = family;
    let rotated = rotated.as_ref();
    let sealed = rotated.map(|rotated| &rotated.sealed_successor).filter(|sealed| !sealed.is_empty());
    let key = grant.0.as_slice();
    let values: Values<'_> = &[
        &key,
        &current.0.as_slice(),
        &expires_at.0,
        &rotated.map(|rotated| rotated.previous.0.as_slice()),
        &sealed,
        &rotated.map(|rotated| rotated.at.0),
        &sealed.and(rotated).map(|rotated| unseal_at(rotated.at)),
        &bucket(key),
    ];
    steps.change(FAMILY, values).await.map(drop)
}

async fn import_code(steps: &Steps, code: &CodeRecord) -> Result<()> {
    codes::import(steps, code).await?;
    if let Some(UnixTime(at)) = code.redeemed_at {
        // The grant, which travels before its code, is what says that it was redeemed.
        steps.change(REDEEMED, &[&code.grant.0.as_slice(), &at]).await?;
    }
    Ok(())
}

async fn import_device(steps: &Steps, device: &DeviceRecord) -> Result<()> {
    // One that was redeemed is so because its grant is there; without it nothing is left to have.
    let state =
        if device.state == DeviceState::Redeemed { DeviceState::Denied } else { device.state.clone() };
    devices::insert(steps, &DeviceRecord { state, ..device.clone() }).await.map(drop)
}

/// How many facts of a kind there are.
pub(super) async fn count(steps: &Steps, kind: FactKind) -> Result<u64> {
    let rows = steps.read(kind.count_sql(), &[]).await?;
    let count = first(&rows, |row| get::<i64>(row, 0))?.unwrap_or_default();
    Ok(u64::try_from(count).unwrap_or_default())
}
