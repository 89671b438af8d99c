//! Client credentials (RFC 6749 §4.4): no person, no database.

use super::{Granted, Request};
use crate::http::Failure;
use crate::tokens::{Issue, Party};
use nauthera_core::oauth::token;

pub fn grant(request: &Request<'_>) -> Result<Granted, Failure> {
    let Request { context, row, params } = request;
    let mint = token::client_credentials(row, context.serving.issuer(), params)?;
    let issue = Issue {
        context,
        row,
        mint: &mint,
        party: Party::Client,
        grant: None,
        nonce: None,
        refresh_token: None,
    };
    Ok(Granted { issued: issue.sign()?, subject: None })
}
