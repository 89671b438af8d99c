//! The client credentials grant: a client on its own behalf.

use crate::support::{API, Call, LEDGER, LOOPBACK, Tokens, World};
use nauthera_core::pattern::PatternSet;
use nauthera_core::spec::PolicySpec;

fn asked<'a>(world: &'a World, client: &str) -> Call<'a> {
    Call::token(world, "client_credentials").by(client)
}

#[tokio::test]
async fn a_client_gets_all_that_it_has_when_it_asks_for_nothing() {
    let world = World::new();
    let tokens = Tokens::of(&asked(&world, "shop.job").send().await);
    assert_eq!(
        (tokens.scope.as_str(), tokens.refresh.as_str(), tokens.id.as_str()),
        ("orders:read jobs:run", "", "")
    );
    let claims = tokens.access_claims();
    assert_eq!((&claims["sub"], &claims["client_id"]), (&"shop.job".into(), &"shop.job".into()));
    for personal in ["auth_time", "acr", "amr", "groups", "sid", "email"] {
        assert!(claims.get(personal).is_none(), "{personal}");
    }
}

#[tokio::test]
async fn scopes_about_a_person_are_left_out() {
    let world = World::new();
    let tokens = Tokens::of(&asked(&world, "shop.web").send().await);
    assert_eq!(tokens.scope, "orders:read orders:write");
    let personal = asked(&world, "shop.web").with("scope", "openid email").send().await;
    assert_eq!(personal.error(), (400, "invalid_scope".into()));
}

#[tokio::test]
async fn scopes_within_what_it_asks_for_in_its_manifest_and_within_policy() {
    let world = World::new();
    let with = async |scope: &str| asked(&world, "shop.job").with("scope", scope).send().await;
    assert_eq!(Tokens::of(&with("jobs:run").await).scope, "jobs:run");
    assert_eq!(
        Tokens::of(&with("jobs:run payroll:admin").await).scope,
        "jobs:run",
        "one that policy took is left out"
    );
    assert_eq!(with("payroll:admin").await.error(), (400, "invalid_scope".into()));
    assert_eq!(with("jobs:run orders:write").await.error(), (400, "invalid_scope".into()));
    assert_eq!(with("   ").await.error(), (400, "invalid_scope".into()), "no name is no scope");
}

#[tokio::test]
async fn one_resource_that_the_client_may_name_or_the_issuer() {
    let world = World::new();
    let with = async |resources: &[&str]| {
        let call = resources.iter().fold(asked(&world, "shop.job"), |call, r| call.with("resource", r));
        call.send().await
    };
    for (named, audience) in
        [(&[][..], LOOPBACK), (&[API], API), (&[LEDGER], LEDGER), (&[LOOPBACK], LOOPBACK)]
    {
        assert_eq!(Tokens::of(&with(named).await).access_claims()["aud"], audience);
    }
    for bad in
        [&[API, LEDGER][..], &["https://other.example"], &["not a uri"], &[API, "https://other.example"]]
    {
        assert_eq!(with(bad).await.error(), (400, "invalid_target".into()), "{bad:?}");
    }
}

#[tokio::test]
async fn a_policy_edit_is_obeyed_by_the_very_next_token() {
    let world = World::new();
    Tokens::of(&asked(&world, "shop.job").with("resource", API).send().await);
    let mut policy = PolicySpec {
        allowed_scopes: Some(PatternSet::parse(["jobs:*"])),
        allowed_audiences: Some(PatternSet::parse([LEDGER])),
        ..Default::default()
    };
    policy.token.access = Some(nauthera_core::time::Seconds::new(42));
    world.add_policy("job", policy);
    let tokens = Tokens::of(&asked(&world, "shop.job").send().await);
    assert_eq!((tokens.scope.as_str(), tokens.expires_in), ("jobs:run", 42));
    let reply = asked(&world, "shop.job").with("resource", API).send().await;
    assert_eq!(reply.error(), (400, "invalid_target".into()));
}

#[tokio::test]
async fn no_two_tokens_are_the_same() {
    let world = World::new();
    let tokens = [asked(&world, "shop.job").send().await, asked(&world, "shop.job").send().await];
    let [one, two] = tokens.map(|reply| Tokens::of(&reply).access_claims()["jti"].clone());
    assert_ne!(one, two);
}
