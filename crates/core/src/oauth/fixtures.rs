//! A client and facts around it, for the tests of decisions.

use crate::facts::{
    Authorization, ClaimsRequest, CodeRecord, Digest, GrantId, GrantRecord, LoginEvent, PersonRef,
};
use crate::grant::{AuthMethod, ClientType, Consent, GrantSet};
use crate::names::{Audience, ClientId, ObjectRef, Scope};
use crate::snapshot::{Authentication, Lifetimes, Row};
use crate::time::{Seconds, UnixTime};
use crate::uri::RedirectUri;

pub const ISSUER: &str = "https://login.example";

pub fn scopes(names: &[&str]) -> Vec<Scope> {
    names.iter().map(|name| Scope::parse(name).unwrap()).collect()
}

/// A confidential web client with everything.
pub fn row() -> Row {
    Row {
        client_id: ClientId::parse("shop.web").unwrap(),
        object: ObjectRef::new("shop", "web"),
        display_name: "Web".into(),
        client_type: ClientType::Web,
        redirect_uris: vec![RedirectUri::parse("https://shop.example/cb", ClientType::Web).unwrap()],
        post_logout_redirect_uris: vec![
            RedirectUri::parse("https://shop.example/bye?a=b", ClientType::Web).unwrap(),
        ],
        back_channel_logout_uri: None,
        scopes: scopes(&["openid", "profile", "offline_access", "orders:read"]),
        withheld_scopes: scopes(&["payroll"]),
        audiences: vec![
            Audience::parse("https://api.example").unwrap(),
            Audience::parse("https://b.example").unwrap(),
        ],
        introspects: vec![Audience::parse("https://api.example").unwrap()],
        grants: GrantSet::ALL,
        authentication: Authentication {
            method: AuthMethod::ClientSecretBasic,
            keys: None,
            subjects: Vec::new(),
        },
        secrets: Vec::new(),
        token: Lifetimes {
            access: Seconds::minutes(15),
            refresh: Seconds::hours(8),
            id: Seconds::minutes(5),
        },
        require_pkce: true,
        require_par: false,
        max_age: None,
        allowed_groups: Vec::new(),
        consent: Consent::Required,
        policies: Vec::new().into(),
    }
}

/// What Ada authorised at time 1,000.
pub fn authorization() -> Authorization {
    Authorization {
        client_id: ClientId::parse("shop.web").unwrap(),
        person: PersonRef::new(ObjectRef::new("identity", "people"), "ada"),
        login: LoginEvent { auth_time: UnixTime(1_000), amr: vec!["pwd".into()] },
        sid: Some("sid".into()),
        scopes: scopes(&["openid", "orders:read"]),
        resources: Vec::new(),
        claims: ClaimsRequest::default(),
        acr: None,
    }
}

pub fn code() -> CodeRecord {
    CodeRecord {
        digest: Digest::of("code"),
        grant: GrantId([1; 16]),
        authorization: authorization(),
        redirect_uri: "https://shop.example/cb".into(),
        nonce: None,
        code_challenge: None,
        expires_at: UnixTime(1_060),
        redeemed_at: None,
    }
}

pub fn grant() -> GrantRecord {
    GrantRecord {
        id: GrantId([1; 16]),
        authorization: authorization(),
        created_at: UnixTime(1_000),
        expires_at: UnixTime(100_000),
        revoked_at: None,
        session_ended_at: None,
    }
}
