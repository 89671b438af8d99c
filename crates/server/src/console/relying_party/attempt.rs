//! Tries: their states, and where the newest hundred of them are kept.

use nauthera_core::facts::Digest;
use nauthera_core::grant::GrantType;
use nauthera_core::names::{ClientId, ObjectRef};
use nauthera_core::time::UnixTime;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many tries are kept, of all browsers together.
const KEPT: usize = 100;
/// How many exchanges of one try are kept.
const EXCHANGES: usize = 30;

/// What a try asks for.
#[derive(Clone)]
pub struct Wanted {
    /// How it begins.
    pub grant: GrantType,
    /// Scopes, joined.
    pub scope: String,
    /// The resource indicator, where one is named.
    pub resource: Option<String>,
    /// The `prompt` of the authorization request, where one is named.
    pub prompt: Option<String>,
}

/// One try, from its button to its logout. No `Debug`: it holds tokens.
#[derive(Clone)]
pub struct Attempt {
    /// Its id: 256 random bits.
    pub id: String,
    /// The browser that began it.
    pub owner: Digest,
    /// The client.
    pub object: ObjectRef,
    /// The id under which it is served.
    pub client_id: ClientId,
    /// What it asks for.
    pub wanted: Wanted,
    /// When it began.
    pub started_at: UnixTime,
    /// How far it has come.
    pub stage: Stage,
    /// What was sent and answered, in order.
    pub exchanges: Vec<Exchange>,
}

/// How far a try has come.
#[derive(Clone)]
pub enum Stage {
    /// The browser is at the issuer.
    Away(Away),
    /// The code is being exchanged.
    Exchanging,
    /// A person is to type the user code.
    Device(Device),
    /// There are tokens.
    Holding(Box<Tokens>),
    /// It ended without any.
    Failed(Fault),
}

/// What must come back with the browser, and what proves the code to be ours.
#[derive(Clone)]
pub struct Away {
    /// Comes back as it was sent.
    pub state: String,
    /// Comes back in the ID token; `None` when none is asked for.
    pub nonce: Option<String>,
    /// The PKCE verifier (RFC 7636).
    pub verifier: String,
}

/// A device authorization (RFC 8628 §3.2).
#[derive(Clone)]
pub struct Device {
    /// What is polled with.
    pub device_code: String,
    /// What the person types.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// The same with the code in it.
    pub verification_uri_complete: String,
    /// No answer after that.
    pub expires_at: UnixTime,
    /// Seconds between polls.
    pub interval: u32,
    /// When to poll next.
    pub next_poll: UnixTime,
}

/// Tokens that were received.
#[derive(Clone)]
pub struct Tokens {
    /// The access token.
    pub access: String,
    /// The refresh token.
    pub refresh: Option<String>,
    /// The ID token.
    pub id: Option<String>,
    /// Scopes as granted, where the answer says so.
    pub scope: Option<String>,
    /// When they came.
    pub received_at: UnixTime,
    /// The `nonce` that the ID token must have; `None` when nothing is known of it.
    pub nonce: Option<String>,
    /// Did the ID token come with this access token?
    pub paired: bool,
    /// How often they were refreshed.
    pub refreshed: u32,
    /// The logout that is under way or done.
    pub logout: Option<Logout>,
}

/// A logout that was begun.
#[derive(Clone)]
pub struct Logout {
    /// Comes back as it was sent.
    pub state: String,
    /// Has it come back?
    pub done: bool,
}

/// Why a try ended without tokens.
#[derive(Clone)]
pub struct Fault {
    /// The OAuth error code, or a word of the console's.
    pub error: String,
    /// What it means.
    pub description: String,
}

/// What was sent, and what was answered.
#[derive(Clone)]
pub struct Exchange {
    /// What for.
    pub title: &'static str,
    /// Method and address.
    pub request: String,
    /// Parameters and headers that were sent; secrets are left out.
    pub sent: Vec<(String, String)>,
    /// The answer's status; `None` where the browser is led away.
    pub status: Option<u16>,
    /// The answer's body.
    pub answer: String,
}

impl Exchange {
    /// Was it answered as asked?
    pub fn is_good(&self) -> bool {
        self.status.is_none_or(|status| status < 400)
    }
}

impl Fault {
    /// A fault that the console finds.
    pub fn new(error: &str, description: impl Into<String>) -> Self {
        Self { error: error.to_owned(), description: description.into() }
    }

    /// The fault of an answer (RFC 6749 §5.2).
    pub fn of(answer: &Value) -> Self {
        let member = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let error = member("error");
        let error = if error.is_empty() { "unexpected answer".to_owned() } else { error };
        Self { error, description: member("error_description") }
    }
}

impl Tokens {
    /// The tokens of an answer (RFC 6749 §5.1), or its fault.
    pub fn of(answer: &Value, nonce: Option<String>, now: UnixTime) -> Result<Self, Fault> {
        let member = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let access = member("access_token").ok_or_else(|| Fault::of(answer))?;
        Ok(Self {
            access,
            refresh: member("refresh_token"),
            id: member("id_token"),
            scope: member("scope"),
            received_at: now,
            nonce,
            paired: true,
            refreshed: 0,
            logout: None,
        })
    }

    /// Takes over what a refresh answered; what it did not send again stays (RFC 6749 §6).
    pub fn renewed(&mut self, new: Self) {
        self.refresh = new.refresh.or_else(|| self.refresh.take());
        self.scope = new.scope.or_else(|| self.scope.take());
        self.paired = new.id.is_some();
        if self.paired {
            self.id = new.id;
            // The nonce belongs to the first ID token (OIDC Core §12.2).
            self.nonce = None;
        }
        self.access = new.access;
        self.received_at = new.received_at;
        self.refreshed += 1;
    }
}

