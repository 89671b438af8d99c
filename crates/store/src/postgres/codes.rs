//! Authorization codes: stored once, taken once. A code is redeemed when the grant of its id exists, and of several that would add
//! that grant one does. A redemption holds the code's session as it stands: where the session ends at the same moment, either its end
//! sees the grant, or the redemption sees the end (the session was there, and cannot be held any more).

use super::grants::{self, mark_until};
use super::pool::Steps;
use super::row::{bucket, digest, document, first, get, grant_id, maybe_time, statements, time};
use crate::columns::{expect_id, json, sweep_at};
use crate::{Issued, NewCode, NewRefresh, Redemption, Result};
use nauthera_core::facts::{CodeRecord, Digest, GrantRecord};
use nauthera_core::time::UnixTime;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// A code with what became of it, as [`decode`] takes them.
macro_rules! select {
    () => {
        "SELECT c.digest, c.grant_id, COALESCE(g.document, c.document) AS document, c.redirect_uri, c.nonce,
                c.code_challenge, c.expires_at, g.redeemed_at, r.grant_id IS NOT NULL OR e.sid IS NOT NULL
         FROM codes c LEFT JOIN grants g ON g.id = c.grant_id
              LEFT JOIN revoked_grants r ON r.grant_id = c.grant_id
              LEFT JOIN ended_sessions e ON e.sid = c.sid AND e.subject = c.subject"
    };
}

statements! {
    INSERT = "INSERT INTO codes (digest, grant_id, client_id, subject, sid, document, redirect_uri, nonce,
                                 code_challenge, expires_at, bucket, sweep_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    INSERT_AND_SPEND =
        "WITH spent AS (UPDATE pushed SET spent = TRUE WHERE digest = $13 AND NOT spent RETURNING digest)
         INSERT INTO codes (digest, grant_id, client_id, subject, sid, document, redirect_uri, nonce,
                            code_challenge, expires_at, bucket, sweep_at)
         SELECT $1::BYTEA, $2::BYTEA, $3::TEXT, $4::TEXT, $5::TEXT, $6::TEXT, $7::TEXT, $8::TEXT, $9::TEXT, $10::BIGINT,
                $11::SMALLINT, $12::BIGINT FROM spent";
    READ = concat!(select!(), " WHERE c.digest = $1");
    AFTER = concat!(select!(), " WHERE c.digest > $1 ORDER BY c.digest LIMIT $2");
    IMPORT = "INSERT INTO codes (digest, grant_id, client_id, subject, sid, document, redirect_uri, nonce,
                                 code_challenge, expires_at, bucket, sweep_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (digest) DO NOTHING";
    REDEEM =
        "WITH seen AS (
             SELECT sid FROM sessions WHERE sid = $5
         ), held AS (
             SELECT sid FROM sessions WHERE sid = $5 FOR KEY SHARE
         ), code AS (
             SELECT c.grant_id, g.id IS NOT NULL AS redeemed,
                    r.grant_id IS NOT NULL OR e.sid IS NOT NULL
                        OR (EXISTS (SELECT 1 FROM seen) AND NOT EXISTS (SELECT 1 FROM held)) AS ended
             FROM codes c LEFT JOIN grants g ON g.id = c.grant_id
                  LEFT JOIN revoked_grants r ON r.grant_id = c.grant_id
                  LEFT JOIN ended_sessions e ON e.sid = c.sid AND e.subject = c.subject
             WHERE c.digest = $1
         ), won AS (
             INSERT INTO grants (id, client_id, subject, sid, outlives_session, document, created_at, expires_at, bucket,
                                 sweep_at, redeemed_at)
             SELECT grant_id, $3::TEXT, $4::TEXT, $5::TEXT, $6::BOOLEAN, $7::TEXT, $8::BIGINT, $9::BIGINT, $10::SMALLINT,
                    $11::BIGINT, $12::BIGINT
             FROM code WHERE grant_id = $2 AND NOT redeemed AND NOT ended
             ON CONFLICT (id) DO NOTHING RETURNING id
         ), token AS (
             INSERT INTO families (grant_id, current, expires_at, bucket)
             SELECT id, $13::BYTEA, $14::BIGINT, $10::SMALLINT FROM won WHERE $13::BYTEA IS NOT NULL
         ), replay AS (
             INSERT INTO revoked_grants (grant_id, at, bucket, sweep_at)
             SELECT grant_id, $12::BIGINT, $10::SMALLINT, $15::BIGINT FROM code
             WHERE grant_id = $2 AND (redeemed OR NOT ended) AND NOT EXISTS (SELECT 1 FROM won)
             ON CONFLICT (grant_id) DO NOTHING
         )
         SELECT grant_id, EXISTS (SELECT 1 FROM won) FROM code";
}

