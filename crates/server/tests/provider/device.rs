//! The device grant (RFC 8628): a code that a person types elsewhere, the page where they do, and what the device is told.

use crate::support::{ADA, API, Authorize, Browser, Call, Form, GRACE, LOOPBACK, Reply, Tokens, World};
use nauthera_core::time::Seconds;
use std::net::IpAddr;

/// A device that waits.
pub struct Device {
    /// Its secret half.
    pub device_code: String,
    /// What the person types.
    pub user_code: String,
}

/// The request of a device that waits.
pub fn poll<'a>(world: &'a World, client: &str, device_code: &str) -> Call<'a> {
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    Call::token(world, grant).by(client).with("device_code", device_code)
}

impl Device {
    /// Begins.
    pub async fn start(world: &World, client: &str, scope: &str) -> Self {
        let call = Call::post(world, "/oauth2/device_authorization").by(&format!("shop.{client}"));
        let body = call.with("scope", scope).send().await.ok();
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Self { device_code: text("device_code"), user_code: text("user_code") }
    }

    /// Asks once, after the time that it must wait.
    pub async fn polled(&self, world: &World) -> Reply {
        world.clock.advance(5);
        poll(world, "shop.tv", &self.device_code).send().await
    }

    /// Lets a browser go as far as the question.
    pub async fn typed_into(&self, browser: &mut Browser<'_>) -> Reply {
        let page = browser.open("/device").await;
        let mut page = browser.submit(&page.form().set("user_code", &self.user_code)).await;
        if page.is_login() {
            page = browser.log_in(&page, ADA).await;
        }
        page
    }

    /// Lets Ada say yes.
    pub async fn allowed_by(&self, browser: &mut Browser<'_>) {
        let page = self.typed_into(browser).await;
        assert_eq!(browser.decide(&page, "allow").await.status, 200);
    }
}

fn refused(code: &str) -> (u16, String) {
    (400, code.to_owned())
}

#[tokio::test]
async fn a_device_gets_what_it_needs_to_show() {
    let world = World::new();
    let call = Call::post(&world, "/oauth2/device_authorization").by("shop.tv").with("scope", "openid");
    let body = call.send().await.ok();
    let code = body["user_code"].as_str().unwrap();
    assert!(code.len() == 9 && code.as_bytes()[4] == b'-', "{code}");
    assert!(code.bytes().all(|b| b == b'-' || b"BCDFGHJKLMNPQRSTVWXZ".contains(&b)), "{code}");
    assert_eq!((&body["expires_in"], &body["interval"]), (&600.into(), &5.into()));
    assert_eq!(body["verification_uri"], format!("{LOOPBACK}/device"));
    assert_eq!(body["verification_uri_complete"], format!("{LOOPBACK}/device?user_code={code}"));
    assert_eq!(body["device_code"].as_str().unwrap().len(), 43);
}

#[tokio::test]
async fn a_person_says_yes_and_the_device_gets_its_tokens_once() {
    let world = World::new();
    let device = Device::start(&world, "tv", "openid email").await;
    assert_eq!(device.polled(&world).await.error(), refused("authorization_pending"));
    let mut browser = world.browser();
    let page = device.typed_into(&mut browser).await;
    for word in ["The tv app", "shop/tv", &device.user_code, "Ada Lovelace"] {
        assert!(page.text().contains(word), "{word}: {page}");
    }
    assert_eq!(
        device.polled(&world).await.error(),
        refused("authorization_pending"),
        "looking is not yet a yes"
    );
    browser.decide(&page, "allow").await;
    let tokens = Tokens::of(&device.polled(&world).await);
    assert_eq!(tokens.scope, "openid email");
    assert_eq!(tokens.id_claims()["email"], "ada@works.example");
    assert!(tokens.id_claims().get("sid").is_none(), "a device has no session");
    assert_eq!(device.polled(&world).await.error(), refused("invalid_grant"));
    assert!(tokens.live(&world).await);
    Tokens::of(&tokens.renew(&world, "shop.tv").send().await);
}

#[tokio::test]
async fn a_person_says_no() {
    let world = World::new();
    let device = Device::start(&world, "tv", "openid").await;
    let mut browser = world.browser();
    let page = device.typed_into(&mut browser).await;
    browser.decide(&page, "deny").await;
    assert_eq!(device.polled(&world).await.error(), refused("access_denied"));
    let late = browser.post(&page.form().set("decision", "allow")).await;
    assert!(late.text().contains("expired"), "{late}");
    assert_eq!(device.polled(&world).await.error(), refused("access_denied"));
}

#[tokio::test]
async fn a_device_that_asks_too_often_must_wait_longer_each_time() {
    let world = World::new();
    let device = Device::start(&world, "tv", "openid").await;
    let asked = async |after: i64| {
        world.clock.advance(after);
        poll(&world, "shop.tv", &device.device_code).send().await.error().1
    };
    assert_eq!(asked(0).await, "authorization_pending");
    assert_eq!(asked(4).await, "slow_down");
    assert_eq!(asked(5).await, "slow_down", "the interval is ten seconds now");
    assert_eq!(asked(14).await, "slow_down", "and fifteen");
    assert_eq!(asked(20).await, "authorization_pending");
    assert_eq!(asked(20).await, "authorization_pending");
    assert_eq!(asked(19).await, "slow_down");
}

