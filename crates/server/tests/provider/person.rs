//! What a request may say about the person: who, how fresh a login, what to show, in which language, which claims.

use crate::support::{ADA, Authorize, Browser, GRACE, Reply, Tokens, World};
use nauthera_core::time::Seconds;
use serde_json::json;

/// A browser in which Ada is logged in since ten seconds.
async fn logged_in(world: &World) -> Browser<'_> {
    let mut browser = world.browser();
    browser.sign_in(ADA).await;
    world.clock.advance(10);
    browser
}

async fn opened(browser: &mut Browser<'_>, world: &World, request: &Authorize) -> Reply {
    browser.open(&request.path(world)).await
}

#[tokio::test]
async fn prompt_none_never_shows_a_page() {
    let world = World::new();
    let silent = |client| Authorize::of(client).and("prompt", "none");
    assert_eq!(opened(&mut world.browser(), &world, &silent("trusted")).await.sent_error(), "login_required");
    let mut browser = logged_in(&world).await;
    assert_eq!(opened(&mut browser, &world, &silent("web")).await.sent_error(), "consent_required");
    opened(&mut browser, &world, &silent("trusted")).await.code();
    browser.authorize(&Authorize::of("web")).await.code();
    opened(&mut browser, &world, &silent("web")).await.code();
}

#[tokio::test]
async fn prompt_login_asks_for_the_password_again_and_auth_time_is_new() {
    let world = World::new();
    let mut browser = logged_in(&world).await;
    let before = Authorize::of("trusted");
    let code = opened(&mut browser, &world, &before).await.code();
    let before = Tokens::of(&before.redeem(&world, &code).send().await).id_claims();
    let request = Authorize::of("trusted").and("prompt", "login");
    let page = opened(&mut browser, &world, &request).await;
    assert!(page.text().contains("value=\"ada\""), "the name is filled in: {page}");
    world.clock.advance(3);
    let code = browser.log_in(&page, ADA).await.code();
    let after = Tokens::of(&request.redeem(&world, &code).send().await).id_claims();
    assert_eq!(after["auth_time"].as_i64(), before["auth_time"].as_i64().map(|time| time + 13));
    assert_eq!(after["sid"], before["sid"], "the session goes on");
}

#[tokio::test]
async fn prompt_login_cannot_be_gone_around_by_reloading() {
    let world = World::new();
    let mut browser = logged_in(&world).await;
    let request = Authorize::of("trusted").and("prompt", "login");
    let led = browser.get(&request.path(&world)).await.location().to_owned();
    for path in [led.clone(), led.replace("/login", "/consent"), led] {
        assert!(browser.open(&path).await.is_login());
    }
}

#[tokio::test]
async fn prompt_consent_asks_again_although_all_was_agreed_to() {
    let world = World::new();
    let mut browser = logged_in(&world).await;
    browser.authorize(&Authorize::of("web")).await.code();
    for client in ["web", "trusted"] {
        let page = opened(&mut browser, &world, &Authorize::of(client).and("prompt", "consent")).await;
        assert!(page.is_consent(), "{client}: {page}");
        browser.decide(&page, "allow").await.code();
    }
}

#[tokio::test]
async fn prompt_login_and_consent_asks_for_both() {
    let world = World::new();
    let mut browser = logged_in(&world).await;
    let page = opened(&mut browser, &world, &Authorize::of("trusted").and("prompt", "login consent")).await;
    let page = browser.log_in(&page, ADA).await;
    browser.decide(&page, "allow").await.code();
}

#[tokio::test]
async fn prompt_select_account_lets_the_person_go_on_or_be_someone_else() {
    let world = World::new();
    let mut browser = logged_in(&world).await;
    let request = Authorize::of("trusted").and("prompt", "select_account");
    let page = opened(&mut browser, &world, &request).await;
    assert!(page.is_choice() && page.text().contains("Ada Lovelace"), "{page}");
    let go_on = &page.forms_with("action", "continue")[0];
    let code = browser.submit(go_on).await.code();
    let ada = Tokens::of(&request.redeem(&world, &code).send().await).id_claims();
    let page = opened(&mut browser, &world, &request).await;
    let login = browser.submit(&page.forms_with("action", "switch")[0]).await;
    let code = browser.log_in(&login, GRACE).await.code();
    let grace = Tokens::of(&request.redeem(&world, &code).send().await).id_claims();
    assert_ne!((&ada["sub"], &ada["sid"]), (&grace["sub"], &grace["sid"]));
}

