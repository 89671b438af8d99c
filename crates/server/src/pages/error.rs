//! The error page: a sentence for the person, and apart from it what a developer can act on.

use super::page;
use super::text::Ui;

/// What went wrong, for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The client or its redirect URI is unknown, or the request cannot be understood.
    BadRequest,
    /// The request was open for too long or is spent.
    Expired,
    /// The database is away, or another reason to come back later.
    Unavailable {
        /// Seconds after which to try again, the value of `Retry-After`.
        retry_after_seconds: u64,
    },
    /// There is no such page.
    NotFound,
    /// The form did not come from one of our pages: the CSRF token is missing or wrong.
    Forbidden,
    /// The body is larger than 64 KiB.
    TooLarge,
    /// The page does not know this HTTP method.
    MethodNotAllowed,
    /// A fault of ours.
    Internal,
}

impl ErrorKind {
    /// The key of the heading.
    const fn heading(self) -> &'static str {
        match self {
            Self::BadRequest => "error-bad-request",
            Self::Expired => "error-expired",
            Self::Unavailable { .. } => "error-unavailable",
            Self::NotFound => "error-not-found",
            Self::Forbidden => "error-forbidden",
            Self::TooLarge => "error-too-large",
            Self::MethodNotAllowed => "error-method",
            Self::Internal => "error-internal",
        }
    }

    /// The key of the sentence below it.
    const fn advice(self) -> &'static str {
        match self {
            Self::BadRequest => "error-bad-request-advice",
            Self::Expired => "error-expired-advice",
            Self::Unavailable { .. } => "error-unavailable-advice",
            Self::NotFound => "error-not-found-advice",
            Self::Forbidden => "error-forbidden-advice",
            Self::TooLarge => "error-too-large-advice",
            Self::MethodNotAllowed => "error-method-advice",
            Self::Internal => "error-internal-advice",
        }
    }

    /// The message in words, with the time to wait where waiting is what helps.
    fn text(self, ui: &Ui<'_>) -> String {
        let message = ui.t(self.advice());
        match self.retry_after() {
            Some(seconds) => format!("{message} {}", ui.retry(seconds)),
            None => message,
        }
    }

    /// Seconds to wait, where waiting is what helps.
    const fn retry_after(self) -> Option<u64> {
        match self {
            Self::Unavailable { retry_after_seconds } => Some(retry_after_seconds),
            _ => None,
        }
    }
}

/// A page instead of a redirect or another page.
#[derive(Clone, Debug)]
pub struct ErrorPage {
    /// What went wrong, for the person.
    pub kind: ErrorKind,
    /// The OAuth error code, such as `invalid_request`.
    pub error: Option<String>,
    /// One sentence in English that a developer can act on; may be empty.
    pub description: String,
    /// The id under which the log has the private detail.
    pub request_id: String,
}

page!(ErrorPage, ErrorTemplate, "error.html");
