//! Which claims go where: by scope (OIDC Core 5.4), by the `claims` parameter (5.5), and what ID tokens and userinfo then
//! say of a person.

use super::error::OAuthError;
use crate::facts::{Authorization, ClaimRequest, ClaimsRequest, Subject};
use crate::names::Scope;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The authentication context class of a login with a password.
pub const ACR_PASSWORD: &str = "urn:nauthera:acr:password";

/// Scopes that stand for claims, with the claims they stand for.
pub const SCOPE_CLAIMS: &[(&str, &[&str])] = &[
    (
        "profile",
        &[
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
    ),
    ("email", &["email", "email_verified"]),
    ("address", &["address"]),
    ("phone", &["phone_number", "phone_number_verified"]),
    ("groups", &["groups"]),
];

/// Claims that stand in the ID token as soon as their scope is granted: relying parties such as kube-apiserver read nothing else.
const IN_ID_TOKEN: &[&str] = &["groups", "email", "email_verified", "preferred_username", "name"];

/// The `claims` parameter, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestedClaims {
    /// What is asked of userinfo and of the ID token.
    pub request: ClaimsRequest,
    /// The subject that the ID token must have.
    pub subject: Option<Subject>,
    /// Authentication contexts of which one is essential; empty when none is.
    pub essential_acr: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Member {
    essential: Option<bool>,
    value: Option<Value>,
    values: Option<Vec<Value>>,
}

impl Member {
    fn texts(&self) -> Vec<String> {
        let all = self.value.iter().chain(self.values.iter().flatten());
        all.filter_map(|value| value.as_str().map(str::to_owned)).collect()
    }
}

/// Reads the `claims` parameter. Members that it does not know are ignored, as OIDC Core 5.5 says.
///
/// # Errors
/// `invalid_request` when it is not the JSON object that OIDC Core 5.5 describes, or names more than 64 claims.
pub fn parse_claims(parameter: Option<&str>) -> Result<RequestedClaims, OAuthError> {
    let Some(text) = parameter else { return Ok(RequestedClaims::default()) };
    let parameter: Map<String, Value> = serde_json::from_str(text).map_err(|_| not_claims())?;
    let id_token = members(parameter.get("id_token"))?;
    let userinfo = members(parameter.get("userinfo"))?;
    if id_token.len() + userinfo.len() > 64 {
        return Err(OAuthError::invalid_request("claims names more than 64 claims"));
    }
    let of = |name: &str| id_token.get(name).and_then(Option::as_ref);
    let subject = of("sub").and_then(|member| member.texts().into_iter().next());
    let essential_acr = of("acr").filter(|member| member.essential == Some(true)).map(Member::texts);
    Ok(RequestedClaims {
        subject: subject.map(|subject| Subject(subject.into())),
        essential_acr: essential_acr.unwrap_or_default(),
        request: ClaimsRequest { userinfo: requested(userinfo), id_token: requested(id_token) },
    })
}

fn not_claims() -> OAuthError {
    OAuthError::invalid_request("claims is not a JSON object as in OIDC Core 5.5")
}

type Members = BTreeMap<String, Option<Member>>;

fn members(part: Option<&Value>) -> Result<Members, OAuthError> {
    let Some(part) = part.filter(|part| !part.is_null()) else { return Ok(Members::new()) };
    let members = part.as_object().ok_or_else(not_claims)?.iter();
    let read = |(name, value): (&String, &Value)| match value {
        Value::Null => Ok((name.clone(), None)),
        Value::Object(_) => {
            let member = serde_json::from_value(value.clone()).map_err(|_| not_claims())?;
            Ok((name.clone(), Some(member)))
        }
        _ => Err(not_claims()),
    };
    members.map(read).collect()
}

fn requested(members: Members) -> BTreeMap<String, ClaimRequest> {
    let request =
        |member: Option<Member>| ClaimRequest { essential: member.and_then(|m| m.essential) == Some(true) };
    members
        .into_iter()
        .filter(|(name, _)| is_known(name))
        .map(|(name, member)| (name, request(member)))
        .collect()
}

fn is_known(name: &str) -> bool {
    SCOPE_CLAIMS.iter().any(|(_, claims)| claims.contains(&name))
}

/// The scope that stands for a claim.
fn scope_of(claim: &str) -> Option<&'static str> {
    SCOPE_CLAIMS.iter().find(|(_, claims)| claims.contains(&claim)).map(|(scope, _)| *scope)
}

/// What is left of a request for claims by name when only these scopes may be had: a claim is no way around the policy over
/// the scope that stands for it.
#[must_use]
pub fn within(request: &ClaimsRequest, scopes: &[Scope]) -> ClaimsRequest {
    let may = |claim: &str| scope_of(claim).is_some_and(|scope| scopes.iter().any(|s| s.as_str() == scope));
    let kept = |claims: &BTreeMap<String, ClaimRequest>| {
        claims
            .iter()
            .filter(|(name, _)| may(name))
            .map(|(name, claim)| (name.clone(), claim.clone()))
            .collect()
    };
    ClaimsRequest { userinfo: kept(&request.userinfo), id_token: kept(&request.id_token) }
}

