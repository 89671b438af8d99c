//! What programs ask. A client that proves who it is, is not limited. Those that do not are counted when they fail; public clients,
//! which prove nothing, also when a request of theirs is to be written down.

use super::{
    CLIENT, CLIENT_ADDRESS, CLIENT_AT_ADDRESS, DEVICE_ADDRESS, DEVICE_CLIENT, Limits, PAR_ADDRESS,
    PAR_CLIENT, TOKEN_REFUSALS, note, place,
};
use crate::authn::is_public;
use crate::http::{Context, Failure};
use nauthera_core::limits::Rule;
use nauthera_core::oauth::{ErrorCode, OAuthError};
use nauthera_core::snapshot::Row;
use nauthera_store::limits::{Ask, Refused};

/// No error code of OAuth says that there was too much; this one says that the same may succeed later, and to no library that the
/// request was wrong.
fn too_many(what: &str, refused: &Refused) -> Failure {
    let seconds = refused.wait.seconds();
    let text = format!("too many {what}: try again in {seconds} s");
    Failure::Limited { seconds, error: OAuthError::new(ErrorCode::TemporarilyUnavailable, text) }
}

impl Limits {
    /// What a client is told that did not prove who it is: that it failed, or, after too many failures, that it must wait before the
    /// next failure is told. `claimed` is the id that it presented, which may not exist.
    pub async fn client_failed(
        &self,
        context: &Context,
        claimed: Option<&str>,
        failure: OAuthError,
    ) -> Failure {
        let address = place(context);
        let by_address = self.ask(&CLIENT_ADDRESS, &[&address]);
        let asked = match claimed.map(str::as_bytes) {
            Some(id) => {
                vec![self.ask(&CLIENT_AT_ADDRESS, &[id, &address]), by_address, self.ask(&CLIENT, &[id])]
            }
            None => vec![by_address],
        };
        let row = claimed.and_then(|id| context.serving.client(id));
        match self.hold(context, row.map(|row| &**row), &asked).await {
            Ok(()) => failure.into(),
            Err(refused) => {
                let what = "failed client authentications (check the client's id, method and credentials)";
                too_many(what, &refused)
            }
        }
    }

    /// May this client push a request?
    ///
    /// # Errors
    /// [`Failure::Limited`], for public clients.
    pub async fn pushed(&self, context: &Context, row: &Row) -> Result<(), Failure> {
        self.public_request(context, row, [&PAR_ADDRESS, &PAR_CLIENT], "pushed requests").await
    }

    /// May this client begin a device authorization?
    ///
    /// # Errors
    /// [`Failure::Limited`], for public clients.
    pub async fn device(&self, context: &Context, row: &Row) -> Result<(), Failure> {
        self.public_request(context, row, [&DEVICE_ADDRESS, &DEVICE_CLIENT], "device authorizations").await
    }

    async fn public_request(
        &self,
        context: &Context,
        row: &Row,
        [by_address, by_client]: [&'static Rule; 2],
        what: &str,
    ) -> Result<(), Failure> {
        if !is_public(row) {
            return Ok(());
        }
        let id = row.client_id.as_str().as_bytes();
        let asked = [self.ask(by_address, &[&place(context)]), self.ask(by_client, &[id])];
        let held = self.hold(context, Some(row), &asked).await;
        held.map_err(|refused| too_many(&format!("{what} of clients without a secret"), &refused))
    }

    /// May this client present a code or a token? Asks this replica's memory alone.
    ///
    /// # Errors
    /// [`Failure::Limited`], for public clients of which too many were refused from this address.
    pub fn token(&self, context: &Context, row: &Row) -> Result<(), Failure> {
        if !is_public(row) {
            return Ok(());
        }
        let looked = self.limiter.look(&[self.token_refusals(context, row)], context.app.precise());
        looked.inspect_err(|refused| note(context, Some(row), refused)).map_err(|refused| refusals(&refused))
    }

    /// What a public client is told whose code or token was refused: that, or that there were too many.
    pub async fn token_refused(&self, context: &Context, row: &Row, refusal: OAuthError) -> Failure {
        if !is_public(row) {
            return refusal.into();
        }
        match self.hold(context, Some(row), &[self.token_refusals(context, row)]).await {
            Ok(()) => refusal.into(),
            Err(refused) => refusals(&refused),
        }
    }

    fn token_refusals(&self, context: &Context, row: &Row) -> Ask {
        self.ask(&TOKEN_REFUSALS, &[row.client_id.as_str().as_bytes(), &place(context)])
    }
}

fn refusals(refused: &Refused) -> Failure {
    too_many("codes or tokens that were refused", refused)
}