impl Attempt {
    /// Notes an exchange; the oldest go when there are many.
    pub fn note(&mut self, exchange: Exchange) {
        if self.exchanges.len() >= EXCHANGES {
            self.exchanges.remove(0);
        }
        self.exchanges.push(exchange);
    }
}

/// The newest tries.
#[derive(Default)]
pub struct Attempts(Mutex<VecDeque<Attempt>>);

impl Attempts {
    fn all(&self) -> MutexGuard<'_, VecDeque<Attempt>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a try; the oldest goes when there are too many.
    pub fn add(&self, attempt: Attempt) {
        let mut all = self.all();
        if all.len() >= KEPT {
            all.pop_front();
        }
        all.push_back(attempt);
    }

    /// The tries of a browser, newest first.
    pub fn of(&self, owner: Digest) -> Vec<Attempt> {
        self.all().iter().rev().filter(|attempt| attempt.owner == owner).cloned().collect()
    }

    /// A try of this browser.
    pub fn get(&self, owner: Digest, id: &str) -> Option<Attempt> {
        self.change(owner, id, |attempt| attempt.clone())
    }

    /// Changes a try of this browser.
    pub fn change<R>(&self, owner: Digest, id: &str, change: impl FnOnce(&mut Attempt) -> R) -> Option<R> {
        let mut all = self.all();
        all.iter_mut().find(|attempt| attempt.owner == owner && attempt.id == id).map(change)
    }

    /// The try of this browser that waits for this `state`: it waits no longer, so no answer counts twice.
    pub fn claim(&self, owner: Digest, state: &str) -> Option<(Attempt, Away)> {
        let mut all = self.all();
        let waiting = all.iter_mut().filter(|attempt| attempt.owner == owner).find_map(|attempt| {
            match &attempt.stage {
                Stage::Away(away) if away.state == state => Some((away.clone(), attempt)),
                _ => None,
            }
        });
        waiting.map(|(away, attempt)| {
            attempt.stage = Stage::Exchanging;
            (attempt.clone(), away)
        })
    }

    /// The try of this browser whose logout comes back with this `state`.
    pub fn logged_out(&self, owner: Digest, state: &str) -> Option<String> {
        let mut all = self.all();
        all.iter_mut().filter(|attempt| attempt.owner == owner).find_map(|attempt| match &mut attempt.stage {
            Stage::Holding(tokens) => {
                let logout = tokens.logout.as_mut().filter(|logout| logout.state == state)?;
                logout.done = true;
                Some(attempt.id.clone())
            }
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(id: &str, owner: &str) -> Attempt {
        let wanted = Wanted {
            grant: GrantType::AuthorizationCode,
            scope: String::new(),
            resource: None,
            prompt: None,
        };
        let away = Away { state: format!("state of {id}"), nonce: None, verifier: String::new() };
        Attempt {
            id: id.to_owned(),
            owner: Digest::of(owner),
            object: ObjectRef::new("shop", "web"),
            client_id: ClientId::parse("shop.web").unwrap(),
            wanted,
            started_at: UnixTime(0),
            stage: Stage::Away(away),
            exchanges: Vec::new(),
        }
    }

    #[test]
    fn only_the_newest_hundred_are_kept() {
        let attempts = Attempts::default();
        for n in 0..KEPT + 5 {
            attempts.add(attempt(&n.to_string(), "a"));
        }
        let kept = attempts.of(Digest::of("a"));
        assert_eq!((kept.len(), kept[0].id.as_str(), kept[KEPT - 1].id.as_str()), (KEPT, "104", "5"));
    }

    #[test]
    fn a_try_is_its_own_browsers_alone() {
        let attempts = Attempts::default();
        attempts.add(attempt("1", "a"));
        let other = Digest::of("b");
        assert!(attempts.get(other, "1").is_none() && attempts.of(other).is_empty());
        assert!(attempts.claim(other, "state of 1").is_none());
        assert!(attempts.get(Digest::of("a"), "1").is_some());
    }

    #[test]
    fn an_answer_counts_once() {
        let attempts = Attempts::default();
        attempts.add(attempt("1", "a"));
        let owner = Digest::of("a");
        assert!(attempts.claim(owner, "another state").is_none());
        assert!(attempts.claim(owner, "state of 1").is_some());
        assert!(attempts.claim(owner, "state of 1").is_none());
    }

    #[test]
    fn a_refresh_keeps_what_it_does_not_send_again() {
        let first =
            serde_json::json!({"access_token": "a1", "refresh_token": "r1", "id_token": "i1", "scope": "x"});
        let mut tokens = Tokens::of(&first, Some("n".into()), UnixTime(0)).ok().unwrap();
        let second = serde_json::json!({"access_token": "a2"});
        tokens.renewed(Tokens::of(&second, None, UnixTime(9)).ok().unwrap());
        assert_eq!((tokens.access.as_str(), tokens.refresh.as_deref()), ("a2", Some("r1")));
        assert_eq!((tokens.id.as_deref(), tokens.nonce.as_deref()), (Some("i1"), Some("n")));
        assert_eq!((tokens.received_at, tokens.refreshed), (UnixTime(9), 1));
    }

    #[test]
    fn an_answer_without_a_token_is_a_fault() {
        let fault = |answer| Tokens::of(&answer, None, UnixTime(0)).err().unwrap();
        assert_eq!(fault(serde_json::json!({"error": "invalid_grant"})).error, "invalid_grant");
        assert_eq!(fault(serde_json::json!("text")).error, "unexpected answer");
    }
}
