//! The login form: what it tells, how it slows guessing down, and what it takes from nobody but its own page.

use crate::support::{ADA, Authorize, Browser, Form, GRACE, Reply, SLOTH, World};
use nauthera_core::time::Seconds;
use std::net::IpAddr;

async fn form(browser: &mut Browser<'_>, world: &World) -> Form {
    browser.open(&Authorize::of("trusted").path(world)).await.form()
}

fn filled(form: &Form, (username, password): (&str, &str)) -> Form {
    form.clone().set("username", username).set("password", password)
}

fn notice(reply: &Reply) -> String {
    let (_, rest) =
        reply.text().split_once("id=\"login-error\"").unwrap_or_else(|| panic!("no notice: {reply}"));
    let (_, rest) = rest.split_once("<p>").unwrap();
    rest.split_once("</p>").unwrap().0.to_owned()
}

fn retry_after(reply: &Reply) -> i64 {
    assert_eq!(reply.status, 429, "{reply}");
    let wait = reply.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{reply}");
    wait
}

/// Fails until the throttle says to wait; that answer.
async fn failing(browser: &mut Browser<'_>, form: &Form, username: &str) -> Reply {
    for _ in 0..200 {
        let reply = browser.post(&filled(form, (username, "wrong"))).await;
        if reply.status == 429 {
            return reply;
        }
        assert_eq!(reply.status, 200, "{reply}");
    }
    panic!("nobody slows {username} down");
}

#[tokio::test]
async fn an_unknown_name_and_a_wrong_password_get_the_same_words() {
    let world = World::new();
    let mut browser = world.browser();
    let form = form(&mut browser, &world).await;
    let mut told = Vec::new();
    for (username, password) in
        [ADA, (ADA.0, "wrong"), ("nobody", "wrong"), ("nobody", ADA.1), (ADA.0, ""), ("", "")]
    {
        if (username, password) == ADA {
            continue;
        }
        let reply = browser.post(&filled(&form, (username, password))).await;
        assert_eq!(reply.status, 200);
        told.push(notice(&reply));
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
}

#[tokio::test]
async fn an_unknown_name_is_hashed_too() {
    let world = World::new();
    let mut browser = world.browser();
    let form = form(&mut browser, &world).await;
    for person in [(ADA.0, "wrong"), ("nobody", "wrong")] {
        let before = world.app.hash_pool.hashed();
        browser.post(&filled(&form, person)).await;
        assert_eq!(world.app.hash_pool.hashed(), before + 1);
    }
}

#[tokio::test]
async fn what_was_typed_stays_but_for_the_password() {
    let world = World::new();
    let mut browser = world.browser();
    let form = form(&mut browser, &world).await;
    let reply = browser.post(&filled(&form, ("a\"<da>", "guess-1234"))).await;
    assert!(
        reply.text().contains("value=\"a&#34;&#60;da&#62;\"") && !reply.text().contains("guess-1234"),
        "{reply}"
    );
    let again = browser.submit(&filled(&reply.form(), ADA)).await;
    assert!(!again.code().is_empty(), "the form that is shown again works");
}

#[tokio::test]
async fn names_are_one_in_either_case() {
    let world = World::new();
    let mut browser = world.browser();
    let form = form(&mut browser, &world).await;
    assert!(!browser.submit(&filled(&form, ("ADA", ADA.1))).await.code().is_empty());
}

#[tokio::test]
async fn mistakes_are_free_at_first_then_each_waits_longer_and_never_for_good() {
    let world = World::new();
    let mut browser = world.browser();
    let form = form(&mut browser, &world).await;
    for _ in 0..4 {
        assert_eq!(browser.post(&filled(&form, (ADA.0, "wrong"))).await.status, 200, "people mistype");
    }
    let mut waits = Vec::new();
    for _ in 0..8 {
        let wait = retry_after(&failing(&mut browser, &form, ADA.0).await);
        let right = browser.post(&filled(&form, ADA)).await;
        assert_eq!(right.status, 429, "not even the right password is looked at");
        waits.push(wait);
        world.clock.advance(wait);
    }
    assert!(waits.is_sorted() && waits[0] <= 2 && waits[7] >= 30, "{waits:?}");
    assert!(!browser.submit(&filled(&form, ADA)).await.code().is_empty(), "after the wait it is");
}

#[tokio::test]
async fn a_success_clears_the_account() {
    let world = World::new();
    let mut browser = world.browser();
    let form = form(&mut browser, &world).await;
    let wait = retry_after(&failing(&mut browser, &form, ADA.0).await);
    world.clock.advance(wait);
    browser.submit(&filled(&form, ADA)).await.code();
    for _ in 0..3 {
        assert_eq!(browser.post(&filled(&form, (ADA.0, "wrong"))).await.status, 200);
    }
}

#[tokio::test]
async fn the_account_is_slowed_down_wherever_the_guesses_come_from() {
    let world = World::new();
    let mut wait = None;
    for address in 1..50 {
        let mut browser = world.browser();
        browser.peer = IpAddr::from([198, 51, 100, address]);
        let form = form(&mut browser, &world).await;
        let reply = browser.post(&filled(&form, (ADA.0, "wrong"))).await;
        if reply.status == 429 {
            wait = Some(retry_after(&reply));
            break;
        }
    }
    assert!(wait.is_some());
    let mut grace = world.browser();
    grace.peer = IpAddr::from([203, 0, 113, 1]);
    let form = form(&mut grace, &world).await;
    assert!(!grace.submit(&filled(&form, GRACE)).await.code().is_empty(), "others go on");
}

#[tokio::test]
async fn an_address_that_tries_many_names_is_slowed_down_and_others_are_not() {
    let world = World::new();
    let mut browser = world.browser();
    let page = form(&mut browser, &world).await;
    let mut last = browser.post(&filled(&page, ("name", "wrong"))).await;
    for n in 0..200 {
        last = browser.post(&filled(&page, (&format!("name{n}"), "wrong"))).await;
        if last.status == 429 {
            break;
        }
    }
    retry_after(&last);
    let mut other = world.browser();
    other.peer = IpAddr::from([203, 0, 113, 1]);
    let page = form(&mut other, &world).await;
    assert!(!other.submit(&filled(&page, ADA)).await.code().is_empty());
}

#[tokio::test]
async fn many_guesses_at_the_same_moment_are_no_way_around_the_limit() {
    let world = World::new();
    let mut browser = world.browser();
    let form = form(&mut browser, &world).await;
    let guesses = (0..100).map(|n| {
        let (mut browser, form) = (browser.clone(), filled(&form, (ADA.0, &format!("guess{n}"))));
        async move { browser.post(&form).await.status.as_u16() }
    });
    let looked_at =
        futures::future::join_all(guesses).await.into_iter().filter(|status| *status == 200).count();
    assert!((1..=10).contains(&looked_at), "{looked_at} of 100 passwords were looked at");
}

#[tokio::test]
async fn when_too_many_log_in_at_once_some_are_asked_to_come_again() {
    let world = World::new();
    let mut browser = world.browser();
    let form = form(&mut browser, &world).await;
    let logins = (0..400_u16).map(|n| {
        let (mut browser, form) = (browser.clone(), filled(&form, (&format!("{}{n}", SLOTH.0), "wrong")));
        let [high, low] = n.to_be_bytes();
        browser.peer = IpAddr::from([10, 0, high, low]);
        async move { browser.post(&form).await }
    });
    let replies = futures::future::join_all(logins).await;
    let busy: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 503).collect();
    assert!(!busy.is_empty() && busy.len() < replies.len());
    assert!(busy.iter().all(|reply| !reply.header("retry-after").is_empty() && reply.is_login()));
    let later = browser.submit(&filled(&busy[0].form(), ADA)).await;
    assert!(!later.code().is_empty(), "the form that is shown again works");
}

