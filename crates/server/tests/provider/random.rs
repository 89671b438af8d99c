//! Random requests: whatever comes, the answer is one of the server's own words, soon, and leads nowhere strange (which `support`
//! checks of each answer). `PROPTEST_CASES` gives longer runs.

use crate::support::{ADA, Authorize, World};
use axum::body::Body;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::time::Duration;

const PATHS: &[&str] = &[
    "/oauth2/authorize",
    "/oauth2/token",
    "/oauth2/userinfo",
    "/oauth2/introspect",
    "/oauth2/revoke",
    "/oauth2/par",
    "/oauth2/device_authorization",
    "/oauth2/logout",
    "/oauth2/jwks",
    "/login",
    "/consent",
    "/account",
    "/device",
    "/assets/theme.css",
    "/.well-known/openid-configuration",
    "/nothing",
];
const METHODS: &[&str] = &["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "BREW"];
const NAMES: &[&str] = &[
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "grant_type",
    "code",
    "code_verifier",
    "redirect_uri",
    "refresh_token",
    "device_code",
    "scope",
    "resource",
    "token",
    "response_type",
    "response_mode",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "max_age",
    "id_token_hint",
    "claims",
    "request_uri",
    "request",
    "login_hint",
    "ui_locales",
    "post_logout_redirect_uri",
    "access_token",
    "i",
    "csrf",
    "username",
    "password",
    "action",
    "decision",
    "user_code",
    "sid",
];
const HEADERS: &[&str] = &[
    "authorization",
    "cookie",
    "accept-language",
    "content-type",
    "sec-fetch-site",
    "origin",
    "host",
    "content-length",
    "x-forwarded-for",
    "accept",
    "if-none-match",
];

/// What a random request is made of: words that the server knows, and noise.
struct Words {
    values: Vec<String>,
    cookies: String,
}

#[derive(Debug, Clone)]
enum Piece {
    Known(Index),
    Noise(Vec<u8>),
}

#[derive(Debug, Clone)]
struct Shot {
    method: &'static str,
    path: &'static str,
    query: Vec<(&'static str, Piece)>,
    form: Vec<(&'static str, Piece)>,
    raw: Option<Vec<u8>>,
    headers: Vec<(&'static str, Piece)>,
    logged_in: bool,
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        3 => any::<Index>().prop_map(Piece::Known),
        1 => proptest::collection::vec(any::<u8>(), 0..60).prop_map(Piece::Noise),
        1 => "\\PC{0,40}".prop_map(|text| Piece::Noise(text.into_bytes())),
    ]
}

fn pieces(names: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<(&'static str, Piece)>> {
    proptest::collection::vec((select(names), piece()), 0..most)
}

fn shot() -> impl Strategy<Value = Shot> {
    let raw = proptest::option::weighted(0.1, proptest::collection::vec(any::<u8>(), 0..400));
    let parts = (
        select(METHODS),
        select(PATHS),
        pieces(NAMES, 10),
        pieces(NAMES, 10),
        raw,
        pieces(HEADERS, 4),
        any::<bool>(),
    );
    parts.prop_map(|(method, path, query, form, raw, headers, logged_in)| Shot {
        method,
        path,
        query,
        form,
        raw,
        headers,
        logged_in,
    })
}

impl Words {
    #[expect(clippy::too_many_lines, reason = "a table: what every kind of request may hold")]
    async fn of(world: &World) -> Self {
        let tokens = Authorize::of("web").tokens(world).await;
        let device = crate::device::Device::start(world, "tv", "openid").await;
        let mut browser = world.browser();
        let login = browser.open(&Authorize::of("web").path(world)).await.form();
        browser.sign_in(ADA).await;
        let mut values: Vec<String> = [
            "shop.web",
            "shop.trusted",
            "shop.spa",
            "shop.native",
            "shop.tv",
            "shop.job",
            "shop.nobody",
            "code",
            "query",
            "form_post",
            "fragment",
            "S256",
            "plain",
            "openid",
            "openid email",
            "payroll:admin",
            "none",
            "login consent",
            "select_account",
            "0",
            "60",
            "-1",
            "authorization_code",
            "refresh_token",
            "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code",
            "https://web.shop.example/cb",
            "https://trusted.shop.example/cb",
            "https://evil.example/",
            "http://127.0.0.1:1/cb",
            "https://web.shop.example/bye?kept=a",
            "javascript:alert(1)",
            "ada",
            "lovelace",
            "allow",
            "deny",
            "logout",
            "switch",
            "continue",
            "application/x-www-form-urlencoded",
            "Basic c2hvcC5qb2I6eA==",
            "Bearer x",
            "urn:ietf:params:oauth:request_uri:x",
            "{\"userinfo\":{\"email\":null}}",
            "{\"id_token\":{\"acr\":{\"essential\":true,\"values\":[\"x\"]}}}",
            "[[[[",
            "de",
            "cross-site",
            "64000",
        ]
        .map(str::to_owned)
        .into();
        values.extend([
            tokens.access.clone(),
            tokens.refresh,
            tokens.id,
            device.device_code,
            device.user_code,
        ]);
        values.push(format!("Bearer {}", tokens.access));
        values.extend(login.fields.into_iter().map(|(_, value)| value));
        values.push(crate::support::CHALLENGE.to_owned());
        values.push(crate::support::VERIFIER.to_owned());
        let cookies: Vec<String> =
            browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Self { values, cookies: cookies.join("; ") }
    }

    fn bytes(&self, piece: &Piece) -> Vec<u8> {
        match piece {
            Piece::Known(index) => index.get(&self.values).clone().into_bytes(),
            Piece::Noise(noise) => noise.clone(),
        }
    }

    fn encoded(&self, pieces: &[(&str, Piece)]) -> String {
        let pairs = pieces.iter().map(|(name, piece)| {
            format!("{name}={}", form_urlencoded::byte_serialize(&self.bytes(piece)).collect::<String>())
        });
        pairs.collect::<Vec<_>>().join("&")
    }

    /// The request, where HTTP has one of the kind.
    fn request(&self, shot: &Shot) -> Option<Request<Body>> {
        let uri = format!("{}?{}", shot.path, self.encoded(&shot.query)).parse::<Uri>().ok()?;
        let mut request =
            Request::builder().method(Method::from_bytes(shot.method.as_bytes()).ok()?).uri(uri);
        request = request.header("content-type", "application/x-www-form-urlencoded");
        if shot.logged_in {
            request = request.header("cookie", &self.cookies);
        }
        for (name, piece) in &shot.headers {
            if let Ok(value) = HeaderValue::from_bytes(&self.bytes(piece)) {
                request = request.header(HeaderName::from_static(name), value);
            }
        }
        let body = shot.raw.clone().unwrap_or_else(|| self.encoded(&shot.form).into_bytes());
        request.body(Body::from(body)).ok()
    }
}

#[test]
fn random_requests_never_fail_panic_or_hang() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = World::new();
    let words = runtime.block_on(Words::of(&world));
    let defaults = ProptestConfig::default();
    let config = ProptestConfig { cases: defaults.cases.max(1_500), failure_persistence: None, ..defaults };
    proptest!(config, |(shot in shot())| {
        if let Some(request) = words.request(&shot) {
            // Failures, and redirects that lead anywhere strange, are found by what holds of every answer.
            let answered = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(10), world.send(request)).await });
            prop_assert!(answered.is_ok(), "it hangs");
        }
    });
}

/// An authorization request near a good one: where does its answer lead?
#[test]
fn an_authorization_request_leads_only_to_the_server_or_to_a_registered_uri() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = World::new();
    let mut browser = world.browser();
    runtime.block_on(browser.sign_in(ADA));
    let defaults = ProptestConfig::default();
    let config = ProptestConfig { cases: defaults.cases.max(1_000), failure_persistence: None, ..defaults };
    let bent = (select(&["web", "trusted", "native", "spa"][..]), 0_usize..60, "[ -~]{0,3}", any::<bool>());
    proptest!(config, |((client, at, noise, cut) in bent)| {
        let good = Authorize::of(client);
        let mut uri = good.get("redirect_uri").to_owned();
        let at = at.min(uri.len());
        if cut { uri.replace_range(at..(at + noise.len()).min(uri.len()), ""); } else { uri.insert_str(at, &noise); }
        let registered = uri == good.get("redirect_uri");
        let reply = runtime.block_on(browser.clone().get(&good.set("redirect_uri", &uri).path(&world)));
        if !registered && client != "native" {
            prop_assert_eq!(reply.status.as_u16(), 400, "{}", uri);
        }
    });
}
