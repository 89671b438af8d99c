//! The provider that targets send requests to: the one of the server's own tests, one for each thread, made anew now and then so
//! that no run of hours grows it. Answers go through the rules that no answer may break, which panic where they are broken.

use crate::support::{ADA, Authorize, Call, Reply, Tokens, World, assertion};
use anyhow::{Context, Result};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// How many inputs one provider sees.
const LIFE: u32 = 2_000;
/// The longest that an answer may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// Words that count once.
const ONCE: &[&str] = &["code", "device_code", "request_uri", "assertion"];
/// Addresses of private networks, so many that no input pays for what another did.
const FIRST_PEER: u32 = 0x0a00_0001;

/// A provider, a person who is logged in there, and what clients hold.
pub struct Provider {
    /// The provider.
    pub world: World,
    /// The person's cookies.
    pub cookies: String,
    /// The `jti`s of assertions that it believed.
    pub spent: RefCell<HashSet<String>>,
    words: Vec<(&'static str, String)>,
    runtime: Runtime,
    inputs: u32,
    /// Does the input name a word that counts once?
    risks: Cell<bool>,
    /// Are the cookies or a word spent?
    spoilt: Cell<bool>,
}

thread_local! {
    static PROVIDER: RefCell<Option<Provider>> = const { RefCell::new(None) };
}

/// Judges one input with the provider of this thread.
///
/// # Errors
/// Those of the judge, and when no provider can be made.
pub fn with(judge: impl FnOnce(&Provider) -> Result<()>) -> Result<()> {
    PROVIDER.with_borrow_mut(|slot| {
        // One whose rules were just broken may be in any state: it is not put back.
        let kept = slot.take().filter(|provider| provider.inputs < LIFE && !provider.spoilt.get());
        let mut provider = kept.map_or_else(Provider::new, Ok)?;
        provider.inputs += 1;
        provider.risks.set(false);
        judge(&provider)?;
        *slot = Some(provider);
        Ok(())
    })
}

impl Provider {
    fn new() -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let world = World::new();
        let (cookies, words) = runtime.block_on(words(&world));
        Ok(Self {
            world,
            cookies,
            spent: RefCell::default(),
            words,
            runtime,
            inputs: 0,
            risks: Cell::new(false),
            spoilt: Cell::new(false),
        })
    }

    /// Where this input's requests come from.
    fn peer(&self) -> IpAddr {
        Ipv4Addr::from(FIRST_PEER + self.inputs).into()
    }

    /// The answer to a request.
    ///
    /// # Errors
    /// When it does not come.
    pub fn send(&self, request: Request<Body>) -> Result<Reply> {
        let reply = self.within(self.world.send_from(self.peer(), request))?;
        let session = &self.world.app.serving().cookies.session;
        let renewed = reply.cookies().iter().any(|cookie| cookie.starts_with(session.as_str()));
        let spent = self.risks.get() && (reply.status.is_success() || reply.status.is_redirection());
        self.spoilt.set(self.spoilt.get() || renewed || spent);
        Ok(reply)
    }

    /// The end of something that talks to the provider.
    ///
    /// # Errors
    /// When it does not come.
    pub fn within<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        let timed = async { tokio::time::timeout(DEADLINE, work).await };
        self.runtime.block_on(timed).context("no answer comes")
    }

    /// The input with words in braces made into what they name here: `{access}` into an access token, `{session}` into the
    /// cookies of a person who is logged in. Seeds cannot hold these, since every provider has its own.
    #[must_use]
    pub fn filled(&self, input: &[u8]) -> Vec<u8> {
        let mut filled = Vec::with_capacity(input.len());
        let mut rest = input;
        while let Some((first, after)) = rest.split_first() {
            let known = |(name, _): &&(&str, String)| {
                after.strip_prefix(name.as_bytes()).is_some_and(|after| after.first() == Some(&b'}'))
            };
            match self.words.iter().find(known).filter(|_| *first == b'{') {
                Some((name, value)) => {
                    self.risks.set(self.risks.get() || ONCE.contains(name));
                    filled.extend_from_slice(value.as_bytes());
                    rest = after.get(name.len() + 1..).unwrap_or_default();
                }
                None => {
                    filled.push(*first);
                    rest = after;
                }
            }
        }
        filled
    }

    /// What a word in braces is here.
    #[must_use]
    pub fn word(&self, name: &str) -> &str {
        self.words
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
            .unwrap_or_default()
    }
}

async fn words(world: &World) -> (String, Vec<(&'static str, String)>) {
    let mut browser = world.browser();
    browser.sign_in(ADA).await;
    let asked = Authorize::of("web").set("scope", "openid offline_access");
    let code = browser.authorize(&asked).await.code();
    let tokens = Tokens::of(&asked.redeem(world, &code).send().await);
    let code = browser.authorize(&Authorize::of("spa")).await.code();
    let form = browser.open(&Authorize::of("web").set("prompt", "login").path(world)).await.form();
    let device = Call::post(world, "/oauth2/device_authorization").by("shop.tv").with("scope", "openid");
    let device = device.send().await.ok();
    let request = Authorize::of("pushed").without("client_id").parameters;
    let push = Call::post(world, "/oauth2/par").by("shop.pushed");
    let push = request.iter().fold(push, |call, (name, value)| call.with(name, value));
    let pushed = push.send().await.json();
    let service = Tokens::of(&Call::token(world, "client_credentials").by("shop.job").send().await);
    let cookies: Vec<String> =
        browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let cookies = cookies.join("; ");
    let text =
        |answer: &Value, name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let words = vec![
        ("access", tokens.access),
        ("refresh", tokens.refresh),
        ("id", tokens.id),
        ("service", service.access),
        ("code", code),
        ("device_code", text(&device, "device_code")),
        ("user_code", text(&device, "user_code")),
        ("request_uri", text(&pushed, "request_uri")),
        ("assertion", assertion(world, "shop.jwt", &json!({}))),
        ("i", form.get("i").unwrap_or_default().to_owned()),
        ("csrf", form.get("csrf").unwrap_or_default().to_owned()),
        ("session", cookies.clone()),
    ];
    (cookies, words)
}
