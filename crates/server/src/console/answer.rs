//! Requests and their answers: judged at the door, led to their page, and sent with every header that protects them.

use super::browser::Browser;
use super::guard::Refusal;
use super::layout::{Layout, Section};
use super::live::News;
use super::route::Route;
use super::{Console, Shown, client, clients, diagnostics, overview, policies, relying_party};
use crate::http::{Form, json, read_form, redirect};
use crate::listen::Answer;
use crate::pages::{Chrome, asset, csp};
use crate::serving::Serving;
use axum::body::Body;
use axum::response::Response;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

/// Answers with the console.
#[derive(Clone)]
pub struct Answering(pub Arc<Console>);

impl Answer for Answering {
    fn answer(
        &self,
        peer: SocketAddr,
        request: http::Request<Body>,
    ) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let console = self.0.clone();
        Box::pin(async move { console.answer(peer.ip(), request).await })
    }
}

/// A request that may be answered, with what it is answered from.
pub struct Visit<'a> {
    /// The console.
    pub console: &'a Console,
    /// Who asks.
    pub browser: Browser,
    /// From where.
    pub peer: IpAddr,
    /// The request without its body.
    pub parts: Parts,
    /// What is shown.
    pub shown: Arc<Shown>,
    /// What is served.
    pub serving: Arc<Serving>,
    /// What is shown, as pages name it.
    pub version: String,
}

/// Why there is no page: a status and words for the person.
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// The heading.
    pub title: &'static str,
    /// What to do.
    pub text: String,
}

impl Problem {
    /// A problem.
    pub fn new(status: StatusCode, title: &'static str, text: impl Into<String>) -> Self {
        Self { status, title, text: text.into() }
    }

    /// Nothing is there.
    pub fn missing(text: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found", text)
    }
}

/// A page, or why there is none.
pub type Outcome = Result<Response, Problem>;

impl Console {
    async fn answer(&self, peer: IpAddr, request: http::Request<Body>) -> Response {
        let (parts, body) = request.into_parts();
        if let Err(refusal) = self.own.judge(peer, &parts) {
            return refused(refusal);
        }
        let Some(route) = Route::at(parts.uri.path()) else {
            return plain(StatusCode::NOT_FOUND, "there is no such page in the console");
        };
        let get = matches!(parts.method, Method::GET | Method::HEAD);
        if !(get && route.gets() || parts.method == Method::POST && route.posts()) {
            return wrong_method(&route);
        }
        if get && !self.own.is_canonical(&parts) {
            // One name only: another one has other cookies, and a login would not come back to them.
            let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
            return redirect(&format!("{}{path}", self.own.origin()));
        }
        match route {
            Route::Asset(name) => return file(&name),
            Route::Changes => return self.changes(&parts).await,
            _ => {}
        }
        // Read before the page is made: what changes meanwhile is news to it.
        let version = self.live.version();
        let Some(shown) = self.shown.load_full() else {
            let mut response =
                plain(StatusCode::SERVICE_UNAVAILABLE, "nothing is served yet: try again in a moment");
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            return response;
        };
        let browser = Browser::of(self, &parts.headers);
        let visit =
            Visit { console: self, browser, peer, shown, serving: self.app.serving(), version, parts };
        let outcome = if get { visit.show(route).await } else { visit.posted(route, body).await };
        let response = outcome.unwrap_or_else(|problem| visit.problem(&problem));
        visit.browser.bind(self, response)
    }

