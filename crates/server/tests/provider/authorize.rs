//! The authorization endpoint, where all goes well: the code flow from the first request to the tokens.

use crate::support::{ADA, API, Authorize, CHALLENGE, Form, LEDGER, LOOPBACK, TENANT, Tokens, World};

#[tokio::test]
async fn a_person_logs_in_agrees_and_the_client_gets_its_tokens() {
    let world = World::at(TENANT);
    let mut browser = world.browser();
    let request = Authorize::of("web").set("scope", "openid email");
    let login = browser.open(&request.path(&world)).await;
    let consent = browser.log_in(&login, ADA).await;
    assert!(consent.is_consent(), "{consent}");
    let answer = browser.decide(&consent, "allow").await;
    assert!(answer.location().starts_with("https://web.shop.example/cb?"), "{answer}");
    let response = answer.response();
    assert_eq!((response["state"].as_str(), response["iss"].as_str()), ("the state", TENANT));
    assert_eq!(response.len(), 3, "code, state and iss: {response:?}");
    let tokens = Tokens::of(&request.redeem(&world, &response["code"]).send().await);
    assert_eq!((tokens.scope.as_str(), tokens.expires_in), ("openid email", 900));
    assert_eq!(tokens.id_claims()["nonce"], "the nonce");
    assert!(tokens.live(&world).await && !tokens.refresh.is_empty());
}

#[tokio::test]
async fn who_agreed_before_is_not_asked_again_and_who_has_a_session_not_for_a_password() {
    let world = World::new();
    let mut browser = world.browser();
    let request = Authorize::of("web");
    browser.authorize(&request).await.code();
    let answer = browser.get(&request.path(&world)).await;
    assert!(!answer.code().is_empty(), "the very first answer is the redirect: {answer}");
}

#[tokio::test]
async fn a_trusted_client_asks_for_no_consent() {
    let world = World::new();
    let mut browser = world.browser();
    let login = browser.open(&Authorize::of("trusted").path(&world)).await;
    assert!(!browser.log_in(&login, ADA).await.code().is_empty());
}

#[tokio::test]
async fn consent_is_asked_again_when_scopes_or_resources_grow_and_is_remembered_together() {
    let world = World::new();
    let mut browser = world.browser();
    browser.authorize(&Authorize::of("web").set("scope", "openid email")).await.code();
    for more in [
        Authorize::of("web").set("scope", "openid profile"),
        Authorize::of("web").and("resource", API),
        Authorize::of("web").and("resource", API).and("resource", LEDGER),
    ] {
        let page = browser.open(&more.path(&world)).await;
        assert!(page.is_consent(), "{page}");
        browser.decide(&page, "allow").await.code();
    }
    let all = Authorize::of("web").set("scope", "email openid profile").and("resource", LEDGER);
    browser.get(&all.path(&world)).await.code();
}

#[tokio::test]
async fn consent_is_one_persons_and_one_clients() {
    let world = World::new();
    let mut browser = world.browser();
    browser.authorize(&Authorize::of("web")).await.code();
    assert!(browser.open(&Authorize::of("second").path(&world)).await.is_consent());
    let mut other = world.browser();
    let login = other.open(&Authorize::of("web").path(&world)).await;
    assert!(other.log_in(&login, crate::support::GRACE).await.is_consent());
}

#[tokio::test]
async fn a_person_who_says_no_is_led_back_with_access_denied() {
    let world = World::new();
    let mut browser = world.browser();
    let login = browser.open(&Authorize::of("web").path(&world)).await;
    let consent = browser.log_in(&login, ADA).await;
    let answer = browser.decide(&consent, "deny").await;
    assert_eq!(answer.sent_error(), "access_denied");
    assert_eq!(answer.response()["state"], "the state");
    let again = browser.open(&Authorize::of("web").path(&world)).await;
    assert!(again.is_consent(), "a no is not remembered as a yes");
}

#[tokio::test]
async fn a_no_counts_although_the_person_said_yes_elsewhere_meanwhile() {
    let world = World::new();
    let mut browser = world.browser();
    browser.sign_in(ADA).await;
    let (one, two) = (
        browser.open(&Authorize::of("web").path(&world)).await,
        browser.open(&Authorize::of("web").path(&world)).await,
    );
    browser.decide(&one, "allow").await.code();
    assert_eq!(browser.decide(&two, "deny").await.sent_error(), "access_denied");
}