#[tokio::test]
async fn tokens_go_on_while_passwords_queue() {
    let world = World::new();
    let mut browser = world.browser();
    let form = form(&mut browser, &world).await;
    let logins = (0..60_u8).map(|n| {
        let (mut browser, form) = (browser.clone(), filled(&form, (&format!("name{n}"), "wrong")));
        browser.peer = IpAddr::from([10, 0, 0, n]);
        async move { browser.post(&form).await.status.as_u16() }
    });
    let token = async {
        let reply = crate::support::Call::token(&world, "client_credentials").by("shop.job").send().await;
        assert_eq!(reply.status, 200);
        assert!(world.app.hash_pool.hashed() < 55, "the token did not wait for the passwords");
    };
    futures::join!(futures::future::join_all(logins), token);
}

#[tokio::test]
async fn a_form_counts_from_its_own_page_in_its_own_browser_alone() {
    let world = World::new();
    let mut browser = world.browser();
    let form = filled(&form(&mut browser, &world).await, ADA);
    let mut other = world.browser();
    let others = other.open(&Authorize::of("trusted").path(&world)).await.form();
    let csrf = others.get("csrf").unwrap().to_owned();
    let own = form.get("csrf").unwrap().to_owned();
    for bad in [
        form.clone().without("csrf"),
        form.clone().set("csrf", ""),
        form.clone().set("csrf", "x"),
        form.clone().set("csrf", &csrf),
        form.clone().set("csrf", &format!("{own}A")),
        form.clone().set("csrf", &own.to_uppercase()),
    ] {
        let reply = browser.post(&bad).await;
        assert_eq!(reply.status, 403, "{bad:?}");
        assert!(browser.session().is_none());
    }
    assert_eq!(other.post(&form).await.status, 403, "another browser");
    assert_eq!(world.browser().post(&form).await.status, 403, "a browser without cookies");
    assert!(!browser.submit(&form).await.code().is_empty());
}