#[tokio::test]
async fn a_choice_counts_for_the_session_that_was_shown_alone() {
    let world = World::new();
    let mut browser = logged_in(&world).await;
    let page = opened(&mut browser, &world, &Authorize::of("trusted").and("prompt", "select_account")).await;
    let forged = page.forms_with("action", "continue")[0].clone().set("sid", "another");
    assert!(browser.submit(&forged).await.is_choice());
}

#[tokio::test]
async fn max_age_wants_a_login_that_is_recent_enough() {
    let world = World::new();
    let mut browser = logged_in(&world).await;
    let within = |seconds: &str| Authorize::of("trusted").and("max_age", seconds);
    opened(&mut browser, &world, &within("10")).await.code();
    assert!(opened(&mut browser, &world, &within("9")).await.is_login());
    let silent = within("9").and("prompt", "none");
    assert_eq!(opened(&mut browser, &world, &silent).await.sent_error(), "login_required");
    let page = opened(&mut browser, &world, &within("9")).await;
    browser.log_in(&page, ADA).await.code();
    opened(&mut browser, &world, &within("9")).await.code();
}

#[tokio::test]
async fn max_age_zero_always_wants_a_new_login() {
    let world = World::new();
    let mut browser = logged_in(&world).await;
    let request = Authorize::of("trusted").and("max_age", "0");
    let page = opened(&mut browser, &world, &request).await;
    world.clock.advance(5);
    browser.log_in(&page, ADA).await.code();
    world.clock.advance(1);
    assert!(opened(&mut browser, &world, &request).await.is_login());
}

#[tokio::test]
async fn policy_may_want_a_recent_login_and_a_request_can_only_want_a_more_recent_one() {
    let world = World::new();
    let mut browser = logged_in(&world).await;
    let request = Authorize::of("recent");
    opened(&mut browser, &world, &request).await.code();
    world.clock.pass(Seconds::minutes(5));
    assert!(opened(&mut browser, &world, &request).await.is_login());
    assert!(opened(&mut browser, &world, &request.clone().and("max_age", "86400")).await.is_login());
    opened(&mut browser, &world, &Authorize::of("trusted")).await.code();
}

#[tokio::test]
async fn an_id_token_hint_names_the_person_expired_or_not() {
    let world = World::new();
    let request = Authorize::of("trusted");
    let mut browser = world.browser();
    let code = browser.authorize(&request).await.code();
    let hint = Tokens::of(&request.redeem(&world, &code).send().await).id;
    world.clock.pass(Seconds::minutes(30));
    let hinted = Authorize::of("trusted").and("id_token_hint", &hint).and("prompt", "none");
    opened(&mut browser, &world, &hinted).await.code();
    let mut other = world.browser();
    other.sign_in(GRACE).await;
    assert_eq!(opened(&mut other, &world, &hinted).await.sent_error(), "login_required");
    assert!(opened(&mut other, &world, &hinted.without("prompt")).await.is_login());
}

#[tokio::test]
async fn an_access_token_or_a_token_of_another_issuer_is_no_hint() {
    let (world, stranger) = (World::new(), World::at(crate::support::HTTPS));
    let tokens = Authorize::of("trusted").tokens(&world).await;
    let foreign = Authorize::of("trusted").tokens(&stranger).await;
    for hint in [tokens.access, foreign.id, tokens.id.replace('.', ".A"), String::from("x")] {
        let request = Authorize::of("trusted").and("id_token_hint", &hint);
        assert_eq!(opened(&mut world.browser(), &world, &request).await.sent_error(), "invalid_request");
    }
}

#[tokio::test]
async fn a_subject_asked_for_by_claims_must_be_the_one_who_is_logged_in() {
    let world = World::new();
    let mut browser = logged_in(&world).await;
    let ada = Authorize::of("trusted").tokens(&world).await.id_claims()["sub"].clone();
    let asking = |sub: &serde_json::Value| {
        let claims = json!({"id_token": {"sub": {"value": sub}}}).to_string();
        Authorize::of("trusted").and("claims", &claims).and("prompt", "none")
    };
    opened(&mut browser, &world, &asking(&ada)).await.code();
    assert_eq!(opened(&mut browser, &world, &asking(&json!("other"))).await.sent_error(), "login_required");
}

