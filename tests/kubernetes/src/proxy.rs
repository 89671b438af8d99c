//! An HTTPS proxy of ours between an operator and the API server, which does to requests what a bad day does: it refuses, delays, holds
//! and loses them, and cuts watches. Whoever asks is known to the API server by their own token, which is passed on; so what is
//! allowed is the API server's to say, and everything that was asked is counted here with what was answered.

mod calls;
mod stream;
mod trouble;

pub use calls::{Call, Seen, busiest};
pub use trouble::{Gate, Trouble};

use crate::account::Way;
use crate::edge::edge;
use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::STANDARD};
use calls::Calls;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::client::Body;
use kube::{Client, Config};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use stream::Streamed;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use trouble::Troubles;

/// The largest request that is passed on, in bytes.
const LARGEST: usize = 4 * 1_024 * 1_024;

/// A running proxy. Dropped, it ends with all connections.
pub struct Proxy {
    address: SocketAddr,
    authority: String,
    shared: Arc<Shared>,
    end: CancellationToken,
}

/// What its connections share.
struct Shared {
    upstream: Client,
    calls: Calls,
    troubles: Troubles,
    /// Cancelled, it cuts the streams of now; those that begin later have another one.
    knife: Mutex<CancellationToken>,
}

impl Proxy {
    /// Starts one in front of the API server.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start() -> Result<Self> {
        rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
        let (tell, started) = std::sync::mpsc::channel();
        edge()?.spawn(async move { tell.send(Self::on_edge().await).ok() });
        started.recv().context("the proxy did not start")?
    }

    async fn on_edge() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(vec![address.ip().to_string()])?.self_signed(&key)?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let tls = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)?;
        let shared = Arc::new(Shared {
            upstream: upstream()?,
            calls: Calls::default(),
            troubles: Troubles::default(),
            knife: Mutex::default(),
        });
        let end = CancellationToken::new();
        tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(tls)), shared.clone(), end.clone()));
        Ok(Self { address, authority: STANDARD.encode(certificate.pem()), shared, end })
    }

    /// The way through it.
    #[must_use]
    pub fn way(&self) -> Way {
        Way { server: format!("https://{}", self.address), authority: self.authority.clone() }
    }

    /// Does this from now on to every call that is meant.
    pub fn trouble(&self, meant: impl Fn(&Call) -> bool + Send + Sync + 'static, trouble: Trouble) {
        self.shared.troubles.add(Box::new(meant), (0, usize::MAX), trouble);
    }

    /// Does this to one call: the one after `passed` others that are meant.
    pub fn once(
        &self,
        passed: usize,
        meant: impl Fn(&Call) -> bool + Send + Sync + 'static,
        trouble: Trouble,
    ) {
        self.shared.troubles.add(Box::new(meant), (passed, 1), trouble);
    }

    /// Does nothing any more. What is held stays so until its gate opens.
    pub fn calm(&self) {
        self.shared.troubles.clear();
    }

    /// Cuts every stream that is open.
    pub fn cut(&self) {
        let mut knife = self.shared.knife.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *knife).cancel();
    }

    /// Everything that was asked since it was forgotten last, with what was answered.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.calls.seen()
    }

    /// Forgets what was asked.
    pub fn forget(&self) {
        self.shared.calls.forget();
    }

    /// What the API server did not allow; that nothing is made in a namespace that goes is no question of rights.
    #[must_use]
    pub fn forbidden(&self) -> Vec<Call> {
        let seen = self.seen().into_iter();
        let forbidden = |seen: &Seen| matches!(seen.status, Some(401 | 403)) && !seen.is_over;
        seen.filter(forbidden).map(|seen| seen.call).collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.end.cancel();
        self.cut();
    }
}

/// The way to the API server, as nobody: tokens are those of who asks.
fn upstream() -> Result<Client> {
    let way = Way::direct()?;
    let mut config = Config::new(way.server.parse()?);
    let authority = pem_content(&String::from_utf8(STANDARD.decode(way.authority)?)?)?;
    config.root_cert = Some(authority);
    config.read_timeout = None;
    config.default_retry = false;
    Ok(Client::try_from(config)?)
}

/// The certificates of a PEM file.
fn pem_content(text: &str) -> Result<Vec<Vec<u8>>> {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let certificates = CertificateDer::pem_slice_iter(text.as_bytes());
    certificates.map(|certificate| Ok(certificate.context("a certificate")?.to_vec())).collect()
}

async fn accept(listener: TcpListener, tls: TlsAcceptor, shared: Arc<Shared>, end: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = end.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else { continue };
        let (tls, shared, end) = (tls.clone(), shared.clone(), end.clone());
        tokio::spawn(async move {
            let Ok(stream) = tls.accept(stream).await else { return };
            let service = service_fn(move |request| shared.clone().respond(request));
            let connection =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                () = end.cancelled() => {}
                _ = connection => {}
            }
        });
    }
}

impl Shared {
    /// Answers one request; an error ends its connection without an answer.
    async fn respond(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Streamed>> {
        let knife = self.knife.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let call = Call::of(&request);
        let number = self.calls.asked(&call);
        let trouble = self.troubles.of(&call);
        let response = match &trouble {
            Some(trouble) => trouble.meet(&call, self.clone().pass(request)).await,
            None => self.clone().pass(request).await,
        };
        let (response, is_over) = match response {
            Ok(response) if response.status() == StatusCode::FORBIDDEN => {
                let (parts, body) = response.into_parts();
                let body = body.collect_bytes().await?;
                let is_over = String::from_utf8_lossy(&body).contains("NamespaceTerminating");
                (Ok(Response::from_parts(parts, Body::from(body))), is_over)
            }
            response => (response, false),
        };
        let status = response.as_ref().ok().map(|response| response.status().as_u16());
        self.calls.answered(number, (status, is_over));
        Ok(response?.map(|body| Streamed::new(body, knife)))
    }

    /// Passes it on.
    async fn pass(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>> {
        let (mut parts, body) = request.into_parts();
        let body = Limited::new(body, LARGEST).collect().await.map_err(anyhow::Error::from_boxed)?;
        for header in [http::header::HOST, http::header::ACCEPT_ENCODING, http::header::CONNECTION] {
            parts.headers.remove(header);
        }
        let sent = Request::from_parts(parts, Body::from(body.to_bytes()));
        let mut response = self.upstream.send(sent).await?;
        for header in [http::header::CONTENT_LENGTH, http::header::TRANSFER_ENCODING] {
            response.headers_mut().remove(header);
        }
        Ok(response)
    }
}
