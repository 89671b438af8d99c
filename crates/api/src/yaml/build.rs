//! From the parser's events to documents. One stack, no recursion; every bound is checked before memory is taken.

use super::fault::{number, position};
use super::{Document, Entry, MAX_ALIAS_WEIGHT, MAX_DEPTH, MAX_NODES, NODE_WEIGHT};
use super::{Node, Problem, Span, SyntaxError, Text, Value, scalar};
use granit_parser::{Event, Options, Parser, ScalarStyle, StructureStyle, Tag};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// From how many keys on a mapping keeps a set of them, so that finding a second one stays cheap.
const SEEN_FROM: usize = 16;
/// How many problems one document gets at most.
const MAX_PROBLEMS: usize = 50;

pub(super) fn documents(text: &str) -> Result<Vec<Document>, SyntaxError> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.flow_nesting_limit = MAX_DEPTH;
    options.block_nesting_limit = MAX_DEPTH;
    options.block_scalar_eof_without_line_feed = true;
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut builder = Builder { text, ..Builder::default() };
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| SyntaxError::of_parser(text, &error))?;
        builder.event(event, spanned(&span))?;
    }
    Ok(builder.documents)
}

fn spanned(span: &granit_parser::Span) -> Span {
    let start = position(&span.start);
    Span { end: number(span.end.byte_offset().unwrap_or_default()).max(start.start), ..start }
}

#[derive(Default)]
struct Builder<'t> {
    text: &'t str,
    documents: Vec<Document>,
    root: Option<Node>,
    problems: Vec<Problem>,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Done>,
    nodes: usize,
    alias_weight: usize,
}

/// A list or mapping whose end has not come yet.
struct Frame {
    inside: Inside,
    block: bool,
    span: Span,
    anchor: usize,
    weight: usize,
    height: usize,
}

enum Inside {
    List(Vec<Node>),
    Map(MapFrame),
}

#[derive(Default)]
struct MapFrame {
    entries: Vec<Entry>,
    seen: HashSet<Arc<str>>,
    key: Option<Key>,
    merges: Vec<Merge>,
}

struct Key {
    text: Arc<str>,
    span: Span,
    plain: bool,
    merge: bool,
}

/// A `<<`: how many entries stood before it, and what it brings.
struct Merge {
    before: usize,
    value: Node,
    span: Span,
}

/// A whole node: with its weight, how deep it nests, and whether it is written in block style.
#[derive(Clone)]
struct Done {
    node: Node,
    weight: usize,
    height: usize,
    block: bool,
}

