//! The fields of an audit line: names, meanings, and the values that each may have. The schema, the page about the audit and the test of
//! every line are made of this table.

use nauthera_core::grant::GrantType;
use serde_json::{Value, json};

macro_rules! fields {
    ($($variant:ident = $name:literal, $text:literal;)+) => {
        /// A field of an audit line.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Field { $(#[doc = $text] $variant),+ }

        impl Field {
            /// Every field, in the order in which a line has them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it says.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

fields! {
    Version = "v", "The version of this schema.";
    Time = "time", "When it happened, in seconds since 1970.";
    Event = "event", "What happened.";
    RequestId = "request_id", "The request: the same as in its `x-request-id` header and its log lines.";
    Revision = "revision", "The revision of the Snapshot that decided: SHA-256 of its bytes.";
    ClientId = "client_id", "The client. One that is not served is not named.";
    Subject = "subject", "The person, as `sub` names them.";
    Policies = "policies", "The AuthPolicies that govern the client, each as `NAMESPACE/NAME@GENERATION`.";
    Peer = "peer", "The address that the request came from.";
    Reason = "reason", "Why, in one word.";
    GrantType = "grant_type", "The grant, as `grant_type` names it.";
    GrantId = "grant_id", "The grant that codes and tokens belong to: the first half of their `jti`, in hexadecimal.";
    Scope = "scope", "The scopes, separated by spaces.";
    Audience = "audience", "The audience of the access token.";
    Tokens = "tokens", "What was handed out.";
    Jti = "jti", "The id of the access token.";
    Sid = "sid", "The session, as `sid` names it.";
    Sessions = "sessions", "How many sessions ended.";
    Attempts = "attempts", "How often it was tried, this time included.";
    Status = "status", "The HTTP status that it was answered with; none where there was no answer.";
    Action = "action", "What was done to the key.";
    Kid = "kid", "The key, as `kid` names it.";
    Clients = "clients", "How many clients.";
    SecretsAdded = "secrets_added", "How many secrets of the client count now that did not before.";
    SecretsEnding = "secrets_ending", "How many secrets of the client have another end now.";
    SecretsRemoved = "secrets_removed", "How many secrets of the client count no longer.";
}

/// What was handed out together.
pub const TOKENS: [&str; 3] = ["access_token", "refresh_token", "id_token"];
/// What can be done to a signing key.
pub const ACTIONS: [&str; 4] = ["made", "retired", "removed", "taken_over"];

impl Field {
    /// The JSON Schema of its values; of [`Self::Event`] and [`Self::Reason`] each event knows more.
    #[must_use]
    pub fn schema(self) -> Value {
        let text = |pattern: &str| json!({ "type": "string", "pattern": pattern });
        let any = json!({ "type": "string", "minLength": 1 });
        let count = json!({ "type": "integer", "minimum": 0 });
        match self {
            Self::Version => json!({ "const": super::VERSION }),
            Self::RequestId => text("^[0-9a-f]{16}$"),
            Self::Revision => text("^[0-9a-f]{64}$"),
            Self::GrantId => text("^[0-9a-f]{32}$"),
            Self::Jti | Self::Kid => text("^[A-Za-z0-9_-]{43}$"),
            Self::Policies => {
                let mark = text("^[a-z0-9.-]+/[a-z0-9.-]+@[0-9]+$");
                json!({ "type": "array", "minItems": 1, "items": mark })
            }
            Self::Peer => {
                json!({ "type": "string", "anyOf": [{ "format": "ipv4" }, { "format": "ipv6" }] })
            }
            Self::GrantType => {
                let all: Vec<&str> = GrantType::ALL.iter().map(|grant| grant.as_str()).collect();
                json!({ "enum": all })
            }
            Self::Tokens => {
                json!({ "type": "array", "items": { "enum": TOKENS }, "minItems": 1, "uniqueItems": true })
            }
            Self::Action => json!({ "enum": ACTIONS }),
            Self::Status => json!({ "type": "integer", "minimum": 100, "maximum": 999 }),
            Self::Time
            | Self::Sessions
            | Self::Attempts
            | Self::Clients
            | Self::SecretsAdded
            | Self::SecretsEnding
            | Self::SecretsRemoved => count,
            Self::Event
            | Self::ClientId
            | Self::Subject
            | Self::Reason
            | Self::Scope
            | Self::Audience
            | Self::Sid => any,
        }
    }

    /// A value as a line may have it.
    #[must_use]
    pub fn example(self) -> Value {
        match self {
            Self::Version => json!(super::VERSION),
            Self::Time => json!(1_795_474_320),
            Self::Event | Self::Reason => Value::Null,
            Self::RequestId => json!("8f0c5d2e9b7a4163"),
            Self::Revision => {
                json!("9c1f0b6f7d0a4b8e5a2c3d4e5f60718293a4b5c6d7e8f90112233445566778899"[..64])
            }
            Self::ClientId => json!("shop.storefront"),
            Self::Subject => json!("xZ2rT0k5oVq8sW1uYb3nCg"),
            Self::Policies => json!(["identity/baseline@4", "identity/interactive@2"]),
            Self::Peer => json!("192.0.2.7"),
            Self::GrantType => json!(GrantType::AuthorizationCode.as_str()),
            Self::GrantId => json!("0b1d4f7c2a9e86530b1d4f7c2a9e8653"),
            Self::Scope => json!("openid email"),
            Self::Audience => json!("https://login.example.com"),
            Self::Tokens => json!(["access_token", "id_token"]),
            Self::Jti => json!("Cx1PfCqehlMLHU98Kp6GU3qJ0n4mXyvQe2Zr7sT1uWk"),
            Self::Sid => json!("Qm3f8Zk1vT6yNw0cXs9bLr4eUa7hJd2gPi5oKt8xEzM"),
            Self::Sessions => json!(3),
            Self::Attempts => json!(2),
            Self::Status => json!(204),
            Self::Action => json!("made"),
            Self::Kid => json!("pW4nS7vR1kQ9xZ2mB8tY5cL0fH3gJ6dA_uE-iOqTsXy"),
            Self::Clients => json!(128),
            Self::SecretsAdded => json!(1),
            Self::SecretsEnding => json!(1),
            Self::SecretsRemoved => json!(0),
        }
    }
}