#[tokio::test]
async fn a_code_lives_ten_minutes_for_the_device_and_for_the_person() {
    let world = World::new();
    let (early, late) =
        (Device::start(&world, "tv", "openid").await, Device::start(&world, "tv", "openid").await);
    early.allowed_by(&mut world.browser()).await;
    world.clock.pass(Seconds::minutes(10));
    for device in [&early, &late] {
        assert_eq!(device.polled(&world).await.error(), refused("expired_token"));
    }
    let mut browser = world.browser();
    let page = browser.open("/device").await;
    let page = browser.submit(&page.form().set("user_code", &late.user_code)).await;
    assert!(page.text().contains("This code has expired"), "{page}");
}

#[tokio::test]
async fn a_code_is_typed_in_any_way() {
    let world = World::new();
    let mut browser = world.browser();
    browser.sign_in(ADA).await;
    let device = Device::start(&world, "tv", "openid").await;
    let bare = device.user_code.replace('-', "");
    for text in [bare.to_lowercase(), bare.clone(), format!(" {} ", device.user_code), bare.replace("", " ")]
    {
        let page = browser.open("/device").await;
        let page = browser.submit(&page.form().set("user_code", &text)).await;
        assert!(page.text().contains("The tv app"), "{text}: {page}");
    }
}

#[tokio::test]
async fn the_code_in_the_address_is_filled_in_and_never_enough() {
    let world = World::new();
    let mut browser = world.browser();
    browser.sign_in(ADA).await;
    let device = Device::start(&world, "tv", "openid").await;
    let page = browser.open(&format!("/device?user_code={}", device.user_code)).await;
    assert!(page.text().contains(&format!("value=\"{}\"", device.user_code)), "{page}");
    assert!(!page.text().contains("The tv app"), "nothing is told before the form is posted");
    let page = browser.submit(&page.form().set("user_code", &device.user_code)).await;
    assert!(page.text().contains("value=\"allow\""), "{page}");
    assert_eq!(device.polled(&world).await.error(), refused("authorization_pending"));
}

#[tokio::test]
async fn guessing_codes_is_slowed_down_by_address_and_others_go_on() {
    let world = World::new();
    let device = Device::start(&world, "tv", "openid").await;
    let mut guesser = world.browser();
    let page = guesser.open("/device").await;
    let mut last = guesser.post(&page.form().set("user_code", "BBBB-BBBB")).await;
    for _ in 0..60 {
        last = guesser.post(&page.form().set("user_code", "BBBB-BBBB")).await;
        if last.status == 429 {
            break;
        }
    }
    assert_eq!(last.status, 429, "{last}");
    assert!(last.header("retry-after").parse::<u32>().unwrap() >= 1, "{last}");
    let right = guesser.post(&page.form().set("user_code", &device.user_code)).await;
    assert_eq!(right.status, 429, "not even the right one");
    let mut other = world.browser();
    other.peer = IpAddr::from([198, 51, 100, 4]);
    device.allowed_by(&mut other).await;
    world.clock.pass(Seconds::hours(2));
    assert_eq!(guesser.post(&page.form().set("user_code", "BBBB-BBBB")).await.status, 200, "never for good");
}

#[tokio::test]
async fn the_yes_counts_for_the_person_and_the_code_that_were_shown() {
    let world = World::new();
    let (one, two) =
        (Device::start(&world, "tv", "openid").await, Device::start(&world, "console", "openid").await);
    let mut browser = world.browser();
    let page = one.typed_into(&mut browser).await;
    let form = page.form().set("decision", "allow");
    let swapped = form.clone().set("user_code", &two.user_code.replace('-', ""));
    assert_eq!(browser.post(&swapped).await.status, 403);
    world.clock.advance(1);
    let other = Authorize::of("trusted").and("prompt", "login");
    browser.authorize_as(&other, GRACE).await.code();
    assert_eq!(browser.post(&form).await.status, 403, "the page was shown to Ada");
    assert_eq!(one.polled(&world).await.error(), refused("authorization_pending"));
}

#[tokio::test]
async fn another_clients_device_code_is_refused() {
    let world = World::new();
    let device = Device::start(&world, "tv", "openid").await;
    device.allowed_by(&mut world.browser()).await;
    world.clock.advance(5);
    let stolen = poll(&world, "shop.console", &device.device_code).send().await;
    assert_eq!(stolen.error(), refused("invalid_grant"));
    Tokens::of(&device.polled(&world).await);
}

