//! The rules of AuthClients.

use super::{accepts, judge, object, rejects};
use nauthera_core::names::Kind::AuthClient;
use serde_json::{Value, json};

const REDIRECT: &str = "https://shop.example.com/callback";

/// The spec of a good client of this type, with more fields.
fn client(client_type: &str, more: Value) -> Value {
    let mut spec = json!({ "authServerRef": { "name": "login" }, "type": client_type });
    if ["web", "browser", "native"].contains(&client_type) {
        spec["redirectUris"] = json!([REDIRECT]);
    }
    for (field, value) in more.as_object().unwrap() {
        spec[field] = value.clone();
    }
    spec
}

#[test]
fn a_client_of_each_type_is_accepted() {
    for client_type in ["web", "browser", "native", "device", "service"] {
        accepts(AuthClient, client(client_type, json!({})));
    }
    accepts(AuthClient, json!({ "authServerRef": { "name": "login" }, "redirectUris": [REDIRECT] }));
}

#[test]
fn the_name_has_at_most_63_characters() {
    let mut long = object(AuthClient, &client("service", json!({})));
    long["metadata"]["name"] = "a".repeat(63).into();
    assert!(judge(AuthClient, &long, None).is_empty());
    long["metadata"]["name"] = "a".repeat(64).into();
    let message = "the name of an AuthClient has at most 63 characters; choose a shorter one";
    assert_eq!(judge(AuthClient, &long, None), [(String::new(), message.to_owned())]);
}

#[test]
fn redirecting_types_need_redirect_uris() {
    let message = "clients of type web, browser and native need redirectUris: list each address that a login may return to";
    for client_type in ["web", "browser", "native"] {
        rejects(
            AuthClient,
            json!({ "authServerRef": { "name": "login" }, "type": client_type }),
            "spec",
            message,
        );
        rejects(AuthClient, client(client_type, json!({ "redirectUris": [] })), "spec", message);
    }
    rejects(AuthClient, json!({ "authServerRef": { "name": "login" } }), "spec", message);
}

#[test]
fn other_types_have_none() {
    for client_type in ["service", "device"] {
        accepts(AuthClient, client(client_type, json!({ "redirectUris": [] })));
        rejects(
            AuthClient,
            client(client_type, json!({ "redirectUris": [REDIRECT] })),
            "spec.redirectUris",
            "clients of type service and device have no redirectUris: take them away, or choose another type",
        );
        rejects(
            AuthClient,
            client(client_type, json!({ "postLogoutRedirectUris": [REDIRECT] })),
            "spec.postLogoutRedirectUris",
            "clients of type service and device have no postLogoutRedirectUris: take them away, or choose another type",
        );
    }
}

#[test]
fn a_back_channel_logout_uri_is_https_or_on_this_machine() {
    let with = |client_type: &str, uri: &str| {
        client(client_type, json!({ "redirectUris": [REDIRECT], "backChannelLogoutUri": uri }))
    };
    for uri in [
        "https://shop.example.com/logout",
        "https://web.shop.svc/logout",
        "http://127.0.0.1:3000/logout",
        "http://localhost",
        "http://[::1]:3000/logout",
    ] {
        accepts(AuthClient, with("web", uri));
    }
    accepts(AuthClient, with("browser", "https://shop.example.com/logout"));
    accepts(AuthClient, with("native", "https://shop.example.com/logout"));
    let message =
        "backChannelLogoutUri is an https address; http is only for loopback addresses and localhost";
    for uri in
        ["http://shop.example.com/logout", "https://", "/logout", "http://localhost.evil.example/", "ftp://x"]
    {
        rejects(AuthClient, with("web", uri), "spec.backChannelLogoutUri", message);
    }
    for client_type in ["service", "device"] {
        rejects(
            AuthClient,
            client(client_type, json!({ "backChannelLogoutUri": "https://shop.example.com/logout" })),
            "spec.backChannelLogoutUri",
            "clients of type service and device take part in no browser session: take backChannelLogoutUri away, or choose another type",
        );
    }
}

