//! AuthClients.

use super::{faults, object, read};
use crate::resolve;
use nauthera_core::grant::{AuthMethod, ClientType, GrantType};
use nauthera_core::names::ObjectRef;
use nauthera_core::spec::{ClientKeys, ClientSpec};
use nauthera_core::time::Seconds;
use serde_json::{Value, json};

fn client(mut more: Value) -> Result<ClientSpec, Vec<resolve::Fault>> {
    let spec = more.as_object_mut().unwrap();
    spec.entry("authServerRef").or_insert_with(|| json!({ "name": "login", "namespace": "identity" }));
    resolve::client(&object(), &read(more))
}

fn says(spec: Value, expected: &[&str]) {
    assert_eq!(faults(client(spec)), expected);
}

#[test]
fn every_field_is_carried_over() {
    let spec = client(json!({
        "displayName": "Shop",
        "redirectUris": ["https://shop.example.com/cb"],
        "postLogoutRedirectUris": ["https://shop.example.com/"],
        "backChannelLogoutUri": "https://shop.example.com/logout",
        "scopes": ["openid", "orders:read"],
        "audiences": ["https://api.example.com"],
        "introspects": ["urn:orders"],
        "grantTypes": ["authorization_code"],
        "authentication": { "method": "client_secret_post" },
        "token": { "accessTokenTTL": "5m", "refreshTokenTTL": "12h", "idTokenTTL": "90s" },
        "allowedGroups": ["staff"],
        "secret": { "name": "creds", "keys": { "client_id": "ID" }, "labels": { "a": "b" }, "annotations": { "c": "d" } },
        "existingSecretRef": { "name": "mine" },
        "clientId": "the-shop",
    }))
    .unwrap();
    assert_eq!(spec.display_name.as_deref(), Some("Shop"));
    assert_eq!(spec.server, ObjectRef::new("identity", "login"));
    assert_eq!(spec.client_type, ClientType::Web);
    assert_eq!(spec.redirect_uris[0].as_str(), "https://shop.example.com/cb");
    assert_eq!(spec.post_logout_redirect_uris[0].as_str(), "https://shop.example.com/");
    let told = spec.back_channel_logout_uri.as_ref().map(|uri| uri.as_str());
    assert_eq!(told, Some("https://shop.example.com/logout"));
    assert_eq!(spec.scopes[1].as_str(), "orders:read");
    assert_eq!(spec.audiences[0].as_str(), "https://api.example.com");
    assert_eq!(spec.introspects[0].as_str(), "urn:orders");
    assert_eq!(spec.grant_types.unwrap().iter().collect::<Vec<_>>(), [GrantType::AuthorizationCode]);
    assert_eq!(spec.method, Some(AuthMethod::ClientSecretPost));
    assert_eq!(spec.token.access, Some(Seconds::minutes(5)));
    assert_eq!(spec.token.refresh, Some(Seconds::hours(12)));
    assert_eq!(spec.token.id, Some(Seconds::new(90)));
    assert_eq!(spec.allowed_groups.unwrap().len(), 1);
    assert_eq!(spec.secret.name.as_deref(), Some("creds"));
    assert_eq!(spec.secret.keys.get("client_id").map(|key| &**key), Some("ID"));
    assert_eq!((spec.secret.labels.len(), spec.secret.annotations.len()), (1, 1));
    assert_eq!(spec.existing_secret.as_deref(), Some("mine"));
    assert_eq!(spec.client_id.unwrap().as_str(), "the-shop");
}

#[test]
fn what_is_left_out_stays_open() {
    let spec = client(json!({ "type": "service" })).unwrap();
    assert_eq!((spec.display_name, spec.grant_types, spec.method, spec.client_id), (None, None, None, None));
    assert_eq!((spec.allowed_groups, spec.keys, spec.existing_secret), (None, None, None));
    let nobody = client(json!({ "type": "service", "allowedGroups": [] })).unwrap();
    assert_eq!(nobody.allowed_groups, Some(Vec::new()));
}

