//! From a JSON pointer (RFC 6901) to the place in the text.

use super::{Node, Span, Value};
use std::borrow::Cow;

/// Which part of an entry is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Its key; for an item of a list the item.
    Key,
    /// Its value; the key where nothing is written.
    Value,
}

/// A key as a token of a JSON pointer.
#[must_use]
pub fn escape_token(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '/']) {
        Cow::Owned(key.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(key)
    }
}

fn unescape_token(token: &str) -> Cow<'_, str> {
    if token.contains('~') {
        Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(token)
    }
}

impl Node {
    /// Where the value of a pointer stands; for one that is not there, the key of the nearest ancestor that is. The empty
    /// pointer is this node.
    #[must_use]
    pub fn span_of(&self, pointer: &str, part: Part) -> Span {
        let (at, exact) = self.walk(pointer);
        let value = if at.node.span.is_empty() { at.key.unwrap_or(at.node.span) } else { at.node.span };
        match part {
            Part::Value if exact => value,
            _ => at.key.unwrap_or(value),
        }
    }

    /// Does the pointer lead to a node?
    #[must_use]
    pub fn has(&self, pointer: &str) -> bool {
        self.walk(pointer).1
    }

    /// The node that a pointer leads to.
    #[must_use]
    pub fn at(&self, pointer: &str) -> Option<&Self> {
        let (at, exact) = self.walk(pointer);
        exact.then_some(at.node)
    }

    /// Follows the pointer as far as it leads: the last node with its key, and whether that is the pointer's end.
    fn walk(&self, pointer: &str) -> (At<'_>, bool) {
        let mut at = At { node: self, key: None };
        for token in pointer.split('/').skip(1) {
            match at.node.child(&unescape_token(token)) {
                Some(child) => at = child,
                None => return (at, false),
            }
        }
        (at, pointer.is_empty() || pointer.starts_with('/'))
    }

    fn child(&self, token: &str) -> Option<At<'_>> {
        match &self.value {
            Value::Map(_) => {
                self.entry(token).map(|entry| At { node: &entry.value, key: Some(entry.key_span) })
            }
            Value::List(items) => items.get(token.parse::<usize>().ok()?).map(|node| At { node, key: None }),
            _ => None,
        }
    }
}

/// A node on the way, with the span of its key where it has one.
struct At<'n> {
    node: &'n Node,
    key: Option<Span>,
}
