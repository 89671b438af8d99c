//! Every endpoint with every parameter, bent in every way: a clear refusal or a plain answer, never a failure of the server's own
//! (which `support` checks of each answer).

use crate::device::Device;
use crate::support::{ADA, Authorize, Call, Form, Tokens, World, assertion};
use axum::body::Body;
use http::Request;
use serde_json::json;

/// A request that is good, as bytes that can be bent.
#[derive(Clone)]
struct Good {
    name: &'static str,
    /// GET puts its parameters into the query.
    get: bool,
    path: String,
    headers: Vec<(&'static str, String)>,
    parameters: Vec<(String, Vec<u8>)>,
}

/// What is done to one parameter.
const BENDS: &[&str] =
    &["missing", "twice", "empty", "long", "not UTF-8", "nul", "percent", "list", "huge number"];

impl Good {
    fn of(name: &'static str, get: bool, call: &Call<'_>, path: &str) -> Self {
        let parameters = call.form.iter().map(|(name, value)| (name.clone(), escaped(value))).collect();
        Self { name, get, path: path.to_owned(), headers: call.headers.clone(), parameters }
    }

    fn form(name: &'static str, form: &Form, cookies: &str) -> Self {
        let parameters = form.fields.iter().map(|(name, value)| (name.clone(), escaped(value))).collect();
        let headers = vec![("cookie", cookies.to_owned())];
        Self { name, get: false, path: form.action.clone(), headers, parameters }
    }

    fn bent(&self, at: usize, how: &str) -> Self {
        let mut bent = self.clone();
        let (name, value) = bent.parameters[at].clone();
        match how {
            "missing" => drop(bent.parameters.remove(at)),
            "twice" => bent.parameters.push((name, value)),
            "empty" => bent.parameters[at].1.clear(),
            "long" => bent.parameters[at].1 = vec![b'a'; if self.get { 60_000 } else { 100_000 }],
            "not UTF-8" => bent.parameters[at].1 = b"%ff%fe".to_vec(),
            "nul" => bent.parameters[at].1 = b"%00%0d%0a%1b".to_vec(),
            "percent" => bent.parameters[at].1 = b"%zz%%2".to_vec(),
            "list" => bent.parameters[at].1 = b"%5b%7b%22a%22%3a1%7d%5d".to_vec(),
            "huge number" => bent.parameters[at].1 = b"99999999999999999999999999".to_vec(),
            other => panic!("{other}"),
        }
        bent
    }

