//! The HTTP edge: methods, other origins, unknown addresses, headers of every answer, sizes and encodings of bodies.

use crate::support::{Authorize, Call, HTTPS, TENANT, World};
use axum::body::{Body, Bytes};
use http::{Method, Request};
use std::convert::Infallible;

const GET_ALONE: &[&str] = &["/.well-known/openid-configuration", "/oauth2/jwks", "/assets/theme.css"];
const POST_ALONE: &[&str] =
    &["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke", "/oauth2/par", "/oauth2/device_authorization"];
const BOTH: &[&str] = &["/oauth2/userinfo", "/device", "/account"];
/// Their GET may do something that counts once.
const NO_HEAD: &[&str] = &["/oauth2/authorize", "/oauth2/logout", "/login", "/consent"];
const CROSS_ORIGIN: &[&str] = &[
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/oauth2/jwks",
    "/oauth2/token",
    "/oauth2/revoke",
    "/oauth2/userinfo",
    "/oauth2/par",
];

fn request(world: &World, method: &str, below: &str) -> Request<Body> {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    Request::builder().method(method).uri(world.path(below)).body(Body::empty()).unwrap()
}

async fn asked(world: &World, method: &str, below: &str) -> crate::support::Reply {
    world.send(request(world, method, below)).await
}

#[tokio::test]
async fn a_wrong_method_is_405_and_allow_says_which_are_right() {
    let world = World::new();
    let wrong = [
        (GET_ALONE, "POST"),
        (POST_ALONE, "GET"),
        (POST_ALONE, "HEAD"),
        (BOTH, "PUT"),
        (NO_HEAD, "HEAD"),
        (NO_HEAD, "PUT"),
    ];
    for (paths, method) in
        wrong.into_iter().chain(["DELETE", "PATCH", "TRACE", "BREW"].map(|m| (GET_ALONE, m)))
    {
        for path in paths {
            let reply = asked(&world, method, path).await;
            assert_eq!(reply.status, 405, "{method} {path}");
            let allow: Vec<&str> = reply.header("allow").split(", ").collect();
            assert!(!allow.contains(&method), "{method} {path}: {allow:?}");
            for right in allow {
                let taken = asked(&world, right, path).await;
                assert_ne!(taken.status, 405, "{path} says that it takes {right}");
            }
        }
    }
}

#[tokio::test]
async fn programs_get_a_405_as_json_and_people_as_a_page() {
    let world = World::new();
    assert_eq!(asked(&world, "GET", "/oauth2/token").await.error(), (405, "invalid_request".into()));
    assert!(asked(&world, "PUT", "/login").await.is_html());
}

#[tokio::test]
async fn an_unknown_address_is_a_page_that_says_so() {
    let world = World::at(TENANT);
    for path in [
        "/tenant/one",
        "/tenant/one/",
        "/tenant/one/nothing",
        "/",
        "/tenant/oneoauth2/token",
        "/oauth2/token",
    ] {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let reply = world.send(request).await;
        assert_eq!((reply.status.as_u16(), reply.is_html()), (404, true), "{path}");
        assert!(reply.text().contains("Page not found"), "{path}");
    }
}

#[tokio::test]
async fn pages_link_to_assets_that_are_there() {
    let world = World::at(TENANT);
    let page = world.browser().open(&world.path("/account")).await;
    let links = page.text().split('"').filter(|text| text.contains("/assets/")).map(str::to_owned);
    let links: Vec<String> = links.collect();
    assert!(links.len() >= 2, "{links:?}");
    for link in links {
        let reply = world.browser().get(&link).await;
        assert_eq!(reply.status, 200, "{link}");
        assert!(reply.header("content-type").contains('/'), "{link}");
    }
}

