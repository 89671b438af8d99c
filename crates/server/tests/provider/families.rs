//! Grants that a replica knows from before: a rotation is judged by that and by the one statement that rotates, so that what was decided
//! elsewhere meanwhile counts all the same. Each case plays on two replicas that both know the grant.

use crate::replicas::two;
use crate::support::{API, Authorize, Call, Reply, Setup, Tokens, World};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nauthera_core::facts::Subject;
use nauthera_core::pattern::PatternSet;
use nauthera_core::spec::PolicySpec;
use nauthera_core::time::Seconds;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::Barrier;

const SPA: &str = "shop.spa";

fn refused() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

async fn renewed(world: &World, tokens: &Tokens) -> Tokens {
    Tokens::of(&tokens.renew(world, SPA).send().await)
}

/// How often a family was read.
async fn reads(world: &World) -> u64 {
    let page = crate::audit::admin(world, "GET", "/metrics").await;
    let name = "nauthera_store_steps_total{step=\"refresh\",outcome=\"ok\"} ";
    let line = page.text().lines().find_map(|line| line.strip_prefix(name).map(str::to_owned));
    line.map_or(0, |count| count.parse().unwrap())
}

/// Tokens of a new grant in their order, the last of which counts; both replicas know the grant.
async fn known(one: &World, other: &World, request: &Authorize) -> [Tokens; 3] {
    let first = request.tokens(one).await;
    let second = renewed(one, &first).await;
    let third = renewed(other, &second).await;
    assert!(!one.app.grants.is_empty() && !other.app.grants.is_empty());
    [first, second, third]
}

