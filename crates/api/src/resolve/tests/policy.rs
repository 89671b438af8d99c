//! AuthPolicies.

use super::{faults, object, read};
use crate::resolve;
use nauthera_core::grant::{AuthMethod, Consent, Enforcement, Expectation, GrantSet};
use nauthera_core::names::ObjectRef;
use nauthera_core::spec::PolicySpec;
use nauthera_core::time::Seconds;
use serde_json::{Value, json};

fn policy(spec: Value) -> Result<PolicySpec, Vec<resolve::Fault>> {
    resolve::policy(&object(), &read(spec))
}

fn says(spec: Value, expected: &[&str]) {
    assert_eq!(faults(policy(spec)), expected);
}

#[test]
fn an_empty_policy_says_nothing() {
    let spec = policy(json!({})).unwrap();
    assert_eq!(spec, PolicySpec { enforcement: Some(Enforcement::Enforce), ..PolicySpec::default() });
}

#[test]
fn an_empty_list_says_something() {
    let spec = policy(json!({
        "allowedScopes": [],
        "allowedGrantTypes": [],
        "redirectUris": { "allowedHosts": [] },
        "clientAuthentication": { "allowedMethods": [] },
        "authentication": { "allowedGroups": [] },
        "clientSelector": { "namespaces": [], "clients": [], "types": [] },
    }))
    .unwrap();
    assert!(spec.allowed_scopes.is_some() && spec.allowed_hosts.is_some());
    assert_eq!(spec.allowed_grant_types, Some(GrantSet::default()));
    assert_eq!(spec.client_authentication.allowed_methods, Some(Vec::new()));
    assert_eq!(spec.allowed_groups, Some(Vec::new()));
    let selector = spec.client_selector.unwrap();
    assert_eq!(
        (selector.namespaces, selector.clients, selector.types),
        (Some(vec![]), Some(vec![]), Some(vec![]))
    );
}

#[test]
fn every_field_is_carried_over() {
    let spec = policy(json!({
        "enforcement": "Audit",
        "admission": "Deny",
        "mandatory": true,
        "clientSelector": { "namespaceSelector": { "matchLabels": { "team": "shop" } }, "clients": ["shop/web"] },
        "except": { "types": ["device"] },
        "token": { "accessTokenTTL": "10m", "refreshTokenTTL": "30d", "idTokenTTL": "5m" },
        "allowedScopes": ["openid", "orders:*"],
        "allowedAudiences": ["*"],
        "allowedIntrospection": ["https://api.example.com"],
        "enforcePKCE": false,
        "clientAuthentication": {
            "method": "private_key_jwt",
            "allowedMethods": ["private_key_jwt"],
            "secretRotation": { "enabled": true, "schedule": "0 3 * * 0", "overlap": "1h", "maxAge": "90d" },
        },
        "redirectUris": { "allowedHosts": ["*.example.com", "127.0.0.1"] },
        "requirePushedAuthorizationRequests": true,
        "authentication": { "maxAge": "8h", "allowedGroups": ["staff"] },
        "consent": "Trusted",
        "allowCustomClientIds": true,
    }))
    .unwrap();
    assert!(!spec.enforces() && spec.mandatory);
    assert_eq!(spec.client_selector.unwrap().clients, Some(vec![ObjectRef::new("shop", "web")]));
    assert_eq!(spec.token.refresh, Some(Seconds::days(30)));
    assert!(
        spec.allowed_scopes.is_some()
            && spec.allowed_audiences.is_some()
            && spec.allowed_introspection.is_some()
    );
    assert_eq!(spec.enforce_pkce, Some(false));
    assert_eq!(spec.client_authentication.method, Some(AuthMethod::PrivateKeyJwt));
    let rotation = spec.client_authentication.secret_rotation.unwrap();
    assert!(rotation.enabled);
    assert_eq!((rotation.overlap, rotation.max_age), (Some(Seconds::hours(1)), Some(Seconds::days(90))));
    assert_eq!(spec.require_pushed_authorization_requests, Some(true));
    assert_eq!(spec.max_age, Some(Seconds::hours(8)));
    assert_eq!((spec.consent, spec.allow_custom_client_ids), (Some(Consent::Trusted), Some(true)));
}

#[test]
fn a_star_stands_at_the_end_of_a_name() {
    says(
        json!({ "allowedScopes": ["orders:*", "*:read", "a b", "*"], "allowedAudiences": ["https://*.example.com"] }),
        &[
            "/spec/allowedScopes/1: `*:read` has a star that is not at its end; write an exact name, or a prefix such as orders:*",
            "/spec/allowedScopes/2: `a b` is not a scope: use 1 to 128 printable ASCII characters without space, quote or backslash",
            "/spec/allowedAudiences/0: `https://*.example.com` has a star that is not at its end; write an exact name, or a prefix such as orders:*",
        ],
    );
}

