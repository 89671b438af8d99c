//! Applications that ask for tokens over plain HTTP, one request a connection: once, or again and again while something is broken.

use crate::edge::edge;
use anyhow::{Context, Result, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long an answer may take on a busy machine.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How often a load asks: a bounded one, on this machine alone.
const EVERY: Duration = Duration::from_millis(50);
/// Failures that are told at most.
const TOLD: usize = 20;

/// A confidential client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

/// Asks for a token by client credentials; the answer's JSON.
///
/// # Errors
/// What went wrong: no connection, no answer in time, or a refusal with its words.
pub async fn token(server: SocketAddr, client: &Credentials) -> Result<Value> {
    form(server, "/oauth2/token", client, "grant_type=client_credentials".into()).await
}

/// The same with the token of a ServiceAccount in place of a secret.
///
/// # Errors
/// As [`token`].
pub async fn token_by_account(server: SocketAddr, client_id: &str, account_token: &str) -> Result<Value> {
    // A JWT and a client id have no character that a form would escape.
    let form = format!(
        "grant_type=client_credentials&client_id={client_id}&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A\
         client-assertion-type%3Ajwt-bearer&client_assertion={account_token}"
    );
    let request = http::Request::post("/oauth2/token")
        .header("host", server.to_string())
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Full::new(Bytes::from(form)))?;
    answer(server, request).await
}

/// Posts a form as this client; the answer's JSON.
///
/// # Errors
/// As [`token`].
pub async fn form(server: SocketAddr, path: &str, client: &Credentials, form: String) -> Result<Value> {
    let basic = STANDARD.encode(format!("{}:{}", client.id, client.secret));
    let request = http::Request::post(path)
        .header("host", server.to_string())
        .header("authorization", format!("Basic {basic}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Full::new(Bytes::from(form)))?;
    answer(server, request).await
}

async fn answer(server: SocketAddr, request: http::Request<Full<Bytes>>) -> Result<Value> {
    let asked = async {
        let stream = TcpStream::connect(server).await.context("no connection")?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let response = sender.send_request(request).await.context("no answer")?;
        let status = response.status();
        let body = Limited::new(response.into_body(), 64 * 1_024).collect().await;
        let body = body.map_err(anyhow::Error::from_boxed)?.to_bytes();
        if !status.is_success() {
            bail!("{status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(serde_json::from_slice(&body)?)
    };
    tokio::time::timeout(ANSWER_WITHIN, asked).await.context("no answer in time")?
}

/// What became of a load.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Requests that were answered with a token.
    pub tokens: u64,
    /// Requests that were not.
    pub failed: u64,
    /// What the first of them were told.
    pub failures: Vec<String>,
}

/// An application that asks 20 times a second until it is told to end.
#[derive(Debug)]
pub struct Load {
    counts: watch::Receiver<Counts>,
    task: JoinHandle<()>,
}

impl Load {
    /// Begins.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn start(server: SocketAddr, client: &Credentials) -> Result<Self> {
        let client = client.clone();
        Self::asking(move || {
            let client = client.clone();
            async move { token(server, &client).await.map(drop) }
        })
    }

    /// Begins to do this again and again.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn asking<F>(mut ask: impl FnMut() -> F + Send + 'static) -> Result<Self>
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let (note, counts) = watch::channel(Counts::default());
        let task = edge()?.spawn(async move {
            let mut ticks = tokio::time::interval(EVERY);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let outcome = ask().await;
                note.send_modify(|counts| counts.note(outcome));
            }
        });
        Ok(Self { counts, task })
    }

    /// Waits for so many more tokens.
    ///
    /// # Errors
    /// When they do not come, with what was told instead.
    pub async fn more(&mut self, tokens: u64, within: Duration) -> Result<()> {
        let wanted = self.counts.borrow().tokens + tokens;
        let came = async { self.counts.wait_for(|counts| counts.tokens >= wanted).await.map(drop) };
        let Ok(came) = tokio::time::timeout(within, came).await else {
            bail!("{tokens} more tokens: not within {within:?}: {:?}", self.so_far());
        };
        came.context("the load has ended")
    }

    /// What it has come to until now.
    #[must_use]
    pub fn so_far(&self) -> Counts {
        self.counts.borrow().clone()
    }

    /// Ends it.
    #[must_use]
    pub fn end(self) -> Counts {
        self.task.abort();
        self.so_far()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Counts {
    fn note(&mut self, outcome: Result<()>) {
        match outcome {
            Ok(()) => self.tokens += 1,
            Err(error) => {
                self.failed += 1;
                if self.failures.len() < TOLD {
                    self.failures.push(format!("{error:#}"));
                }
            }
        }
    }
}