    async fn changes(&self, parts: &Parts) -> Response {
        let form = Form::of(parts.uri.query().unwrap_or_default().to_owned());
        let seen = form.params().ok().and_then(|params| params.get("after").map(str::to_owned));
        match self.live.after(&seen.unwrap_or_default()).await {
            News::Changed(version) => {
                json(StatusCode::OK, serde_json::json!({ "version": version }).to_string())
            }
            News::None => json(StatusCode::NO_CONTENT, Body::empty()),
            News::Full => json(StatusCode::SERVICE_UNAVAILABLE, r#"{"error":"too many pages are waiting"}"#),
        }
    }
}

impl Visit<'_> {
    async fn show(&self, route: Route) -> Outcome {
        match route {
            Route::Overview => overview::page(self).await,
            Route::Clients => clients::page(self),
            Route::Client(object) => client::page(self, &object),
            Route::Policies => policies::page(self),
            Route::Policy(object) => policies::one(self, &object),
            Route::Diagnostics => diagnostics::page(self),
            Route::Tries => relying_party::list(self),
            Route::Try(id) => relying_party::one(self, &id),
            Route::Callback => relying_party::callback(self).await,
            Route::Ended => relying_party::ended(self),
            Route::Act(..) | Route::Changes | Route::Asset(_) => {
                Err(Problem::missing("there is no such page"))
            }
        }
    }

    async fn posted(&self, route: Route, body: Body) -> Outcome {
        let unreadable =
            |_| Problem::new(StatusCode::BAD_REQUEST, "The form cannot be read", "Go back and try again.");
        let form = read_form(&self.parts.headers, body).await;
        let form =
            form.map_err(|bad| Problem::new(bad.status, "The form cannot be read", bad.error.description))?;
        let params = form.params().map_err(unreadable)?;
        if !self.browser.posted(self.console, &params) {
            let text =
                "Open the page again and use its own buttons. The browser must take this console's cookie.";
            return Err(Problem::new(StatusCode::FORBIDDEN, "The form was not posted by this console", text));
        }
        match route {
            Route::Tries => relying_party::begin(self, &params).await,
            Route::Act(id, action) => relying_party::act(self, &id, &action, &params).await,
            _ => Err(Problem::missing("there is no such page")),
        }
    }

    /// The query's parameters.
    pub fn query(&self) -> Form {
        Form::of(self.parts.uri.query().unwrap_or_default().to_owned())
    }

    /// A page. Its forms lead to the console, and on to the issuer.
    pub fn page(&self, status: StatusCode, page: &impl askama::Template) -> Response {
        let Ok(html) = page.render() else {
            return plain(StatusCode::INTERNAL_SERVER_ERROR, "the page failed");
        };
        let mut response = plain(status, html);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        let policy = csp(&Chrome::default(), &[self.serving.issuer().as_str()]);
        if let Ok(policy) = HeaderValue::from_str(&format!("{policy}; connect-src 'self'")) {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        response
    }

    fn problem(&self, problem: &Problem) -> Response {
        let layout = Layout::steady(self, Section::Nowhere);
        self.page(problem.status, &ProblemPage { layout, problem })
    }
}

#[derive(askama::Template)]
#[template(path = "console_problem.html")]
struct ProblemPage<'a> {
    layout: Layout,
    problem: &'a Problem,
}

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// An answer that nothing else may keep, frame, guess at or read.
fn plain(status: StatusCode, text: impl Into<Body>) -> Response {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    // Not `no-referrer`: with that browsers write `Origin: null` into the forms of our own pages.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    response
}

fn refused(refusal: Refusal) -> Response {
    match refusal {
        Refusal::Peer => plain(StatusCode::FORBIDDEN, "the console answers this machine alone"),
        Refusal::Host => {
            plain(StatusCode::MISDIRECTED_REQUEST, "the console answers to its own address alone")
        }
        Refusal::Origin => {
            plain(StatusCode::FORBIDDEN, "the console takes requests from its own pages alone")
        }
    }
}

fn wrong_method(route: &Route) -> Response {
    let allow = match (route.gets(), route.posts()) {
        (true, true) => "GET, HEAD, POST",
        (false, _) => "POST",
        (true, false) => "GET, HEAD",
    };
    let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, format!("this page takes {allow}"));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

fn file(name: &str) -> Response {
    let Some(asset) = asset(name) else { return plain(StatusCode::NOT_FOUND, "there is no such file") };
    let mut response = plain(StatusCode::OK, asset.bytes.into_owned());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    let kept = if asset.immutable { "private, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
    response
}