/// The scopes that stand for claims asked for by name: what a person who is asked for the claims is asked for.
pub fn standing_for(request: &ClaimsRequest) -> impl Iterator<Item = &'static str> {
    let asked = |claim: &&str| request.userinfo.contains_key(*claim) || request.id_token.contains_key(*claim);
    SCOPE_CLAIMS.iter().filter(move |(_, claims)| claims.iter().any(&asked)).map(|(scope, _)| *scope)
}

/// Every claim that a person can have here: what `claims_supported` lists beside the protocol's own.
pub fn known_claims() -> impl Iterator<Item = &'static str> {
    SCOPE_CLAIMS.iter().flat_map(|(_, claims)| claims.iter().copied())
}

/// A person's claims as a directory knows them, by name; `groups` apart.
pub type PersonClaims = BTreeMap<Arc<str>, Value>;

fn by_scope(authorization: &Authorization) -> impl Iterator<Item = &str> {
    SCOPE_CLAIMS
        .iter()
        .filter(|(scope, _)| authorization.has_scope(scope))
        .flat_map(|(_, claims)| claims.iter().copied())
}

fn claim(name: &str, claims: &PersonClaims, groups: &[Arc<str>]) -> Option<Value> {
    if name == "groups" {
        return Some(groups.iter().map(|group| Value::from(&**group)).collect());
    }
    claims.get(name).cloned()
}

/// Adds what the ID token says of the person: the few claims that stand in it by scope, and those asked for by name.
pub fn into_id_token(
    authorization: &Authorization,
    claims: &PersonClaims,
    groups: &[Arc<str>],
    token: &mut Map<String, Value>,
) {
    let scoped = by_scope(authorization).filter(|name| IN_ID_TOKEN.contains(name));
    let named = authorization.claims.id_token.keys().map(String::as_str);
    for name in scoped.chain(named) {
        if let Some(value) = claim(name, claims, groups) {
            token.insert(name.to_owned(), value);
        }
    }
}

/// What userinfo says of the person: all claims of the scopes granted, and those asked for by name (OIDC Core 5.3.2).
#[must_use]
pub fn userinfo(
    authorization: &Authorization,
    claims: &PersonClaims,
    groups: &[Arc<str>],
) -> Map<String, Value> {
    let mut answer = Map::new();
    answer.insert("sub".into(), authorization.person.subject.0.to_string().into());
    let named = authorization.claims.userinfo.keys().map(String::as_str);
    for name in by_scope(authorization).chain(named) {
        if let Some(value) = claim(name, claims, groups) {
            answer.insert(name.to_owned(), value);
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_claims_parameter_is_read_leniently_where_the_spec_says_so() {
        let text = r#"{"userinfo":{"email":null,"nonsense":null},"id_token":{"name":{"essential":true},
            "sub":{"value":"x"},"acr":{"essential":true,"values":["a","b"]}},"other":1}"#;
        let claims = parse_claims(Some(text)).unwrap();
        assert_eq!(claims.subject, Some(Subject("x".into())));
        assert_eq!(claims.essential_acr, ["a", "b"]);
        assert!(
            claims.request.userinfo.contains_key("email")
                && !claims.request.userinfo.contains_key("nonsense")
        );
        assert!(claims.request.id_token["name"].essential);
    }

    #[test]
    fn claims_by_name_are_had_only_where_their_scope_may_be() {
        let text =
            r#"{"userinfo":{"email":null,"name":null},"id_token":{"groups":null,"email_verified":null}}"#;
        let request = parse_claims(Some(text)).unwrap().request;
        let scopes = [Scope::parse("openid").unwrap(), Scope::parse("email").unwrap()];
        let left = within(&request, &scopes);
        let names = |claims: &BTreeMap<String, ClaimRequest>| claims.keys().cloned().collect::<Vec<_>>();
        assert_eq!(
            (names(&left.userinfo), names(&left.id_token)),
            (vec!["email".into()], vec!["email_verified".into()])
        );
        assert_eq!(standing_for(&request).collect::<Vec<_>>(), ["profile", "email", "groups"]);
        assert_eq!(standing_for(&left).collect::<Vec<_>>(), ["email"]);
    }

    #[test]
    fn what_is_not_an_object_is_refused() {
        for bad in ["[]", "x", r#"{"userinfo":3}"#, r#"{"id_token":{"acr":[1]}}"#] {
            assert!(parse_claims(Some(bad)).is_err(), "{bad}");
        }
    }
}