#[tokio::test]
async fn a_yes_counts_for_what_the_page_showed_alone() {
    let world = World::new();
    let mut browser = world.browser();
    browser.sign_in(ADA).await;
    let (less, more) = (Authorize::of("web"), Authorize::of("web").set("scope", "openid orders:write"));
    let (shown, other) =
        (browser.open(&less.path(&world)).await.form(), browser.open(&more.path(&world)).await.form());
    let client = browser.open(&Authorize::of("second").path(&world)).await.form();
    for swapped in [other.get("i").unwrap(), client.get("i").unwrap()] {
        let reply = browser.post(&shown.clone().set("i", swapped).set("decision", "allow")).await;
        assert_eq!(reply.status, 403);
    }
    // Nor when a policy that widens comes between showing and asking.
    let request = Authorize::of("web").set("scope", "openid payroll:admin");
    let page = browser.open(&request.path(&world)).await;
    assert!(!page.text().contains("payroll:admin"));
    world.edit(|inventory| {
        let policy = inventory.policies.get_mut(&crate::support::object("platform/base")).unwrap();
        let mut spec = (**policy.spec.as_ref().unwrap()).clone();
        spec.allowed_scopes = Some(nauthera_core::pattern::PatternSet::parse(["*"]));
        *policy = nauthera_core::inventory::Object::new(spec);
    });
    assert_eq!(browser.post(&page.form().set("decision", "allow")).await.status, 403);
    assert!(browser.open(&request.path(&world)).await.text().contains("payroll:admin"));
}

#[tokio::test]
async fn the_consent_page_says_who_asks_and_for_what() {
    let world = World::new();
    let mut browser = world.browser();
    let request = Authorize::of("web").set("scope", "openid orders:read").and("resource", API);
    let login = browser.open(&request.path(&world)).await;
    let page = browser.log_in(&login, ADA).await;
    for word in
        ["The web app", "shop/web", "web.shop.example", "Ada Lovelace", "orders:read", API, "Works Ltd"]
    {
        assert!(page.text().contains(word), "{word}: {page}");
    }
}

#[tokio::test]
async fn the_answer_can_come_as_a_form_that_leads_to_the_client_alone() {
    let world = World::new();
    let request = Authorize::of("web").and("response_mode", "form_post");
    let answer = world.browser().authorize(&request).await;
    assert_eq!((answer.status.as_u16(), answer.form().action.as_str()), (200, "https://web.shop.example/cb"));
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("form-action 'self' https:;"), "{policy}");
    assert!(answer.text().contains("/assets/form-post.") && answer.text().contains("<button"), "{answer}");
    let response = answer.response();
    assert_eq!((response["state"].as_str(), response["iss"].as_str()), ("the state", LOOPBACK));
    Tokens::of(&request.redeem(&world, &response["code"]).send().await);
}

#[tokio::test]
async fn errors_come_as_a_form_where_the_answer_would() {
    let world = World::new();
    let request = Authorize::of("web").and("response_mode", "form_post").set("scope", "openid unknown");
    let answer = world.browser().get(&request.path(&world)).await;
    assert_eq!((answer.status.as_u16(), answer.sent_error().as_str()), (200, "invalid_scope"));
    assert_eq!(answer.response()["iss"], LOOPBACK);
}

#[tokio::test]
async fn what_stands_in_a_form_is_escaped() {
    let world = World::new();
    let state = "\"><script>alert(1)</script>&amp;'";
    let request = Authorize::of("trusted").and("response_mode", "form_post").set("state", state);
    let answer = world.browser().authorize(&request).await;
    assert!(!answer.text().contains("<script>alert"), "{answer}");
    assert_eq!(answer.response()["state"], state);
}

#[tokio::test]
async fn pages_that_lead_to_the_client_allow_forms_to_its_origin() {
    let world = World::new();
    let mut browser = world.browser();
    let login = browser.open(&Authorize::of("web").path(&world)).await;
    let consent = browser.log_in(&login, ADA).await;
    for page in [login, consent] {
        assert!(page.header("content-security-policy").contains("form-action 'self' https:;"), "{page}");
    }
}

#[tokio::test]
async fn a_redirect_uri_keeps_its_own_query() {
    let world = World::new();
    let request = Authorize::of("trusted").set("redirect_uri", "https://trusted.shop.example/cb?kept=a+b");
    let answer = world.browser().authorize(&request).await;
    assert!(answer.location().starts_with("https://trusted.shop.example/cb?kept=a+b&code="), "{answer}");
    Tokens::of(&request.redeem(&world, &answer.code()).send().await);
}

#[tokio::test]
async fn without_state_none_is_sent_and_without_nonce_none_is_signed() {
    let world = World::new();
    let request = Authorize::of("trusted").without("state").without("nonce");
    let answer = world.browser().authorize(&request).await;
    assert!(!answer.response().contains_key("state"));
    let tokens = Tokens::of(&request.redeem(&world, &answer.code()).send().await);
    assert!(tokens.id_claims().get("nonce").is_none());
}

#[tokio::test]
async fn state_and_nonce_come_back_as_they_were_sent() {
    let world = World::new();
    let odd = "a b+c%20d&e=f?#\u{e4}\u{1f642}\n\"'";
    let request = Authorize::of("trusted").set("state", odd).set("nonce", odd);
    let answer = world.browser().authorize(&request).await;
    assert_eq!(answer.response()["state"], odd);
    let tokens = Tokens::of(&request.redeem(&world, &answer.code()).send().await);
    assert_eq!(tokens.id_claims()["nonce"], odd);
}

