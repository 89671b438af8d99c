//! The browser: its session, and the cookie that its forms are bound to.

use crate::http::{Context, Failure, read_cookie, set_cookie};
use crate::pages::{FormTarget, PersonView};
use axum::response::Response;
use http::HeaderValue;
use http::header::SET_COOKIE;
use nauthera_core::facts::{Digest, SessionRecord, Subject};
use nauthera_core::oauth::Params;
use nauthera_core::time::Seconds;
use nauthera_identity::Person;
use std::sync::Arc;

/// A session is noted as used at most this often.
const TOUCHED_EVERY: Seconds = Seconds::minutes(1);

/// A live session with its person as the directory knows them now.
#[derive(Clone)]
pub struct Session {
    /// The session.
    pub record: SessionRecord,
    /// The person.
    pub person: Arc<Person>,
}

/// The live session of a request's browser.
///
/// # Errors
/// Those of the store.
pub async fn current(context: &Context) -> Result<Option<Session>, Failure> {
    let Some(cookie) = read_cookie(&context.headers, &context.serving.cookies.session) else {
        return Ok(None);
    };
    let digest = Digest::of(cookie);
    let Some(record) = context.app.store.session(digest).await? else { return Ok(None) };
    if !is_live(context, &record) {
        return Ok(None);
    }
    let wired = context.serving.snapshot.head.users.as_ref();
    let same_store = wired.is_some_and(|users| users.store == record.person.store);
    let directory = context.serving.directory.as_ref().filter(|_| same_store);
    let Some(person) = directory.and_then(|directory| directory.find(&record.person.id)) else {
        return Ok(None);
    };
    if record.last_seen_at.plus(TOUCHED_EVERY) <= context.now {
        context.app.store.touch_session(digest, context.now).await?;
    }
    Ok(Some(Session { record, person }))
}

/// Ends a session of a person; its clients are told from now on. `false` when there is none such.
///
/// # Errors
/// Those of the store; nothing has ended then.
pub async fn end(context: &Context, subject: &Subject, sid: &str) -> Result<bool, Failure> {
    let ended = context.app.store.end_session(subject, sid, context.now).await?;
    context.app.bell.ring();
    Ok(ended)
}

/// Ends all sessions of a person but one, in one step; how many.
///
/// # Errors
/// Those of the store; nothing has ended then.
pub async fn end_all(context: &Context, subject: &Subject, except: Option<&str>) -> Result<u64, Failure> {
    let ended = context.app.store.end_sessions_of(subject, except, context.now).await?;
    context.app.bell.ring();
    Ok(ended)
}

/// Does a session count now? The manifest of today decides, also for those that began before.
#[must_use]
pub fn is_live(context: &Context, record: &SessionRecord) -> bool {
    let settings = context.serving.snapshot.head.session;
    let until = record.expires_at.min(record.login.auth_time.plus(settings.lifetime));
    context.now < until && record.is_live(context.now, settings.idle_timeout)
}

impl Session {
    /// The person as pages show them.
    #[must_use]
    pub fn view(&self) -> PersonView {
        person_view(&self.person)
    }
}

/// A person as pages show them.
#[must_use]
pub fn person_view(person: &Person) -> PersonView {
    let text = |name: &str| person.claims.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    PersonView { username: person.username.to_string(), name: text("name"), email: text("email") }
}

/// The browser's forms: tokens bound to a cookie of its own, so that no other site can post them.
pub struct Forms<'a> {
    context: &'a Context,
    browser: String,
    fresh: bool,
}

impl<'a> Forms<'a> {
    /// The forms of a request's browser.
    #[must_use]
    pub fn of(context: &'a Context) -> Self {
        match read_cookie(&context.headers, &context.serving.cookies.browser) {
            Some(browser) => Self { context, browser: browser.to_owned(), fresh: false },
            None => Self { context, browser: context.app.random_text(), fresh: true },
        }
    }

    /// A form at a path below the issuer; `purpose` says what it does, and to what.
    #[must_use]
    pub fn target(&self, path: &str, purpose: &str, hidden: &[(&str, &str)]) -> FormTarget {
        let token = self.context.app.secrets.csrf_token(&self.browser, purpose);
        let mut all = vec![("csrf".to_owned(), token)];
        all.extend(hidden.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        FormTarget { action: format!("{}{path}", self.context.serving.base()), hidden: all }
    }

    /// Was a form of this purpose posted by the page that it stands on?
    #[must_use]
    pub fn is_own(&self, purpose: &str, params: &Params<'_>) -> bool {
        let cross = self.context.headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
        let token = params.get("csrf").unwrap_or_default();
        !cross && !self.fresh && self.context.app.secrets.is_csrf_token(&self.browser, purpose, token)
    }

    /// Adds the cookie to an answer that shows a form.
    #[must_use]
    pub fn bind(&self, mut response: Response) -> Response {
        let names = &self.context.serving.cookies;
        if self.fresh
            && let Some(cookie) = set_cookie(names, &names.browser, &self.browser)
        {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }
}

/// The cookie of a session's new value.
#[must_use]
pub fn session_cookie(context: &Context, value: &str) -> Option<HeaderValue> {
    let names = &context.serving.cookies;
    set_cookie(names, &names.session, value)
}
