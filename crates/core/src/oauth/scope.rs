//! Which scopes and resources a request gets. A scope that the manifest never asked for is an error; one that policy took is
//! left out, so that a tightened policy is no outage.

use super::error::{ErrorCode, OAuthError, shown};
use crate::names::{Audience, Scope};
use crate::snapshot::Row;
use crate::uri::IssuerUrl;

/// The scopes that a request is granted.
///
/// # Errors
/// `invalid_scope` for a scope that the client does not have, when policy leaves none of those asked for, and when none is named.
pub fn granted(row: &Row, asked: Option<&str>) -> Result<Option<Vec<Scope>>, OAuthError> {
    let Some(asked) = asked else { return Ok(None) };
    let mut granted: Vec<Scope> = Vec::new();
    let mut withheld = false;
    for name in asked.split(' ').filter(|name| !name.is_empty()) {
        if granted.iter().any(|scope| scope.as_str() == name) {
            continue;
        }
        match row.scopes.iter().find(|scope| scope.as_str() == name) {
            Some(scope) => granted.push(scope.clone()),
            None if row.withheld_scopes.iter().any(|scope| scope.as_str() == name) => withheld = true,
            None => {
                let message =
                    format!("scope '{}' is not among the scopes of AuthClient {}", shown(name), row.object);
                return Err(OAuthError::new(ErrorCode::InvalidScope, message));
            }
        }
    }
    if granted.is_empty() {
        let message = if withheld {
            format!("policy leaves none of these scopes to AuthClient {}", row.object)
        } else {
            "parameter 'scope' names no scope".to_owned()
        };
        return Err(OAuthError::new(ErrorCode::InvalidScope, message));
    }
    Ok(Some(granted))
}

/// Those of earlier granted scopes that the client still has today.
pub fn still_granted(row: &Row, earlier: &[Scope]) -> Vec<Scope> {
    earlier.iter().filter(|scope| row.scopes.contains(scope)).cloned().collect()
}

/// Scopes as one parameter value.
#[must_use]
pub fn joined(scopes: &[Scope]) -> String {
    let mut out = String::with_capacity(scopes.len() * 12);
    for scope in scopes {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(scope.as_str());
    }
    out
}

/// The resources that a request names (RFC 8707), without the issuer, which is always allowed.
///
/// # Errors
/// `invalid_target` for one that the client may not name.
pub fn resources<'a>(
    row: &Row,
    issuer: &IssuerUrl,
    asked: impl Iterator<Item = &'a str>,
) -> Result<Vec<Resource>, OAuthError> {
    let mut named: Vec<Resource> = Vec::new();
    for name in asked {
        let resource = if name == issuer.as_str() {
            Resource::Issuer
        } else {
            let known = row.audiences.iter().find(|audience| audience.as_str() == name);
            Resource::Named(known.cloned().ok_or_else(|| not_a_target(name, row))?)
        };
        if !named.contains(&resource) {
            named.push(resource);
        }
    }
    Ok(named)
}

fn not_a_target(name: &str, row: &Row) -> OAuthError {
    let message = format!(
        "resource '{}' is not among the audiences that AuthClient {} may name",
        shown(name),
        row.object
    );
    OAuthError::new(ErrorCode::InvalidTarget, message)
}

/// A resource that a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// The issuer itself.
    Issuer,
    /// One of the client's audiences.
    Named(Audience),
}

/// The one audience of a token: the resource of the token request, else the one authorised, else the issuer.
///
/// # Errors
/// `invalid_target` when several were authorised and none is named, when several are named, or when the named one was
/// not authorised.
pub fn audience(
    asked: &[Resource],
    authorised: &[Audience],
    row: &Row,
    issuer: &IssuerUrl,
) -> Result<Audience, OAuthError> {
    let target = |message| OAuthError::new(ErrorCode::InvalidTarget, message);
    let of_issuer =
        || Audience::parse(issuer.as_str()).map_err(|_| target("the issuer cannot be an audience"));
    match asked {
        [Resource::Issuer] => of_issuer(),
        [Resource::Named(named)] if authorised.contains(named) => Ok(named.clone()),
        [Resource::Named(_)] => Err(target("this resource was not authorised")),
        [] => {
            // What was authorised and is allowed no more is no longer a choice.
            let mut live = authorised.iter().filter(|audience| row.audiences.contains(audience));
            match (live.next(), live.next()) {
                (None, _) if authorised.is_empty() => of_issuer(),
                (None, _) => Err(target("policy allows none of the authorised resources any more")),
                (Some(one), None) => Ok(one.clone()),
                (Some(_), Some(_)) => {
                    Err(target("several resources were authorised: name one with 'resource'"))
                }
            }
        }
        _ => Err(target("a token has one audience: name one resource")),
    }
}
