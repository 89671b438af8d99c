//! The API server behind a bad day: watches are cut or told that they are too late, requests are refused, delayed and never answered.
//! The operator converges by itself, and never asks for the same thing in a hot loop.

use super::site::Site;
use super::turns::whole;
use nauthera_test_kubernetes::objects::SOON;
use nauthera_test_kubernetes::proxy::{Call, Trouble, busiest};
use nauthera_test_kubernetes::wait::wait_for;
use std::time::Duration;

/// How often one call may come within a second while it fails: the waits double from a quarter of a second on.
const MOST_A_SECOND: usize = 6;

/// A site with an operator behind its proxy, all Ready.
async fn looked_after(purpose: &str) -> (Site, nauthera_test_kubernetes::operator::Operator) {
    let site = Site::new(purpose).await;
    let operator = site.behind("only", &[]);
    site.ready().await;
    site.proxy.forget();
    (site, operator)
}

/// Waits until so many calls that are meant have come.
async fn came(site: &Site, what: &str, count: usize, meant: impl Fn(&Call) -> bool) {
    let asked = async || {
        let seen = site.proxy.seen();
        let came = seen.iter().filter(|seen| meant(&seen.call)).count();
        anyhow::ensure!(came >= count, "{came} came");
        Ok(Some(()))
    };
    wait_for(&format!("{count} of {what}"), SOON, asked).await.unwrap();
}

/// Nothing was asked for again and again without a wait, and nothing that is not allowed.
fn no_hot_loop(site: &Site) {
    let (most, call) = busiest(&site.proxy.seen(), Duration::from_secs(1));
    assert!(most <= MOST_A_SECOND, "{most} times within a second: {call}");
    site.nothing_was_forbidden();
}

/// Every watch meets this trouble; what changes meanwhile is served all the same, and what changes after it too.
async fn watches_meet(trouble: Trouble, purpose: &str) {
    let _turn = whole().await;
    let (site, _operator) = looked_after(purpose).await;
    let load = site.load();
    site.proxy.trouble(Call::is_watch, trouble);
    site.proxy.cut();
    came(&site, "watches of policies", 3, |call| call.is_watch() && call.is_of("authpolicies")).await;
    site.edit_is_served(14).await;
    site.proxy.calm();
    site.edit_is_served(13).await;
    no_hot_loop(&site);
    let counts = load.end();
    assert_eq!(counts.failed, 0, "{:?}", counts.failures);
}

#[tokio::test]
async fn watches_that_are_cut_go_on() {
    let _turn = whole().await;
    let (site, _operator) = looked_after("cut").await;
    for minutes in [14, 13, 12] {
        site.proxy.cut();
        site.edit_is_served(minutes).await;
    }
    no_hot_loop(&site);
}

#[tokio::test]
async fn watches_that_are_refused_since_they_come_too_late_begin_anew() {
    watches_meet(Trouble::Answer(410, "Expired", None), "gone").await;
}

#[tokio::test]
async fn watches_that_are_told_in_the_middle_that_they_come_too_late_begin_anew() {
    watches_meet(Trouble::GoneInside, "inside").await;
}

/// Writes meet this trouble until each of these came often enough, and an edit that was made meanwhile is served once it is over.
async fn writes_meet(site: &Site, trouble: Trouble, minutes: u64) {
    let index = |call: &Call| call.is_write() && call.is_of("nauthera-main-snapshot");
    site.proxy.forget();
    site.proxy.trouble(Call::is_write, trouble);
    site.policy("baseline", &format!("{minutes}m"));
    came(site, "writes of shards or the index", 3, move |call| {
        index(call) || (call.is_write() && call.is_of("configmaps"))
    })
    .await;
    site.proxy.calm();
    site.edit_is_served(minutes).await;
    no_hot_loop(site);
}

#[tokio::test]
async fn writes_that_are_refused_come_again_more_and_more_slowly() {
    let _turn = whole().await;
    let (site, _operator) = looked_after("writes").await;
    let load = site.load();
    writes_meet(&site, Trouble::Answer(500, "InternalError", None), 14).await;
    writes_meet(&site, Trouble::Answer(429, "TooManyRequests", Some(1)), 13).await;
    writes_meet(&site, Trouble::Answer(409, "Conflict", None), 12).await;
    writes_meet(&site, Trouble::Answer(503, "ServiceUnavailable", None), 11).await;
    let counts = load.end();
    assert_eq!(counts.failed, 0, "{:?}", counts.failures);
}

#[tokio::test]
async fn watches_that_end_as_soon_as_they_have_begun_are_not_begun_in_a_loop() {
    let _turn = whole().await;
    let (site, _operator) = looked_after("ends").await;
    site.proxy.trouble(Call::is_watch, Trouble::EndAtOnce);
    site.proxy.cut();
    came(&site, "watches of policies", 4, |call| call.is_watch() && call.is_of("authpolicies")).await;
    no_hot_loop(&site);
    site.proxy.calm();
    site.edit_is_served(13).await;
}

#[tokio::test]
async fn a_whole_bad_day_from_the_start_ends_well() {
    let _turn = whole().await;
    let site = Site::new("start").await;
    site.proxy.trouble(|_| true, Trouble::Answer(429, "TooManyRequests", Some(1)));
    let _operator = site.behind("only", &[]);
    came(&site, "lists of clients", 3, |call| call.is_of("authclients")).await;
    no_hot_loop(&site);
    site.proxy.calm();
    site.ready().await;
}

#[tokio::test]
async fn a_slow_api_server_and_one_that_never_answers_are_waited_for_so_long_and_no_longer() {
    let _turn = whole().await;
    let (site, _operator) = looked_after("slow").await;
    let load = site.load();
    site.proxy.trouble(|_| true, Trouble::Late(Duration::from_millis(700)));
    site.edit_is_served(14).await;
    site.proxy.calm();
    // The first write is never answered: it is given up and made again.
    site.proxy.once(0, |call| call.is_write() && call.is_of("configmaps"), Trouble::Hang);
    site.edit_is_served(13).await;
    no_hot_loop(&site);
    let counts = load.end();
    assert_eq!(counts.failed, 0, "{:?}", counts.failures);
}
