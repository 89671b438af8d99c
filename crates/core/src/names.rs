//! Names: of Kubernetes objects, clients, scopes and audiences. Each is parsed once and then passed on as a type.

use crate::snapshot::Texts;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// One of the four kinds of the group `auth.nauthera.io`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// Owned by platform: an issuer and how it runs.
    AuthServer,
    /// Owned by security: what any client may have.
    AuthPolicy,
    /// Owned by platform: who the people are.
    UserStore,
    /// Owned by developers: what an application needs.
    AuthClient,
}

impl Kind {
    /// All four kinds, in the order in which a reader wants them listed.
    pub const ALL: [Self; 4] = [Self::AuthServer, Self::AuthPolicy, Self::UserStore, Self::AuthClient];

    /// The Kubernetes kind, `AuthClient` for example.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthServer => "AuthServer",
            Self::AuthPolicy => "AuthPolicy",
            Self::UserStore => "UserStore",
            Self::AuthClient => "AuthClient",
        }
    }

    /// The team that owns objects of this kind, as messages name it.
    #[must_use]
    pub const fn owner(self) -> &'static str {
        match self {
            Self::AuthServer | Self::UserStore => "platform",
            Self::AuthPolicy => "security",
            Self::AuthClient => "developers",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Namespace and name of a namespaced object; shown as `namespace/name` and ordered that way.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectRef {
    /// The object's namespace, a DNS label.
    pub namespace: Arc<str>,
    /// The object's name within its namespace.
    pub name: Arc<str>,
}

impl ObjectRef {
    /// Names an object. No check is made: the API server (or the offline schema) has judged the parts.
    pub fn new(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// Reads `namespace/name`; `None` when there is not exactly one slash or a part is empty.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (namespace, name) = text.split_once('/')?;
        (!namespace.is_empty() && !name.is_empty() && !name.contains('/')).then(|| Self::new(namespace, name))
    }

    /// Orders against another name by `(namespace, name)` without building one.
    #[must_use]
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        &*self.namespace == namespace && &*self.name == name
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl fmt::Debug for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A kind and an object's name: enough to find any object of ours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectKey {
    /// The object's kind.
    pub kind: Kind,
    /// Where it is.
    pub object: ObjectRef,
}

impl ObjectKey {
    /// Joins kind and name.
    #[must_use]
    pub const fn new(kind: Kind, object: ObjectRef) -> Self {
        Self { kind, object }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.object)
    }
}

/// Why a text is not a name of its kind. The message says what the name may hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {} {what}: {rule}", if what.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" })]
pub struct BadName {
    /// What was written, cut to 80 characters.
    pub text: String,
    /// What it should have been, `scope` for example.
    pub what: &'static str,
    /// The rule it breaks.
    pub rule: &'static str,
}

macro_rules! text_name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:literal, $rule:literal, $ok:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Reads the name.
            ///
            /// # Errors
            /// [`BadName`] with the rule, when a character or the length is not allowed.
            pub fn parse(text: &str) -> Result<Self, BadName> {
                let ok: fn(u8) -> bool = $ok;
                if !text.is_empty() && text.len() <= $max && text.bytes().all(ok) {
                    Ok(Self(text.into()))
                } else {
                    Err(BadName { text: text.chars().take(80).collect(), what: $what, rule: $rule })
                }
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                (&*name.0).into()
            }
        }
    };
}

const fn scope_char(b: u8) -> bool {
    matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}

text_name!(
    /// An OAuth scope: one `scope-token` of RFC 6749 §3.3, at most 128 characters.
    Scope, "scope", 128, "use 1 to 128 printable ASCII characters without space, quote or backslash", scope_char
);
text_name!(
    /// A resource indicator (RFC 8707) or the name of a resource server: what stands in `aud`.
    Audience, "audience", 512, "use 1 to 512 printable ASCII characters without space, quote or backslash", scope_char
);
text_name!(
    /// A client identifier (RFC 6749 §2.2); by default `<namespace>.<name>`.
    ClientId, "client id", 128, "use 1 to 128 of letters, digits, `.`, `_`, `~` and `-`",
    |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'~' | b'-')
);

impl Scope {
    /// Holds the same text as others do.
    pub(crate) fn share(&mut self, texts: &mut Texts) {
        texts.share(&mut self.0);
    }
}

impl Audience {
    /// Holds the same text as others do.
    pub(crate) fn share(&mut self, texts: &mut Texts) {
        texts.share(&mut self.0);
    }
}

impl ClientId {
    /// Reads an id that an AuthClient chooses. One that looks like a person's subject (43 characters of base64url) is refused:
    /// tokens of the client itself have its id in `sub`, and nobody may take it for a person (RFC 9068 §5).
    ///
    /// # Errors
    /// [`BadName`] with the rule.
    pub fn custom(text: &str) -> Result<Self, BadName> {
        let like_subject = text.len() == 43 && !text.contains(['.', '~']);
        if like_subject {
            let rule = "43 characters without `.` and `~` could be taken for a person's subject; make it shorter or longer";
            return Err(BadName { text: text.into(), what: "client id", rule });
        }
        Self::parse(text)
    }

    /// The id that an object has when it claims no other: `<namespace>.<name>`. A namespace has no dot, so two
    /// objects never share one.
    #[must_use]
    pub fn default_of(object: &ObjectRef) -> Self {
        Self(format!("{}.{}", object.namespace, object.name).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_needs_exactly_one_slash() {
        assert_eq!(ObjectRef::parse("shop/web").unwrap().to_string(), "shop/web");
        for bad in ["shop", "/web", "shop/", "a/b/c", ""] {
            assert!(ObjectRef::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn scopes_follow_rfc_6749() {
        assert!(Scope::parse("orders:read").is_ok());
        for bad in ["", "two words", "quo\"te", "back\\slash", "ünicode"] {
            assert!(Scope::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_chosen_client_id_cannot_pass_for_a_person() {
        assert!(ClientId::custom(&"a".repeat(43)).is_err());
        assert!(ClientId::custom(&"a".repeat(42)).is_ok() && ClientId::custom("shop").is_ok());
    }

    #[test]
    fn the_default_client_id_joins_namespace_and_name() {
        assert_eq!(ClientId::default_of(&ObjectRef::new("shop", "web")).as_str(), "shop.web");
    }
}