#[test]
fn hosts_are_hosts() {
    let with = |host: &str| json!({ "redirectUris": { "allowedHosts": [host] } });
    for good in [
        "shop.example.com",
        "*.example.com",
        "Shop.Example.com",
        "localhost",
        "xn--bcher-kva.example",
        "10.0.0.1",
    ] {
        assert_eq!(faults(policy(with(good))), [""; 0], "{good}");
    }
    for (bad, why) in [
        (
            "https://shop.example.com",
            "write the host alone, such as shop.example.com, without https:// and path",
        ),
        ("shop.example.com/cb", "write the host alone, such as shop.example.com, without https:// and path"),
        ("shop.*.com", "a star may stand only at the beginning, as in *.example.com"),
        ("*", "a star may stand only at the beginning, as in *.example.com"),
        (
            "shop.example.com:443",
            "write the host alone, such as shop.example.com or *.example.com, without a port",
        ),
        ("*.", "write the host alone, such as shop.example.com or *.example.com, without a port"),
        ("bücher.example", "write it in its ASCII form, xn--bcher-kva.example"),
        ("*.10.0.0.1", "an address has nothing below it; take the star away"),
    ] {
        says(with(bad), &[&format!("/spec/redirectUris/allowedHosts/0: `{bad}` is not a host; {why}")]);
    }
}

#[test]
fn selectors_name_clients_and_labels() {
    says(
        json!({
            "clientSelector": { "clients": ["shop", "shop/web"], "namespaceSelector": { "matchLabels": { "a b": "c" } } },
            "except": { "types": ["web", "web"] },
        }),
        &[
            "/spec/clientSelector/namespaceSelector/matchLabels/a b: `a b` is not the key of a label, so it would never match; write it as in metadata.labels",
            "/spec/clientSelector/clients/0: `shop` does not name a client; write namespace/name, such as shop/web",
            "/spec/except/types/1: `web` stands twice; take one of them away",
        ],
    );
}

fn rotation(rule: Value, expected: &[&str]) {
    says(json!({ "clientAuthentication": { "secretRotation": rule } }), expected);
}

const RULE: &str = "/spec/clientAuthentication/secretRotation";

#[test]
fn schedules_have_five_fields_and_come() {
    rotation(
        json!({ "enabled": true, "schedule": "0 0 3 * * 0" }),
        &[&format!(
            "{RULE}/schedule: `0 0 3 * * 0` is not a schedule: write five cron fields in UTC (minute hour day month weekday), such as `0 3 * * 0`"
        )],
    );
    rotation(
        json!({ "enabled": true, "schedule": "0 0 31 2 *", "overlap": "1h" }),
        &[&format!("{RULE}/schedule: `0 0 31 2 *` never comes; choose a day that exists")],
    );
}

#[test]
fn the_overlap_fits_into_every_interval() {
    rotation(json!({ "enabled": true, "schedule": "0 3 * * 0" }), &[]);
    rotation(json!({ "enabled": true, "schedule": "0 3 * * *", "overlap": "23h" }), &[]);
    rotation(
        json!({ "enabled": true, "schedule": "0 3 * * *", "overlap": "1d" }),
        &[&format!(
            "{RULE}/overlap: the overlap of 24h is not shorter than the schedule's shortest interval, 24h; write a shorter overlap"
        )],
    );
    rotation(
        json!({ "enabled": true, "schedule": "0 3,4 1 * *", "overlap": "2h" }),
        &[&format!(
            "{RULE}/overlap: the overlap of 2h is not shorter than the schedule's shortest interval, 1h; write a shorter overlap"
        )],
    );
    rotation(
        json!({ "enabled": true, "maxAge": "1h", "overlap": "1h" }),
        &[&format!(
            "{RULE}/overlap: the overlap of 1h is not shorter than maxAge, 1h; write a shorter overlap"
        )],
    );
}

#[test]
fn the_default_overlap_counts_when_rotation_is_on() {
    rotation(
        json!({ "enabled": true, "schedule": "0 */6 * * *" }),
        &[&format!(
            "{RULE}: the overlap of 24h (the default) is not shorter than the schedule's shortest interval, 6h; write a shorter overlap"
        )],
    );
    rotation(json!({ "schedule": "0 */6 * * *" }), &[]);
}

#[test]
fn a_short_overlap_is_refused_without_the_schema_too() {
    rotation(
        json!({ "overlap": "5m" }),
        &[&format!(
            "{RULE}/overlap: the overlap is too short for applications to take over the new secret; write at least 10m"
        )],
    );
    rotation(
        json!({ "enabled": true }),
        &[&format!(
            "{RULE}: rotation needs to know when; write a schedule such as \"0 3 * * 0\", or a maxAge such as 90d"
        )],
    );
}

#[test]
fn examples_are_clients_in_the_policys_own_file() {
    let spec = policy(json!({ "examples": [
        { "name": "shop", "client": { "redirectUris": ["https://shop.example.com/cb"] }, "expect": "Narrowed" },
    ] }))
    .unwrap();
    assert_eq!(spec.examples[0].expect, Expectation::Narrowed);
    assert_eq!(&*spec.examples[0].name, "shop");
    assert_eq!(&*spec.examples[0].client.server.namespace, "shop");
    says(
        json!({ "examples": [
            { "name": "a", "client": { "type": "service" }, "expect": "Compliant" },
            { "name": "a", "client": { "redirectUris": ["http://a.example/"] }, "expect": "Refused" },
        ] }),
        &[
            "/spec/examples/1/name: two examples are named `a`; give each a name of its own",
            "/spec/examples/1/client/redirectUris/0: `http://a.example/` cannot be a redirect URI: http is allowed only for a loopback address or localhost; use https",
        ],
    );
}

#[test]
fn a_person_may_be_asked_to_log_in_each_time() {
    assert_eq!(
        policy(json!({ "authentication": { "maxAge": "0s" } })).unwrap().max_age,
        Some(Seconds::new(0))
    );
}
