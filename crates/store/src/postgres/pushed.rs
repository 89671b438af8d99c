//! Pushed authorization requests (RFC 9126).

use super::pool::Steps;
use super::row::{bucket, first, get, statements, time};
use crate::{Result, columns};
use nauthera_core::facts::{Digest, PushedRecord};

statements! {
    INSERT = "INSERT INTO pushed (digest, client_id, parameters, expires_at, spent, bucket)
              VALUES ($1, $2, $3, $4, $5, $6)";
    READ = "SELECT client_id, parameters, expires_at, spent FROM pushed WHERE digest = $1";
}

pub(super) async fn insert(steps: &Steps, pushed: &PushedRecord) -> Result<()> {
    let PushedRecord { digest, client_id, parameters, expires_at, spent } = pushed;
    let key = digest.0.as_slice();
    let bucket = bucket(key);
    steps
        .change(INSERT, &[&key, &client_id.as_str(), parameters, &expires_at.0, spent, &bucket])
        .await
        .map(drop)
}

pub(super) async fn read(steps: &Steps, digest: Digest) -> Result<Option<PushedRecord>> {
    let rows = steps.read(READ, &[&digest.0.as_slice()]).await?;
    first(&rows, |row| {
        Ok(PushedRecord {
            digest,
            client_id: columns::client_id(get(row, 0)?)?,
            parameters: get(row, 1)?,
            expires_at: time(row, 2)?,
            spent: get(row, 3)?,
        })
    })
}
