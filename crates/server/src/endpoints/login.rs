//! The login page: name and password, and the choice of an account.

use super::authorize::to_page;
use super::flow::{Interaction, Step, client_view, expired, forged, step};
use super::known;
use super::session::{self, Forms, Session, session_cookie};
use crate::audit::{About, Event};
use crate::http::{Context, Failure, Form, page, read_form};
use crate::metrics::LoginOutcome;
use crate::pages::{LoginError, LoginPage, SelectAccountPage};
use axum::body::Body;
use axum::response::Response;
use http::header::{RETRY_AFTER, SET_COOKIE};
use http::{HeaderValue, Method, StatusCode};
use nauthera_core::facts::{Digest, LoginEvent, SessionRecord};
use nauthera_core::limits::Key;
use nauthera_core::oauth::Params;
use nauthera_core::oauth::authorize::AuthorizeRequest;
use nauthera_core::snapshot::Row;
use nauthera_identity::{LoginError as Refused, Person};
use nauthera_store::SessionStart;
use std::sync::Arc;

/// Answers GET (the page) and POST (the form).
pub async fn answer(context: Context, body: Body) -> Response {
    let answered =
        if context.method == Method::POST { posted(&context, body).await } else { shown(&context).await };
    answered.unwrap_or_else(|failure| failure.into_page(&context))
}

async fn shown(context: &Context) -> Result<Response, Failure> {
    let form = Form::of(context.query.clone().unwrap_or_default());
    let params = form.params()?;
    params.once_each()?;
    let Some(mut interaction) = Interaction::open(context, params.get("i")) else {
        return Ok(expired(context, context.locale(None)));
    };
    let session = session::current(context).await?;
    interaction.seen_with(session.as_ref());
    go_on(context, &interaction, session).await
}

/// Shows what comes next, if it is on this page; else leads there.
async fn go_on(
    context: &Context,
    interaction: &Interaction,
    session: Option<Session>,
) -> Result<Response, Failure> {
    let known = session.as_ref().map(|session| session.person.clone());
    Ok(match step(context, interaction, session).await? {
        Step::Done(response) => response,
        Step::Consent(..) => to_page(context, "/consent", interaction),
        Step::Login(request) => {
            let wanted = request.as_ref().and_then(|request| request.expected_subject.as_ref());
            let is_other = |person: &Person| wanted.is_some_and(|wanted| *wanted != person.reference.subject);
            let error = known.as_deref().is_some_and(is_other).then_some(LoginError::AnotherPerson);
            let hinted = request.as_ref().and_then(|request| request.login_hint.clone());
            let known = known.filter(|_| error.is_none()).map(|person| person.username.to_string());
            let username = hinted.or(known).unwrap_or_default();
            Attempt { request, username, error }.render(context, interaction)
        }
        Step::Select(request, session) => select(context, interaction, &request, &session),
    })
}

/// A login form being shown, perhaps again.
struct Attempt {
    request: Option<Box<AuthorizeRequest>>,
    username: String,
    error: Option<LoginError>,
}

