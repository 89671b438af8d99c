//! What is wrong with an object, and where: a collector that every reader writes into, and places in an object that
//! become JSON pointers only when something is wrong there.

use crate::v1alpha1::DurationText;
use nauthera_core::time::Seconds;
use std::fmt::Display;

/// One thing that is wrong with an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where: a JSON pointer (RFC 6901) from the object's root, such as `/spec/redirectUris/0`.
    pub pointer: String,
    /// What is wrong and what to write instead, in one sentence without a full stop.
    pub message: String,
    /// A hint beyond that, such as a command to run.
    pub help: Option<String>,
}

/// A place in an object.
#[derive(Clone, Copy)]
pub(crate) enum At<'a> {
    /// The object itself.
    Root,
    /// A member of a place.
    Field(&'a At<'a>, &'a str),
    /// An entry of a place.
    Index(&'a At<'a>, usize),
}

impl<'a> At<'a> {
    /// A member of this place.
    pub(crate) const fn field(&'a self, name: &'a str) -> Self {
        Self::Field(self, name)
    }

    /// An entry of this place.
    pub(crate) const fn index(&'a self, index: usize) -> Self {
        Self::Index(self, index)
    }

    fn pointer(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Field(parent, name) => {
                format!("{}/{}", parent.pointer(), name.replace('~', "~0").replace('/', "~1"))
            }
            Self::Index(parent, index) => format!("{}/{index}", parent.pointer()),
        }
    }
}

/// Everything that is wrong with an object so far.
#[derive(Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    /// Adds a fault.
    pub(crate) fn add(&mut self, at: &At<'_>, message: impl Into<String>) {
        self.0.push(Fault { pointer: at.pointer(), message: message.into(), help: None });
    }

    /// Adds a fault with a hint.
    pub(crate) fn add_help(&mut self, at: &At<'_>, message: impl Into<String>, help: &str) {
        self.0.push(Fault { pointer: at.pointer(), message: message.into(), help: Some(help.into()) });
    }

    /// The value, or a fault with the error's own words.
    pub(crate) fn take<T, E: Display>(&mut self, at: &At<'_>, read: Result<T, E>) -> Option<T> {
        read.map_err(|error| self.add(at, error.to_string())).ok()
    }

    /// A duration, where one is written.
    pub(crate) fn seconds(&mut self, at: &At<'_>, text: Option<&DurationText>) -> Option<Seconds> {
        text.and_then(|text| self.take(at, Seconds::parse(&text.0)))
    }

    /// A duration that cannot be zero, where one is written.
    pub(crate) fn lifetime(&mut self, at: &At<'_>, text: Option<&DurationText>) -> Option<Seconds> {
        let seconds = self.seconds(at, text)?;
        if seconds.get() == 0 {
            self.add(at, "a duration of zero leaves nothing; write at least 1s");
            return None;
        }
        Some(seconds)
    }

    /// The value when nothing was wrong, else the faults in the order found.
    pub(crate) fn done<T>(self, value: Option<T>) -> Result<T, Vec<Fault>> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_become_json_pointers() {
        let spec = At::Root.field("spec");
        assert_eq!(spec.field("users").index(3).field("a/b~c").pointer(), "/spec/users/3/a~1b~0c");
        assert_eq!(At::Root.pointer(), "");
    }
}