#[tokio::test]
async fn an_asset_that_is_not_there_is_404_however_it_is_asked_for() {
    let world = World::new();
    for path in ["/assets/", "/assets/none.css", "/assets/../Cargo.toml", "/assets/..%2f..%2fCargo.toml"] {
        assert_eq!(world.browser().get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn head_is_answered_as_get_is() {
    let world = World::new();
    for path in GET_ALONE.iter().chain(&["/device", "/account"]) {
        let (head, get) = (asked(&world, "HEAD", path).await, asked(&world, "GET", path).await);
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    }
}

#[tokio::test]
async fn each_answer_has_an_id_of_its_own_that_errors_repeat() {
    let world = World::new();
    let replies = [asked(&world, "POST", "/oauth2/token").await, asked(&world, "GET", "/login").await];
    let ids: Vec<&str> = replies.iter().map(|reply| reply.header("x-request-id")).collect();
    assert_ne!(ids[0], ids[1]);
    assert!(replies.iter().zip(&ids).all(|(reply, id)| reply.text().contains(id)));
}

#[tokio::test]
async fn scripts_of_any_origin_may_call_what_browser_clients_call_and_nothing_else() {
    let world = World::new();
    for path in GET_ALONE.iter().chain(POST_ALONE).chain(BOTH) {
        let preflight = asked(&world, "OPTIONS", path).await;
        let method = if POST_ALONE.contains(path) { "POST" } else { "GET" };
        let reply = asked(&world, method, path).await;
        for reply in [preflight, reply] {
            let origin = reply.header("access-control-allow-origin");
            assert_eq!(origin, if CROSS_ORIGIN.contains(path) { "*" } else { "" }, "{path}");
            assert!(reply.header("access-control-allow-credentials").is_empty(), "{path}");
        }
    }
}

#[tokio::test]
async fn a_preflight_says_which_methods_and_headers_may_come() {
    let world = World::new();
    for path in CROSS_ORIGIN {
        let reply = asked(&world, "OPTIONS", path).await;
        assert_eq!((reply.status.as_u16(), reply.body.len()), (204, 0), "{path}");
        let methods = reply.header("access-control-allow-methods");
        assert!(
            methods.contains(if POST_ALONE.contains(path) { "POST" } else { "GET" }),
            "{path}: {methods}"
        );
        assert_eq!(reply.header("access-control-allow-headers"), "Authorization, Content-Type", "{path}");
        assert_eq!(reply.header("access-control-max-age"), "7200", "{path}");
    }
}

#[tokio::test]
async fn errors_can_be_read_by_scripts_of_other_origins_too() {
    let world = World::new();
    for reply in [
        Call::token(&world, "authorization_code").send().await,
        Call::get(&world, "/oauth2/userinfo").send().await,
        asked(&world, "PUT", "/oauth2/token").await,
    ] {
        assert!(reply.status.is_client_error());
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{reply}");
        assert!(reply.header("access-control-expose-headers").contains("WWW-Authenticate"), "{reply}");
    }
}

#[tokio::test]
async fn over_https_browsers_are_told_to_stay_there() {
    let world = World::at(HTTPS);
    let reply = Call::get(&world, "/oauth2/jwks").send().await;
    assert!(reply.header("strict-transport-security").starts_with("max-age=31536000"));
}

#[tokio::test]
async fn a_body_of_another_type_is_415() {
    let world = World::new();
    let body = || b"grant_type=client_credentials".to_vec();
    for path in POST_ALONE.iter().chain(&[
        "/oauth2/authorize",
        "/login",
        "/consent",
        "/device",
        "/account",
        "/oauth2/logout",
    ]) {
        for media in ["application/json", "text/plain", "multipart/form-data; boundary=x", "x", "", "\u{7f}"]
        {
            let mut request = Request::builder().method("POST").uri(world.path(path));
            if let Ok(media) = http::HeaderValue::from_str(media) {
                request = request.header("content-type", media);
            }
            let reply = world.send(request.body(Body::from(body())).unwrap()).await;
            assert_eq!(reply.status, 415, "{path} {media}");
        }
    }
}

#[tokio::test]
async fn parameters_of_the_content_type_and_its_case_do_not_matter() {
    let world = World::new();
    for media in ["application/x-www-form-urlencoded; charset=UTF-8", "Application/X-WWW-Form-Urlencoded"] {
        let call = Call::token(&world, "client_credentials").by("shop.job");
        let reply = call.send_body(Some((media, b"grant_type=client_credentials".to_vec()))).await;
        assert_eq!(reply.status, 200, "{media}");
    }
}

#[tokio::test]
async fn a_body_over_64_kib_is_413_however_it_comes() {
    let world = World::new();
    let large = || "a=".to_owned() + &"x".repeat(64 * 1_024);
    for path in POST_ALONE.iter().chain(&["/oauth2/authorize", "/login", "/account"]) {
        let whole = Call::post(&world, path)
            .send_body(Some(("application/x-www-form-urlencoded", large().into())))
            .await;
        let chunks = futures::stream::iter(std::iter::repeat_n(
            Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 1_000])),
            100,
        ));
        let request = Request::builder().method("POST").uri(*path);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let streamed = world.send(request.body(Body::from_stream(chunks)).unwrap()).await;
        assert_eq!((whole.status.as_u16(), streamed.status.as_u16()), (413, 413), "{path}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_400() {
    let world = World::new();
    let broken =
        futures::stream::iter([Ok(Bytes::from_static(b"grant_type=")), Err(std::io::Error::other("cut"))]);
    let request = Request::builder().method("POST").uri("/oauth2/token");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let reply = world.send(request.body(Body::from_stream(broken)).unwrap()).await;
    assert_eq!(reply.error(), (400, "invalid_request".into()));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_comes_ends_in_408() {
    let world = World::new();
    let never = futures::stream::pending::<Result<Bytes, Infallible>>();
    let request = Request::builder().method("POST").uri("/oauth2/token");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let reply = world.send(request.body(Body::from_stream(never)).unwrap()).await;
    assert_eq!(reply.status, 408);
}

#[tokio::test]
async fn pages_speak_german_to_whom_reads_german() {
    let world = World::new();
    let german = world.browser().reading("de-AT,de;q=0.9,en;q=0.1").get("/nothing").await;
    assert!(german.text().contains("Seite nicht gefunden") && german.text().contains("lang=\"de"));
    let request = Authorize::of("web").set("ui_locales", "fr-CA de en");
    let page = world.browser().reading("en").open(&request.path(&world)).await;
    assert!(page.text().contains("Anmelden"), "{page}");
}
