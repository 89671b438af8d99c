//! The queue of logouts: filled by the statements that end sessions; claimed, put off and emptied by whichever replica tells
//! clients. A claim is one statement, in which a row is another's once it is not due any more.

use super::pool::{Steps, Values};
use super::row::{bucket_of, first, get, maybe_time, statements, time};
use crate::logouts::{LogoutClaim, LogoutQueue, key};
use crate::{Result, StoreError, columns};
use nauthera_core::facts::{LogoutDelivery, Subject};
use nauthera_core::time::UnixTime;
use tokio_postgres::Row;

/// Queues, at the time that parameter `$at` is, what the clients of the sessions in `gone` (`sid`, `subject`, `bucket`) are told.
macro_rules! queued {
    ($at:literal) => {
        concat!(
            "queued AS (
                 INSERT INTO logouts (key, client_id, subject, sid, ended_at, due_at, attempts, bucket)
                 SELECT gone.sid || '/' || g.client_id, g.client_id, gone.subject, gone.sid, ",
            $at,
            "::BIGINT, ",
            $at,
            "::BIGINT, 0, MIN(gone.bucket) FROM gone JOIN grants g ON g.subject = gone.subject AND g.sid = gone.sid
                 GROUP BY gone.sid, gone.subject, g.client_id ON CONFLICT (key) DO NOTHING
             )"
        )
    };
}
pub(super) use queued;

/// The clients that wait to be told, each found by one look into the index.
macro_rules! clients {
    () => {
        "WITH RECURSIVE heads (client_id) AS (
             (SELECT client_id FROM logouts ORDER BY client_id LIMIT 1)
             UNION ALL
             SELECT (SELECT n.client_id FROM logouts n WHERE n.client_id > heads.client_id ORDER BY n.client_id LIMIT 1)
             FROM heads WHERE heads.client_id IS NOT NULL
         ) "
    };
}

statements! {
    CLAIM = concat!(
        clients!(),
        "UPDATE logouts SET due_at = $2, attempts = attempts + 1
         WHERE key = ANY (ARRAY(
             SELECT due.key FROM heads CROSS JOIN LATERAL (
                 SELECT l.key, l.due_at FROM logouts l WHERE l.client_id = heads.client_id AND l.due_at <= $1
                 ORDER BY l.due_at LIMIT $4
             ) AS due WHERE NOT (heads.client_id = ANY ($5)) ORDER BY due.due_at LIMIT $3
         )) AND due_at <= $1
         RETURNING client_id, subject, sid, ended_at, attempts"
    );
    FINISH = "DELETE FROM logouts WHERE key = $1";
    PUT_OFF = "UPDATE logouts SET due_at = $3 WHERE key = $1 AND attempts = $2";
    AFTER = "SELECT client_id, subject, sid, ended_at, attempts, key FROM logouts WHERE key > $1 ORDER BY key LIMIT $2";
    IMPORT = "INSERT INTO logouts (key, client_id, subject, sid, ended_at, due_at, attempts, bucket)
              VALUES ($1, $2, $3, $4, $5, $5, $6, $7) ON CONFLICT (key) DO NOTHING";
    STATE = concat!(
        clients!(),
        "SELECT (SELECT count(*) FROM heads CROSS JOIN LATERAL (
                     SELECT 1 FROM logouts l WHERE l.client_id = heads.client_id LIMIT 20000
                 ) AS counted),
                (SELECT MIN(oldest.ended_at) FROM generate_series(0, 15) AS b (n) CROSS JOIN LATERAL (
                     SELECT ended_at FROM logouts WHERE bucket = b.n ORDER BY ended_at LIMIT 1
                 ) AS oldest)"
    );
    TRIM = concat!(
        clients!(),
        "DELETE FROM logouts WHERE key = ANY (ARRAY(
             SELECT surplus.key FROM heads CROSS JOIN LATERAL (
                 SELECT l.key FROM logouts l WHERE l.client_id = heads.client_id
                 ORDER BY l.ended_at DESC LIMIT $2 OFFSET $1
             ) AS surplus LIMIT $2
         ))"
    );
}

pub(super) async fn claim(steps: &Steps, claim: &LogoutClaim, now: UnixTime) -> Result<Vec<LogoutDelivery>> {
    let (most, of_one) = (i64::from(claim.most), i64::from(claim.most_of_one));
    let but: Vec<&str> = claim.but.iter().map(|client| client.as_str()).collect();
    let rows = steps.write(CLAIM, &[&now.0, &now.plus(claim.lease).0, &most, &of_one, &but]).await?;
    rows.iter().map(decode).collect()
}

/// Decodes a delivery.
pub(super) fn decode(row: &Row) -> Result<LogoutDelivery> {
    let attempts: i64 = get(row, 4)?;
    Ok(LogoutDelivery {
        client_id: columns::client_id(get(row, 0)?)?,
        subject: Subject(get::<&str>(row, 1)?.into()),
        sid: get::<&str>(row, 2)?.into(),
        ended_at: time(row, 3)?,
        attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
    })
}

pub(super) async fn finish(steps: &Steps, delivery: &LogoutDelivery) -> Result<bool> {
    Ok(steps.change(FINISH, &[&key(delivery)]).await? == 1)
}

pub(super) async fn put_off(steps: &Steps, delivery: &LogoutDelivery, until: UnixTime) -> Result<bool> {
    let attempts = i64::from(delivery.attempts);
    Ok(steps.change(PUT_OFF, &[&key(delivery), &attempts, &until.0]).await? == 1)
}

pub(super) async fn state(steps: &Steps) -> Result<LogoutQueue> {
    let rows = steps.read(STATE, &[]).await?;
    let state = first(&rows, |row| {
        let pending: i64 = get(row, 0)?;
        Ok(LogoutQueue { pending: pending.unsigned_abs(), oldest: maybe_time(row, 1)? })
    })?;
    state.ok_or_else(|| StoreError::Corrupt("a count has no row".into()))
}

/// Drops the oldest of each client that has more than `most`.
pub(super) async fn trim(steps: &Steps, most: u32, limit: u32) -> Result<u64> {
    steps.change(TRIM, &[&i64::from(most), &i64::from(limit)]).await
}

/// Stores a delivery that comes from elsewhere.
pub(super) async fn import(steps: &Steps, delivery: &LogoutDelivery) -> Result<()> {
    let LogoutDelivery { client_id, subject, sid, ended_at, attempts } = delivery;
    let (key, attempts) = (key(delivery), i64::from(*attempts));
    let (client_id, subject, sid) = (client_id.as_str(), &*subject.0, &**sid);
    let values: Values<'_> = &[&key, &client_id, &subject, &sid, &ended_at.0, &attempts, &bucket_of(sid)];
    steps.change(IMPORT, values).await.map(drop)
}
