//! The browser that is asking: its cookie, and the CSRF token that its forms carry. Cookies are not kept apart by port, so the port is in
//! the cookie's name.

use super::Console;
use crate::http::read_cookie;
use axum::response::Response;
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};
use nauthera_core::facts::Digest;
use nauthera_core::oauth::Params;

const PURPOSE: &str = "console";

/// A browser, known by its cookie; a new one gets a new cookie.
pub struct Browser {
    cookie: String,
    fresh: bool,
}

impl Browser {
    /// The browser behind these headers.
    pub fn of(console: &Console, headers: &HeaderMap) -> Self {
        match read_cookie(headers, &console.cookie) {
            Some(cookie) => Self { cookie: cookie.to_owned(), fresh: false },
            None => Self { cookie: console.app.random_text(), fresh: true },
        }
    }

    /// What its tries are kept under.
    pub fn owner(&self) -> Digest {
        Digest::of(&self.cookie)
    }

    /// The token for its forms.
    pub fn csrf(&self, console: &Console) -> String {
        console.app.secrets.csrf_token(&self.cookie, PURPOSE)
    }

    /// Was a form posted by a page of ours in this browser?
    pub fn posted(&self, console: &Console, params: &Params<'_>) -> bool {
        let token = params.get("csrf").unwrap_or_default();
        !self.fresh && console.app.secrets.is_csrf_token(&self.cookie, PURPOSE, token)
    }

    /// Gives a new browser its cookie.
    pub fn bind(&self, console: &Console, mut response: Response) -> Response {
        let line = format!("{}={}; Path=/; HttpOnly; SameSite=Lax", console.cookie, self.cookie);
        if self.fresh
            && let Ok(line) = HeaderValue::from_str(&line)
        {
            response.headers_mut().append(SET_COOKIE, line);
        }
        response
    }
}