    async fn send(&self, world: &World) -> u16 {
        let mut encoded = Vec::new();
        for (name, value) in &self.parameters {
            encoded.extend_from_slice(if encoded.is_empty() { b"" } else { b"&" });
            encoded.extend_from_slice(name.as_bytes());
            encoded.push(b'=');
            encoded.extend_from_slice(value);
        }
        let mut request = if self.get {
            let uri = format!("{}?{}", self.path, String::from_utf8(encoded.clone()).unwrap());
            Request::builder().method("GET").uri(uri)
        } else {
            let request = Request::builder().method("POST").uri(&self.path);
            request.header("content-type", "application/x-www-form-urlencoded")
        };
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let body = if self.get { Body::empty() } else { Body::from(encoded) };
        world.send(request.body(body).unwrap()).await.status.as_u16()
    }
}

fn escaped(value: &str) -> Vec<u8> {
    form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>().into_bytes()
}

/// A good request of every endpoint and kind, with every parameter that the endpoint reads.
#[expect(clippy::too_many_lines, reason = "a table: one good request for each endpoint")]
async fn all(world: &World) -> Vec<Good> {
    let rich = Authorize::of("trusted")
        .and("response_mode", "query")
        .and("prompt", "login")
        .and("max_age", "60")
        .and("login_hint", "ada")
        .and("ui_locales", "de")
        .and("claims_locales", "de")
        .and("acr_values", "x")
        .and("display", "page")
        .and("resource", crate::support::API)
        .and("claims", "{\"userinfo\":{\"email\":null}}");
    let tokens = Authorize::of("web").tokens(world).await;
    let as_call = |request: &Authorize| {
        request.parameters.iter().fold(Call::post(world, ""), |call, (name, value)| call.with(name, value))
    };
    let authorize = as_call(&rich.clone().and("id_token_hint", &tokens.id));
    let redirect = rich.get("redirect_uri").to_owned();
    let code = world.browser().authorize(&Authorize::of("trusted")).await.code();
    let device = Device::start(world, "tv", "openid").await;
    let post = |path: &str, client: &str| Call::post(world, path).by(client);
    let token = |grant: &str, client: &str| Call::token(world, grant).by(client);
    let jwt = Call::token(world, "client_credentials").with("client_id", "shop.jwt");
    let jwt = jwt.asserting(&assertion(world, "shop.jwt", &json!({})));
    let pushed = authorize.form.iter().filter(|(name, _)| name != "client_id" && name != "id_token_hint");
    let pushed = pushed.fold(post("/oauth2/par", "shop.post"), |call, (name, value)| {
        if name == "redirect_uri" {
            call.with(name, "https://post.shop.example/cb")
        } else {
            call.with(name, value)
        }
    });
    let code =
        token("authorization_code", "shop.trusted").with("code", &code).with("redirect_uri", &redirect);
    let code = code.with("code_verifier", crate::support::VERIFIER).with("resource", world.issuer());
    let refresh =
        token("refresh_token", "shop.web").with("refresh_token", &tokens.refresh).with("scope", "openid");
    let logout = Call::post(world, "").with("id_token_hint", &tokens.id).with("client_id", "shop.web");
    let logout =
        logout.with("post_logout_redirect_uri", "https://web.shop.example/bye?kept=a").with("state", "s");
    let both = |name, call: &Call<'_>, path: &str| {
        [Good::of(name, true, call, path), Good::of(name, false, call, path)]
    };
    let mut all = vec![
        Good::of("code", false, &code, "/oauth2/token"),
        Good::of("refresh", false, &refresh.with("resource", world.issuer()), "/oauth2/token"),
        Good::of(
            "secret in the form",
            false,
            &token("client_credentials", "shop.post").with("scope", "orders:read"),
            "/oauth2/token",
        ),
        Good::of("assertion", false, &jwt, "/oauth2/token"),
        Good::of(
            "device",
            false,
            &crate::device::poll(world, "shop.tv", &device.device_code),
            "/oauth2/token",
        ),
        Good::of(
            "introspect",
            false,
            &post("", "shop.post").with("token", &tokens.access).with("token_type_hint", "x"),
            "/oauth2/introspect",
        ),
        Good::of(
            "revoke",
            false,
            &post("", "shop.post").with("token", &tokens.access).with("token_type_hint", "x"),
            "/oauth2/revoke",
        ),
        Good::of("par", false, &pushed, "/oauth2/par"),
        Good::of(
            "device authorization",
            false,
            &post("", "shop.tv").with("scope", "openid").with("resource", crate::support::API),
            "/oauth2/device_authorization",
        ),
        Good::of(
            "userinfo",
            false,
            &Call::post(world, "").with("access_token", &tokens.access),
            "/oauth2/userinfo",
        ),
        Good::of(
            "device page",
            true,
            &Call::get(world, "").with("user_code", &device.user_code).with("i", "x"),
            "/device",
        ),
    ];
    all.extend(both("authorize", &authorize, "/oauth2/authorize"));
    all.extend(both("logout", &logout.with("ui_locales", "de"), "/oauth2/logout"));
    all.extend(forms(world, &device).await);
    all
}