#[tokio::test]
async fn a_device_code_that_never_was_is_refused() {
    let world = World::new();
    for bad in ["x", &"x".repeat(10_000), "\u{0}"] {
        assert_eq!(poll(&world, "shop.tv", bad).send().await.error(), refused("invalid_grant"));
    }
    let none = poll(&world, "shop.tv", "x").without("device_code").send().await;
    assert_eq!(none.error(), refused("invalid_request"));
}

#[tokio::test]
async fn clients_of_other_types_are_no_devices() {
    let world = World::new();
    let reply = Call::post(&world, "/oauth2/device_authorization")
        .by("shop.web")
        .with("scope", "openid")
        .send()
        .await;
    assert_eq!(reply.error(), refused("unauthorized_client"));
    let reply = poll(&world, "shop.web", "x").send().await;
    assert_eq!(reply.error(), refused("unauthorized_client"));
}

#[tokio::test]
async fn scopes_and_resources_are_judged_when_the_device_asks() {
    let world = World::new();
    let asked = || Call::post(&world, "/oauth2/device_authorization").by("shop.tv");
    assert_eq!(asked().send().await.error(), refused("invalid_scope"));
    assert_eq!(asked().with("scope", "openid unknown").send().await.error(), refused("invalid_scope"));
    let other = asked().with("scope", "openid").with("resource", "https://other.example").send().await;
    assert_eq!(other.error(), refused("invalid_target"));
    assert_eq!(asked().with("scope", "openid").with("resource", API).send().await.status, 200);
}

#[tokio::test]
async fn a_person_outside_the_groups_cannot_let_a_device_in() {
    let world = World::new();
    world.edit_client("tv", |client| client.allowed_groups = Some(vec!["staff".into()]));
    let device = Device::start(&world, "tv", "openid").await;
    let mut browser = world.browser();
    browser.sign_in(GRACE).await;
    let page = browser.open("/device").await;
    let page = browser.submit(&page.form().set("user_code", &device.user_code)).await;
    assert_eq!(page.status, 403);
    assert!(page.text().contains("not allowed to use this application"), "{page}");
    let page = browser.log_in(&page, ADA).await;
    assert!(page.text().contains("value=\"allow\""), "someone else may: {page}");
}

#[tokio::test]
async fn who_left_the_group_or_is_gone_when_the_device_comes_gets_nothing() {
    let world = World::new();
    let device = Device::start(&world, "tv", "openid").await;
    device.allowed_by(&mut world.browser()).await;
    world.edit_client("tv", |client| client.allowed_groups = Some(vec!["board".into()]));
    assert_eq!(device.polled(&world).await.error(), refused("access_denied"));
    world.edit_client("tv", |client| client.allowed_groups = None);
    world.remove_person("ada");
    assert_eq!(device.polled(&world).await.error(), refused("invalid_grant"));
}

#[tokio::test]
async fn a_policy_that_wants_a_recent_login_asks_for_one() {
    let world = World::new();
    world.add_policy(
        "tv",
        nauthera_core::spec::PolicySpec { max_age: Some(Seconds::minutes(5)), ..Default::default() },
    );
    let mut browser = world.browser();
    browser.sign_in(ADA).await;
    world.clock.pass(Seconds::minutes(6));
    let device = Device::start(&world, "tv", "openid").await;
    let page = browser.open("/device").await;
    let login = browser.submit(&page.form().set("user_code", &device.user_code)).await;
    assert!(login.is_login(), "{login}");
    let page = browser.log_in(&login, ADA).await;
    assert_eq!(browser.decide(&page, "allow").await.status, 200);
    Tokens::of(&device.polled(&world).await);
}

#[tokio::test]
async fn logging_out_ends_no_device() {
    let world = World::new();
    let device = Device::start(&world, "tv", "openid").await;
    let mut browser = world.browser();
    device.allowed_by(&mut browser).await;
    let tokens = Tokens::of(&device.polled(&world).await);
    let page = browser.open("/oauth2/logout").await;
    browser.decide(&page, "logout").await;
    assert!(tokens.live(&world).await);
    Tokens::of(&tokens.renew(&world, "shop.tv").send().await);
}

#[tokio::test]
async fn a_device_waits_through_a_restart() {
    let world = World::new();
    let device = Device::start(&world, "tv", "openid").await;
    device.allowed_by(&mut world.browser()).await;
    let world = world.restarted();
    Tokens::of(&device.polled(&world).await);
}

#[tokio::test]
async fn a_form_of_another_browser_decides_nothing() {
    let world = World::new();
    let device = Device::start(&world, "tv", "openid").await;
    let page = device.typed_into(&mut world.browser()).await;
    let form = page.form().set("decision", "allow");
    let mut other = world.browser();
    other.sign_in(ADA).await;
    assert_eq!(other.post(&form).await.status, 403);
    let made_up =
        Form::of("/device", &[("user_code", &device.user_code), ("decision", "allow"), ("csrf", "x")]);
    assert_eq!(other.post(&made_up).await.status, 403);
    assert_eq!(device.polled(&world).await.error(), refused("authorization_pending"));
}
