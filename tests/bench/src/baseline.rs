//! The bare handler that the server is compared with: the least that answers a client credentials request honestly. It parses the
//! form, finds the client among as many, checks the same keyed digest, signs the same claims with the same key and answers the same
//! JSON, on the same HTTP library, runtime and allocator. It has no routes, limits, deadlines, headers beyond two, audit or
//! metrics.

use crate::moment;
use anyhow::{Context, Result, anyhow};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::Args;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use nauthera_core::snapshot::Snapshot;
use nauthera_server::keys::{FileKeys, KeyStore, SigningKey, TokenType};
use nauthera_server::secrets::{Secrets, same};
use serde::Serialize;
use std::borrow::Cow;
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};

/// Flags of the baseline.
#[derive(Debug, Clone, Args)]
pub struct BaselineArgs {
    /// The folder of the world
    #[arg(long)]
    folder: PathBuf,
    /// Where to listen
    #[arg(long)]
    listen: SocketAddr,
}

struct Client {
    digest: [u8; 32],
    access_seconds: u32,
}

struct Bare {
    issuer: String,
    clients: HashMap<String, Client>,
    secrets: Secrets,
    key: SigningKey,
    random: SystemRandom,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    client_id: &'a str,
    exp: i64,
    iat: i64,
    jti: &'a str,
    scope: &'a str,
}

#[derive(Serialize)]
struct Answer<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u32,
    scope: &'a str,
}

/// Serves until it is killed.
pub fn run(args: &BaselineArgs) -> Result<()> {
    let bare = Arc::new(Bare::read(args)?);
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(args.listen, bare))
}

async fn serve(address: SocketAddr, bare: Arc<Bare>) -> Result<()> {
    let listener = TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(connection(stream, bare.clone()));
    }
}

async fn connection(stream: TcpStream, bare: Arc<Bare>) {
    let service = service_fn(|request| {
        let bare = bare.clone();
        async move { Ok::<_, Infallible>(bare.answer(request).await) }
    });
    // A peer that goes away ends its connection and nothing else.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

impl Bare {
    fn read(args: &BaselineArgs) -> Result<Self> {
        let snapshot = Snapshot::from_bytes(&std::fs::read(args.folder.join("snapshot.json"))?)?;
        let keys = args.folder.join("keys");
        let digest_key = std::fs::read(keys.join("digest.key"))?;
        let digest_key = <[u8; 32]>::try_from(digest_key.as_slice()).context("a digest key of 32 bytes")?;
        let key = FileKeys::in_folder(&keys).load()?.into_iter().next().context("a signing key")?;
        let secret = |row: &nauthera_core::snapshot::Row| row.secrets.first().map(|secret| secret.digest);
        let clients = snapshot.clients.iter().filter_map(|(id, row)| {
            let client = Client { digest: secret(row)?, access_seconds: row.token.access.get() };
            Some((id.as_str().to_owned(), client))
        });
        Ok(Self {
            issuer: snapshot.head.issuer.as_str().to_owned(),
            clients: clients.collect(),
            secrets: Secrets::new(&digest_key)?,
            key: SigningKey::parse(key)?,
            random: SystemRandom::new(),
        })
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.method() == Method::GET {
            return Response::new(Full::default());
        }
        let (head, body) = request.into_parts();
        let made = match body.collect().await {
            Ok(body) => self.token(head.headers.get(AUTHORIZATION), &body.to_bytes()),
            Err(error) => Err(error.into()),
        };
        match made {
            Ok(body) => {
                let mut response = Response::new(Full::from(body));
                let headers = response.headers_mut();
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
                response
            }
            Err(error) => {
                let mut response = Response::new(Full::from(error.to_string()));
                *response.status_mut() = StatusCode::BAD_REQUEST;
                response
            }
        }
    }

    fn token(&self, authorization: Option<&HeaderValue>, body: &[u8]) -> Result<Vec<u8>> {
        let mut form = Form::default();
        for (name, value) in form_urlencoded::parse(body) {
            match &*name {
                "grant_type" => form.grant_type = value,
                "scope" => form.scope = value,
                "client_id" => form.id = value,
                "client_secret" => form.secret = value,
                _ => {}
            }
        }
        if let Some(header) = authorization {
            let encoded = header.to_str()?.strip_prefix("Basic ").context("Basic")?;
            let text = String::from_utf8(STANDARD.decode(encoded)?)?;
            let (id, secret) = text.split_once(':').context("a colon")?;
            (form.id, form.secret) = (Cow::Owned(id.to_owned()), Cow::Owned(secret.to_owned()));
        }
        let client = self.clients.get(&*form.id).context("a client")?;
        if form.grant_type != "client_credentials"
            || !same(&client.digest, &self.secrets.client_secret(&form.secret))
        {
            return Err(anyhow!("refused"));
        }
        self.sign(&form, client)
    }

    fn sign(&self, form: &Form<'_>, client: &Client) -> Result<Vec<u8>> {
        let mut jti = [0; 32];
        self.random.fill(&mut jti).map_err(|_| anyhow!("no randomness"))?;
        let now = moment::unix();
        let claims = Claims {
            iss: &self.issuer,
            sub: &form.id,
            aud: &self.issuer,
            client_id: &form.id,
            exp: now + i64::from(client.access_seconds),
            iat: now,
            jti: &URL_SAFE_NO_PAD.encode(jti),
            scope: &form.scope,
        };
        let token = self.key.sign(TokenType::Access, &serde_json::to_vec(&claims)?)?;
        let answer = Answer {
            access_token: &token,
            token_type: "Bearer",
            expires_in: client.access_seconds,
            scope: &form.scope,
        };
        Ok(serde_json::to_vec(&answer)?)
    }
}

#[derive(Default)]
struct Form<'a> {
    grant_type: Cow<'a, str>,
    scope: Cow<'a, str>,
    id: Cow<'a, str>,
    secret: Cow<'a, str>,
}
