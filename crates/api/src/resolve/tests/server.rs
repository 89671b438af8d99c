//! AuthServers.

use super::{faults, object, read};
use crate::resolve;
use nauthera_core::grant::SigningAlgorithm;
use nauthera_core::names::ObjectRef;
use nauthera_core::spec::{
    AllowedNamespaces, Branding, Database, IssuerKeys, IssuerNamespaces, SecretKey, ServerSpec,
    ServiceAccountIssuer, SessionSettings, SigningSettings,
};
use nauthera_core::time::Seconds;
use serde_json::{Value, json};

fn server(mut more: Value) -> Result<ServerSpec, Vec<resolve::Fault>> {
    let spec = more.as_object_mut().unwrap();
    spec.entry("issuerUrl").or_insert_with(|| "https://login.example.com".into());
    resolve::server(&object(), &read(more))
}

fn says(spec: Value, expected: &[&str]) {
    assert_eq!(faults(server(spec)), expected);
}

#[test]
fn an_issuer_alone_has_the_documented_defaults() {
    let spec = server(json!({})).unwrap();
    assert_eq!(
        spec,
        ServerSpec {
            issuer_url: "https://login.example.com".to_owned().try_into().unwrap(),
            policy_selector: None,
            allowed_namespaces: AllowedNamespaces::All,
            database: Database::Sqlite,
            user_store: None,
            signing: SigningSettings::default(),
            session: SessionSettings::default(),
            branding: Branding::default(),
            service_account_issuers: Vec::new(),
            tls: false,
        }
    );
}

#[test]
fn every_field_is_carried_over() {
    let spec = server(json!({
        "policySelector": { "matchExpressions": [{ "key": "tier", "operator": "In", "values": ["a", "b"] }] },
        "allowedClients": { "namespaces": { "from": "Selector", "selector": { "matchLabels": { "auth": "yes" } } } },
        "tls": { "certSecretRef": { "name": "cert" } },
        "database": { "postgres": { "urlSecretRef": { "name": "db" } } },
        "userStoreRef": { "name": "people" },
        "signing": { "algorithm": "ES256", "rotationInterval": "7d", "prePublish": "1h" },
        "serviceAccountIssuers": [{ "issuer": "https://other.example", "namespaces": ["shop"] }],
        "session": { "lifetime": "8h", "idleTimeout": "30m" },
        "branding": { "name": "Example", "logoUrl": "https://example.com/l.svg", "primaryColor": "#abc" },
    }))
    .unwrap();
    assert_eq!(spec.policy_selector.unwrap().match_expressions[0].values.len(), 2);
    assert!(matches!(spec.allowed_namespaces, AllowedNamespaces::Selector(_)));
    assert_eq!(spec.database, Database::Postgres);
    assert_eq!(spec.user_store, Some(ObjectRef::new("shop", "people")));
    assert_eq!(spec.signing.algorithm, SigningAlgorithm::Es256);
    assert_eq!(spec.signing.pre_publish, Seconds::hours(1));
    assert_eq!(spec.session.idle_timeout, Seconds::minutes(30));
    assert_eq!(spec.branding.logo_url.as_deref(), Some("https://example.com/l.svg"));
    assert!(spec.tls);
    let cluster = ServiceAccountIssuer {
        issuer: "https://other.example".into(),
        keys: IssuerKeys::Discovery,
        ca: None,
        namespaces: IssuerNamespaces::Listed(["shop".into()].into()),
    };
    assert_eq!(spec.service_account_issuers, [cluster]);
}

#[test]
fn where_a_foreign_cluster_serves_its_keys_is_carried_over() {
    let spec = server(json!({ "serviceAccountIssuers": [{
        "issuer": "https://other.example",
        "jwksUri": "https://keys.example/jwks",
        "caSecretRef": { "name": "other-ca" },
        "namespaces": ["shop"],
    }] }));
    let cluster = spec.unwrap().service_account_issuers.remove(0);
    assert_eq!(cluster.keys, IssuerKeys::JwksUri("https://keys.example/jwks".parse().unwrap()));
    assert_eq!(cluster.ca, Some(SecretKey { name: "other-ca".into(), key: "ca.crt".into() }));
    assert!(cluster.namespaces.contains("shop") && !cluster.namespaces.contains("pay"));
}

#[test]
fn an_issuer_is_in_normal_form() {
    says(
        json!({ "issuerUrl": "https://Login.example.com" }),
        &[
            "/spec/issuerUrl: `https://Login.example.com` cannot be an issuer: it is not in normal form; write `https://login.example.com`",
        ],
    );
    says(
        json!({ "issuerUrl": "https://login.example.com/" }),
        &[
            "/spec/issuerUrl: `https://login.example.com/` cannot be an issuer: an issuer does not end in `/`; take the last slash away",
        ],
    );
}

#[test]
fn every_fault_is_found_at_once() {
    says(
        json!({
            "issuerUrl": "http://login.example.com",
            "signing": { "rotationInterval": "1h", "prePublish": "1h" },
            "session": { "lifetime": "1h", "idleTimeout": "2h" },
            "branding": { "name": " x", "logoUrl": "http://a.example/l", "primaryColor": "red;}" },
        }),
        &[
            "/spec/issuerUrl: `http://login.example.com` cannot be an issuer: http is allowed only for a loopback address or localhost; use https",
            "/spec/signing/prePublish: prePublish must be shorter than rotationInterval; write a shorter prePublish, or a longer rotationInterval",
            "/spec/session/idleTimeout: idleTimeout cannot be longer than lifetime; write a shorter idleTimeout, or a longer lifetime",
            "/spec/branding/logoUrl: `http://a.example/l` cannot be a logoUrl: use https",
            "/spec/branding/primaryColor: `red;}` is not a colour; write #rgb or #rrggbb in quotes, such as \"#0057b8\"",
            "/spec/branding/name: ` x` begins or ends with white space; take it away",
        ],
    );
}

#[test]
fn foreign_clusters_are_https_and_stand_once() {
    let cluster = |issuer: &str| json!({ "issuer": issuer, "namespaces": ["shop"] });
    says(
        json!({ "serviceAccountIssuers": [cluster("https://a.example"), cluster("https://a.example"), cluster("http://b.example")] }),
        &[
            "/spec/serviceAccountIssuers/1/issuer: `https://a.example` stands twice; put its namespaces into one entry",
            "/spec/serviceAccountIssuers/2/issuer: `http://b.example` cannot be a ServiceAccount issuer: use https",
        ],
    );
}

#[test]
fn a_selector_that_is_missing_admits_nobody_by_accident() {
    says(
        json!({ "allowedClients": { "namespaces": { "from": "Selector" } } }),
        &[
            "/spec/allowedClients/namespaces: from: Selector needs a selector; write matchLabels or matchExpressions, or use All or Same",
        ],
    );
}

#[test]
fn a_session_that_is_short_is_idle_no_longer_than_it_lives() {
    let session = |written: Value| {
        server(json!({ "issuerUrl": "https://a.example", "session": written })).unwrap().session
    };
    let short = session(json!({ "lifetime": "30m" }));
    assert_eq!((short.lifetime, short.idle_timeout), (Seconds::minutes(30), Seconds::minutes(30)));
    assert_eq!(session(json!({ "lifetime": "8h" })).idle_timeout, Seconds::hours(1));
}