/// The forms of all pages, filled in.
async fn forms(world: &World, device: &Device) -> Vec<Good> {
    let mut browser = world.browser();
    let login = browser.open(&Authorize::of("second").path(world)).await;
    let mut forms = vec![("login", login.form().set("username", ADA.0).set("password", "wrong"))];
    let consent = browser.log_in(&login, ADA).await;
    forms.push(("consent", consent.form().set("decision", "deny")));
    let choice = browser.open(&Authorize::of("trusted").and("prompt", "select_account").path(world)).await;
    forms.extend(choice.forms().into_iter().map(|form| ("choice", form)));
    forms.push(("device code", browser.open("/device").await.form().set("user_code", &device.user_code)));
    forms.push(("device decision", device.typed_into(&mut browser).await.form().set("decision", "deny")));
    forms.push(("logout decision", browser.open("/oauth2/logout").await.form().set("decision", "stay")));
    let account = browser.open("/account").await;
    forms.push((
        "account",
        account.forms_with("action", "end_session")[0].clone().set("sid", "x").set("client_id", "x"),
    ));
    let cookies: Vec<String> =
        browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    forms.into_iter().map(|(name, form)| Good::form(name, &form, &cookies.join("; "))).collect()
}

#[tokio::test]
async fn every_parameter_of_every_endpoint_can_be_bent_in_every_way() {
    let world = World::new();
    let all = all(&world).await;
    let mut sent = 0;
    for good in &all {
        for at in 0..good.parameters.len() {
            for how in BENDS {
                let status = good.bent(at, how).send(&world).await;
                let told = format!("{} with {} {how}: {status}", good.name, good.parameters[at].0);
                assert!(matches!(status, 200 | 201 | 302 | 303 | 400 | 401 | 403 | 413 | 429), "{told}");
                if *how == "not UTF-8" || (*how == "long" && !good.get) {
                    assert!((400..500).contains(&status), "{told}");
                }
                sent += 1;
            }
        }
    }
    assert!(sent > 1_000, "{sent}");
}

#[tokio::test]
async fn a_parameter_sent_twice_is_refused_everywhere_but_resource() {
    let world = World::new();
    for good in all(&world).await {
        for at in 0..good.parameters.len() {
            if good.parameters[at].0 == "resource" {
                continue;
            }
            let mut twice = good.bent(at, "twice");
            twice.parameters.last_mut().unwrap().1 = b"another".to_vec();
            let status = twice.send(&world).await;
            // At the authorization endpoint the refusal may go back to the client.
            let refused = (400..500).contains(&status) || (status == 303 && good.name == "authorize");
            assert!(refused, "{} with {} twice: {status}", good.name, good.parameters[at].0);
        }
    }
}

#[tokio::test]
async fn without_any_parameter_and_with_too_many_every_endpoint_refuses_or_asks() {
    let world = World::new();
    for good in all(&world).await {
        let mut none = good.clone();
        none.parameters.clear();
        assert!(none.send(&world).await < 500, "{}", good.name);
        let mut many = good.clone();
        many.parameters.extend((0..100).map(|n| (format!("more{n}"), b"x".to_vec())));
        assert_eq!(many.send(&world).await, 400, "{}", good.name);
    }
}

#[tokio::test]
async fn a_good_request_is_taken_as_it_is() {
    let world = World::new();
    for good in all(&world).await {
        let status = good.send(&world).await;
        let expected: &[u16] = match good.name {
            "device" => &[400],
            "par" => &[201],
            "authorize" | "logout decision" | "consent" | "account" => &[303],
            "choice" => &[200, 303],
            _ => &[200, 303],
        };
        assert!(expected.contains(&status), "{}: {status}", good.name);
    }
}

#[tokio::test]
async fn nothing_of_it_spoils_what_is_open() {
    let world = World::new();
    let request = Authorize::of("trusted");
    let code = world.browser().authorize(&request).await.code();
    let good = Good::of("code", false, &request.redeem(&world, &code), "/oauth2/token");
    for at in 0..good.parameters.len() {
        for how in BENDS {
            assert!(
                (400..500).contains(&good.bent(at, how).send(&world).await),
                "{} {how}",
                good.parameters[at].0
            );
        }
    }
    Tokens::of(&request.redeem(&world, &code).send().await);
}