#[tokio::test]
async fn a_token_of_another_form_of_the_same_browser_is_refused() {
    let world = World::new();
    let mut browser = world.browser();
    let login = form(&mut browser, &world).await;
    let device = browser.open("/device").await.form();
    let swapped = filled(&login, ADA).set("csrf", device.get("csrf").unwrap());
    assert_eq!(browser.post(&swapped).await.status, 403);
    let swapped = device.set("csrf", login.get("csrf").unwrap()).set("user_code", "BBBBBBBB");
    assert_eq!(browser.post(&swapped).await.status, 403);
}

#[tokio::test]
async fn a_consent_given_for_one_session_is_not_taken_in_another() {
    let world = World::new();
    let mut browser = world.browser();
    let login = browser.open(&Authorize::of("web").path(&world)).await;
    let consent = browser.log_in(&login, ADA).await;
    let form = consent.form().set("decision", "allow");
    world.clock.advance(1);
    browser.authorize_as(&Authorize::of("trusted").and("prompt", "login"), GRACE).await.code();
    assert_eq!(browser.post(&form).await.status, 403);
}

#[tokio::test]
async fn what_a_browser_calls_cross_site_is_refused_even_with_the_right_token() {
    let world = World::new();
    let mut browser = world.browser();
    let form = filled(&form(&mut browser, &world).await, ADA);
    for (site, status) in [("cross-site", 403), ("same-origin", 303), ("none", 303)] {
        let mut sent = browser.clone();
        sent.headers.push(("sec-fetch-site", site.to_owned()));
        assert_eq!(sent.post(&form).await.status, status, "{site}");
    }
}

#[tokio::test]
async fn an_interaction_that_is_forged_or_too_old_ends_on_a_page() {
    let world = World::new();
    let mut browser = world.browser();
    let form = filled(&form(&mut browser, &world).await, ADA);
    let sealed = form.get("i").unwrap().to_owned();
    let flipped: String = sealed.chars().rev().collect();
    for bad in ["", "x", "%%%", &flipped, &sealed[1..], &format!("{sealed}A"), &"A".repeat(20_000)] {
        let reply = browser.post(&form.clone().set("i", bad)).await;
        assert_eq!(reply.page_error(), (400, "invalid_request".into()));
        for path in ["/login", "/consent"] {
            let query = Form::of("", &[("i", bad)]).body();
            assert_eq!(browser.get(&format!("{path}?{query}")).await.status, 400, "{path}");
        }
    }
    world.clock.pass(Seconds::minutes(60));
    let late = browser.post(&form).await;
    assert!(late.status == 400 && late.text().contains("This page has expired"), "{late}");
    assert!(browser.session().is_none());
}

#[tokio::test]
async fn an_interaction_of_another_server_is_not_opened() {
    let world = World::new();
    let other = World::build(crate::support::Setup { digest_key: [8; 32], ..Default::default() });
    let sealed = form(&mut other.browser(), &other).await.get("i").unwrap().to_owned();
    let mut browser = world.browser();
    let form = filled(&form(&mut browser, &world).await, ADA).set("i", &sealed);
    assert_eq!(browser.post(&form).await.status, 400);
}

#[tokio::test]
async fn a_login_without_a_user_store_is_busy_and_never_a_failure_of_ours() {
    let world = World::new();
    let mut browser = world.browser();
    let form = form(&mut browser, &world).await;
    world.edit_server(|server| server.user_store = None);
    let reply = browser.post(&filled(&form, ADA)).await;
    assert_eq!(reply.status, 503);
}

#[tokio::test]
async fn endless_names_and_passwords_are_just_wrong() {
    let world = World::new();
    let mut browser = world.browser();
    let form = form(&mut browser, &world).await;
    let long = "x".repeat(30_000);
    for person in [(long.as_str(), "x"), (ADA.0, long.as_str()), ("\u{0}", "\u{0}"), ("a\r\nb", "\u{1f642}")]
    {
        let reply = browser.post(&filled(&form, person)).await;
        assert_eq!(reply.status, 200);
        assert!(!notice(&reply).is_empty() && reply.body.len() < 20_000);
    }
}

#[tokio::test]
async fn login_pages_without_a_request_are_no_dead_end_for_programs() {
    let world = World::new();
    for path in ["/login", "/consent", "/login?i=", "/consent?i=x"] {
        assert_eq!(world.browser().get(path).await.page_error(), (400, "invalid_request".into()), "{path}");
    }
}