#[test]
fn the_server_is_in_the_clients_namespace_unless_it_says_otherwise() {
    let spec = client(json!({ "type": "service", "authServerRef": { "name": "login" } })).unwrap();
    assert_eq!(spec.server, ObjectRef::new("shop", "login"));
    let missing = resolve::client(&object(), &read(json!({ "type": "service" })));
    assert_eq!(faults(missing), ["/spec: authServerRef is missing; name the AuthServer to register with"]);
}

#[test]
fn bad_redirect_uris_say_what_to_write_each_at_its_place() {
    says(
        json!({
            "redirectUris": [
                "https://a.example/#x",
                "https://a.example/good",
                "https://u:p@a.example/cb",
                "https://*.a.example/cb",
                "javascript:alert(1)",
                "http://a.example/cb",
                "com.example.app:/cb",
                "/cb",
            ],
            "postLogoutRedirectUris": ["http://a.example/"],
        }),
        &[
            "/spec/redirectUris/0: `https://a.example/#x` cannot be a redirect URI: it has a fragment; take away everything from `#` on",
            "/spec/redirectUris/2: `https://u:p@a.example/cb` cannot be a redirect URI: it has a user name or password; take away everything before `@`",
            "/spec/redirectUris/3: `https://*.a.example/cb` cannot be a redirect URI: it has a wildcard; redirect URIs are compared exactly, so list each one",
            "/spec/redirectUris/4: `javascript:alert(1)` cannot be a redirect URI: the scheme `javascript` is not allowed; use https",
            "/spec/redirectUris/5: `http://a.example/cb` cannot be a redirect URI: http is allowed only for a loopback address or localhost; use https",
            "/spec/redirectUris/6: `com.example.app:/cb` cannot be a redirect URI: the private scheme `com.example.app` is for clients of type native; use https",
            "/spec/redirectUris/7: `/cb` cannot be a redirect URI: it is not an absolute URI; write it in full, such as https://shop.example.com/callback",
            "/spec/postLogoutRedirectUris/0: `http://a.example/` cannot be a post-logout redirect URI: http is allowed only for a loopback address or localhost; use https",
        ],
    );
}

#[test]
fn a_back_channel_logout_uri_is_https_or_on_this_machine() {
    let with = |uri: &str| json!({ "redirectUris": ["https://a.example/cb"], "backChannelLogoutUri": uri });
    for good in
        ["https://a.example/logout?x=y", "https://web.shop.svc/logout", "http://127.0.0.1:3000/logout"]
    {
        assert_eq!(client(with(good)).unwrap().back_channel_logout_uri.unwrap().as_str(), good);
    }
    for (bad, why) in [
        ("http://a.example/logout", "http is allowed only for a loopback address or localhost; use https"),
        ("https://a.example/logout#x", "it has a fragment; take away everything from `#` on"),
        ("/logout", "it is not an absolute URI; write it in full, such as https://shop.example.com/callback"),
    ] {
        let message = format!("`{bad}` cannot be a back-channel logout URI: {why}");
        says(with(bad), &[&format!("/spec/backChannelLogoutUri: {message}")]);
    }
}

#[test]
fn native_clients_may_use_a_private_scheme() {
    assert!(
        client(json!({ "type": "native", "redirectUris": ["com.example.app:/cb", "http://127.0.0.1/cb"] }))
            .is_ok()
    );
}

#[test]
fn entries_that_stand_twice_are_faults() {
    says(
        json!({ "type": "web", "scopes": ["openid", "openid"], "grantTypes": ["refresh_token", "refresh_token"] }),
        &[
            "/spec/grantTypes/1: `refresh_token` stands twice; take one of them away",
            "/spec/scopes/1: `openid` stands twice; take one of them away",
        ],
    );
}