#[test]
fn grants_must_be_possible_for_the_type() {
    let device = "urn:ietf:params:oauth:grant-type:device_code";
    let possible = [
        ("web", vec!["authorization_code", "refresh_token", "client_credentials"]),
        ("browser", vec!["authorization_code", "refresh_token"]),
        ("native", vec!["authorization_code", "refresh_token"]),
        ("device", vec![device, "refresh_token"]),
        ("service", vec!["client_credentials"]),
    ];
    for (client_type, grants) in possible {
        accepts(AuthClient, client(client_type, json!({ "grantTypes": grants })));
        for grant in ["authorization_code", "refresh_token", "client_credentials", device] {
            if !grants.contains(&grant) {
                rejects(
                    AuthClient,
                    client(client_type, json!({ "grantTypes": [grant] })),
                    "spec.grantTypes",
                    "a grant type is not possible for this type: web takes authorization_code, refresh_token and client_credentials; browser and native take authorization_code and refresh_token; device takes urn:ietf:params:oauth:grant-type:device_code and refresh_token; service takes client_credentials",
                );
            }
        }
    }
}

#[test]
fn public_types_use_no_method() {
    for client_type in ["browser", "native", "device"] {
        accepts(AuthClient, client(client_type, json!({ "authentication": { "method": "none" } })));
        accepts(AuthClient, client(client_type, json!({ "authentication": {} })));
        for method in ["client_secret_basic", "client_secret_post"] {
            rejects(
                AuthClient,
                client(client_type, json!({ "authentication": { "method": method } })),
                "spec.authentication.method",
                "clients of type browser, native and device cannot keep a secret: write none, or leave authentication.method out",
            );
        }
    }
}

#[test]
fn confidential_types_authenticate() {
    for client_type in ["web", "service"] {
        accepts(
            AuthClient,
            client(client_type, json!({ "authentication": { "method": "client_secret_post" } })),
        );
        rejects(
            AuthClient,
            client(client_type, json!({ "authentication": { "method": "none" } })),
            "spec.authentication.method",
            "clients of type web and service authenticate: write client_secret_basic, client_secret_post, private_key_jwt or kubernetes_service_account, or leave authentication.method out",
        );
    }
}

#[test]
fn private_key_jwt_needs_keys_from_one_place() {
    let jwks = json!({ "keys": [{ "kty": "OKP" }] });
    let uri = "https://shop.example.com/jwks";
    let service = |authentication: Value| client("service", json!({ "authentication": authentication }));
    accepts(AuthClient, service(json!({ "method": "private_key_jwt", "jwks": jwks })));
    accepts(AuthClient, service(json!({ "method": "private_key_jwt", "jwksUri": uri })));
    accepts(AuthClient, service(json!({ "jwksUri": uri })));
    let message = "private_key_jwt needs the client's public keys: write either jwks or jwksUri";
    rejects(AuthClient, service(json!({ "method": "private_key_jwt" })), "spec.authentication", message);
    let both = json!({ "method": "private_key_jwt", "jwks": jwks, "jwksUri": uri });
    rejects(AuthClient, service(both), "spec.authentication", message);
    rejects(
        AuthClient,
        service(json!({ "jwks": jwks, "jwksUri": uri })),
        "spec.authentication",
        "the client's public keys come from one place: write either jwks or jwksUri",
    );
    rejects(
        AuthClient,
        service(json!({ "method": "client_secret_basic", "jwksUri": uri })),
        "spec.authentication",
        "jwks and jwksUri are for the method private_key_jwt: write that method, or take the keys away",
    );
}

#[test]
fn service_account_tokens_need_the_accounts() {
    let service = |authentication: Value| client("service", json!({ "authentication": authentication }));
    let method = "kubernetes_service_account";
    accepts(AuthClient, service(json!({ "method": method, "serviceAccounts": ["app"] })));
    accepts(AuthClient, service(json!({ "serviceAccounts": ["app"] })));
    let message = "kubernetes_service_account needs serviceAccounts: list the ServiceAccounts of this namespace that the application runs as";
    rejects(AuthClient, service(json!({ "method": method })), "spec.authentication", message);
    rejects(
        AuthClient,
        service(json!({ "method": method, "serviceAccounts": [] })),
        "spec.authentication",
        message,
    );
    rejects(
        AuthClient,
        service(json!({ "method": "client_secret_post", "serviceAccounts": ["app"] })),
        "spec.authentication",
        "serviceAccounts are for the method kubernetes_service_account: write that method, or take them away",
    );
}

