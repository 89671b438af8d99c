//! What people agreed to, and taking it back.

use super::row::{change, document, many, one, statements, time};
use crate::Result;
use crate::columns::{self, json};
use nauthera_core::facts::{ConsentRecord, Subject};
use nauthera_core::names::ClientId;
use nauthera_core::time::UnixTime;
use rusqlite::{Connection, Row, params};

statements! {
    READ = "SELECT client_id, scopes, resources, granted_at FROM consents WHERE subject = ?1 AND client_id = ?2";
    OF = "SELECT client_id, scopes, resources, granted_at FROM consents WHERE subject = ?1 ORDER BY client_id LIMIT 500";
    AFTER = "SELECT client_id, scopes, resources, granted_at, subject FROM consents WHERE (subject, client_id) > (?1, ?2)
             ORDER BY subject, client_id LIMIT ?3";
    SAVE = "INSERT INTO consents (subject, client_id, scopes, resources, granted_at) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (subject, client_id) DO UPDATE
            SET scopes = excluded.scopes, resources = excluded.resources, granted_at = excluded.granted_at";
    FORGET = "DELETE FROM consents WHERE subject = ?1 AND client_id = ?2";
    DROP_CODES = "DELETE FROM codes WHERE subject = ?1 AND client_id = ?2 AND redeemed_at IS NULL";
    REVOKE_GRANTS = "UPDATE grants SET revoked_at = ?3 WHERE subject = ?1 AND client_id = ?2 AND revoked_at IS NULL";
    DENY_DEVICES = "UPDATE devices SET state = 'denied', authorization = NULL
                    WHERE subject = ?1 AND client_id = ?2 AND state = 'approved'";
}

fn decode(row: &Row<'_>, subject: &Subject) -> Result<ConsentRecord> {
    Ok(ConsentRecord {
        subject: subject.clone(),
        client_id: columns::client_id(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?,
        scopes: document(row, 1)?,
        resources: document(row, 2)?,
        granted_at: time(row, 3)?,
    })
}

/// Decodes a row that says whose it is.
pub(super) fn decode_whole(row: &Row<'_>) -> Result<ConsentRecord> {
    decode(row, &Subject(row.get::<_, String>(4)?.into()))
}

pub(super) fn read(c: &Connection, subject: &Subject, client_id: &ClientId) -> Result<Option<ConsentRecord>> {
    one(c, READ, params![subject.0, client_id.as_str()], |row| decode(row, subject))
}

pub(super) fn of(c: &Connection, subject: &Subject) -> Result<Vec<ConsentRecord>> {
    many(c, OF, [&subject.0], |row| decode(row, subject))
}

pub(super) fn save(c: &Connection, consent: &ConsentRecord) -> Result<()> {
    let ConsentRecord { subject, client_id, scopes, resources, granted_at } = consent;
    let (scopes, resources) = (json(scopes)?, json(resources)?);
    change(c, SAVE, params![subject.0, client_id.as_str(), scopes, resources, granted_at.0]).map(drop)
}

pub(super) fn withdraw(c: &Connection, subject: &Subject, client_id: &ClientId, now: UnixTime) -> Result<()> {
    let both = params![subject.0, client_id.as_str()];
    change(c, FORGET, both)?;
    change(c, DROP_CODES, both)?;
    change(c, DENY_DEVICES, both)?;
    change(c, REVOKE_GRANTS, params![subject.0, client_id.as_str(), now.0]).map(drop)
}