/// A replica that knows the grant refuses the token, and every token of the family is dead then.
async fn is_over(world: &World, tokens: &Tokens) {
    assert_eq!(tokens.renew(world, SPA).send().await.error(), refused());
    assert!(!tokens.live(world).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_is_known_is_not_read_again() {
    let (one, other) = two().await;
    let [.., mut tokens] = known(&one, &other, &Authorize::of("spa")).await;
    let before = (reads(&one).await, reads(&other).await);
    for world in [&one, &other, &other, &one] {
        one.clock.advance(600);
        tokens = renewed(world, &tokens).await;
    }
    assert_eq!((reads(&one).await, reads(&other).await), before);
    assert!(tokens.live(&other).await);
}

#[tokio::test]
async fn what_nobody_here_made_is_not_looked_for() {
    let world = World::new();
    let first = Authorize::of("spa").tokens(&world).await;
    let tokens = renewed(&world, &first).await;
    let before = reads(&world).await;
    let other = World::build(Setup { digest_key: [9; 32], ..Setup::default() });
    let foreign = Authorize::of("spa").tokens(&other).await.refresh;
    // The id of the grant is in the access token, for resource servers to see.
    let jti = tokens.access_claims()["jti"].as_str().unwrap().to_owned();
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let of_the_grant = URL_SAFE_NO_PAD.encode([&bytes(&jti)[..16], &bytes(&foreign)[16..]].concat());
    let mut bent = bytes(&tokens.refresh);
    bent[40] ^= 1;
    let bent = URL_SAFE_NO_PAD.encode(bent);
    for guess in ["a guess", &"A".repeat(86), &jti, &of_the_grant, &bent, &foreign, &tokens.access] {
        let call = Call::token(&world, "refresh_token").by(SPA).with("refresh_token", guess);
        assert_eq!(call.send().await.error(), refused(), "{guess}");
    }
    assert_eq!(reads(&world).await, before);
    renewed(&world, &tokens).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_family_that_was_revoked_at_one_replica_is_over_at_another_that_knows_it() {
    let (one, other) = two().await;
    let [.., tokens] = known(&one, &other, &Authorize::of("spa")).await;
    let revoke = Call::post(&one, "/oauth2/revoke").by(SPA).with("token", &tokens.refresh);
    assert_eq!(revoke.send().await.status, 200);
    is_over(&other, &tokens).await;
    assert!(other.app.grants.is_empty(), "what is over is not known any more");
    is_over(&one, &tokens).await;
}

/// Ends the session of tokens, at one replica.
async fn end_session(world: &World, tokens: &Tokens) {
    let claims = tokens.id_claims();
    let subject = Subject(claims["sub"].as_str().unwrap().into());
    let sid = claims["sid"].as_str().unwrap();
    assert!(world.app.store.end_session(&subject, sid, world.app.now()).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_family_whose_session_was_ended_at_one_replica_is_over_at_another_that_knows_it() {
    let (one, other) = two().await;
    let [.., tokens] = known(&one, &other, &Authorize::of("spa")).await;
    end_session(&one, &tokens).await;
    is_over(&other, &tokens).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_family_with_offline_access_goes_on_until_policy_takes_that() {
    let (one, other) = two().await;
    let request = Authorize::of("spa").set("scope", "openid offline_access").and("prompt", "consent");
    let [.., tokens] = known(&one, &other, &request).await;
    end_session(&one, &tokens).await;
    let before = reads(&other).await;
    let tokens = renewed(&other, &tokens).await;
    assert_eq!(reads(&other).await, before, "that its session ended changes nothing");
    other.edit_client("spa", |client| client.scopes.retain(|scope| scope.as_str() != "offline_access"));
    assert_eq!(tokens.renew(&other, SPA).send().await.error(), refused());
    renewed(&one, &tokens).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_tightened_holds_for_a_grant_that_is_known() {
    let (one, other) = two().await;
    let request = Authorize::of("spa").set("scope", "openid email orders:read");
    let [.., tokens] = known(&one, &other, &request).await;
    let mut policy =
        PolicySpec { allowed_scopes: Some(PatternSet::parse(["openid", "orders:*"])), ..Default::default() };
    policy.token.access = Some(Seconds::minutes(2));
    policy.token.refresh = Some(Seconds::hours(1));
    other.add_policy("spa", policy);
    let tokens = renewed(&other, &tokens).await;
    assert_eq!((tokens.scope.as_str(), tokens.expires_in), ("openid orders:read", 120));
    one.clock.pass(Seconds::hours(1));
    assert_eq!(tokens.renew(&other, SPA).send().await.error(), refused());
    // What the statement wrote holds where that policy is not known yet as well.
    assert_eq!(tokens.renew(&one, SPA).send().await.error(), refused());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_is_gone_gets_nothing_for_a_grant_that_is_known() {
    let (one, other) = two().await;
    let [.., tokens] = known(&one, &other, &Authorize::of("spa")).await;
    other.remove_person("ada");
    assert_eq!(tokens.renew(&other, SPA).send().await.error(), refused());
    let tokens = renewed(&one, &tokens).await;
    one.add_policy("spa", PolicySpec { allowed_groups: Some(vec!["board".into()]), ..Default::default() });
    assert_eq!(tokens.renew(&one, SPA).send().await.error(), refused());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_token_ends_the_family_at_a_replica_that_knows_it() {
    let (one, other) = two().await;
    let [first, _, last] = known(&one, &other, &Authorize::of("spa")).await;
    assert_eq!(first.renew(&other, SPA).send().await.error(), refused());
    assert_eq!(other.audit.last("refresh_reused")["client_id"], SPA);
    is_over(&one, &last).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_rotated_elsewhere_repeats_within_the_grace_and_is_theft_after_it() {
    let (one, other) = two().await;
    let [_, second, third] = known(&one, &other, &Authorize::of("spa")).await;
    one.clock.advance(9);
    for world in [&one, &other] {
        assert_eq!(renewed(world, &second).await.refresh, third.refresh);
    }
    one.clock.advance(1);
    assert_eq!(second.renew(&one, SPA).send().await.error(), refused());
    is_over(&other, &third).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_clients_token_is_refused_where_its_grant_is_known() {
    let (one, other) = two().await;
    let [.., tokens] = known(&one, &other, &Authorize::of("spa")).await;
    for thief in ["shop.native", "shop.web"] {
        assert_eq!(tokens.renew(&one, thief).send().await.error(), refused(), "{thief}");
    }
    renewed(&other, &tokens).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_leaves_a_token_whose_grant_is_known_as_it_was() {
    let (one, other) = two().await;
    let [.., tokens] = known(&one, &other, &Authorize::of("spa").and("resource", API)).await;
    let more = tokens.renew(&one, SPA).with("scope", "openid payroll:admin").send().await;
    assert_eq!(more.error(), (400, "invalid_scope".into()));
    let elsewhere = tokens.renew(&one, SPA).with("resource", "https://third.example").send().await;
    assert_eq!(elsewhere.error(), (400, "invalid_target".into()));
    let fewer = tokens.renew(&one, SPA).with("scope", "openid").with("resource", API).send().await;
    assert_eq!(Tokens::of(&fewer).scope, "openid");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_of_a_known_grants_last_refresh_lives_as_long_as_it_says() {
    let (one, other) = two().await;
    let [.., tokens] = known(&one, &other, &Authorize::of("spa")).await;
    one.clock.advance(24 * 3_600 - 2);
    let tokens = renewed(&other, &tokens).await;
    one.clock.advance(1);
    let last = renewed(&one, &tokens).await;
    one.clock.advance(899);
    one.app.sweep().await.unwrap();
    assert!(last.live(&other).await);
    one.clock.advance(1);
    assert!(!last.live(&other).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confidential_clients_grant_is_read_each_time() {
    let (one, other) = two().await;
    let tokens = Authorize::of("web").tokens(&one).await;
    let before = reads(&other).await;
    for _ in 0..3 {
        assert_eq!(tokens.renew(&other, "shop.web").send().await.status, 200);
    }
    assert_eq!((reads(&other).await - before, other.app.grants.len()), (3, 0));
    end_session(&one, &tokens).await;
    assert_eq!(tokens.renew(&other, "shop.web").send().await.error(), refused());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_uses_of_a_token_whose_grant_is_known_have_one_successor() {
    let (one, other) = two().await;
    let [.., tokens] = known(&one, &other, &Authorize::of("spa")).await;
    let (worlds, start) = ([Arc::new(one), Arc::new(other)], Arc::new(Barrier::new(200)));
    let mut callers = tokio::task::JoinSet::new();
    for n in 0..200 {
        let (world, start, tokens) = (worlds[n % 2].clone(), start.clone(), tokens.clone());
        callers.spawn(async move {
            start.wait().await;
            tokens.renew(&world, SPA).send().await
        });
    }
    let replies: Vec<Reply> = callers.join_all().await;
    let successors: BTreeSet<String> = replies.iter().map(|reply| Tokens::of(reply).refresh).collect();
    assert_eq!(successors.len(), 1);
    let last = renewed(&worlds[1], &Tokens::of(&replies[0])).await;
    // The successor was used: who still has the one before has stolen it.
    assert_eq!(tokens.renew(&worlds[0], SPA).send().await.error(), refused());
    is_over(&worlds[1], &last).await;
}
