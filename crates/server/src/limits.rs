//! What is limited, and how much. How limits count is `nauthera-core`'s, where they are kept `nauthera-store`'s; what they are asked
//! about is below: logins and codes in [`guesses`], programs in [`programs`].
//!
//! Three rules stand above the numbers. Nothing locks for good: no wait is longer than a minute, and it is told. Whoever proves who
//! it is, is not held up by those who do not: a client's right secret always counts, and a person's own browser is not slowed
//! down by guesses from others. And what goes well is not counted: ten thousand applications behind one address get their tokens, and
//! no token costs a question to the database or to Redis.

mod guesses;
mod programs;
#[cfg(test)]
mod tests;

pub use guesses::Attempt;

use crate::audit::{About, Event};
use crate::http::Context;
use nauthera_core::limits::{Key, Rule, network};
use nauthera_core::snapshot::Row;
use nauthera_store::limits::{Ask, Health, Limiter, Memory, Refused, Shared};
use std::sync::Arc;
use std::time::Duration;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Failed logins to an account, from all browsers together that do not know it: people mistype a few times, and more than a handful
/// in five minutes is guessing. Half a million tries take a year.
pub const LOGIN_ACCOUNT: Rule = Rule::growing("login_account", 5, seconds(300));
/// Failed logins from a browser to an account that was logged in to from there before. It stands in place of the limits by account
/// and by address, so that nobody who guesses elsewhere holds the person up.
pub const LOGIN_BROWSER: Rule = Rule::growing("login_browser", 5, seconds(300));
/// Failed logins from an address to any account: an office mistypes more than a person, and one password tried on everybody is
/// noticed after fifty.
pub const LOGIN_ADDRESS: Rule = Rule::growing("login_address", 50, seconds(30));
/// Wrong user codes of devices from an address (RFC 8628 §5.1): of 25 billion codes some thousand may be pending.
pub const USER_CODE: Rule = Rule::growing("user_code", 10, seconds(60));
/// Failed authentications of a client from an address: a rollout with an old secret fails a few dozen times before anybody looks.
pub const CLIENT_AT_ADDRESS: Rule = Rule::growing("client_at_address", 100, seconds(30));
/// Failed client authentications from an address, which may be that of a whole cluster.
pub const CLIENT_ADDRESS: Rule = Rule::growing("client_address", 300, seconds(5));
/// Failed authentications of a client from everywhere: far more than its own pods come to, and a bound on what a storm from many
/// addresses writes.
pub const CLIENT: Rule = Rule::steady("client", 2_000, millis(20));
/// Pushed requests of public clients from an address. Nobody proved anything for these rows, which are kept for an hour: an office
/// of a thousand may log in within a minute, and a flood writes five rows a second.
pub const PAR_ADDRESS: Rule = Rule::steady("par_address", 1_000, millis(200));
/// Pushed requests of a public client from everywhere.
pub const PAR_CLIENT: Rule = Rule::steady("par_client", 10_000, millis(5));
/// Device authorizations of public clients from an address. Each takes a user code, of which guessers would find more.
pub const DEVICE_ADDRESS: Rule = Rule::steady("device_address", 200, millis(500));
/// Device authorizations of a public client from everywhere.
pub const DEVICE_CLIENT: Rule = Rule::steady("device_client", 2_000, millis(20));
/// Codes and tokens of a public client that were refused, from an address: each is a question to the database that anybody can ask.
/// An application that repeats itself in many threads comes to some hundreds at once.
pub const TOKEN_REFUSALS: Rule = Rule::steady("token_refusals", 2_000, millis(50));

/// Every limit.
pub const RULES: [&Rule; 12] = [
    &LOGIN_ACCOUNT,
    &LOGIN_BROWSER,
    &LOGIN_ADDRESS,
    &USER_CODE,
    &CLIENT_AT_ADDRESS,
    &CLIENT_ADDRESS,
    &CLIENT,
    &PAR_ADDRESS,
    &PAR_CLIENT,
    &DEVICE_ADDRESS,
    &DEVICE_CLIENT,
    &TOKEN_REFUSALS,
];

/// The limits of a server.
pub struct Limits {
    limiter: Limiter,
    secret: [u8; 32],
}

impl Limits {
    /// Limits over what replicas share. The secret is the same on all of them.
    #[must_use]
    pub fn new(shared: Shared, secret: [u8; 32]) -> Self {
        Self { limiter: Limiter::new(shared, Memory::default()), secret }
    }

    /// How it goes with what replicas share.
    #[must_use]
    pub const fn health(&self) -> &Arc<Health> {
        self.limiter.health()
    }

    /// Where limits are kept now, in a word: `shared`, `own` where nothing is shared, `away` where what is shared is.
    #[must_use]
    pub fn kept(&self) -> &'static str {
        match (self.limiter.is_shared(), self.health().is_away()) {
            (false, _) => "own",
            (true, false) => "shared",
            (true, true) => "away",
        }
    }

    /// This replica's own memory.
    #[must_use]
    pub const fn own(&self) -> &Memory {
        self.limiter.own()
    }

    fn ask(&self, rule: &'static Rule, parts: &[&[u8]]) -> Ask {
        Ask { rule, key: Key::of(&self.secret, rule.name, parts) }
    }

    /// Holds a request to limits that are counted and never taken back.
    async fn hold(&self, context: &Context, row: Option<&Row>, asked: &[Ask]) -> Result<(), Refused> {
        let admitted = self.limiter.admit(asked, context.app.precise()).await;
        admitted.inspect_err(|refused| note(context, row, refused))
    }
}

/// Counts a refusal, and writes one line of audit a minute for each subject.
fn note(context: &Context, row: Option<&Row>, refused: &Refused) {
    context.app.metrics.limits.refused(refused.rule);
    if refused.news {
        let reason = Some(refused.rule.name);
        context.app.audit.event(context, Event::Limited, &About { row, reason, ..About::default() });
    }
}

/// The address of a request as limits count it.
fn place(context: &Context) -> [u8; 16] {
    network(context.peer.0)
}
