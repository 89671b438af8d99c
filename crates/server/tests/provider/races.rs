//! Only once, under fire: many requests with one value at the same moment, on real threads.

use crate::support::{Authorize, Call, Reply, Tokens, World};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Sends the same request many times at once.
async fn fire(
    world: &Arc<World>,
    times: usize,
    call: impl Fn(&World) -> Call<'_> + Send + Sync + 'static,
) -> Vec<Reply> {
    let (call, ready) = (Arc::new(call), Arc::new(tokio::sync::Barrier::new(times)));
    let shots = (0..times).map(|_| {
        let (world, call, ready) = (world.clone(), call.clone(), ready.clone());
        tokio::spawn(async move {
            ready.wait().await;
            call(&world).send().await
        })
    });
    let shots: Vec<_> = shots.collect();
    let mut replies = Vec::new();
    for shot in shots {
        replies.push(shot.await.unwrap());
    }
    replies
}

fn successes(replies: &[Reply]) -> Vec<Tokens> {
    let (good, bad): (Vec<&Reply>, Vec<&Reply>) = replies.iter().partition(|reply| reply.status == 200);
    for reply in bad {
        assert!(reply.status.is_client_error(), "{reply}");
    }
    good.into_iter().map(Tokens::of).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_200_redemptions_of_one_code_one_succeeds_and_the_reuse_revokes_it() {
    let world = Arc::new(World::new());
    let request = Authorize::of("trusted");
    let code = world.browser().authorize(&request).await.code();
    let replies = fire(&world, 200, move |world| request.redeem(world, &code)).await;
    let won = successes(&replies);
    assert_eq!(won.len(), 1);
    assert!(
        replies.iter().filter(|reply| reply.status != 200).all(|reply| reply.error().1 == "invalid_grant")
    );
    assert!(!won[0].live(&world).await);
    assert_eq!(won[0].renew(&world, "shop.trusted").send().await.error(), (400, "invalid_grant".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_200_uses_of_one_refresh_token_one_rotates_and_all_get_the_same_successor() {
    let world = Arc::new(World::new());
    let tokens = Authorize::of("spa").tokens(&world).await;
    let presented = tokens.clone();
    let replies = fire(&world, 200, move |world| presented.renew(world, "shop.spa")).await;
    let won = successes(&replies);
    assert_eq!(won.len(), 200, "all are within the grace");
    let successors: BTreeSet<&str> = won.iter().map(|tokens| tokens.refresh.as_str()).collect();
    assert_eq!(successors.len(), 1);
    assert!(!successors.contains(tokens.refresh.as_str()));
    let next = Tokens::of(&won[0].renew(&world, "shop.spa").send().await);
    assert!(next.live(&world).await, "a storm of retries is not theft");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_uses_of_a_spent_refresh_token_none_succeeds() {
    let world = Arc::new(World::new());
    let first = Authorize::of("spa").tokens(&world).await;
    let second = Tokens::of(&first.renew(&world, "shop.spa").send().await);
    world.clock.advance(11);
    let replies = fire(&world, 50, move |world| first.renew(world, "shop.spa")).await;
    assert!(successes(&replies).is_empty());
    assert!(!second.live(&world).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_refreshes_of_a_confidential_client_at_once_all_succeed() {
    let world = Arc::new(World::new());
    let tokens = Authorize::of("web").tokens(&world).await;
    let presented = tokens.clone();
    let replies = fire(&world, 50, move |world| presented.renew(world, "shop.web")).await;
    assert_eq!(successes(&replies).len(), 50);
    assert!(tokens.live(&world).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_50_redemptions_of_one_device_code_one_succeeds() {
    let world = Arc::new(World::new());
    let device = crate::device::Device::start(&world, "tv", "openid").await;
    device.allowed_by(&mut world.browser()).await;
    world.clock.advance(10);
    let code = device.device_code.clone();
    let replies = fire(&world, 50, move |world| crate::device::poll(world, "shop.tv", &code)).await;
    let won = successes(&replies);
    assert_eq!(won.len(), 1);
    assert!(
        replies.iter().filter(|reply| reply.status != 200).all(|reply| reply.error().1 == "invalid_grant")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_browsers_with_one_pushed_request_one_is_answered() {
    let world = Arc::new(World::new());
    let request = Authorize::of("trusted");
    let push = Call::post(&world, "/oauth2/par").by("shop.trusted");
    let push =
        request.parameters.iter().fold(push, |call, (name, value)| call.with(name, value)).send().await;
    let uri = push.json()["request_uri"].as_str().unwrap().to_owned();
    let mut browser = world.browser();
    browser.sign_in(crate::support::ADA).await;
    let (name, value) = browser.session().unwrap();
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", "shop.trusted")
        .append_pair("request_uri", &uri)
        .finish();
    let path = format!("/oauth2/authorize?{query}");
    let replies =
        fire(&world, 40, move |world| Call::get(world, &path).header("cookie", format!("{name}={value}")));
    let replies = replies.await;
    let redirected = replies.iter().filter(|reply| reply.status.is_redirection()).count();
    assert_eq!(redirected, 1);
    assert!(replies.iter().filter(|reply| !reply.status.is_redirection()).all(|reply| reply.status == 400));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn snapshots_change_under_requests_without_a_trace() {
    let world = Arc::new(World::new());
    let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (editing, ended) = (world.clone(), done.clone());
    let edits = tokio::task::spawn_blocking(move || {
        let mut count = 0_u32;
        while !ended.load(std::sync::atomic::Ordering::SeqCst) {
            count += 1;
            let access = Some(nauthera_core::time::Seconds::new(60 + count % 60));
            editing.edit_client("job", |client| client.token.access = access);
        }
    });
    let replies = fire(&world, 300, |world| Call::token(world, "client_credentials").by("shop.job")).await;
    done.store(true, std::sync::atomic::Ordering::SeqCst);
    edits.await.unwrap();
    let tokens = successes(&replies);
    assert_eq!(tokens.len(), 300);
    assert!(tokens.iter().all(|tokens| (60..=900).contains(&tokens.expires_in)));
}
