//! A client's end of back-channel logout: a real HTTP server that keeps what it is sent, answers as a test says, and verifies logout
//! tokens as OIDC Back-Channel Logout 1.0 §2.6 asks of a relying party.

use super::calls::Call;
use super::jose::{header_of, verified};
use super::world::World;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Response;
use http::{HeaderMap, Method};
use nauthera_core::time::Clock;
use serde_json::Value;
use std::collections::{BTreeSet, VecDeque};
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The longest that something is waited for.
const DEADLINE: Duration = Duration::from_secs(20);

/// How a receiver answers.
#[derive(Debug, Clone)]
pub enum Answer {
    /// With this status and no body.
    Status(u16),
    /// With a redirect to this address.
    Redirect(String),
    /// With 200 and a body that never ends.
    Endless,
    /// Not at all.
    Nothing,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: String,
}

impl Received {
    /// The one parameter of its form.
    pub fn token(&self) -> String {
        let media = self.headers.get("content-type").unwrap();
        assert_eq!(media, "application/x-www-form-urlencoded");
        let form: Vec<(String, String)> = form_urlencoded::parse(self.body.as_bytes()).into_owned().collect();
        let [(name, token)] = form.as_slice() else { panic!("one parameter: {form:?}") };
        assert_eq!(name, "logout_token");
        token.clone()
    }

    /// The claims of its logout token, which must hold for this client.
    pub async fn verified(&self, world: &World, client_id: &str) -> Value {
        let token = self.token();
        let header = header_of(&token);
        assert_eq!(header["typ"], "logout+jwt");
        let jwks = Call::get(world, "/oauth2/jwks").send().await.ok();
        let claims = verified(&token, &jwks);
        assert_eq!((&claims["iss"], &claims["aud"]), (&world.issuer().into(), &client_id.into()));
        let (now, time) = (world.clock.now().0, |name: &str| claims[name].as_i64().unwrap());
        assert!(time("iat") <= now && now < time("exp") && time("exp") - time("iat") <= 120, "{claims}");
        let events = claims["events"].as_object().unwrap();
        assert_eq!(events.len(), 1, "{claims}");
        assert!(events["http://schemas.openid.net/event/backchannel-logout"].as_object().unwrap().is_empty());
        assert!(claims["sub"].is_string() && claims["sid"].is_string(), "{claims}");
        assert!(claims["jti"].as_str().is_some_and(|jti| jti.len() >= 16), "{claims}");
        assert!(claims.get("nonce").is_none(), "a logout token must not pass for an ID token: {claims}");
        claims
    }
}

struct Shared {
    answers: Mutex<VecDeque<Answer>>,
    usual: Answer,
    received: watch::Sender<Vec<Received>>,
}

/// A receiver at work.
pub struct Receiver {
    /// Where it listens, as a manifest names it.
    pub url: String,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Receiver {
    /// One that answers 200.
    pub async fn start() -> Self {
        Self::answering(&[], Answer::Status(200)).await
    }

    /// One that gives these answers first, and then always the last one.
    pub async fn answering(answers: &[Answer], usual: Answer) -> Self {
        let shared = Arc::new(Shared {
            answers: Mutex::new(answers.iter().cloned().collect()),
            usual,
            received: watch::Sender::new(Vec::new()),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/logout", listener.local_addr().unwrap());
        let own = shared.clone();
        let routes = Router::new().fallback(move |method: Method, headers: HeaderMap, body: Bytes| {
            let shared = own.clone();
            async move {
                assert_eq!(method, Method::POST);
                shared.answer(headers, &body).await
            }
        });
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, shared, serving }
    }

    /// What came so far.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.borrow().clone()
    }

    /// What came, as soon as there is so much.
    pub async fn told(&self, count: usize) -> Vec<Received> {
        let mut watched = self.shared.received.subscribe();
        let waited = tokio::time::timeout(DEADLINE, watched.wait_for(|all| all.len() >= count)).await;
        let got = self.received();
        assert!(waited.is_ok(), "{} requests came, not {count}", got.len());
        got
    }

    /// The sessions that it was told of, as soon as there are so many requests.
    pub async fn sids(&self, count: usize) -> BTreeSet<String> {
        let received = self.told(count).await;
        let sid = |one: &Received| super::jose::claims_of(&one.token())["sid"].as_str().unwrap().to_owned();
        received.iter().map(sid).collect()
    }
}

impl Shared {
    async fn answer(&self, headers: HeaderMap, body: &Bytes) -> Response {
        let answer = self.answers.lock().unwrap().pop_front().unwrap_or_else(|| self.usual.clone());
        let body = String::from_utf8(body.to_vec()).unwrap();
        self.received.send_modify(|all| all.push(Received { headers, body }));
        let response = Response::builder();
        let response = match answer {
            Answer::Status(status) => response.status(status).body(Body::empty()),
            Answer::Redirect(to) => response.status(307).header("location", to).body(Body::empty()),
            Answer::Endless => {
                let parts = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 4_096]));
                response.status(200).body(Body::from_stream(parts))
            }
            Answer::Nothing => pending().await,
        };
        response.unwrap()
    }
}
