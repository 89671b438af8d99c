//! What people agreed to, and taking it back.

use super::grants::mark_until;
use super::pool::Steps;
use super::row::{document, first, get, statements, time};
use crate::Result;
use crate::columns::{self, json};
use nauthera_core::facts::{ConsentRecord, Subject};
use nauthera_core::names::ClientId;
use nauthera_core::time::UnixTime;
use tokio_postgres::Row;

statements! {
    READ = "SELECT client_id, scopes, resources, granted_at FROM consents WHERE subject = $1 AND client_id = $2";
    OF = "SELECT client_id, scopes, resources, granted_at FROM consents WHERE subject = $1 ORDER BY client_id LIMIT 500";
    AFTER = "SELECT client_id, scopes, resources, granted_at, subject FROM consents WHERE (subject, client_id) > ($1, $2)
             ORDER BY subject, client_id LIMIT $3";
    SAVE = "INSERT INTO consents (subject, client_id, scopes, resources, granted_at) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (subject, client_id) DO UPDATE
            SET scopes = excluded.scopes, resources = excluded.resources, granted_at = excluded.granted_at";
    WITHDRAW = "WITH forgotten AS (DELETE FROM consents WHERE subject = $1 AND client_id = $2)
                INSERT INTO revoked_grants (grant_id, at, bucket, sweep_at)
                SELECT grant_id, $3::BIGINT, bucket, $4::BIGINT FROM (
                    SELECT id AS grant_id, bucket FROM grants WHERE subject = $1 AND client_id = $2
                    UNION SELECT grant_id, bucket FROM codes c WHERE subject = $1 AND client_id = $2
                          AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.id = c.grant_id)
                    UNION SELECT grant_id, bucket FROM devices d WHERE subject = $1 AND client_id = $2
                          AND state = 'approved' AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.id = d.grant_id)
                ) AS given
                ON CONFLICT (grant_id) DO NOTHING";
}

fn decode(row: &Row, subject: &Subject) -> Result<ConsentRecord> {
    Ok(ConsentRecord {
        subject: subject.clone(),
        client_id: columns::client_id(get(row, 0)?)?,
        scopes: document(row, 1)?,
        resources: document(row, 2)?,
        granted_at: time(row, 3)?,
    })
}

/// Decodes a row that says whose it is.
pub(super) fn decode_whole(row: &Row) -> Result<ConsentRecord> {
    decode(row, &Subject(get::<&str>(row, 4)?.into()))
}

pub(super) async fn read(
    steps: &Steps,
    subject: &Subject,
    client_id: &ClientId,
) -> Result<Option<ConsentRecord>> {
    let rows = steps.read(READ, &[&&*subject.0, &client_id.as_str()]).await?;
    first(&rows, |row| decode(row, subject))
}

pub(super) async fn of(steps: &Steps, subject: &Subject) -> Result<Vec<ConsentRecord>> {
    steps.read(OF, &[&&*subject.0]).await?.iter().map(|row| decode(row, subject)).collect()
}

pub(super) async fn save(steps: &Steps, consent: &ConsentRecord) -> Result<()> {
    let ConsentRecord { subject, client_id, scopes, resources, granted_at } = consent;
    let (scopes, resources) = (json(scopes)?, json(resources)?);
    steps
        .change(SAVE, &[&&*subject.0, &client_id.as_str(), &scopes, &resources, &granted_at.0])
        .await
        .map(drop)
}

pub(super) async fn withdraw(
    steps: &Steps,
    subject: &Subject,
    client_id: &ClientId,
    now: UnixTime,
) -> Result<()> {
    let values: super::pool::Values<'_> = &[&&*subject.0, &client_id.as_str(), &now.0, &mark_until(now)];
    steps.change(WITHDRAW, values).await.map(drop)
}
