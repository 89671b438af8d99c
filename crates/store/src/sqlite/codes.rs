//! Authorization codes: stored once, taken once.

use super::row::{change, digest, document, grant_id, maybe_time, one, statements, time};
use super::{grants, pushed, refresh};
use crate::columns::{expect_id, json, sweep_at};
use crate::{Issued, NewCode, NewRefresh, Redemption, Result};
use nauthera_core::facts::{CodeRecord, Digest, GrantId, GrantRecord};
use nauthera_core::time::UnixTime;
use rusqlite::{Connection, Row, params, types::ValueRef};

/// A code, with what it stands for wherever that is kept.
macro_rules! select {
    () => {
        "SELECT c.grant_id, COALESCE(c.authorization, g.authorization) AS authorization, c.redirect_uri, c.nonce,
                c.code_challenge, c.expires_at, c.redeemed_at, c.digest
         FROM codes c LEFT JOIN grants g ON g.id = c.grant_id AND c.redeemed_at IS NOT NULL"
    };
}

statements! {
    INSERT = "INSERT INTO codes (digest, grant_id, client_id, subject, sid, authorization, redirect_uri, nonce,
                                 code_challenge, expires_at, redeemed_at, sweep_at)
              VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    IMPORT = "INSERT INTO codes (digest, grant_id, client_id, subject, sid, authorization, redirect_uri, nonce,
                                 code_challenge, expires_at, redeemed_at, sweep_at)
              VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (digest) DO NOTHING";
    READ = concat!(select!(), " WHERE c.digest = ?1");
    AFTER = concat!(select!(), " WHERE c.digest > ?1 ORDER BY c.digest LIMIT ?2");
    STATE = "SELECT c.grant_id, c.redeemed_at, e.sid IS NOT NULL
             FROM codes c LEFT JOIN ended_sessions e ON e.sid = c.sid WHERE c.digest = ?1";
    TAKE = "UPDATE codes SET redeemed_at = ?2, authorization = NULL, sweep_at = MAX(sweep_at, ?3) WHERE digest = ?1";
    DROP = "DELETE FROM codes WHERE digest = ?1";
}

pub(super) fn insert(c: &Connection, new: &NewCode) -> Result<Issued> {
    if let Some(digest) = new.pushed
        && !pushed::spend(c, digest)?
    {
        return Ok(Issued::PushedSpent);
    }
    store(c, INSERT, &new.code)?;
    Ok(Issued::Stored)
}

/// Stores a code that comes from elsewhere.
pub(super) fn import(c: &Connection, code: &CodeRecord) -> Result<()> {
    store(c, IMPORT, code)
}

fn store(c: &Connection, sql: &str, code: &CodeRecord) -> Result<()> {
    let authorization = &code.authorization;
    change(
        c,
        sql,
        params![
            code.digest.0,
            code.grant.0,
            authorization.client_id.as_str(),
            authorization.person.subject.0,
            authorization.sid,
            json(authorization)?,
            code.redirect_uri,
            code.nonce,
            code.code_challenge,
            code.expires_at.0,
            code.redeemed_at.map(|t| t.0),
            sweep_at(code.expires_at),
        ],
    )
    .map(drop)
}

/// Decodes a code. A redeemed one whose grant has ended is as good as gone.
pub(super) fn decode(row: &Row<'_>) -> Result<Option<CodeRecord>> {
    if row.get_ref(1)? == ValueRef::Null {
        return Ok(None);
    }
    Ok(Some(CodeRecord {
        digest: digest(row, 7)?,
        grant: grant_id(row, 0)?,
        authorization: document(row, 1)?,
        redirect_uri: row.get(2)?,
        nonce: row.get(3)?,
        code_challenge: row.get(4)?,
        expires_at: time(row, 5)?,
        redeemed_at: maybe_time(row, 6)?,
    }))
}

pub(super) fn read(c: &Connection, digest: Digest) -> Result<Option<CodeRecord>> {
    Ok(one(c, READ, [digest.0], decode)?.flatten())
}

/// How a code stands when it is presented.
struct State {
    grant: GrantId,
    redeemed: bool,
    session_ended: bool,
}

pub(super) fn redeem(
    c: &Connection,
    digest: Digest,
    grant: &GrantRecord,
    refresh: Option<&NewRefresh>,
    now: UnixTime,
) -> Result<Redemption> {
    let state = one(c, STATE, [digest.0], |row| {
        Ok(State {
            grant: grant_id(row, 0)?,
            redeemed: maybe_time(row, 1)?.is_some(),
            session_ended: row.get(2)?,
        })
    })?;
    let Some(state) = state else { return Ok(Redemption::AlreadyRedeemed) };
    if state.redeemed {
        grants::revoke(c, state.grant, now)?;
        return Ok(Redemption::AlreadyRedeemed);
    }
    if state.session_ended {
        change(c, DROP, [digest.0])?;
        return Ok(Redemption::AlreadyRedeemed);
    }
    expect_id(state.grant, grant)?;
    change(c, TAKE, params![digest.0, now.0, sweep_at(grant.expires_at)])?;
    grants::insert(c, grant)?;
    if let Some(refresh) = refresh {
        refresh::insert(c, refresh, grant.id)?;
    }
    Ok(Redemption::Won)
}