#[tokio::test]
async fn a_login_hint_is_filled_in_and_never_more_than_text() {
    let world = World::new();
    let request = Authorize::of("trusted").and("login_hint", "grace\"><b>");
    let page = opened(&mut world.browser(), &world, &request).await;
    assert!(page.text().contains("grace&#34;&#62;&#60;b&#62;") && !page.text().contains("<b>"), "{page}");
}

#[tokio::test]
async fn ui_locales_decides_the_language_of_every_page_of_the_request() {
    let world = World::new();
    let mut browser = world.browser().reading("en-GB");
    let request = Authorize::of("web").and("ui_locales", "de-CH en");
    let login = opened(&mut browser, &world, &request).await;
    let consent = browser.log_in(&login, ADA).await;
    for page in [&login, &consent] {
        assert!(page.text().contains("<html lang=\"de"), "{page}");
    }
}

#[tokio::test]
async fn ui_locales_decides_the_language_of_what_leaves_and_of_errors_too() {
    let world = World::new();
    let mut browser = world.browser().reading("en-GB");
    browser.sign_in(ADA).await;
    let request = Authorize::of("trusted").and("ui_locales", "de");
    let german = |page: &crate::support::Reply| page.text().contains("<html lang=\"de");
    let posted = browser.get(&request.clone().and("response_mode", "form_post").path(&world)).await;
    assert!(posted.text().contains("name=\"code\"") && german(&posted), "{posted}");
    let refused = browser.get(&request.set("redirect_uri", "https://evil.example/").path(&world)).await;
    assert!(refused.status == 400 && german(&refused), "{refused}");
    let nowhere = browser.get(&world.path("/nowhere?ui_locales=de")).await;
    assert!(nowhere.status == 404 && german(&nowhere), "{nowhere}");
}

#[tokio::test]
async fn who_logs_in_as_another_person_than_is_expected_is_told() {
    let world = World::new();
    let hint = Authorize::of("trusted").tokens(&world).await.id;
    let expected = "another person";
    let request = Authorize::of("trusted").and("id_token_hint", &hint);
    let mut browser = world.browser();
    let login = opened(&mut browser, &world, &request).await;
    assert!(login.is_login() && !login.text().contains(expected), "{login}");
    let again = browser.log_in(&login, GRACE).await;
    assert!(again.is_login() && again.text().contains(expected), "{again}");
    assert!(!again.text().contains("value=\"grace\""), "{again}");
    // A session of somebody else is as good a reason to say so at once.
    let login = opened(&mut browser, &world, &request).await;
    assert!(login.is_login() && login.text().contains(expected), "{login}");
    let mut german = world.browser();
    let login = opened(&mut german, &world, &request.and("ui_locales", "de")).await;
    let again = german.log_in(&login, GRACE).await;
    assert!(again.text().contains("eine andere Person"), "{again}");
    assert!(!browser.log_in(&again, ADA).await.is_login());
}

#[tokio::test]
async fn claims_by_scope_stand_where_relying_parties_look_for_them() {
    let world = World::new();
    let request = Authorize::of("trusted").set("scope", "openid profile email groups");
    let tokens = request.tokens(&world).await;
    let id = tokens.id_claims();
    for (name, value) in [
        ("name", json!("Ada Lovelace")),
        ("preferred_username", json!("ada")),
        ("email", json!("ada@works.example")),
        ("email_verified", json!(true)),
        ("groups", json!(["staff", "finance"])),
        ("amr", json!(["pwd"])),
        ("acr", json!("urn:nauthera:acr:password")),
    ] {
        assert_eq!(id[name], value, "{name}");
    }
    assert!(id.get("given_name").is_none(), "other profile claims come from userinfo");
    let info = tokens.userinfo(&world).await.ok();
    assert_eq!((&info["given_name"], &info["sub"]), (&json!("Ada"), &id["sub"]));
    assert_eq!(tokens.access_claims()["groups"], json!(["staff", "finance"]));
}