#[test]
fn a_secret_of_its_own_needs_a_method_with_a_secret() {
    let own = json!({ "name": "mine" });
    accepts(AuthClient, client("web", json!({ "existingSecretRef": own })));
    accepts(
        AuthClient,
        client(
            "web",
            json!({ "existingSecretRef": own, "authentication": { "method": "client_secret_basic" } }),
        ),
    );
    let message = "existingSecretRef is for clients with a secret: use it with type web or service and the method client_secret_basic or client_secret_post, or take it away";
    for client_type in ["browser", "native", "device"] {
        rejects(
            AuthClient,
            client(client_type, json!({ "existingSecretRef": own })),
            "spec.existingSecretRef",
            message,
        );
    }
    let keys = json!({ "method": "private_key_jwt", "jwksUri": "https://a.example/jwks" });
    let spec = client("service", json!({ "existingSecretRef": own, "authentication": keys }));
    rejects(AuthClient, spec, "spec.existingSecretRef", message);
}

#[test]
fn only_confidential_clients_introspect() {
    accepts(AuthClient, client("web", json!({ "introspects": ["https://api.example.com"] })));
    accepts(AuthClient, client("browser", json!({ "introspects": [] })));
    for client_type in ["browser", "native", "device"] {
        rejects(
            AuthClient,
            client(client_type, json!({ "introspects": ["https://api.example.com"] })),
            "spec.introspects",
            "only clients of type web and service may introspect tokens: take introspects away, or choose another type",
        );
    }
}

#[test]
fn renamed_keys_are_the_secrets_own_and_do_not_collide() {
    let keys = |keys: Value| client("web", json!({ "secret": { "keys": keys } }));
    accepts(AuthClient, keys(json!({})));
    accepts(
        AuthClient,
        keys(json!({ "client_id": "OIDC_CLIENT_ID", "client_secret": "OIDC_CLIENT_SECRET" })),
    );
    accepts(AuthClient, keys(json!({ "client_id": "client_id" })));
    accepts(AuthClient, keys(json!({ "client_id": "client_secret", "client_secret": "client_id" })));
    rejects(
        AuthClient,
        keys(json!({ "clientId": "ID" })),
        "spec.secret.keys",
        "only the Secret's own keys can be renamed: client_id, client_secret, issuer, discovery_url, authorization_endpoint, token_endpoint, userinfo_endpoint, jwks_uri, end_session_endpoint, type and provider",
    );
    rejects(
        AuthClient,
        keys(json!({ "client_id": "ID", "issuer": "ID" })),
        "spec.secret.keys",
        "two keys of the Secret would get one name: give each renamed key a name of its own",
    );
    rejects(
        AuthClient,
        keys(json!({ "client_id": "issuer" })),
        "spec.secret.keys",
        "a renamed key would take the name of another key of the Secret: rename that one as well, or choose another name",
    );
}

#[test]
fn metadata_of_the_secret_has_names_that_kubernetes_takes() {
    for field in ["labels", "annotations"] {
        let with = |key: &str| client("web", json!({ "secret": { field: { key: "x" } } }));
        accepts(AuthClient, with("shop.example/Team_1.x-y"));
        let message = format!(
            "a key of {field} is at most 63 letters, digits, -, _ and ., perhaps after a domain and a slash, such as shop.example/team"
        );
        let long = "t".repeat(64);
        for bad in ["bad key", "-team", "team-", "Shop/team", "a/b/c", "", &long] {
            rejects(AuthClient, with(bad), &format!("spec.secret.{field}"), &message);
        }
    }
}

#[test]
fn metadata_of_the_secret_stays_out_of_others_prefixes() {
    for field in ["labels", "annotations"] {
        let with = |key: &str| client("web", json!({ "secret": { field: { key: "x" } } }));
        for good in ["team", "shop.example.com/team", "notkubernetes.io/x", "kubernetes.io.example.com/x"] {
            accepts(AuthClient, with(good));
        }
        let message = format!(
            "{field} under auth.nauthera.io, kubernetes.io, k8s.io, argocd.argoproj.io and toolkit.fluxcd.io belong to others: take them away"
        );
        for bad in [
            "auth.nauthera.io/client",
            "kubernetes.io/name",
            "app.kubernetes.io/name",
            "k8s.io/x",
            "deep.er.k8s.io/x",
            "argocd.argoproj.io/instance",
            "kustomize.toolkit.fluxcd.io/name",
        ] {
            rejects(AuthClient, with(bad), &format!("spec.secret.{field}"), &message);
        }
    }
}
