//! YAML with positions: a text becomes documents, each a tree of nodes that knows where every key and value stands.
//!
//! This module owns syntax alone: YAML 1.2 with the core schema, aliases and merge keys within bounds, and no more
//! nesting than [`MAX_DEPTH`]. What a document means is left to `manifests`, what a value may be to `schema`.

mod build;
mod fault;
mod lookup;
mod scalar;

use serde_json::{Map, Number};
use std::sync::Arc;

pub use fault::SyntaxError;
pub use lookup::{Part, escape_token};
pub use scalar::is_ambiguous_word;

/// How deeply lists and mappings may be nested, aliases counted as what they stand for.
pub const MAX_DEPTH: usize = 64;
/// How many values one text may hold.
pub const MAX_NODES: usize = 1_000_000;
/// How much all aliases of one text may expand to: bytes of text plus [`NODE_WEIGHT`] for each value.
pub const MAX_ALIAS_WEIGHT: usize = 4 << 20;
/// What a value counts for beside the bytes of its text.
pub const NODE_WEIGHT: usize = 16;

/// A piece of a text: bytes `start..end`, and the line and column of its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// First byte after it; equal to `start` where nothing is written.
    pub end: u32,
    /// Line of the start, counted from 1.
    pub line: u32,
    /// Column of the start in characters, counted from 1.
    pub column: u32,
}

impl Span {
    /// The bytes as a range.
    #[must_use]
    pub const fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Does it cover no byte?
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start >= self.end
    }
}

/// A value with its position. Cloning shares everything below.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// A scalar's own text with its quotes; a flow list or mapping from bracket to bracket; a block list or mapping has
    /// the span of its key, or of its first entry where it has no key.
    pub span: Span,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing written, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(Text),
    /// A list.
    List(Arc<[Node]>),
    /// A mapping in the order of its lines; keys differ.
    Map(Arc<[Entry]>),
}

/// A text, and whether it stands without quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The text after unquoting and folding.
    pub text: Arc<str>,
    /// Written without quotes, so that another reader may take it for something else.
    pub plain: bool,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key as text.
    pub key: Arc<str>,
    /// Where the key stands, with its quotes.
    pub key_span: Span,
    /// Is the key written without quotes?
    pub plain_key: bool,
    /// Its value.
    pub value: Node,
}

/// One document of a text. Documents without content are left out.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its value.
    pub root: Node,
    /// What a reader of this document has to refuse: a key that stands twice, an unknown tag. Whoever does not use the
    /// document may ignore them.
    pub problems: Vec<Problem>,
}

/// Something in a document that is YAML and still cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub span: Span,
    /// One sentence in plain words.
    pub message: String,
    /// What to do.
    pub help: &'static str,
}

/// Reads all documents of a text, which has no byte order mark any more.
///
/// # Errors
/// [`SyntaxError`] with its place: not YAML, nested deeper than [`MAX_DEPTH`], more than [`MAX_NODES`] values, or
/// aliases that expand to more than [`MAX_ALIAS_WEIGHT`]. Time and memory are linear in the text's length plus that bound.
pub fn parse(text: &str) -> Result<Vec<Document>, SyntaxError> {
    build::documents(text)
}

impl Node {
    /// The same as JSON. Of a key that stands twice the first counts.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => serde_json::Value::Bool(*value),
            Value::Number(number) => serde_json::Value::Number(number.clone()),
            Value::Text(text) => serde_json::Value::String((&*text.text).into()),
            Value::List(items) => serde_json::Value::Array(items.iter().map(Self::to_json).collect()),
            Value::Map(entries) => {
                let mut map = Map::new();
                for entry in entries.iter() {
                    if !map.contains_key(&*entry.key) {
                        map.insert((&*entry.key).into(), entry.value.to_json());
                    }
                }
                serde_json::Value::Object(map)
            }
        }
    }

    /// The value under a key of a mapping; `None` for other nodes too.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry with a key of a mapping; `None` for other nodes too.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| &*entry.key == key)
    }

    /// The entries of a mapping; none for other nodes.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for other nodes.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The text of a text node.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(&text.text),
            _ => None,
        }
    }

    /// Bytes of all keys and texts below, and [`NODE_WEIGHT`] for each value: about its size as JSON.
    #[must_use]
    pub fn weight(&self) -> usize {
        let below = match &self.value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::Text(text) => text.text.len(),
            Value::List(items) => items.iter().map(Self::weight).sum(),
            Value::Map(entries) => entries.iter().map(|e| e.key.len() + e.value.weight()).sum(),
        };
        below + NODE_WEIGHT
    }
}

#[cfg(test)]
mod tests;