impl<'t> Builder<'t> {
    fn event(&mut self, event: Event<'t>, span: Span) -> Result<(), SyntaxError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.count(span)?;
                let node = self.scalar(&text, style, tag.as_deref(), span);
                let weight = NODE_WEIGHT + text.len();
                self.done(Done { node, weight, height: 0, block: false }, anchor);
                Ok(())
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.tag_of_collection(tag, span);
                self.open(Inside::List(Vec::new()), style, anchor, span)
            }
            Event::MappingStart(style, anchor, tag) => {
                self.tag_of_collection(tag, span);
                self.open(Inside::Map(MapFrame::default()), style, anchor, span)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.close(span);
                Ok(())
            }
            Event::Alias(id) => self.alias(id, span),
            Event::DocumentStart(..) => {
                self.anchors.clear();
                Ok(())
            }
            Event::DocumentEnd => {
                self.end_document();
                Ok(())
            }
            Event::StreamStart | Event::StreamEnd => Ok(()),
            _ => Err(SyntaxError::unsupported(span)),
        }
    }

    fn count(&mut self, span: Span) -> Result<(), SyntaxError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES { Err(SyntaxError::too_many(span)) } else { Ok(()) }
    }

    fn open(
        &mut self,
        inside: Inside,
        style: StructureStyle,
        anchor: usize,
        span: Span,
    ) -> Result<(), SyntaxError> {
        self.count(span)?;
        if self.stack.len() >= MAX_DEPTH {
            return Err(SyntaxError::too_deep(span));
        }
        let block = style == StructureStyle::Block;
        self.stack.push(Frame { inside, block, span, anchor, weight: NODE_WEIGHT, height: 0 });
        Ok(())
    }

    fn close(&mut self, end: Span) {
        let Some(frame) = self.stack.pop() else { return };
        let (value, first) = match frame.inside {
            Inside::List(items) => {
                let first = items.first().map(|item| item.span);
                (Value::List(items.into()), first)
            }
            Inside::Map(map) => {
                let entries = self.merge(map);
                let first = entries.first().map(|entry| entry.key_span);
                (Value::Map(entries.into()), first)
            }
        };
        let span = match first {
            Some(first) if frame.block => first,
            _ => Span { end: end.end.max(frame.span.end), ..frame.span },
        };
        let node = Node { value, span };
        self.done(
            Done { node, weight: frame.weight, height: frame.height, block: frame.block },
            frame.anchor,
        );
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<(), SyntaxError> {
        let Some(done) = self.anchors.get(&id).cloned() else {
            return Err(SyntaxError::alias_of_itself(span));
        };
        self.count(span)?;
        self.alias_weight = self.alias_weight.saturating_add(done.weight);
        if self.alias_weight > MAX_ALIAS_WEIGHT {
            return Err(SyntaxError::aliases_too_large(span));
        }
        if self.stack.len() + done.height > MAX_DEPTH {
            return Err(SyntaxError::too_deep(span));
        }
        self.done(done, 0);
        Ok(())
    }

    /// Puts a whole node where it belongs.
    fn done(&mut self, done: Done, anchor: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, done.clone());
        }
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(done.node);
            return;
        };
        frame.weight = frame.weight.saturating_add(done.weight);
        frame.height = frame.height.max(done.height + 1);
        match &mut frame.inside {
            Inside::List(items) => items.push(done.node),
            Inside::Map(map) => match map.key.take() {
                None => map.key = Some(key_of(self.text, &done.node, &mut self.problems)),
                Some(key) => map.add(key, done, &mut self.problems),
            },
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Node {
        let plain = style == ScalarStyle::Plain;
        let quoted = || Value::Text(Text { text: text.into(), plain: false });
        let value = match tag {
            None if plain => scalar::resolve(text),
            None => quoted(),
            Some(tag) => tagged(text, tag).unwrap_or_else(|| {
                self.problems.push(unknown_tag(tag, span));
                quoted()
            }),
        };
        let span = match style {
            ScalarStyle::Literal | ScalarStyle::Folded => without_trailing_lines(self.text, span),
            _ => span,
        };
        Node { value, span }
    }

    fn tag_of_collection(&mut self, tag: Option<Cow<'_, Tag>>, span: Span) {
        if let Some(tag) = tag.filter(|tag| !matches!(tag.core_suffix(), Some("map" | "seq"))) {
            self.problems.push(unknown_tag(&tag, span));
        }
    }

    /// The entries of a mapping with those that `<<` brings: the mapping's own count, then the first that brings a key.
    fn merge(&mut self, map: MapFrame) -> Vec<Entry> {
        let MapFrame { mut entries, merges, .. } = map;
        if merges.is_empty() {
            return entries;
        }
        let own: HashMap<Arc<str>, usize> =
            entries.iter().enumerate().map(|(place, entry)| (entry.key.clone(), place)).collect();
        let mut brought = HashSet::new();
        for merge in &merges {
            let sources = match &merge.value.value {
                Value::List(items) => items,
                _ => std::slice::from_ref(&merge.value),
            };
            for source in sources {
                if !matches!(source.value, Value::Map(_)) {
                    self.problems.push(not_mergeable(merge.span));
                }
                for entry in source.entries() {
                    match own.get(&entry.key) {
                        Some(place) if *place < merge.before => {
                            self.problems.extend(entries.get(*place).map(before_merge));
                        }
                        Some(_) => {}
                        None if brought.insert(entry.key.clone()) => entries.push(entry.clone()),
                        None => {}
                    }
                }
            }
        }
        entries
    }

    fn end_document(&mut self) {
        let mut problems = std::mem::take(&mut self.problems);
        problems.truncate(MAX_PROBLEMS);
        if let Some(root) = self.root.take().filter(|root| root.value != Value::Null) {
            self.documents.push(Document { root, problems });
        }
    }
}

