//! The labels: closed vocabularies, and nothing that a request can choose.

use nauthera_core::grant::GrantType;
use nauthera_core::oauth::ErrorCode;
use prometheus_client::encoding::EncodeLabelSet;

/// One label set of constant words.
macro_rules! label_sets {
    ($($(#[$doc:meta])* $name:ident { $($label:ident),+ })+) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
        pub(super) struct $name { $(pub $label: &'static str),+ })+
    };
}

label_sets! {
    /// Answers.
    RequestLabels { endpoint, status }
    /// Anything by endpoint.
    EndpointLabels { endpoint }
    /// Answers of the token endpoint.
    TokenLabels { grant_type, outcome }
    /// Anything by grant.
    GrantLabels { grant_type }
    /// Anything by how it ended.
    OutcomeLabels { outcome }
    /// Steps of the store.
    StepLabels { step, outcome }
    /// Anything by kind.
    KindLabels { kind }
    /// Anything by state.
    StateLabels { state }
    /// Anything by reason.
    ReasonLabels { reason }
}

/// The Snapshot that is served.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RevisionLabels {
    pub revision: String,
}

/// A signing key. There are two or three at a time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct KeyLabels {
    pub kid: String,
    pub algorithm: &'static str,
    pub state: &'static str,
}

/// The build.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct BuildLabels {
    pub version: &'static str,
    pub commit: &'static str,
}

/// A closed vocabulary of a label.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $variant:ident = $word:literal),+ $(,)? })+) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$about])* $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        })+
    };
}

words! {
    /// How a password login ended.
    LoginOutcome {
        /// The person is logged in.
        Ok = "ok",
        /// Name or password are wrong.
        Wrong = "wrong",
        /// A limit held it up.
        Limited = "limited",
        /// Too many passwords wait to be checked.
        Busy = "busy",
        /// The user store is away.
        Unavailable = "unavailable",
    }
}

/// The grants of token requests, the last one for requests that name none of ours.
pub(super) fn grants() -> impl Iterator<Item = &'static str> {
    GrantType::ALL.iter().map(|grant| grant.as_str()).chain(["none"])
}

/// Where a grant stands among [`grants`].
pub(super) fn grant_index(grant: Option<GrantType>) -> usize {
    let known = grant.and_then(|grant| GrantType::ALL.iter().position(|known| *known == grant));
    known.unwrap_or(GrantType::ALL.len())
}

/// Codes that the token endpoint answers with.
const TOKEN_CODES: [ErrorCode; 13] = [
    ErrorCode::InvalidRequest,
    ErrorCode::InvalidClient,
    ErrorCode::InvalidGrant,
    ErrorCode::UnauthorizedClient,
    ErrorCode::UnsupportedGrantType,
    ErrorCode::InvalidScope,
    ErrorCode::InvalidTarget,
    ErrorCode::AccessDenied,
    ErrorCode::AuthorizationPending,
    ErrorCode::SlowDown,
    ErrorCode::ExpiredToken,
    ErrorCode::ServerError,
    ErrorCode::TemporarilyUnavailable,
];

/// The outcomes of token requests: `ok`, a code, or `other` for a code that is not expected there.
pub(super) fn token_outcomes() -> impl Iterator<Item = &'static str> {
    ["ok"].into_iter().chain(TOKEN_CODES.iter().map(|code| code.as_str())).chain(["other"])
}

/// Where an outcome stands among [`token_outcomes`]; no code is success.
pub(super) fn token_outcome_index(code: Option<ErrorCode>) -> usize {
    let Some(code) = code else { return 0 };
    TOKEN_CODES.iter().position(|known| *known == code).unwrap_or(TOKEN_CODES.len()) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_counted_under_its_own_word() {
        for grant in GrantType::ALL {
            assert_eq!(grants().nth(grant_index(Some(*grant))), Some(grant.as_str()));
        }
        assert_eq!(grants().nth(grant_index(None)), Some("none"));
        for code in TOKEN_CODES {
            assert_eq!(token_outcomes().nth(token_outcome_index(Some(code))), Some(code.as_str()));
        }
        assert_eq!(token_outcomes().nth(token_outcome_index(None)), Some("ok"));
        let other = token_outcome_index(Some(ErrorCode::LoginRequired));
        assert_eq!(token_outcomes().nth(other), Some("other"));
        assert_eq!(token_outcomes().count(), other + 1);
    }
}
