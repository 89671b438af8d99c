//! The vocabulary of the audit: every event, what it says, and which fields its lines have. There is no event beside these.

use super::field::Field;
use crate::limits::RULES;
use nauthera_core::oauth::ErrorCode;

/// The words that `reason` may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reasons {
    /// There is no `reason`.
    None,
    /// One of these.
    Words(&'static [&'static str]),
    /// An OAuth error code.
    ErrorCodes,
    /// The name of a limit.
    Limits,
}

impl Reasons {
    /// All of them.
    #[must_use]
    pub fn words(self) -> Vec<&'static str> {
        match self {
            Self::None => Vec::new(),
            Self::Words(words) => words.to_vec(),
            Self::ErrorCodes => ErrorCode::ALL.iter().map(|code| code.as_str()).collect(),
            Self::Limits => RULES.iter().map(|rule| rule.name).collect(),
        }
    }
}

/// What the lines of an event look like.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Does it happen in a request, or to the server?
    pub in_request: bool,
    /// Fields that each line has, beside those that all lines have.
    pub always: &'static [Field],
    /// Fields that a line may have.
    pub sometimes: &'static [Field],
    /// What `reason` may be.
    pub reasons: Reasons,
}

impl Shape {
    const fn request(always: &'static [Field], sometimes: &'static [Field]) -> Self {
        Self { in_request: true, always, sometimes, reasons: Reasons::None }
    }

    const fn server(always: &'static [Field], sometimes: &'static [Field]) -> Self {
        Self { in_request: false, always, sometimes, reasons: Reasons::None }
    }

    const fn because(self, reasons: Reasons) -> Self {
        Self { reasons, ..self }
    }

    /// Fields that each line has.
    pub fn required(self) -> impl Iterator<Item = Field> {
        let all = [Field::Version, Field::Time, Field::Event, Field::Revision];
        let request: &[Field] = if self.in_request { &[Field::RequestId, Field::Peer] } else { &[] };
        let reason = (self.reasons != Reasons::None).then_some(Field::Reason);
        let mut fields: Vec<Field> =
            all.into_iter().chain(request.iter().chain(self.always).copied()).chain(reason).collect();
        fields.sort();
        fields.into_iter()
    }
}

