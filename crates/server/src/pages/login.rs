//! The login form and the choice of an account (`prompt=select_account`).

use super::page;
use super::text::Ui;
use super::view::{ClientView, FormTarget, PersonView};

/// The login form. Its fields are `username` and `password`.
#[derive(Clone, Debug)]
pub struct LoginPage {
    /// The client that the person goes on to; none when the account page asked for the login.
    pub client: Option<ClientView>,
    /// What the username field holds already: `login_hint`, or what was typed before.
    pub username: String,
    /// Why the form is shown again.
    pub error: Option<LoginError>,
    /// Where the form goes.
    pub form: FormTarget,
}

/// Why a login did not succeed. The words are the same for a wrong password and an unknown name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginError {
    /// No such person, or not this password.
    WrongCredentials,
    /// The account or the address has to wait.
    TooManyAttempts {
        /// Seconds until the next attempt is judged.
        retry_after_seconds: u64,
    },
    /// The form was open for too long.
    SessionExpired,
    /// The pool that hashes passwords is full.
    Busy,
    /// The person is outside the groups that may use the client.
    NotAllowed,
    /// The request is for another person than the one who is logged in.
    AnotherPerson,
}

impl LoginError {
    /// The key of its message.
    const fn message(self) -> &'static str {
        match self {
            Self::WrongCredentials => "login-error-credentials",
            Self::TooManyAttempts { .. } => "login-error-attempts",
            Self::SessionExpired => "login-error-expired",
            Self::Busy => "login-error-busy",
            Self::NotAllowed => "login-error-not-allowed",
            Self::AnotherPerson => "login-error-another-person",
        }
    }

    /// The message in words, with the time to wait where waiting is what helps.
    fn text(self, ui: &Ui<'_>) -> String {
        let message = ui.t(self.message());
        match self.retry_after() {
            Some(seconds) => format!("{message} {}", ui.retry(seconds)),
            None => message,
        }
    }

    /// Seconds to wait, where waiting is what helps.
    const fn retry_after(self) -> Option<u64> {
        match self {
            Self::TooManyAttempts { retry_after_seconds } => Some(retry_after_seconds),
            _ => None,
        }
    }

    /// Whether what was typed is at fault.
    const fn marks_fields(self) -> bool {
        matches!(self, Self::WrongCredentials)
    }

    /// Whether it is a matter of waiting or starting over, rather than a refusal.
    const fn is_mild(self) -> bool {
        matches!(self, Self::SessionExpired | Self::Busy | Self::AnotherPerson)
    }
}

impl LoginPage {
    fn marks_fields(&self) -> bool {
        self.error.is_some_and(LoginError::marks_fields)
    }
}

page!(LoginPage, LoginTemplate, "login.html");

/// The choice between the person who is logged in and someone else.
#[derive(Clone, Debug)]
pub struct SelectAccountPage {
    /// The client that asks.
    pub client: ClientView,
    /// Who is logged in.
    pub person: PersonView,
    /// The form that goes on as this person.
    pub continue_form: FormTarget,
    /// The form that leads to the login form.
    pub switch_form: FormTarget,
}

page!(SelectAccountPage, SelectAccountTemplate, "select_account.html");
