//! The refresh grant: rotation, its grace, reuse, and everything that ends a family.

use crate::support::{ADA, API, Authorize, Call, GRACE, LEDGER, Tokens, World};
use nauthera_core::grant::{GrantSet, GrantType};
use nauthera_core::pattern::PatternSet;
use nauthera_core::spec::PolicySpec;
use nauthera_core::time::Seconds;

fn refused() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

async fn renewed(world: &World, tokens: &Tokens, client: &str) -> Tokens {
    Tokens::of(&tokens.renew(world, client).send().await)
}

#[tokio::test]
async fn a_public_clients_token_is_rotated_at_every_use() {
    let world = World::new();
    let mut tokens = Authorize::of("spa").tokens(&world).await;
    for _ in 0..3 {
        world.clock.advance(60);
        let next = renewed(&world, &tokens, "shop.spa").await;
        assert!(next.refresh.len() == 86 && next.refresh != tokens.refresh, "{next:?}");
        tokens = next;
    }
    assert!(tokens.live(&world).await);
}

#[tokio::test]
async fn a_retried_request_within_the_grace_gets_the_same_successor() {
    let world = World::new();
    let first = Authorize::of("spa").tokens(&world).await;
    let second = renewed(&world, &first, "shop.spa").await;
    world.clock.advance(9);
    let again = renewed(&world, &first, "shop.spa").await;
    assert_eq!(again.refresh, second.refresh);
    assert!(again.live(&world).await && second.live(&world).await);
    renewed(&world, &again, "shop.spa").await;
}

#[tokio::test]
async fn a_reuse_after_the_grace_ends_the_whole_family() {
    let world = World::new();
    let first = Authorize::of("spa").tokens(&world).await;
    let second = renewed(&world, &first, "shop.spa").await;
    world.clock.advance(10);
    assert_eq!(first.renew(&world, "shop.spa").send().await.error(), refused());
    assert_eq!(second.renew(&world, "shop.spa").send().await.error(), refused());
    assert!(!first.live(&world).await && !second.live(&world).await);
    assert_eq!(world.audit.last("refresh_reused")["client_id"], "shop.spa");
}

#[tokio::test]
async fn a_reuse_once_the_successor_was_used_ends_the_family_within_the_grace() {
    let world = World::new();
    let first = Authorize::of("spa").tokens(&world).await;
    let second = renewed(&world, &first, "shop.spa").await;
    let third = renewed(&world, &second, "shop.spa").await;
    assert_eq!(first.renew(&world, "shop.spa").send().await.error(), refused());
    assert!(!third.live(&world).await);
    assert_eq!(third.renew(&world, "shop.spa").send().await.error(), refused());
}

#[tokio::test]
async fn an_ancestor_ends_the_family_however_old_it_is() {
    let world = World::new();
    let first = Authorize::of("spa").tokens(&world).await;
    let mut last = first.clone();
    for _ in 0..5 {
        world.clock.pass(Seconds::hours(1));
        last = renewed(&world, &last, "shop.spa").await;
        world.app.sweep().await.unwrap();
    }
    assert_eq!(first.renew(&world, "shop.spa").send().await.error(), refused());
    assert!(!last.live(&world).await);
}

#[tokio::test]
async fn the_successor_is_no_secret_that_the_database_keeps() {
    let world = World::new();
    let first = Authorize::of("spa").tokens(&world).await;
    let second = renewed(&world, &first, "shop.spa").await;
    for file in [world.database(), world.database().with_extension("db-wal")] {
        let bytes = std::fs::read(file).unwrap();
        for token in [&first.refresh, &second.refresh, &second.access] {
            assert!(!bytes.windows(token.len()).any(|window| window == token.as_bytes()));
        }
    }
}

#[tokio::test]
async fn a_confidential_client_keeps_its_token() {
    let world = World::new();
    let tokens = Authorize::of("web").tokens(&world).await;
    for _ in 0..3 {
        world.clock.pass(Seconds::hours(1));
        let next = renewed(&world, &tokens, "shop.web").await;
        assert_eq!(next.refresh, "", "no new one is sent: the old one stays");
        assert!(next.live(&world).await);
    }
}

#[tokio::test]
async fn the_family_ends_a_ceiling_after_the_login_however_often_it_is_renewed() {
    let world = World::new();
    for client in ["spa", "web"] {
        let mut tokens = Authorize::of(client).tokens(&world).await;
        let id = format!("shop.{client}");
        for _ in 0..23 {
            world.clock.pass(Seconds::hours(1));
            let next = renewed(&world, &tokens, &id).await;
            tokens.refresh = if next.refresh.is_empty() { tokens.refresh } else { next.refresh };
        }
        world.clock.pass(Seconds::hours(1));
        assert_eq!(tokens.renew(&world, &id).send().await.error(), refused(), "{client}");
    }
}