impl Attempt {
    fn render(self, context: &Context, interaction: &Interaction) -> Response {
        let forms = Forms::of(context);
        let request = self.request.as_deref();
        let chrome = context
            .serving
            .chrome(context.locale(request.and_then(|request| request.target.ui_locales.as_deref())));
        let target = request.map(|request| request.target.redirect_uri.as_str());
        let view = LoginPage {
            client: request.map(|request| client_view(&request.row, target)),
            username: self.username,
            error: self.error,
            form: forms.target("/login", "login", &[("i", &interaction.seal(context))]),
        };
        let status = match self.error {
            Some(LoginError::TooManyAttempts { .. }) => StatusCode::TOO_MANY_REQUESTS,
            Some(LoginError::Busy) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::OK,
        };
        let leads_to: Vec<&str> = target.into_iter().collect();
        let mut response = page(status, view.render(&chrome), &chrome, &leads_to);
        let wait = match self.error {
            Some(LoginError::TooManyAttempts { retry_after_seconds }) => Some(retry_after_seconds),
            Some(LoginError::Busy) => Some(2),
            _ => None,
        };
        if let Some(seconds) = wait {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        forms.bind(response)
    }
}

fn select(
    context: &Context,
    interaction: &Interaction,
    request: &AuthorizeRequest,
    session: &Session,
) -> Response {
    let forms = Forms::of(context);
    let chrome = context.serving.chrome(context.locale(request.target.ui_locales.as_deref()));
    let sealed = interaction.seal(context);
    let sid = &*session.record.sid;
    let view = SelectAccountPage {
        client: client_view(&request.row, Some(&request.target.redirect_uri)),
        person: session.view(),
        continue_form: forms.target(
            "/login",
            "login",
            &[("i", &sealed), ("action", "continue"), ("sid", sid)],
        ),
        switch_form: forms.target("/login", "login", &[("i", &sealed), ("action", "switch")]),
    };
    forms.bind(page(StatusCode::OK, view.render(&chrome), &chrome, &[&request.target.redirect_uri]))
}

async fn posted(context: &Context, body: Body) -> Result<Response, Failure> {
    let form = read_form(&context.headers, body).await?;
    let params = form.params()?;
    params.once_each()?;
    let locale = context.locale(None);
    if !Forms::of(context).is_own("login", &params) {
        return Ok(forged(context, locale));
    }
    let Some(mut interaction) = Interaction::open(context, params.get("i")) else {
        return Ok(expired(context, locale));
    };
    let session = session::current(context).await?;
    match params.get("action") {
        Some("continue") => {
            interaction.selected = params.get("sid").map(str::to_owned);
            go_on(context, &interaction, session).await
        }
        Some("switch") => {
            let request = match step(context, &interaction, None).await? {
                Step::Login(request) => request,
                Step::Done(response) => return Ok(response),
                Step::Select(request, _) | Step::Consent(request, _) => Some(request),
            };
            Ok(Attempt { request, username: String::new(), error: None }.render(context, &interaction))
        }
        _ => log_in(context, interaction, &params, session).await,
    }
}

async fn log_in(
    context: &Context,
    mut interaction: Interaction,
    params: &Params<'_>,
    before: Option<Session>,
) -> Result<Response, Failure> {
    // Asked as nobody: a request that cannot go on is answered before a password is looked at.
    let request = match step(context, &interaction, None).await? {
        Step::Login(request) => request,
        Step::Done(response) => return Ok(response),
        Step::Select(request, _) | Step::Consent(request, _) => Some(request),
    };
    let username = params.get("username").unwrap_or_default();
    let password = params.get("password").unwrap_or_default();
    let row = request.as_ref().map(|request| request.row.clone());
    let (person, account) = match check(context, row.as_deref(), (username, password)).await {
        Ok(proved) => proved,
        Err(error) => {
            let username = username.chars().take(128).collect();
            return Ok(Attempt { request, username, error: Some(error) }.render(context, &interaction));
        }
    };
    let (session, cookie) = begin(context, row.as_deref(), person, before).await?;
    interaction.selected = Some(session.record.sid.to_string());
    let mut response = go_on(context, &interaction, Some(session)).await?;
    if let Some(cookie) = session_cookie(context, &cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    if let Some(cookie) = known::cookie(context, account) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Judges name and password: first whether an attempt is allowed at all, then, at one cost for every name, the password. The person,
/// and the account as limits know it.
async fn check(
    context: &Context,
    row: Option<&Row>,
    (username, password): (&str, &str),
) -> Result<(Arc<Person>, Key), LoginError> {
    let app = &context.app;
    let refused = |outcome: LoginOutcome, error| {
        app.metrics.login(outcome);
        let about = About { row, reason: Some(outcome.as_str()), ..About::default() };
        app.audit.event(context, Event::LoginFailed, &about);
        Err(error)
    };
    let Some(directory) = &context.serving.directory else {
        return refused(LoginOutcome::Unavailable, LoginError::Busy);
    };
    let account = app.limits.account(directory.store(), username);
    let attempt = match app.limits.login(context, account, known::browser(context, account)).await {
        Ok(attempt) => attempt,
        Err(refused) => {
            // The limit has its own line.
            app.metrics.login(LoginOutcome::Limited);
            return Err(LoginError::TooManyAttempts { retry_after_seconds: refused.wait.seconds() });
        }
    };
    let began = app.monotonic();
    let outcome = directory.login(username, password.to_owned().into(), &app.hash_pool).await;
    app.metrics.password_checked(app.monotonic().saturating_sub(began));
    match outcome {
        Ok(person) => {
            attempt.succeeded().await;
            app.metrics.login(LoginOutcome::Ok);
            Ok((person, account))
        }
        Err(Refused::Wrong) => {
            attempt.failed().await;
            refused(LoginOutcome::Wrong, LoginError::WrongCredentials)
        }
        Err(why) => {
            // No password was looked at, so nobody has guessed.
            attempt.undone().await;
            let busy = why == Refused::Busy;
            refused(if busy { LoginOutcome::Busy } else { LoginOutcome::Unavailable }, LoginError::Busy)
        }
    }
}

/// Begins a session, or renews the same person's: the cookie's value changes at every login.
async fn begin(
    context: &Context,
    row: Option<&Row>,
    person: Arc<Person>,
    before: Option<Session>,
) -> Result<(Session, String), Failure> {
    let cookie = context.app.random_text();
    let digest = Digest::of(&cookie);
    let lifetime = context.serving.snapshot.head.session.lifetime;
    let login = LoginEvent { auth_time: context.now, amr: vec!["pwd".into()] };
    let expires_at = context.now.plus(lifetime);
    let same = before.as_ref().filter(|before| before.record.person == person.reference);
    let record = SessionRecord {
        digest,
        sid: same.map_or_else(|| context.app.random_text().into(), |same| same.record.sid.clone()),
        person: person.reference.clone(),
        login: login.clone(),
        created_at: same.map_or(context.now, |same| same.record.created_at),
        last_seen_at: context.now,
        expires_at,
    };
    let fresh = SessionStart::New {
        session: record.clone(),
        replaces: before.as_ref().filter(|_| same.is_none()).map(|before| before.record.sid.to_string()),
    };
    let renewed = match same {
        Some(same) => {
            let start = SessionStart::Renewed { old: same.record.digest, new: digest, login, expires_at };
            context.app.store.start_session(start, context.now).await?
        }
        None => false,
    };
    if !renewed {
        context.app.store.start_session(fresh, context.now).await?;
    }
    if let Some(other) = before.as_ref().filter(|_| same.is_none()) {
        context.app.bell.ring();
        let subject = Some(&*other.record.person.subject.0);
        let (reason, sid) = (Some("another_person"), Some(&*other.record.sid));
        let about = About { subject, reason, sid, ..About::default() };
        context.app.audit.event(context, Event::SessionEnded, &about);
    }
    let (subject, sid) = (Some(&*record.person.subject.0), Some(&*record.sid));
    context.app.audit.event(context, Event::Login, &About { row, subject, sid, ..About::default() });
    Ok((Session { record, person }, cookie))
}