#[tokio::test]
async fn a_post_from_another_site_is_kept_and_led_to_a_get_that_brings_the_cookies() {
    let world = World::new();
    let mut browser = world.browser();
    browser.sign_in(ADA).await;
    let request = Authorize::of("trusted");
    let mut elsewhere = world.browser();
    let fields: Vec<(&str, &str)> =
        request.parameters.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let form = Form::of(world.path("/oauth2/authorize"), &fields);
    let answer = elsewhere.post(&form).await;
    assert_eq!(answer.status, 303);
    let led = answer.location().to_owned();
    assert!(!led.contains(CHALLENGE) && !led.contains("nonce"), "what travels is sealed: {led}");
    let answer = browser.open(&led).await;
    Tokens::of(&request.redeem(&world, &answer.code()).send().await);
}

#[tokio::test]
async fn a_bad_post_is_refused_as_a_bad_get_is() {
    let world = World::new();
    let form = Form::of(
        "/oauth2/authorize",
        &[("client_id", "shop.web"), ("redirect_uri", "https://evil.example/")],
    );
    assert_eq!(world.browser().post(&form).await.page_error(), (400, "invalid_request".into()));
    let form = Form::of(
        "/oauth2/authorize",
        &[
            ("client_id", "shop.web"),
            ("redirect_uri", "https://web.shop.example/cb"),
            ("response_type", "token"),
        ],
    );
    assert_eq!(world.browser().post(&form).await.sent_error(), "unsupported_response_type");
}

#[tokio::test]
async fn public_clients_flow_without_a_secret() {
    let world = World::new();
    for client in ["spa", "native"] {
        let tokens = Authorize::of(client).tokens(&world).await;
        assert!(tokens.live(&world).await, "{client}");
    }
}

#[tokio::test]
async fn a_native_client_listens_on_any_port_and_nothing_else_may_differ() {
    let world = World::new();
    for (uri, fits) in [
        ("http://127.0.0.1:1/cb", true),
        ("http://127.0.0.1:65535/cb", true),
        ("http://127.0.0.1/cb", true),
        ("com.example.native:/cb", true),
        ("http://127.0.0.1:65536/cb", false),
        ("http://127.0.0.1:1/cb/", false),
        ("http://127.0.0.1:1/cb?x=1", false),
        ("http://127.0.0.1:1@evil.example/cb", false),
        ("http://127.0.0.2:1/cb", false),
        ("http://localhost:1/cb", false),
        ("http://[::1]:1/cb", false),
        ("https://127.0.0.1:1/cb", false),
        ("com.example.native:/other", false),
    ] {
        let request = Authorize::of("native").set("redirect_uri", uri);
        let reply = world.browser().open(&request.path(&world)).await;
        assert_eq!(reply.is_login(), fits, "{uri}: {reply}");
    }
}

#[tokio::test]
async fn the_code_comes_back_to_the_port_that_the_native_client_named() {
    let world = World::new();
    let request = Authorize::of("native").set("redirect_uri", "http://127.0.0.1:50123/cb");
    let answer = world.browser().authorize(&request).await;
    assert!(answer.location().starts_with("http://127.0.0.1:50123/cb?code="), "{answer}");
    let other = request.clone().set("redirect_uri", "http://127.0.0.1:50124/cb");
    let swapped = other.redeem(&world, &answer.code()).send().await;
    assert_eq!(swapped.error(), (400, "invalid_grant".into()));
}

#[tokio::test]
async fn a_native_client_without_an_https_redirect_always_asks_although_it_is_trusted() {
    let world = World::new();
    let mut browser = world.browser();
    browser.sign_in(ADA).await;
    for uri in ["http://127.0.0.1:49152/cb", "com.example.native:/cb"] {
        let request = Authorize::of("native").set("redirect_uri", uri);
        for _ in 0..2 {
            let page = browser.open(&request.path(&world)).await;
            assert!(page.is_consent(), "{uri}: {page}");
            browser.decide(&page, "allow").await.code();
        }
        let silent = browser.open(&request.set("prompt", "none").path(&world)).await;
        assert_eq!(silent.sent_error(), "consent_required", "{uri}");
    }
    let claimed = Authorize::of("native").set("redirect_uri", "https://native.shop.example/claimed");
    browser.open(&claimed.path(&world)).await.code();
}

#[tokio::test]
async fn unknown_parameters_are_ignored() {
    let world = World::new();
    let request =
        Authorize::of("trusted").and("utm_source", "x").and("display", "popup").and("acr_values", "a b");
    request.and("claims_locales", "de").tokens(&world).await;
}

#[tokio::test]
async fn a_request_of_a_logged_in_browser_is_answered_at_once_whatever_was_answered_before() {
    let world = World::new();
    let mut browser = world.browser();
    browser.sign_in(ADA).await;
    let codes = [
        browser.authorize(&Authorize::of("trusted")).await.code(),
        browser.authorize(&Authorize::of("trusted")).await.code(),
    ];
    assert_ne!(codes[0], codes[1]);
    assert!(codes.iter().all(|code| code.len() == 43), "256 bits: {codes:?}");
}
