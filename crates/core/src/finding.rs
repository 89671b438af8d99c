//! Findings: what people are told. One finding says what was asked, what is allowed, by which policy, what follows,
//! and who can change it; terminals, JSON, conditions and admission answers all print the same one.

use crate::codes::Code;
use crate::names::{Kind, ObjectKey, ObjectRef};
use serde::Serialize;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something is not served, or not as its owner wrote it in full.
    Error,
    /// It is served, with less than was asked.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
    /// The word that stands before the code: `error`, `warning`, `note`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A value in a manifest: an object and a JSON pointer (RFC 6901) into it, such as `/spec/scopes/3`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// The object.
    #[serde(flatten)]
    pub key: ObjectKey,
    /// The value in it; empty for the object as a whole.
    pub pointer: String,
}

impl Place {
    /// A value of an object, by JSON pointer.
    pub fn new(kind: Kind, object: &ObjectRef, pointer: impl Into<String>) -> Self {
        Self { key: ObjectKey::new(kind, object.clone()), pointer: pointer.into() }
    }

    /// A field of an object's spec, by its dotted path such as `token.accessTokenTTL`.
    #[must_use]
    pub fn field(kind: Kind, object: &ObjectRef, path: &str) -> Self {
        Self::new(kind, object, format!("/spec/{}", path.replace('.', "/")))
    }

    /// The place as a dotted path, `spec.scopes[3]`.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = String::new();
        for part in self.pointer.split('/').skip(1) {
            if part.bytes().all(|b| b.is_ascii_digit()) && !part.is_empty() {
                path.push('[');
                path.push_str(part);
                path.push(']');
            } else {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&part.replace("~1", "/").replace("~0", "~"));
            }
        }
        path
    }
}

/// A place with the words that a terminal writes under it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Label {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// `asked here`, `allowed here`.
    pub note: &'static str,
}

/// One thing that people are told.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Its stable code.
    pub code: Code,
    /// How much it weighs.
    pub severity: Severity,
    /// One sentence in plain words, without a full stop.
    pub message: String,
    /// Where it is, first, then other places that explain it.
    pub labels: Vec<Label>,
    /// What was asked, where something was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested: Option<String>,
    /// What is allowed, where something is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<String>,
    /// The policy that decides, where one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<ObjectRef>,
    /// The policy's field, `allowedScopes` for example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'static str>,
    /// Further facts and what follows, a sentence each.
    pub notes: Vec<String>,
    /// Who can change what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Finding {
    /// A finding with its code's own severity and nothing else yet.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            labels: Vec::new(),
            requested: None,
            allowed: None,
            policy: None,
            field: None,
            notes: Vec::new(),
            help: None,
        }
    }

    /// Adds a place with its words.
    #[must_use]
    pub fn at(mut self, place: Place, note: &'static str) -> Self {
        self.labels.push(Label { place, note });
        self
    }

    /// Says what was asked and what is allowed.
    #[must_use]
    pub fn compared(mut self, requested: impl Into<String>, allowed: impl Into<String>) -> Self {
        self.requested = Some(requested.into());
        self.allowed = Some(allowed.into());
        self
    }

    /// Names the policy and the field that decide, and points at it.
    #[must_use]
    pub fn decided_by(mut self, policy: &ObjectRef, field: &'static str) -> Self {
        self.policy = Some(policy.clone());
        self.field = Some(field);
        self.at(Place::field(Kind::AuthPolicy, policy, field), "allowed here")
    }

    /// Adds a fact, or what follows.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Says who can change what.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Weighs it otherwise than its code does.
    #[must_use]
    pub const fn weighing(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Does it say that something asked for is taken or refused? Notes do not.
    #[must_use]
    pub fn is_violation(&self) -> bool {
        self.severity != Severity::Note
    }

    /// Does it say that a policy that is there takes or refuses something? What no policy governs, or what is missing or unreadable, is
    /// another matter.
    #[must_use]
    pub fn is_beyond_policy(&self) -> bool {
        let refusal =
            matches!(self.code, Code::NothingLeft | Code::MethodNotAllowed | Code::CustomClientIdNotAllowed);
        self.is_violation() && (refusal || self.code.as_str().starts_with("NA02"))
    }

    /// The object that it is about: that of the first place.
    #[must_use]
    pub fn subject(&self) -> Option<&ObjectKey> {
        self.labels.first().map(|label| &label.place.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_read_as_paths() {
        let object = ObjectRef::new("shop", "web");
        assert_eq!(Place::new(Kind::AuthClient, &object, "/spec/scopes/3").path(), "spec.scopes[3]");
        assert_eq!(
            Place::field(Kind::AuthPolicy, &object, "token.accessTokenTTL").pointer,
            "/spec/token/accessTokenTTL"
        );
        assert_eq!(
            Place::new(Kind::AuthClient, &object, "/metadata/labels/a~1b").path(),
            "metadata.labels.a/b"
        );
    }
}