macro_rules! events {
    ($($variant:ident = $name:literal, $text:literal, $shape:expr;)+) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Event { $(#[doc = $text] $variant),+ }

        impl Event {
            /// Every event.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name, as lines write it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it says.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// What its lines look like.
            #[must_use]
            pub const fn shape(self) -> Shape {
                match self { $(Self::$variant => $shape),+ }
            }
        }
    };
}

use Field::{
    Action, Attempts, Audience, ClientId, Clients, GrantId, GrantType, Jti, Kid, Policies, Scope,
    SecretsAdded, SecretsEnding, SecretsRemoved, Sessions, Sid, Status, Subject, Tokens,
};

/// Who asked, where that is known.
const CLIENT: &[Field] = &[ClientId, Policies];
const CLIENT_AND_PERSON: &[Field] = &[ClientId, Policies, Subject];
const NOTHING: &[Field] = &[];

events! {
    Login = "login", "A person logged in: a session began, or went on after the password was typed again.",
        Shape::request(&[Subject, Sid], CLIENT);
    LoginFailed = "login_failed", "A login was refused. One that a limit held up is `limited`. What was typed is not written: people type passwords into the wrong field.",
        Shape::request(NOTHING, CLIENT).because(Reasons::Words(&["wrong", "busy", "unavailable"]));
    Logout = "logout", "A person logged out through the logout endpoint.",
        Shape::request(&[Subject, Sid], CLIENT);
    SessionEnded = "session_ended", "A session ended: at the account page, or since another person logged in with the same browser.",
        Shape::request(&[Subject, Sid], NOTHING).because(Reasons::Words(&["account_page", "another_person"]));
    SessionsEnded = "sessions_ended", "A person ended all other sessions, or all, at the account page; `sid` is the one that asked.",
        Shape::request(&[Subject, Sid, Sessions], NOTHING).because(Reasons::Words(&["others", "all"]));
    ConsentGiven = "consent_given", "A person agreed to what a client asked for.",
        Shape::request(&[ClientId, Policies, Subject, Sid], &[Scope]);
    ConsentDenied = "consent_denied", "A person said no to what a client asked for.",
        Shape::request(&[ClientId, Policies, Subject, Sid], &[Scope]);
    ConsentWithdrawn = "consent_withdrawn", "A person took a consent back at the account page: the client's grants of this person are revoked.",
        Shape::request(&[ClientId, Subject, Sid], &[Policies]);
    AuthorizationRefused = "authorization_refused", "An authorization request was refused, to the client or on a page.",
        Shape::request(NOTHING, CLIENT_AND_PERSON).because(Reasons::ErrorCodes);
    CodeIssued = "code_issued", "A client was given an authorization code.",
        Shape::request(&[ClientId, Policies, Subject, GrantId, Sid], &[Scope]);
    CodeReused = "code_reused", "An authorization code came a second time: what the first time produced is revoked.",
        Shape::request(&[ClientId, Policies, Subject, GrantId], &[Sid]);
    DeviceAllowed = "device_allowed", "A person let a device in.",
        Shape::request(&[ClientId, Policies, Subject, GrantId, Sid], &[Scope]);
    DeviceDenied = "device_denied", "A person did not let a device in.",
        Shape::request(&[ClientId, Policies, Subject, GrantId, Sid], &[Scope]);
    UserCodeRefused = "user_code_refused", "The code of a device that a person typed was refused.",
        Shape::request(NOTHING, NOTHING).because(Reasons::Words(&["unknown"]));
    FormRefused = "form_refused", "A form came that no page of ours had posted.",
        Shape::request(NOTHING, NOTHING);
    ClientRefused = "client_refused", "A client did not prove who it is, at another endpoint than the token endpoint.",
        Shape::request(NOTHING, NOTHING).because(Reasons::ErrorCodes);
    TokenIssued = "token_issued", "A client was given tokens: who got which, by which client, under which policies and Snapshot.",
        Shape::request(
            &[ClientId, Policies, Subject, GrantType, Audience, Tokens, Jti],
            &[GrantId, Scope, Sid],
        );
    TokenRefused = "token_refused", "A token request was refused. A device that is told to wait is not.",
        Shape::request(NOTHING, &[ClientId, Policies, GrantType]).because(Reasons::ErrorCodes);
    RefreshReused = "refresh_reused", "A refresh token came a second time: all tokens of its family are revoked.",
        Shape::request(&[ClientId, Policies, Subject, GrantId], &[Sid]);
    GrantRevoked = "grant_revoked", "A client revoked a token of a person, and with it the grant.",
        Shape::request(&[ClientId, Policies, Subject, GrantId], NOTHING);
    TokenRevoked = "token_revoked", "A client revoked a token of its own.",
        Shape::request(&[ClientId, Policies, Jti], NOTHING);
    Limited = "limited", "A limit holds requests up, which `reason` names: one line a minute for each that it holds up.",
        Shape::request(NOTHING, CLIENT).because(Reasons::Limits);
    BackchannelLogoutSent = "backchannel_logout_sent", "A client was told that a session has ended.",
        Shape::server(&[ClientId, Policies, Subject, Sid, Attempts], &[Status]);
    BackchannelLogoutRefused = "backchannel_logout_refused", "A client answered that it will not log the person out.",
        Shape::server(&[ClientId, Policies, Subject, Sid, Attempts], &[Status]);
    BackchannelLogoutGivenUp = "backchannel_logout_given_up", "A client was not told that a session has ended, for as long as clients are tried. The log says why.",
        Shape::server(&[ClientId, Policies, Subject, Sid, Attempts], &[Status]);
    SnapshotApplied = "snapshot_applied", "A Snapshot is served from now on.",
        Shape::server(&[Clients], NOTHING);
    SnapshotRefused = "snapshot_refused", "A Snapshot was refused; the one of this revision goes on. The log says why.",
        Shape::server(NOTHING, NOTHING);
    ClientSecretChanged = "client_secret_changed", "With this Snapshot other secrets of a client count than with the one before.",
        Shape::server(&[ClientId, Policies, SecretsAdded, SecretsEnding, SecretsRemoved], NOTHING);
    MoreClientSecretsChanged = "more_client_secrets_changed", "The same of so many more clients than the hundred that have a line of their own.",
        Shape::server(&[Clients], NOTHING);
    SigningKeyChanged = "signing_key_changed", "A signing key was made, retired or removed, or taken over from where another made it.",
        Shape::server(&[Action, Kid], NOTHING);
}
