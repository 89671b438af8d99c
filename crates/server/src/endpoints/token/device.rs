//! The device grant (RFC 8628 §3.4): polled until a person decides, then taken once.

use super::{Granted, Request};
use crate::http::Failure;
use crate::tokens::{Issue, Party, person_now};
use nauthera_core::facts::{DeviceState, Digest, GrantRecord};
use nauthera_core::oauth::{ErrorCode, OAuthError, device, token};
use nauthera_store::{NewRefresh, Poll, Redemption};

pub async fn grant(request: &Request<'_>) -> Result<Granted, Failure> {
    let Request { context, row, params } = request;
    let used = || OAuthError::invalid_grant("the device_code is unknown or was used");
    let digest = Digest::of(params.required("device_code")?);
    let record = match context.app.store.poll_device(digest, context.now).await? {
        Poll::Unknown => return Err(used().into()),
        Poll::TooSoon(record)
            if record.client_id == row.client_id && record.state == DeviceState::Pending =>
        {
            return Err(OAuthError::new(
                ErrorCode::SlowDown,
                "polled too soon: wait five seconds longer from now on",
            )
            .into());
        }
        Poll::TooSoon(record) | Poll::Counted(record) => record,
    };
    let authorization = device::polled(&record, &row.client_id, context.now)?.clone();
    let person = person_now(context, &authorization)?;
    let groups = Some(person.groups.as_slice());
    let mint = token::device(row, context.serving.issuer(), &authorization, groups, (params, context.now))?;
    let refresh_token = mint.refresh_until.map(|_| context.app.refresh_token(record.grant));
    let new_refresh = refresh_token
        .as_ref()
        .zip(mint.refresh_until)
        .map(|(token, expires_at)| NewRefresh { digest: Digest::of(token), expires_at });
    let grant = GrantRecord {
        id: record.grant,
        authorization: authorization.clone(),
        created_at: context.now,
        expires_at: mint.ends_at(row, context.now),
        revoked_at: None,
        session_ended_at: None,
    };
    if context.app.store.redeem_device(digest, grant, new_refresh).await? == Redemption::AlreadyRedeemed {
        return Err(used().into());
    }
    let issue = Issue {
        context,
        row,
        mint: &mint,
        party: Party::Person(&authorization, &person),
        grant: Some(record.grant),
        nonce: None,
        refresh_token: refresh_token.as_deref(),
    };
    Ok(Granted { issued: issue.sign()?, subject: Some(authorization.person.subject.0.clone()) })
}
