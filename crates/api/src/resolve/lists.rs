//! Lists and single texts that are read entry by entry, each fault at its own entry.

use super::fault::{At, Faults};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::Arc;

/// Reads each entry; entries that cannot be read are faults, and so is an entry that stands twice.
pub(crate) fn each<T, E: Display>(
    faults: &mut Faults,
    at: &At<'_>,
    texts: &[String],
    read: impl Fn(&str) -> Result<T, E>,
) -> Vec<T> {
    let mut seen = BTreeSet::new();
    let mut values = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        if !seen.insert(text.as_str()) {
            faults.add(&at.index(index), format!("`{}` stands twice; take one of them away", cut(text)));
            continue;
        }
        values.extend(faults.take(&at.index(index), read(text)));
    }
    values
}

/// Texts without a form of their own, such as groups.
pub(crate) fn plain(faults: &mut Faults, at: &At<'_>, texts: &[String]) -> Vec<Arc<str>> {
    each(faults, at, texts, |text| shown(text).map(|()| text.into()))
}

/// The same for a list that may be left out: `None` says nothing, an empty list allows nothing.
pub(crate) fn optional(faults: &mut Faults, at: &At<'_>, texts: Option<&[String]>) -> Option<Vec<Arc<str>>> {
    texts.map(|texts| plain(faults, at, texts))
}

/// Refuses words of a vocabulary that stand twice.
pub(crate) fn once<T: Copy + Ord + Display>(faults: &mut Faults, at: &At<'_>, words: &[T]) {
    let mut seen = BTreeSet::new();
    for (index, word) in words.iter().enumerate().filter(|(_, word)| !seen.insert(**word)) {
        faults.add(&at.index(index), format!("`{word}` stands twice; take one of them away"));
    }
}

/// A text that people will see, where one is written.
pub(crate) fn text(faults: &mut Faults, at: &At<'_>, text: Option<&String>) -> Option<Arc<str>> {
    let text = text?;
    faults.take(at, shown(text)).map(|()| text.as_str().into())
}

/// A map of texts, as core keeps it.
pub(crate) fn map(texts: &BTreeMap<String, String>) -> BTreeMap<Arc<str>, Arc<str>> {
    texts.iter().map(|(key, value)| (key.as_str().into(), value.as_str().into())).collect()
}

/// The text, cut to 80 characters for a message.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

/// May a text be shown to people? It has no control characters, and none that turns the direction of writing (a name
/// could then read as another one).
fn shown(text: &str) -> Result<(), String> {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    match text {
        _ if text.trim().is_empty() => Err("it has no visible character; write a name".into()),
        _ if text.trim() != text => {
            Err(format!("`{}` begins or ends with white space; take it away", cut(text)))
        }
        _ if text.chars().any(|c| c.is_control() || turns(c)) => {
            Err("it has a control character; write visible characters and spaces only".into())
        }
        _ => Ok(()),
    }
}
