//! Who is the client? Exactly one method a request, only the client's own, compared in constant time; a failure costs the same
//! and says the same whether the client exists or not.

use crate::assertion;
use crate::audit::{About, Event};
use crate::http::{Context, Failure};
use crate::secrets::same;
use nauthera_core::grant::AuthMethod;
use nauthera_core::oauth::client_auth::{Presented, failed, presented};
use nauthera_core::oauth::{ErrorCode, Params};
use nauthera_core::snapshot::Row;
use std::sync::Arc;

/// Where a client authenticates: which addresses an assertion may name as its audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// `/oauth2/par`, whose own address counts too.
    Par,
    /// `/oauth2/token`, which notes its refusals itself.
    Token,
    /// Any other.
    Other,
}

/// Authenticates the client of a request.
///
/// # Errors
/// `invalid_client`, `invalid_request`; [`Failure::Limited`] in place of the first after too many of them;
/// [`Failure::Store`] when an assertion's `jti` cannot be remembered.
pub async fn authenticate(context: &Context, params: &Params<'_>, at: Endpoint) -> Result<Arc<Row>, Failure> {
    let mut claimed = None;
    let proved = match prove(context, params, at, &mut claimed).await {
        Err(Failure::OAuth(error)) if error.code == ErrorCode::InvalidClient => {
            Err(context.app.limits.client_failed(context, claimed.as_deref(), error).await)
        }
        proved => proved,
    };
    // The token endpoint notes each of its refusals, this one among them.
    if let (Err(Failure::OAuth(error)), false) = (&proved, at == Endpoint::Token) {
        let about = About { reason: Some(error.code.as_str()), ..About::default() };
        context.app.audit.event(context, Event::ClientRefused, &about);
    }
    if let Ok(row) = &proved {
        context.span.record("nauthera.client_id", row.client_id.as_str());
    }
    proved
}

/// `claimed` becomes the id that the client presents.
async fn prove(
    context: &Context,
    params: &Params<'_>,
    at: Endpoint,
    claimed: &mut Option<String>,
) -> Result<Arc<Row>, Failure> {
    params.once_each()?;
    let presented = presented(context.authorization()?, params)?;
    let proved = proved_by(context, &presented, at).await?;
    if proved.is_none() {
        *claimed = claimed_by(&presented);
    }
    proved.ok_or_else(|| failed().into())
}

fn claimed_by(presented: &Presented<'_>) -> Option<String> {
    match presented {
        Presented::Assertion(None, assertion) => assertion::unverified_subject(assertion),
        Presented::Assertion(Some(id), _) | Presented::Id(id) | Presented::Post(id, _) => {
            Some((*id).to_owned())
        }
        Presented::Basic(id, _) => Some(id.to_string()),
    }
}

async fn proved_by(
    context: &Context,
    presented: &Presented<'_>,
    at: Endpoint,
) -> Result<Option<Arc<Row>>, Failure> {
    Ok(match presented {
        Presented::Assertion(..) => assertion::authenticate(context, presented, at).await?,
        Presented::Id(id) => context.serving.client(id).filter(|row| presented.is_of(row)).cloned(),
        Presented::Basic(id, secret) => by_secret(context, presented, id, secret),
        Presented::Post(id, secret) => by_secret(context, presented, id, secret),
    })
}

/// Compares a presented secret with each live digest of the client; of an unknown client with nothing, at the same cost.
fn by_secret(context: &Context, presented: &Presented<'_>, id: &str, secret: &str) -> Option<Arc<Row>> {
    let row = context.serving.client(id);
    let digest = context.app.secrets.client_secret(secret);
    let live = row.map(|row| row.secrets.as_slice()).unwrap_or_default();
    // Every digest is compared, so that the time does not tell which one matched.
    let matched = live.iter().fold(false, |found, known| {
        let fits = same(&known.digest, &digest);
        found | (fits && known.is_live(context.now))
    });
    row.filter(|row| matched && presented.is_of(row)).cloned()
}

/// Is the client one that cannot authenticate? Then a token is issued to whoever names its id, and only rules bind it.
#[must_use]
pub fn is_public(row: &Row) -> bool {
    row.authentication.method == AuthMethod::None
}