impl MapFrame {
    fn add(&mut self, key: Key, done: Done, problems: &mut Vec<Problem>) {
        let mut value = done.node;
        if done.block {
            value.span = key.span;
        }
        if key.merge {
            let (before, span) = (self.entries.len(), key.span);
            self.merges.push(Merge { before, value, span });
            return;
        }
        if self.has(&key.text) {
            problems.push(twice(&key));
        }
        if self.entries.len() >= SEEN_FROM {
            self.seen.insert(key.text.clone());
        }
        self.entries.push(Entry { key: key.text, key_span: key.span, plain_key: key.plain, value });
    }

    fn has(&self, key: &str) -> bool {
        self.entries.iter().take(SEEN_FROM).any(|entry| &*entry.key == key) || self.seen.contains(key)
    }
}

fn key_of(text: &str, node: &Node, problems: &mut Vec<Problem>) -> Key {
    let key = |text: Arc<str>, plain, merge| Key { text, span: node.span, plain, merge };
    match &node.value {
        Value::Text(text) => key(text.text.clone(), text.plain, text.plain && &*text.text == "<<"),
        Value::Bool(_) | Value::Number(_) => {
            key(text.get(node.span.range()).unwrap_or_default().into(), true, false)
        }
        Value::Null => {
            problems.push(problem(
                node.span,
                "a key is missing before the `:`",
                "write the key, in quotes if need be",
            ));
            key("".into(), false, false)
        }
        Value::List(_) | Value::Map(_) => {
            problems.push(problem(node.span, "a list or mapping stands where a key must", "a key is a text"));
            key("".into(), false, false)
        }
    }
}

/// A scalar with a tag of the core schema; `None` when the tag is another one or does not fit the text.
fn tagged(text: &str, tag: &Tag) -> Option<Value> {
    let as_text = || Value::Text(Text { text: text.into(), plain: false });
    let resolved = scalar::resolve(text);
    match (tag.core_suffix()?, &resolved) {
        ("str", _) => Some(as_text()),
        ("null", Value::Null) | ("bool", Value::Bool(_)) | ("int" | "float", Value::Number(_)) => {
            Some(resolved)
        }
        _ => None,
    }
}

fn without_trailing_lines(text: &str, span: Span) -> Span {
    let written = text.get(span.range()).unwrap_or_default().trim_end().len();
    Span { end: span.start.saturating_add(number(written)), ..span }
}

fn problem(span: Span, message: impl Into<String>, help: &'static str) -> Problem {
    Problem { span, message: message.into(), help }
}

fn twice(key: &Key) -> Problem {
    problem(key.span, format!("the key `{}` stands twice in this mapping", key.text), "keep one of them")
}

fn unknown_tag(tag: &Tag, span: Span) -> Problem {
    let message = format!("the tag `{}` is not known here, or does not fit the value", tag.original());
    problem(span, message, "take the tag away")
}

fn not_mergeable(span: Span) -> Problem {
    problem(span, "`<<` takes a mapping or a list of mappings", "name an anchor that stands at a mapping")
}

fn before_merge(entry: &Entry) -> Problem {
    let message = format!(
        "`{}` stands before a `<<` that brings it too, and YAML readers disagree which counts",
        entry.key
    );
    problem(entry.key_span, message, "move the `<<` line to the top of the mapping")
}