#[tokio::test]
async fn claims_asked_for_by_name_come_where_they_were_asked_for() {
    let world = World::new();
    let claims = json!({
        "id_token": {"given_name": {"essential": true}, "nonsense": null},
        "userinfo": {"email": null, "name": {"essential": true}},
    });
    let request = Authorize::of("trusted").and("claims", &claims.to_string());
    let tokens = request.tokens(&world).await;
    assert_eq!(tokens.id_claims()["given_name"], "Ada");
    assert!(tokens.id_claims().get("email").is_none());
    let info = tokens.userinfo(&world).await.ok();
    assert_eq!((&info["email"], &info["name"]), (&json!("ada@works.example"), &json!("Ada Lovelace")));
    assert!(info.get("given_name").is_none());
}

#[tokio::test]
async fn claims_by_name_are_no_way_around_policy() {
    let world = World::new();
    // No policy allows the scope phone to anyone, and one takes email from this client.
    world.add_policy(
        "trusted",
        nauthera_core::spec::PolicySpec {
            allowed_scopes: Some(nauthera_core::pattern::PatternSet::parse(["openid", "profile"])),
            ..Default::default()
        },
    );
    let claims = json!({
        "id_token": {"email": {"essential": true}, "groups": null},
        "userinfo": {"email": null, "phone_number": null, "groups": null, "name": null},
    });
    let tokens = Authorize::of("trusted").and("claims", &claims.to_string()).tokens(&world).await;
    for name in ["email", "groups"] {
        assert!(tokens.id_claims().get(name).is_none(), "{name}");
    }
    let info = tokens.userinfo(&world).await.ok();
    assert_eq!(info["name"], "Ada Lovelace", "the client may have the scope profile");
    for name in ["email", "phone_number", "groups"] {
        assert!(info.get(name).is_none(), "{name}: {info}");
    }
}

#[tokio::test]
async fn claims_by_name_end_when_policy_takes_their_scope() {
    let world = World::new();
    let claims = json!({"id_token": {"email": null}, "userinfo": {"email": null}}).to_string();
    let tokens = Authorize::of("trusted").and("claims", &claims).tokens(&world).await;
    assert_eq!(tokens.id_claims()["email"], "ada@works.example");
    world.add_policy(
        "trusted",
        nauthera_core::spec::PolicySpec {
            allowed_scopes: Some(nauthera_core::pattern::PatternSet::parse(["openid"])),
            ..Default::default()
        },
    );
    assert!(tokens.userinfo(&world).await.ok().get("email").is_none());
    let renewed = Tokens::of(&tokens.renew(&world, "shop.trusted").send().await);
    assert!(renewed.id_claims().get("email").is_none());
}

#[tokio::test]
async fn a_person_agrees_to_claims_by_name_as_to_their_scope() {
    let world = World::new();
    let mut browser = logged_in(&world).await;
    browser.authorize(&Authorize::of("web")).await.code();
    let asking = Authorize::of("web").and("claims", &json!({"userinfo": {"email": null}}).to_string());
    let page = opened(&mut browser, &world, &asking).await;
    assert!(page.is_consent(), "{page}");
    browser.decide(&page, "allow").await.code();
    opened(&mut browser, &world, &asking).await.code();
}

#[tokio::test]
async fn an_essential_acr_that_cannot_be_reached_is_refused_and_others_are_wishes() {
    let world = World::new();
    let with = |claims: serde_json::Value| Authorize::of("trusted").and("claims", &claims.to_string());
    let unmet = with(json!({"id_token": {"acr": {"essential": true, "values": ["urn:x"]}}}));
    let reply = opened(&mut world.browser(), &world, &unmet).await;
    assert_eq!(reply.sent_error(), "unmet_authentication_requirements");
    for met in [
        json!({"id_token": {"acr": {"essential": true, "values": ["urn:x", "urn:nauthera:acr:password"]}}}),
        json!({"id_token": {"acr": {"values": ["urn:x"]}}}),
        json!({"id_token": {"acr": {"essential": true}}}),
    ] {
        assert_eq!(with(met).tokens(&world).await.id_claims()["acr"], "urn:nauthera:acr:password");
    }
}

#[tokio::test]
async fn a_subject_is_opaque_and_the_same_for_every_client() {
    let world = World::new();
    let mut subjects = Vec::new();
    for client in ["trusted", "spa"] {
        subjects.push(Authorize::of(client).tokens(&world).await.id_claims()["sub"].clone());
    }
    assert_eq!(subjects[0], subjects[1]);
    assert!(!subjects[0].as_str().unwrap().contains("ada"));
}
