//! The refresh grant (RFC 6749 §6, RFC 9700 §4.14): judged anew by today's policy each time; rotated for public clients, with a
//! short grace in which a retried request gets the same successor.
//!
//! What never changes of a grant may be known here from before. Then a rotation is judged by that, and the one statement that rotates
//! makes sure of the rest. Where it does not find the token live, or where more is asked than a rotation, all facts are read.

use super::{Granted, Request};
use crate::audit::{About, Event};
use crate::grants::Known;
use crate::http::Failure;
use crate::tokens::{Issue, Party, person_now};
use nauthera_core::facts::{Authorization, Digest, FamilyRecord, Generation, GrantId, GrantRecord};
use nauthera_core::oauth::OAuthError;
use nauthera_core::oauth::token::{self, Mint, Refresh};
use nauthera_identity::Person;
use nauthera_store::{NewRefresh, Rotation, Turn};

type Facts = (FamilyRecord, GrantRecord);

/// A token that was made here, as it was presented.
struct Presented<'a> {
    request: &'a Request<'a>,
    token: &'a str,
    digest: Digest,
    grant: GrantId,
}

fn unknown() -> OAuthError {
    OAuthError::invalid_grant("the refresh_token is unknown, revoked, or has expired")
}

pub async fn grant(request: &Request<'_>) -> Result<Granted, Failure> {
    let Request { context, params, .. } = request;
    let token = params.required("refresh_token")?;
    // Of what nobody here made the database is not asked.
    let grant = context.app.secrets.grant_of(token).ok_or_else(unknown)?;
    let presented = Presented { request, token, digest: Digest::of(token), grant };
    if let Some(known) = context.app.grants.get(grant, context.now)
        && let Some(granted) = presented.rotate_known(&known).await?
    {
        return Ok(granted);
    }
    let facts = context.app.store.refresh(grant).await?.ok_or_else(unknown)?;
    presented.use_token(facts).await
}

impl Presented<'_> {
    /// Rotates it by what is known of its grant; `None` where that is not enough to judge by.
    async fn rotate_known(&self, known: &Known) -> Result<Option<Granted>, Failure> {
        let Request { context, row, params } = self.request;
        let authorization = &known.authorization;
        let Ok(person) = person_now(context, authorization) else { return Ok(None) };
        let (groups, issuer) = (Some(person.groups.as_slice()), context.serving.issuer());
        match token::rotation(row, issuer, authorization, groups, (params, context.now)) {
            Some(mint) => self.rotate(known, &person, &mint).await.map(Some),
            None => Ok(None),
        }
    }

    /// Does with it what all facts say.
    async fn use_token(&self, facts: Facts) -> Result<Granted, Failure> {
        let Request { context, row, .. } = self.request;
        let person = person_now(context, &facts.1.authorization);
        match self.judge(&facts, person.as_deref().ok())? {
            Refresh::Keep(mint) => {
                let ends_at = mint.ends_at(row, context.now);
                if ends_at > facts.1.expires_at {
                    context.app.store.extend_grant(self.grant, ends_at).await?;
                }
                self.issue(&facts.1.authorization, &*person?, (&mint, None))
            }
            Refresh::Rotate(mint) => {
                let known = Known::from(facts.1);
                let granted = self.rotate(&known, &*person?, &mint).await?;
                context.app.grants.keep(self.grant, known);
                Ok(granted)
            }
            Refresh::Repeat(mint) => self.repeat(&facts, &*person?, &mint),
            Refresh::Reused => self.revoke(&facts.1.authorization).await,
        }
    }

    fn judge(&self, (family, grant): &Facts, person: Option<&Person>) -> Result<Refresh, OAuthError> {
        let Request { context, row, params } = self.request;
        let groups = person.map(|person| person.groups.as_slice());
        let facts = token::Presented { digest: self.digest, family, grant };
        token::refresh(row, context.serving.issuer(), facts, groups, (params, context.now))
    }

    /// Replaces it by its successor, if it lives.
    async fn rotate(&self, known: &Known, person: &Person, mint: &Mint) -> Result<Granted, Failure> {
        let Request { context, row, .. } = self.request;
        let app = &context.app;
        let random = app.random();
        let successor = app.secrets.refresh_token(self.grant, &random);
        let ends_at = mint.ends_at(row, context.now);
        let turn = Turn {
            grant: self.grant,
            presented: self.digest,
            successor: NewRefresh {
                digest: Digest::of(&successor),
                expires_at: mint.refresh_until.ok_or_else(unknown)?,
            },
            sealed_successor: app.secrets.seal_successor(self.token, &random),
            grant_until: (ends_at > known.expires_at).then_some(ends_at),
        };
        let longer = turn.grant_until;
        match app.store.rotate_refresh(turn, context.now).await? {
            Rotation::Won => {
                if let Some(expires_at) = longer {
                    app.grants.keep(self.grant, Known { expires_at, ..known.clone() });
                }
                self.issue(&known.authorization, person, (mint, Some(&successor)))
            }
            Rotation::Gone => {
                app.grants.forget(self.grant);
                Err(unknown().into())
            }
            Rotation::Lost(facts) => self.use_late(&facts).await,
        }
    }

    /// Another request was faster, here or elsewhere, lately or long ago: judged by how the family stands now.
    async fn use_late(&self, facts: &Facts) -> Result<Granted, Failure> {
        let person = person_now(self.request.context, &facts.1.authorization);
        match self.judge(facts, person.as_deref().ok())? {
            Refresh::Repeat(mint) => self.repeat(facts, &*person?, &mint),
            Refresh::Reused => self.revoke(&facts.1.authorization).await,
            // It was not to be rotated a moment ago, and nothing makes a token live again.
            Refresh::Keep(_) | Refresh::Rotate(_) => Err(unknown().into()),
        }
    }

    fn repeat(&self, (family, grant): &Facts, person: &Person, mint: &Mint) -> Result<Granted, Failure> {
        let Generation::Rotated { sealed, .. } = family.generation(self.digest) else {
            return Err(unknown().into());
        };
        let secrets = &self.request.context.app.secrets;
        let successor = secrets.open_successor(self.token, self.grant, sealed).ok_or_else(unknown)?;
        self.issue(&grant.authorization, person, (mint, Some(&successor)))
    }

    async fn revoke(&self, authorization: &Authorization) -> Result<Granted, Failure> {
        let Request { context, row, .. } = self.request;
        context.app.store.revoke_grant(self.grant, context.now).await?;
        context.app.grants.forget(self.grant);
        let about = About {
            row: Some(row),
            subject: Some(&authorization.person.subject.0),
            grant_id: Some(self.grant),
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
        authorization: &Authorization,
        person: &Person,
        (mint, refresh_token): (&Mint, Option<&str>),
    ) -> Result<Granted, Failure> {
        let issue = Issue {
            context: self.request.context,
            row: &self.request.row,
            mint,
            party: Party::Person(authorization, person),
            grant: Some(self.grant),
            nonce: None,
            refresh_token,
        };
        Ok(Granted { issued: issue.sign()?, subject: Some(authorization.person.subject.0.clone()) })
    }
}
