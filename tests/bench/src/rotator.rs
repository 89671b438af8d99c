//! The bare handler that refreshes on PostgreSQL are compared with: it parses the form, rotates the token by one `UPDATE ..
//! RETURNING` on a pool of as many connections, signs the same claims with the same key, and answers. Nothing is judged, one
//! table is all there is, and a token that is used twice is simply not there.

use crate::moment;
use anyhow::{Context, Result, anyhow};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::Args;
use deadpool::managed::{Manager, Metrics, Pool, RecycleResult};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use nauthera_server::keys::{FileKeys, KeyStore, SigningKey, TokenType};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_postgres::{Client, NoTls, Statement};

/// Flags of the rotator.
#[derive(Debug, Clone, Args)]
pub struct RotatorArgs {
    /// The folder of the world
    #[arg(long)]
    folder: PathBuf,
    /// Where to listen
    #[arg(long)]
    listen: SocketAddr,
    /// The database
    #[arg(long)]
    database: String,
}

/// The table and the first tokens: `first-0`, `first-1` and so on.
const TABLE: &str = "CREATE TABLE bare (digest BYTEA PRIMARY KEY, subject TEXT NOT NULL, used_at BIGINT NOT NULL);
     INSERT INTO bare SELECT sha256(('first-' || n)::bytea), 'person-' || n, 0 FROM generate_series(0, 255) n";
const ROTATE: &str = "UPDATE bare SET digest = $2, used_at = $3 WHERE digest = $1 RETURNING subject";
/// Connections, as many as the server's pool has.
const CONNECTIONS: usize = 16;

struct Opener(String);

struct Connection {
    client: Client,
    rotate: Statement,
}

impl Manager for Opener {
    type Type = Connection;
    type Error = tokio_postgres::Error;

    async fn create(&self) -> Result<Connection, Self::Error> {
        let (client, connection) = tokio_postgres::connect(&self.0, NoTls).await?;
        tokio::spawn(connection);
        let rotate = client.prepare(ROTATE).await?;
        Ok(Connection { client, rotate })
    }

    async fn recycle(&self, _: &mut Connection, _: &Metrics) -> RecycleResult<Self::Error> {
        Ok(())
    }
}

struct Bare {
    pool: Pool<Opener>,
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
    auth_time: i64,
    acr: &'a str,
    amr: [&'a str; 1],
    jti: &'a str,
    scope: &'a str,
}

#[derive(Serialize)]
struct Answer<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u32,
    refresh_token: &'a str,
    scope: &'a str,
}

/// Serves until it is killed.
pub fn run(args: &RotatorArgs) -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(args))
}

async fn serve(args: &RotatorArgs) -> Result<()> {
    let pool = Pool::builder(Opener(args.database.clone())).max_size(CONNECTIONS).build()?;
    pool_client(&pool).await?.client.batch_execute("SELECT 1").await?;
    let keys = FileKeys::in_folder(&args.folder.join("keys"));
    let key = keys.load()?.into_iter().next().context("a signing key")?;
    let bare = Arc::new(Bare { pool, key: SigningKey::parse(key)?, random: SystemRandom::new() });
    let listener = TcpListener::bind(args.listen).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let bare = bare.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let bare = bare.clone();
                async move { Ok::<_, Infallible>(bare.answer(request).await) }
            });
            // A peer that goes away ends its connection and nothing else.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn pool_client(pool: &Pool<Opener>) -> Result<Connection> {
    // The table is made by whoever comes first, before anybody is served.
    let (client, connection) = tokio_postgres::connect(&pool.manager().0, NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute(TABLE).await?;
    let rotate = client.prepare(ROTATE).await?;
    Ok(Connection { client, rotate })
}

impl Bare {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.method() == Method::GET {
            return Response::new(Full::default());
        }
        let made = match request.into_body().collect().await {
            Ok(body) => self.rotate(&body.to_bytes()).await,
            Err(error) => Err(error.into()),
        };
        match made {
            Ok(body) => {
                let mut response = Response::new(Full::from(body));
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response
            }
            Err(error) => {
                let mut response = Response::new(Full::from(format!("{error:#}")));
                *response.status_mut() = StatusCode::BAD_REQUEST;
                response
            }
        }
    }

    fn random(&self) -> Result<[u8; 32]> {
        let mut bytes = [0; 32];
        self.random.fill(&mut bytes).map_err(|_| anyhow!("no randomness"))?;
        Ok(bytes)
    }

    async fn rotate(&self, body: &[u8]) -> Result<Vec<u8>> {
        let field = |wanted: &str| form_urlencoded::parse(body).find(|(name, _)| name == wanted);
        let (_, token) = field("refresh_token").context("a refresh token")?;
        let (_, client_id) = field("client_id").context("a client")?;
        let next = URL_SAFE_NO_PAD.encode(self.random()?);
        let (old, new) = (Sha256::digest(token.as_bytes()), Sha256::digest(next.as_bytes()));
        let now = moment::unix();
        let connection = self.pool.get().await.map_err(|error| anyhow!("{error}"))?;
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&old.as_slice(), &new.as_slice(), &now];
        let row = connection.client.query_opt(&connection.rotate, &values).await?.context("no such token")?;
        drop(connection);
        let subject: &str = row.try_get(0)?;
        let scope = "profile offline_access";
        let claims = Claims {
            iss: "http://127.0.0.1:8080",
            sub: subject,
            aud: "http://127.0.0.1:8080",
            client_id: &client_id,
            exp: now + 900,
            iat: now,
            auth_time: now,
            acr: "1",
            amr: ["pwd"],
            jti: &URL_SAFE_NO_PAD.encode(self.random()?),
            scope,
        };
        let token = self.key.sign(TokenType::Access, &serde_json::to_vec(&claims)?)?;
        let answer = Answer {
            access_token: &token,
            token_type: "Bearer",
            expires_in: 900,
            refresh_token: &next,
            scope,
        };
        Ok(serde_json::to_vec(&answer)?)
    }
}