#[test]
fn names_have_their_form() {
    says(
        json!({ "type": "service", "scopes": ["two words"], "audiences": ["a\"b"], "clientId": "a/b" }),
        &[
            "/spec/scopes/0: `two words` is not a scope: use 1 to 128 printable ASCII characters without space, quote or backslash",
            "/spec/audiences/0: `a\"b` is not an audience: use 1 to 512 printable ASCII characters without space, quote or backslash",
            "/spec/clientId: `a/b` is not a client id: use 1 to 128 of letters, digits, `.`, `_`, `~` and `-`",
        ],
    );
}

#[test]
fn a_display_name_cannot_pass_for_another() {
    for (bad, message) in [
        ("Shop\u{202e}knab", "it has a control character; write visible characters and spaces only"),
        ("Shop\nBank", "it has a control character; write visible characters and spaces only"),
        (" Shop", "` Shop` begins or ends with white space; take it away"),
        ("   ", "it has no visible character; write a name"),
    ] {
        says(json!({ "type": "service", "displayName": bad }), &[&format!("/spec/displayName: {message}")]);
    }
}

#[test]
fn lifetimes_are_durations_and_not_zero() {
    says(
        json!({ "type": "service", "token": { "accessTokenTTL": "15x", "refreshTokenTTL": "99999999d", "idTokenTTL": "0m" } }),
        &[
            "/spec/token/accessTokenTTL: `15x` is not a duration: write a whole number and one of s, m, h, d, such as 90s, 15m, 24h or 30d",
            "/spec/token/refreshTokenTTL: `99999999d` is not a duration: write a whole number and one of s, m, h, d, such as 90s, 15m, 24h or 30d",
            "/spec/token/idTokenTTL: a duration of zero leaves nothing; write at least 1s",
        ],
    );
}

#[test]
fn public_keys_come_as_json_text() {
    let key = json!({ "x": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "kty": "OKP", "crv": "Ed25519" });
    let spec = client(
        json!({ "type": "service", "authentication": { "method": "private_key_jwt", "jwks": { "keys": [key] } } }),
    );
    let Some(ClientKeys::Jwks(text)) = spec.unwrap().keys else { panic!("no keys") };
    assert_eq!(
        &*text,
        r#"{"keys":[{"crv":"Ed25519","kty":"OKP","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}"#
    );
}

#[test]
fn private_keys_are_refused_with_advice() {
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "d": "AA" });
    let found =
        client(json!({ "type": "service", "authentication": { "jwks": { "keys": [key] } } })).unwrap_err();
    assert_eq!(found[0].pointer, "/spec/authentication/jwks/keys/0/d");
    assert_eq!(found[0].help.as_deref(), Some("this key has been shown: make a new one"));
}

#[test]
fn keys_are_fetched_over_https_only() {
    let with = |uri: &str| json!({ "type": "service", "authentication": { "method": "private_key_jwt", "jwksUri": uri } });
    for good in ["https://shop.example.com/jwks?x=y", "https://keys.shop.svc/jwks"] {
        let spec = client(with(good)).unwrap();
        assert_eq!(spec.keys, Some(ClientKeys::JwksUri(good.parse().unwrap())));
    }
    for (bad, why) in [
        ("http://shop.example.com/jwks", "use https"),
        (
            "https://u:p@shop.example.com/jwks",
            "it has a user name or password; take away everything before `@`",
        ),
        ("https://shop.example.com/jwks#x", "it has a fragment; take away everything from `#` on"),
        ("jwks.json", "it is not an absolute URI; write it in full, beginning with https://"),
    ] {
        says(with(bad), &[&format!("/spec/authentication/jwksUri: `{bad}` cannot be a jwksUri: {why}")]);
    }
}

#[test]
fn service_accounts_are_carried_over() {
    let method = "kubernetes_service_account";
    let spec = client(
        json!({ "type": "service", "authentication": { "method": method, "serviceAccounts": ["app"] } }),
    );
    assert_eq!(spec.unwrap().service_accounts, [std::sync::Arc::from("app")]);
}
