//! The account page: who the person is, where they are logged in, and which clients may act for them.

use super::page;
use super::view::{ClientView, FormTarget, PersonView, ScopeView};

/// The account of the person who is logged in.
#[derive(Clone, Debug)]
pub struct AccountPage {
    /// Who is logged in.
    pub person: PersonView,
    /// What just happened on this page.
    pub notice: Option<AccountNotice>,
    /// The live sessions, in the order in which they are shown.
    pub sessions: Vec<SessionView>,
    /// There may be older ones that are not listed.
    pub more_sessions: bool,
    /// The remembered consents, in the order in which they are shown.
    pub consents: Vec<ConsentView>,
    /// There may be others that are not listed.
    pub more_consents: bool,
    /// The form that logs out of this session.
    pub logout_form: FormTarget,
    /// The form that ends all sessions but this one, where there are others.
    pub others_form: Option<FormTarget>,
    /// The form that ends all sessions, this one too.
    pub everywhere_form: FormTarget,
}

/// What the person just did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountNotice {
    /// Another session was ended.
    SessionEnded,
    /// All other sessions were ended.
    SessionsEnded,
    /// A consent was revoked.
    ConsentRevoked,
}

impl AccountNotice {
    /// The key of its message.
    const fn message(self) -> &'static str {
        match self {
            Self::SessionEnded => "account-notice-session",
            Self::SessionsEnded => "account-notice-sessions",
            Self::ConsentRevoked => "account-notice-consent",
        }
    }
}

/// One session of the person.
#[derive(Clone, Debug)]
pub struct SessionView {
    /// Time of the login, in unix seconds.
    pub started: i64,
    /// Time of its last use, in unix seconds.
    pub last_seen: i64,
    /// It is the session of this very request.
    pub current: bool,
    /// The form that ends it.
    pub end_form: FormTarget,
}

/// One remembered consent of the person.
#[derive(Clone, Debug)]
pub struct ConsentView {
    /// The client that may act for the person.
    pub client: ClientView,
    /// What it may do.
    pub scopes: Vec<ScopeView>,
    /// Time of the consent, in unix seconds.
    pub since: i64,
    /// The form that revokes it.
    pub revoke_form: FormTarget,
}

page!(AccountPage, AccountTemplate, "account.html");
