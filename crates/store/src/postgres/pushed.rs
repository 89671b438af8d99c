//! Pushed authorization requests (RFC 9126).

use super::pool::Steps;
use super::row::{bucket, digest, first, get, statements, time};
use crate::{Result, columns};
use nauthera_core::facts::{Digest, PushedRecord};
use tokio_postgres::Row;

statements! {
    INSERT = "INSERT INTO pushed (digest, client_id, parameters, expires_at, spent, bucket)
              VALUES ($1, $2, $3, $4, $5, $6)";
    IMPORT = "INSERT INTO pushed (digest, client_id, parameters, expires_at, spent, bucket)
              VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (digest) DO NOTHING";
    READ = "SELECT digest, client_id, parameters, expires_at, spent FROM pushed WHERE digest = $1";
    AFTER = "SELECT digest, client_id, parameters, expires_at, spent FROM pushed WHERE digest > $1 ORDER BY digest LIMIT $2";
    SPEND = "UPDATE pushed SET spent = TRUE WHERE digest = $1 AND NOT spent";
}

pub(super) async fn insert(steps: &Steps, pushed: &PushedRecord) -> Result<()> {
    store(steps, INSERT, pushed).await
}

/// Stores one that comes from elsewhere.
pub(super) async fn import(steps: &Steps, pushed: &PushedRecord) -> Result<()> {
    store(steps, IMPORT, pushed).await
}

async fn store(steps: &Steps, sql: &'static str, pushed: &PushedRecord) -> Result<()> {
    let PushedRecord { digest, client_id, parameters, expires_at, spent } = pushed;
    let key = digest.0.as_slice();
    let bucket = bucket(key);
    steps.change(sql, &[&key, &client_id.as_str(), parameters, &expires_at.0, spent, &bucket]).await.map(drop)
}

pub(super) fn decode(row: &Row) -> Result<PushedRecord> {
    Ok(PushedRecord {
        digest: digest(row, 0)?,
        client_id: columns::client_id(get(row, 1)?)?,
        parameters: get(row, 2)?,
        expires_at: time(row, 3)?,
        spent: get(row, 4)?,
    })
}

pub(super) async fn read(steps: &Steps, digest: Digest) -> Result<Option<PushedRecord>> {
    first(&steps.read(READ, &[&digest.0.as_slice()]).await?, decode)
}

/// Spends it; `false` when it was spent before or is not there.
pub(super) async fn spend(steps: &Steps, digest: Digest) -> Result<bool> {
    Ok(steps.change(SPEND, &[&digest.0.as_slice()]).await? == 1)
}
