//! The refresh grant (RFC 6749 §6, RFC 9700 §4.14): judged anew by today's policy each time; rotated for public clients, with a
//! short grace in which a retried request gets the same successor.

use super::{Granted, Request};
use crate::audit::{About, Event};
use crate::http::Failure;
use crate::tokens::{Issue, Party, person_now};
use nauthera_core::facts::{Digest, GrantRecord, RefreshRecord};
use nauthera_core::oauth::OAuthError;
use nauthera_core::oauth::token::{self, Mint, Refresh};
use nauthera_identity::Person;
use nauthera_store::{NewRefresh, Rotation};

struct Presented<'a> {
    token: &'a str,
    record: RefreshRecord,
    grant: GrantRecord,
    person: Option<Person>,
}

fn unknown() -> OAuthError {
    OAuthError::invalid_grant("the refresh_token is unknown, revoked, or has expired")
}

pub async fn grant(request: &Request<'_>) -> Result<Granted, Failure> {
    let Request { context, params, .. } = request;
    let token = params.required("refresh_token")?;
    let (record, grant) = context.app.store.refresh(Digest::of(token)).await?.ok_or_else(unknown)?;
    let person = person_now(context, &grant.authorization).ok();
    let mut presented = Presented { token, record, grant, person };
    match presented.judge(request)? {
        Refresh::Keep(mint) => {
            let ends_at = mint.ends_at(&request.row, context.now);
            if ends_at > presented.grant.expires_at {
                context.app.store.extend_grant(presented.grant.id, ends_at).await?;
            }
            presented.issue(request, &mint, None)
        }
        Refresh::Rotate(mint) => presented.rotate(request, mint).await,
        Refresh::Repeat(mint) => presented.repeat(request, &mint),
        Refresh::Reused => presented.revoke(request).await,
    }
}

impl Presented<'_> {
    fn judge(&self, request: &Request<'_>) -> Result<Refresh, OAuthError> {
        let Request { context, row, params } = request;
        let groups = self.person.as_ref().map(|person| person.groups.as_slice());
        let facts = (&self.record, &self.grant);
        token::refresh(row, context.serving.issuer(), facts, groups, (params, context.now))
    }

    async fn rotate(&mut self, request: &Request<'_>, mint: Mint) -> Result<Granted, Failure> {
        let context = request.context;
        let successor = context.app.random_text();
        let expires_at = mint.refresh_until.ok_or_else(unknown)?;
        let new = NewRefresh { digest: Digest::of(&successor), expires_at };
        let sealed = context.app.secrets.seal_successor(self.token, &successor);
        let ends_at = mint.ends_at(&request.row, context.now);
        let store = &context.app.store;
        match store.rotate_refresh(self.record.digest, new, sealed, ends_at, context.now).await? {
            Rotation::Won => self.issue(request, &mint, Some(&successor)),
            Rotation::Gone => Err(unknown().into()),
            Rotation::Lost(now) => {
                // Another request was faster: judged again by how the token stands now.
                self.record = now;
                match self.judge(request)? {
                    Refresh::Repeat(mint) => self.repeat(request, &mint),
                    _ => self.revoke(request).await,
                }
            }
        }
    }

    fn repeat(&self, request: &Request<'_>, mint: &Mint) -> Result<Granted, Failure> {
        let sealed = self.record.rotated.as_ref().map(|rotated| rotated.sealed_successor.as_slice());
        let successor =
            sealed.and_then(|sealed| request.context.app.secrets.open_successor(self.token, sealed));
        let successor = successor.ok_or_else(unknown)?;
        self.issue(request, mint, Some(&successor))
    }

    async fn revoke(&self, request: &Request<'_>) -> Result<Granted, Failure> {
        let Request { context, row, .. } = request;
        context.app.store.revoke_grant(self.grant.id, context.now).await?;
        let authorization = &self.grant.authorization;
        let about = About {
            row: Some(row),
            subject: Some(&authorization.person.subject.0),
            grant_id: Some(self.grant.id),
            sid: authorization.sid.as_deref(),
            ..About::default()
        };
        context.app.audit.event(context, Event::RefreshReused, &about);
        Err(OAuthError::invalid_grant(
            "this refresh_token was used before: all tokens of its family are revoked",
        )
        .into())
    }

    fn issue(
        &self,
        request: &Request<'_>,
        mint: &Mint,
        refresh_token: Option<&str>,
    ) -> Result<Granted, Failure> {
        let authorization = &self.grant.authorization;
        let person = self.person.as_ref().ok_or_else(unknown)?;
        let issue = Issue {
            context: request.context,
            row: &request.row,
            mint,
            party: Party::Person(authorization, person),
            grant: Some(self.grant.id),
            nonce: None,
            refresh_token,
        };
        Ok(Granted { issued: issue.sign()?, subject: Some(authorization.person.subject.0.clone()) })
    }
}
