//! Who may speak to the console, and with which headers it answers.

use super::browser::CONSOLE;
use super::manifests;
use super::world::World;
use axum::body::Body;
use http::{Request, StatusCode};

const LOCAL: &str = "127.0.0.1:40000";

fn get(headers: &[(&str, &str)]) -> Request<Body> {
    let request = Request::get("/");
    headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value))
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn a_name_that_was_made_to_point_here_learns_nothing() {
    let world = World::new();
    for host in ["evil.example", "evil.example:8081", "127.0.0.1:8080"] {
        let seen = world.browser().send(LOCAL.parse().unwrap(), get(&[("host", host)])).await;
        assert_eq!(seen.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
        assert!(!seen.text.contains("shop") && seen.headers.get("set-cookie").is_none());
    }
}

#[tokio::test]
async fn other_machines_and_other_origins_learn_nothing() {
    let world = World::new();
    let own = ("host", "127.0.0.1:8081");
    let far = world.browser().send("192.0.2.1:40000".parse().unwrap(), get(&[own])).await;
    let foreign =
        world.browser().send(LOCAL.parse().unwrap(), get(&[own, ("origin", "https://evil.example")])).await;
    for seen in [far, foreign] {
        assert_eq!(seen.status, StatusCode::FORBIDDEN);
        assert!(!seen.text.contains("shop"));
    }
}

#[tokio::test]
async fn localhost_leads_to_the_one_address_that_logins_come_back_to() {
    let world = World::new();
    let seen = world.browser().get("http://localhost:8081/clients?q=a").await;
    assert_eq!((seen.status, seen.location()), (StatusCode::SEE_OTHER, "http://127.0.0.1:8081/clients?q=a"));
}

#[tokio::test]
async fn a_form_counts_only_from_a_page_of_this_browser() {
    let world = World::new();
    let (mut own, mut other) = (world.browser(), world.browser());
    let page = own.open("/clients/shop/jobs").await;
    other.open("/").await;
    let form = page.form("/try");
    let fields: Vec<(&str, &str)> =
        form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let with = |token: &'static str| {
        let mut fields = fields.clone();
        fields.retain(|(name, _)| *name != "csrf");
        fields.extend([("grant", "client_credentials"), ("csrf", token)]);
        fields
    };
    for token in ["", "AAAA", "%%"] {
        assert_eq!(own.post("/try", &with(token)).await.status, StatusCode::FORBIDDEN, "{token}");
    }
    assert_eq!(other.post("/try", &fields).await.status, StatusCode::FORBIDDEN);
    assert_eq!(world.browser().post("/try", &fields).await.status, StatusCode::FORBIDDEN);
    assert!(own.open("/try").await.text.contains("Nothing yet"));
    let good = own.submit_only(&page, "/try", &[("grant", "client_credentials")]).await;
    assert_eq!(good.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_good_form_from_another_site_is_refused_all_the_same() {
    let world = World::new();
    let mut browser = world.browser();
    let page = browser.open("/clients/shop/jobs").await;
    let form = page.form("/try");
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form.fields).finish();
    let (name, value) = browser.cookies.iter().next().unwrap();
    for (header, said) in
        [("origin", "null"), ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")]
    {
        let request = Request::post("/try")
            .header("host", "127.0.0.1:8081")
            .header("cookie", format!("{name}={value}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header(header, said);
        let seen =
            browser.send(LOCAL.parse().unwrap(), request.body(Body::from(body.clone())).unwrap()).await;
        assert_eq!(seen.status, StatusCode::FORBIDDEN, "{header}: {said}");
    }
}

#[tokio::test]
async fn every_answer_is_protected() {
    let world = World::new();
    let mut browser = world.browser();
    let paths = [
        "/",
        "/clients",
        "/clients/shop/web",
        "/policies",
        "/policies/identity/baseline",
        "/diagnostics",
        "/try",
    ];
    for path in paths.iter().chain(&["/nothing", "/clients/shop/nobody", "/try/nothing"]) {
        let seen = browser.get(path).await;
        let header = |name: &str| {
            seen.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        let policy = header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{path}: {policy}");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin", "{path}");
    }
}

#[tokio::test]
async fn the_cookie_is_for_this_port_and_out_of_reach_of_scripts() {
    let world = World::new();
    let seen = world.browser().open("/").await;
    let line = seen.headers.get("set-cookie").unwrap().to_str().unwrap();
    assert!(line.starts_with("nauthera-console-8081="), "{line}");
    assert!(line.contains("; HttpOnly") && line.contains("; SameSite=Lax"), "{line}");
}

#[tokio::test]
async fn wrong_methods_are_named() {
    let world = World::new();
    let mut browser = world.browser();
    assert_eq!(browser.post("/clients", &[]).await.status, StatusCode::METHOD_NOT_ALLOWED);
    let seen = browser.get("/try/x/refresh").await;
    assert_eq!(
        (seen.status, &seen.headers["allow"]),
        (StatusCode::METHOD_NOT_ALLOWED, &"POST".parse().unwrap())
    );
}

#[tokio::test]
async fn before_anything_is_shown_people_are_asked_to_wait() {
    let world = World::silent(manifests::inventory(&[7; 32]));
    let seen = world.browser().get("/").await;
    assert_eq!(seen.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(seen.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn a_page_that_shows_something_old_is_told_at_once() {
    let world = World::new();
    let mut browser = world.browser();
    let page = browser.open("/").await;
    let version = page.text.split("data-version=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    world.show();
    let seen = browser.get(&format!("/changes?after={version}")).await;
    assert_eq!(seen.status, StatusCode::OK);
    let news: serde_json::Value = serde_json::from_str(&seen.text).unwrap();
    assert_ne!(news["version"], version.as_str());
    world.console.close();
    let now = news["version"].as_str().unwrap();
    assert_eq!(browser.get(&format!("/changes?after={now}")).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn files_beside_the_pages_are_kept_by_their_content() {
    let world = World::new();
    let mut browser = world.browser();
    let page = browser.open("/").await;
    let links = page.text.split("\"/assets/").skip(1).map(|rest| rest.split('"').next().unwrap());
    let links: Vec<&str> = links.collect();
    assert_eq!(links.len(), 4, "{links:?}");
    for link in links {
        let seen = browser.get(&format!("{CONSOLE}/assets/{link}")).await;
        let kept = seen.headers["cache-control"].to_str().unwrap();
        assert!(seen.status == StatusCode::OK && kept.contains("immutable"), "{link}: {kept}");
    }
    assert_eq!(browser.get("/assets/nothing.css").await.status, StatusCode::NOT_FOUND);
}