#[tokio::test]
async fn the_login_counts_and_not_the_moment_of_the_code() {
    let world = World::new();
    let mut browser = world.browser();
    let request = Authorize::of("trusted");
    browser.authorize(&request).await.code();
    world.clock.pass(Seconds::minutes(50));
    let code = browser.authorize(&request).await.code();
    let tokens = Tokens::of(&request.redeem(&world, &code).send().await);
    world.clock.pass(Seconds::minutes(23 * 60 + 9));
    renewed(&world, &tokens, "shop.trusted").await;
    world.clock.pass(Seconds::minutes(1));
    assert_eq!(tokens.renew(&world, "shop.trusted").send().await.error(), refused());
}

#[tokio::test]
async fn an_access_token_made_by_the_last_refresh_lives_as_long_as_it_says() {
    let world = World::new();
    for client in ["spa", "web"] {
        let tokens = Authorize::of(client).tokens(&world).await;
        world.clock.advance(24 * 3_600 - 1);
        let last = renewed(&world, &tokens, &format!("shop.{client}")).await;
        world.clock.advance(899);
        world.app.sweep().await.unwrap();
        assert!(last.live(&world).await, "{client}");
        world.clock.advance(1);
        assert!(!last.live(&world).await, "{client}");
    }
}

#[tokio::test]
async fn an_id_token_of_a_refresh_tells_the_same_login_and_no_nonce() {
    let world = World::new();
    let tokens = Authorize::of("web").tokens(&world).await;
    world.clock.pass(Seconds::hours(1));
    let (before, after) = (tokens.id_claims(), renewed(&world, &tokens, "shop.web").await.id_claims());
    for name in ["sub", "aud", "iss", "auth_time", "sid", "acr"] {
        assert_eq!(before[name], after[name], "{name}");
    }
    assert!(after.get("nonce").is_none() && after["iat"] != before["iat"]);
}

#[tokio::test]
async fn a_refresh_may_ask_for_fewer_scopes_and_never_for_others() {
    let world = World::new();
    let tokens = Authorize::of("web").set("scope", "openid email orders:read").tokens(&world).await;
    let asked = async |scope: &str| tokens.renew(&world, "shop.web").with("scope", scope).send().await;
    assert_eq!(Tokens::of(&asked("orders:read").await).scope, "orders:read");
    assert_eq!(asked("orders:read orders:write").await.error(), (400, "invalid_scope".into()));
    assert_eq!(asked("unknown").await.error(), (400, "invalid_scope".into()));
    assert_eq!(
        renewed(&world, &tokens, "shop.web").await.scope,
        "openid email orders:read",
        "fewer is for once"
    );
}

#[tokio::test]
async fn a_refresh_may_name_another_of_the_authorized_resources() {
    let world = World::new();
    let request = Authorize::of("web").and("resource", API).and("resource", LEDGER);
    let code = world.browser().authorize(&request).await.code();
    let tokens = Tokens::of(&request.redeem(&world, &code).with("resource", API).send().await);
    let other = Tokens::of(&tokens.renew(&world, "shop.web").with("resource", LEDGER).send().await);
    assert_eq!(other.access_claims()["aud"], LEDGER);
    let third = tokens.renew(&world, "shop.web").with("resource", "https://third.example").send().await;
    assert_eq!(third.error(), (400, "invalid_target".into()));
}

#[tokio::test]
async fn another_clients_token_is_refused_and_lives_on() {
    let world = World::new();
    for (owner, thief) in [("web", "shop.second"), ("spa", "shop.native"), ("spa", "shop.web")] {
        let tokens = Authorize::of(owner).tokens(&world).await;
        let stolen = Call::token(&world, "refresh_token").by(thief).with("refresh_token", &tokens.refresh);
        assert_eq!(stolen.send().await.error(), refused(), "{owner} {thief}");
        assert!(tokens.live(&world).await);
        renewed(&world, &tokens, &format!("shop.{owner}")).await;
    }
}

#[tokio::test]
async fn the_next_refresh_obeys_a_policy_that_tightened() {
    let world = World::new();
    let tokens = Authorize::of("spa").set("scope", "openid email orders:read").tokens(&world).await;
    let mut policy =
        PolicySpec { allowed_scopes: Some(PatternSet::parse(["openid", "orders:*"])), ..Default::default() };
    policy.token.access = Some(Seconds::minutes(2));
    policy.token.refresh = Some(Seconds::hours(1));
    world.add_policy("spa", policy);
    let next = renewed(&world, &tokens, "shop.spa").await;
    assert_eq!((next.scope.as_str(), next.expires_in), ("openid orders:read", 120));
    world.clock.pass(Seconds::hours(1));
    assert_eq!(next.renew(&world, "shop.spa").send().await.error(), refused());
}

