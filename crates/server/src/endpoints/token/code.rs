//! The authorization code grant (RFC 6749 §4.1.3). The code is taken in one atomic step before anything is signed; a second
//! taker revokes what the first one got.

use super::{Granted, Request};
use crate::audit::{About, Event};
use crate::http::Failure;
use crate::tokens::{Issue, Party, person_now};
use nauthera_core::facts::{CodeRecord, Digest, GrantRecord};
use nauthera_core::oauth::OAuthError;
use nauthera_core::oauth::token::{self, Mint};
use nauthera_store::{NewRefresh, Redemption};

pub async fn grant(request: &Request<'_>) -> Result<Granted, Failure> {
    let Request { context, row, params } = request;
    let unknown = || OAuthError::invalid_grant("the code is unknown, used, or has expired");
    let digest = Digest::of(params.required("code")?);
    let code = context.app.store.code(digest).await?.ok_or_else(unknown)?;
    let authorization = &code.authorization;
    let person = person_now(context, authorization);
    let groups = person.as_ref().ok().map(|person| person.groups.as_slice());
    let mint = token::code(row, context.serving.issuer(), &code, groups, (params, context.now))?;
    let refresh_token = mint.refresh_until.map(|_| context.app.random_text());
    let new_refresh = refresh_token
        .as_ref()
        .zip(mint.refresh_until)
        .map(|(token, expires_at)| NewRefresh { digest: Digest::of(token), expires_at });
    let taken = context
        .app
        .store
        .redeem_code(digest, record(request, &code, &mint), new_refresh, context.now)
        .await?;
    if taken == Redemption::AlreadyRedeemed {
        let about = About {
            row: Some(row),
            subject: Some(&authorization.person.subject.0),
            grant_id: Some(code.grant),
            sid: authorization.sid.as_deref(),
            ..About::default()
        };
        context.app.audit.event(context, Event::CodeReused, &about);
        return Err(unknown().into());
    }
    let person = person?;
    let issue = Issue {
        context,
        row,
        mint: &mint,
        party: Party::Person(authorization, &person),
        grant: Some(code.grant),
        nonce: code.nonce.as_deref(),
        refresh_token: refresh_token.as_deref(),
    };
    Ok(Granted { issued: issue.sign()?, subject: Some(authorization.person.subject.0.clone()) })
}

fn record(request: &Request<'_>, code: &CodeRecord, mint: &Mint) -> GrantRecord {
    let now = request.context.now;
    GrantRecord {
        id: code.grant,
        authorization: code.authorization.clone(),
        created_at: now,
        expires_at: mint.ends_at(&request.row, now),
        revoked_at: None,
        session_ended_at: None,
    }
}