pub(super) async fn insert(steps: &Steps, new: &NewCode) -> Result<Issued> {
    let pushed = new.pushed.as_ref().map(|digest| digest.0.as_slice());
    let stored = match &pushed {
        Some(pushed) => store(steps, INSERT_AND_SPEND, &new.code, Some(pushed)).await?,
        None => store(steps, INSERT, &new.code, None).await?,
    };
    Ok(if stored == 1 { Issued::Stored } else { Issued::PushedSpent })
}

/// Stores a code that comes from elsewhere.
pub(super) async fn import(steps: &Steps, code: &CodeRecord) -> Result<()> {
    store(steps, IMPORT, code, None).await.map(drop)
}

async fn store(steps: &Steps, sql: &'static str, code: &CodeRecord, pushed: Option<&&[u8]>) -> Result<u64> {
    let authorization = &code.authorization;
    let digest = code.digest.0.as_slice();
    let grant = code.grant.0.as_slice();
    let (client_id, subject) = (authorization.client_id.as_str(), &*authorization.person.subject.0);
    let sid = authorization.sid.as_deref();
    let (document, bucket, sweep_at) = (json(authorization)?, bucket(digest), sweep_at(code.expires_at));
    let mut values: Vec<&(dyn ToSql + Sync)> = vec![
        &digest,
        &grant,
        &client_id,
        &subject,
        &sid,
        &document,
        &code.redirect_uri,
        &code.nonce,
        &code.code_challenge,
        &code.expires_at.0,
        &bucket,
        &sweep_at,
    ];
    if let Some(pushed) = pushed {
        values.push(pushed);
    }
    steps.change(sql, &values).await
}

/// Decodes a code. One that was ended before it was redeemed is dead, and one whose grant has gone is as good as gone.
pub(super) fn decode(row: &Row) -> Result<Option<CodeRecord>> {
    let redeemed_at = maybe_time(row, 7)?;
    let ended: bool = get(row, 8)?;
    if get::<Option<&str>>(row, 2)?.is_none() || (redeemed_at.is_none() && ended) {
        return Ok(None);
    }
    Ok(Some(CodeRecord {
        digest: digest(row, 0)?,
        grant: grant_id(row, 1)?,
        authorization: document(row, 2)?,
        redirect_uri: get(row, 3)?,
        nonce: get(row, 4)?,
        code_challenge: get(row, 5)?,
        expires_at: time(row, 6)?,
        redeemed_at,
    }))
}

pub(super) async fn read(steps: &Steps, digest: Digest) -> Result<Option<CodeRecord>> {
    let rows = steps.read(READ, &[&digest.0.as_slice()]).await?;
    Ok(first(&rows, decode)?.flatten())
}

pub(super) async fn redeem(
    steps: &Steps,
    digest: Digest,
    grant: &GrantRecord,
    refresh: Option<&NewRefresh>,
    now: UnixTime,
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
                &now.0,
                &token.digest,
                &token.expires_at,
                &mark_until(now),
            ],
        )
        .await?;
    let Some((id, won)) = first(&rows, |row| Ok((grant_id(row, 0)?, get::<bool>(row, 1)?)))? else {
        return Ok(Redemption::AlreadyRedeemed);
    };
    expect_id(id, grant)?;
    Ok(if won { Redemption::Won } else { Redemption::AlreadyRedeemed })
}