#[tokio::test]
async fn policy_may_take_all_scopes_or_the_grant_itself() {
    let world = World::new();
    let tokens = Authorize::of("web").tokens(&world).await;
    world.add_policy(
        "web",
        PolicySpec { allowed_scopes: Some(PatternSet::parse(["orders:*"])), ..Default::default() },
    );
    assert_eq!(tokens.renew(&world, "shop.web").send().await.error(), (400, "invalid_scope".into()));
    world.add_policy(
        "web",
        PolicySpec {
            allowed_grant_types: Some(GrantSet::of(&[GrantType::AuthorizationCode])),
            ..Default::default()
        },
    );
    assert_eq!(tokens.renew(&world, "shop.web").send().await.error(), (400, "unauthorized_client".into()));
}

#[tokio::test]
async fn a_person_who_is_gone_or_left_the_group_gets_no_more() {
    let world = World::new();
    let staff = Authorize::of("staff").tokens(&world).await;
    world
        .add_policy("staff", PolicySpec { allowed_groups: Some(vec!["board".into()]), ..Default::default() });
    assert_eq!(staff.renew(&world, "shop.staff").send().await.error(), refused());
    let tokens = Authorize::of("web").tokens(&world).await;
    world.remove_person("ada");
    assert_eq!(tokens.renew(&world, "shop.web").send().await.error(), refused());
    assert!(!tokens.live(&world).await);
}

#[tokio::test]
async fn a_logout_ends_the_family_unless_it_has_offline_access() {
    let world = World::new();
    let mut browser = world.browser();
    let (online, offline) =
        (Authorize::of("trusted"), Authorize::of("trusted").set("scope", "openid offline_access"));
    let code = browser.authorize(&online).await.code();
    let online = Tokens::of(&online.redeem(&world, &code).send().await);
    let code = browser.authorize(&offline).await.code();
    let offline = Tokens::of(&offline.redeem(&world, &code).send().await);
    let hint = format!("/oauth2/logout?id_token_hint={}", online.id);
    assert_eq!(browser.open(&world.path(&hint)).await.status, 200);
    assert_eq!(online.renew(&world, "shop.trusted").send().await.error(), refused());
    assert!(!online.live(&world).await && offline.live(&world).await);
    renewed(&world, &offline, "shop.trusted").await;
}

#[tokio::test]
async fn a_family_that_policy_took_offline_access_from_ends_with_its_session() {
    let world = World::new();
    let request = Authorize::of("trusted").set("scope", "openid offline_access");
    let mut browser = world.browser();
    let code = browser.authorize(&request).await.code();
    let tokens = Tokens::of(&request.redeem(&world, &code).send().await);
    let waiting = browser.authorize(&request).await.code();
    world.edit_client("trusted", |client| client.scopes.retain(|scope| scope.as_str() != "offline_access"));
    let after = Tokens::of(&request.redeem(&world, &waiting).send().await);
    renewed(&world, &tokens, "shop.trusted").await;
    browser.open(&world.path(&format!("/oauth2/logout?id_token_hint={}", tokens.id))).await;
    for tokens in [tokens, after] {
        assert_eq!(tokens.renew(&world, "shop.trusted").send().await.error(), refused());
    }
}

#[tokio::test]
async fn a_code_on_its_way_dies_with_the_session() {
    let world = World::new();
    let mut browser = world.browser();
    let request = Authorize::of("trusted");
    let tokens = {
        let code = browser.authorize(&request).await.code();
        Tokens::of(&request.redeem(&world, &code).send().await)
    };
    let waiting = browser.authorize(&request).await.code();
    browser.open(&world.path(&format!("/oauth2/logout?id_token_hint={}", tokens.id))).await;
    assert_eq!(request.redeem(&world, &waiting).send().await.error(), refused());
}

#[tokio::test]
async fn a_session_that_idles_or_runs_out_ends_no_family() {
    let world = World::new();
    let tokens = Authorize::of("web").tokens(&world).await;
    world.clock.pass(Seconds::hours(13));
    world.app.sweep().await.unwrap();
    renewed(&world, &tokens, "shop.web").await;
}

#[tokio::test]
async fn another_person_in_the_same_browser_ends_the_first_ones_family() {
    let world = World::new();
    let mut browser = world.browser();
    let request = Authorize::of("trusted");
    let code = browser.authorize_as(&request, ADA).await.code();
    let tokens = Tokens::of(&request.redeem(&world, &code).send().await);
    world.clock.advance(1);
    browser.authorize_as(&request.clone().and("prompt", "login"), GRACE).await.code();
    assert_eq!(tokens.renew(&world, "shop.trusted").send().await.error(), refused());
}
