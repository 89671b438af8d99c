//! Metadata and keys: what a client finds before anything else.

use crate::support::{Call, HTTPS, LOOPBACK, TENANT, World};
use serde_json::{Value, json};

async fn document(world: &World) -> Value {
    Call::get(world, "/.well-known/openid-configuration").send().await.ok()
}

/// The answer at a path of the host, wherever the issuer is.
async fn at(world: &World, path: &str) -> u16 {
    world.browser().get(path).await.status.as_u16()
}

#[tokio::test]
async fn both_documents_say_the_exact_issuer() {
    for issuer in [LOOPBACK, HTTPS, TENANT] {
        let world = World::at(issuer);
        for name in ["openid-configuration", "oauth-authorization-server"] {
            let document = Call::get(&world, &format!("/.well-known/{name}")).send().await.ok();
            assert_eq!(document["issuer"], issuer);
        }
    }
}

#[tokio::test]
async fn an_issuer_with_a_path_has_the_inserted_form_too_and_nothing_at_the_root() {
    let world = World::at(TENANT);
    for name in ["openid-configuration", "oauth-authorization-server"] {
        assert_eq!(at(&world, &format!("/tenant/one/.well-known/{name}")).await, 200);
        assert_eq!(at(&world, &format!("/.well-known/{name}/tenant/one")).await, 200);
        assert_eq!(at(&world, &format!("/.well-known/{name}")).await, 404);
        assert_eq!(at(&world, &format!("/.well-known/{name}/tenant")).await, 404);
        assert_eq!(at(&world, &format!("/.well-known/{name}/tenant/one/")).await, 404);
    }
    assert_eq!(at(&world, "/oauth2/jwks").await, 404);
    assert_eq!(at(&world, "/oauth2/jwks/tenant/one").await, 404);
}

#[tokio::test]
async fn an_issuer_without_a_path_has_no_other_forms() {
    let world = World::new();
    for path in
        ["/.well-known/openid-configuration/", "/.well-known/openid-configuration/x", "//oauth2/jwks", "/x"]
    {
        assert_eq!(at(&world, path).await, 404, "{path}");
    }
}

#[tokio::test]
async fn every_address_that_is_listed_is_below_the_issuer_and_answers() {
    let world = World::at(TENANT);
    let document = document(&world).await;
    let members = document.as_object().unwrap().iter();
    let addresses: Vec<_> =
        members.filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri").collect();
    assert_eq!(addresses.len(), 9);
    for (name, address) in addresses {
        let path = address.as_str().unwrap().strip_prefix("https://login.works.example").unwrap();
        assert!(path.starts_with("/tenant/one/oauth2/"), "{name}");
        assert_ne!(at(&world, path).await, 404, "{name}");
    }
}

#[tokio::test]
async fn only_what_works_is_listed_and_defaults_that_differ_are_written_out() {
    let document = document(&World::new()).await;
    let expected = json!({
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": [
            "authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code",
        ],
        "subject_types_supported": ["public"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "offline_access", "profile", "email", "address", "phone", "groups"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "token_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
        "introspection_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": true,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&document[name], value, "{name}");
    }
    for absent in ["registration_endpoint", "dpop_signing_alg_values_supported"] {
        assert!(document.get(absent).is_none(), "{absent}");
    }
}

#[tokio::test]
async fn every_scope_and_prompt_that_is_listed_is_taken() {
    let world = World::new();
    let document = document(&world).await;
    world.edit(|inventory| {
        use nauthera_core::{inventory::Object, names::Scope, pattern::PatternSet};
        let scopes = document["scopes_supported"].as_array().unwrap().iter();
        let scopes: Vec<&str> = scopes.map(|scope| scope.as_str().unwrap()).collect();
        let client = inventory.clients.get_mut(&crate::support::object("shop/trusted")).unwrap();
        let mut spec = (**client.spec.as_ref().unwrap()).clone();
        spec.scopes = scopes.iter().map(|scope| Scope::parse(scope).unwrap()).collect();
        *client = Object::new(spec);
        let policy = inventory.policies.get_mut(&crate::support::object("platform/base")).unwrap();
        let mut spec = (**policy.spec.as_ref().unwrap()).clone();
        spec.allowed_scopes = Some(PatternSet::parse(["*"]));
        *policy = Object::new(spec);
    });
    let all = "openid offline_access profile email address phone groups";
    let tokens = crate::support::Authorize::of("trusted").set("scope", all).tokens(&world).await;
    assert_eq!(tokens.scope, all);
}

#[tokio::test]
async fn metadata_and_keys_may_be_cached_and_keys_for_less_than_they_are_published_ahead() {
    let world = World::new();
    for path in ["/.well-known/openid-configuration", "/oauth2/jwks"] {
        let reply = Call::get(&world, path).send().await;
        assert_eq!(reply.header("content-type"), "application/json", "{path}");
        let age = reply.header("cache-control").strip_prefix("public, max-age=").unwrap();
        assert!((60..86_400 / 4).contains(&age.parse::<u32>().unwrap()), "{path}: {age}");
        assert!(reply.header("pragma").is_empty(), "{path}");
    }
}

#[tokio::test]
async fn keys_are_public_and_have_what_verifiers_look_for() {
    let keys = Call::get(&World::new(), "/oauth2/jwks").send().await.ok();
    let keys = keys["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1);
    for member in ["kid", "kty", "alg", "use"] {
        assert!(keys[0][member].is_string(), "{member}");
    }
    for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
        assert!(keys[0].get(private).is_none(), "{private}");
    }
}

#[tokio::test]
async fn what_a_request_says_of_hosts_changes_no_address() {
    let world = World::new();
    let plain = document(&world).await;
    let mut call = Call::get(&world, "/.well-known/openid-configuration");
    for name in
        ["host", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-prefix", "forwarded", "x-original-url"]
    {
        call = call.header(name, "evil.example");
    }
    assert_eq!(call.send().await.ok(), plain);
}
