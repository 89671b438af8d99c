//! What is done to a call.

use super::calls::Call;
use anyhow::{Result, bail};
use http::{Response, StatusCode};
use kube::client::Body;
use serde_json::json;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// One kind of trouble.
#[derive(Debug, Clone)]
pub enum Trouble {
    /// It is not passed on: this status is answered, with a reason as the API server words it, and for some a time after which to
    /// come again, in seconds.
    Answer(u16, &'static str, Option<u32>),
    /// A watch that begins well, and says at once that what it was to begin with is gone.
    GoneInside,
    /// A watch that begins well and ends at once.
    EndAtOnce,
    /// Nothing is answered, ever.
    Hang,
    /// It is passed on after a while.
    Late(Duration),
    /// It waits at a gate, and is passed on when that opens.
    Hold(Gate),
    /// It is passed on, and its answer waits at a gate.
    HoldAnswer(Gate),
}

/// Where a call waits.
#[derive(Debug, Clone)]
pub struct Gate(Arc<watch::Sender<(bool, bool, Option<u16>)>>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new((false, false, None))))
    }
}

impl Gate {
    /// Waits until a call stands at it.
    pub async fn reached(&self) {
        self.0.subscribe().wait_for(|(reached, ..)| *reached).await.ok();
    }

    /// Does a call stand at it, or has one?
    #[must_use]
    pub fn is_reached(&self) -> bool {
        self.0.borrow().0
    }

    /// Lets everybody through.
    pub fn open(&self) {
        self.0.send_modify(|(_, open, _)| *open = true);
    }

    /// Waits for what the API server said to the call that went through.
    pub async fn answer(&self) -> Option<u16> {
        let mut states = self.0.subscribe();
        states.wait_for(|(.., answer)| answer.is_some()).await.ok().and_then(|state| state.2)
    }

    async fn wait(&self) {
        self.0.send_modify(|(reached, ..)| *reached = true);
        self.0.subscribe().wait_for(|(_, open, _)| *open).await.ok();
    }

    fn said(&self, response: &Result<Response<Body>>) {
        let status = response.as_ref().map_or(0, |response| response.status().as_u16());
        self.0.send_modify(|(.., answer)| *answer = Some(status));
    }
}

impl Trouble {
    pub(super) async fn meet(
        &self,
        call: &Call,
        pass: impl Future<Output = Result<Response<Body>>> + Send + 'static,
    ) -> Result<Response<Body>> {
        match self {
            Self::Answer(code, reason, again) => refusal(*code, reason, *again),
            Self::GoneInside => {
                let status = status(410, "Expired");
                let event = json!({ "type": "ERROR", "object": status });
                Ok(Response::new(Body::from(format!("{event}\n").into_bytes())))
            }
            Self::EndAtOnce => Ok(Response::new(Body::empty())),
            Self::Hang => std::future::pending().await,
            Self::Late(by) => {
                tokio::time::sleep(*by).await;
                pass.await
            }
            Self::Hold(gate) => {
                gate.wait().await;
                // Passed on also where nobody waits for the answer any more.
                let (gate, shown) = (gate.clone(), call.path.clone());
                let passed = tokio::spawn(async move {
                    let response = pass.await;
                    gate.said(&response);
                    response
                });
                match passed.await {
                    Ok(response) => response,
                    Err(error) => bail!("{shown}: {error}"),
                }
            }
            Self::HoldAnswer(gate) => {
                let response = pass.await;
                gate.said(&response);
                gate.wait().await;
                response
            }
        }
    }
}

fn status(code: u16, reason: &str) -> serde_json::Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": format!("the proxy of the tests says {code}"), "reason": reason, "code": code,
    })
}

fn refusal(code: u16, reason: &str, again: Option<u32>) -> Result<Response<Body>> {
    let mut response = Response::builder()
        .status(StatusCode::from_u16(code)?)
        .header(http::header::CONTENT_TYPE, "application/json");
    if let Some(seconds) = again {
        response = response.header(http::header::RETRY_AFTER, seconds);
    }
    Ok(response.body(Body::from(status(code, reason).to_string().into_bytes()))?)
}

type Meant = Box<dyn Fn(&Call) -> bool + Send + Sync>;

struct Rule {
    meant: Meant,
    passed: usize,
    times: usize,
    trouble: Trouble,
}

/// The troubles of a proxy, the first that means a call is its own.
#[derive(Default)]
pub(super) struct Troubles(Mutex<Vec<Rule>>);

impl Troubles {
    pub(super) fn add(&self, meant: Meant, (passed, times): (usize, usize), trouble: Trouble) {
        let rule = Rule { meant, passed, times, trouble };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(rule);
    }

    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn of(&self, call: &Call) -> Option<Trouble> {
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for rule in rules.iter_mut().filter(|rule| rule.times > 0 && (rule.meant)(call)) {
            if rule.passed > 0 {
                rule.passed -= 1;
                continue;
            }
            rule.times = rule.times.saturating_sub(1);
            return Some(rule.trouble.clone());
        }
        None
    }
}
