//! YAML with positions: every place lies in the text and is where it says, and what was read can be written as JSON and read again.

use crate::{Target, Verdict};
use anyhow::ensure;
use nauthera_api::yaml::{self, Node, Part, Span, Value, escape_token};

pub(super) const TARGET: Target = Target { name: "yaml", check, longest: 4_096, rounds: 1_500 };

/// Parsers of YAML take no longer key without quotes and `?`.
const LONGEST_KEY: usize = 1_000;
/// How many places of one text are looked at.
const ENOUGH: usize = 300;

fn check(data: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(data) else { return Ok(()) };
    let text = text.trim_start_matches('\u{feff}');
    let documents = match yaml::parse(text) {
        Ok(documents) => documents,
        Err(error) => return stands(text, error.span),
    };
    for document in &documents {
        for problem in &document.problems {
            stands(text, problem.span)?;
        }
        let mut left = ENOUGH;
        places(text, &document.root, &document.root, String::new(), &mut left)?;
        again(&document.root)?;
    }
    Ok(())
}

/// Is the span a piece of the text, in the line and column that it says?
pub(super) fn stands(text: &str, span: Span) -> Verdict {
    ensure!(span.start <= span.end, "{span:?} ends before it begins");
    ensure!(text.get(span.range()).is_some(), "{span:?} is no piece of the text");
    let before = text.get(..span.range().start).unwrap_or_default();
    // A line ends with a line feed, a carriage return, or both together; of those two nothing stands between.
    let lines = before.replace("\r\n", "\n").replace('\r', "\n");
    let line = lines.matches('\n').count() + 1;
    let this = lines.rsplit('\n').next().unwrap_or_default();
    // A byte order mark takes no room, and counts or not by where it stands.
    let marks = this.matches('\u{feff}').count();
    let columns = this.chars().count() + 1 - marks..=this.chars().count() + 1;
    let said = (span.line as usize, span.column as usize);
    ensure!(
        said.0 == line && columns.contains(&said.1),
        "{span:?} stands in line {line}, column {columns:?}"
    );
    Ok(())
}

fn places(text: &str, root: &Node, node: &Node, pointer: String, left: &mut usize) -> Verdict {
    *left = left.saturating_sub(1);
    if *left == 0 {
        return Ok(());
    }
    stands(text, node.span)?;
    ensure!(root.at(&pointer) == Some(node), "{pointer} leads elsewhere");
    for part in [Part::Key, Part::Value] {
        stands(text, root.span_of(&pointer, part))?;
    }
    match &node.value {
        Value::Text(scalar) if scalar.plain => {
            let written = text.get(node.span.range()).unwrap_or_default();
            ensure!(
                written.contains('\n') || written.contains('\r') || written == &*scalar.text,
                "{written:?} is not {:?}",
                scalar.text
            );
        }
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                places(text, root, item, format!("{pointer}/{index}"), left)?;
            }
        }
        Value::Map(entries) => {
            for (at, entry) in entries.iter().enumerate() {
                stands(text, entry.key_span)?;
                // Of a key that stands twice the first counts: the second is a problem, and no pointer leads to it.
                if entries.iter().take(at).all(|earlier| earlier.key != entry.key) {
                    places(
                        text,
                        root,
                        &entry.value,
                        format!("{pointer}/{}", escape_token(&entry.key)),
                        left,
                    )?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// JSON is YAML: what was read says the same when it is written so.
fn again(root: &Node) -> Verdict {
    let json = root.to_json();
    let written = in_ascii(&json.to_string());
    if longest_key(&json) > LONGEST_KEY {
        return Ok(());
    }
    let documents =
        yaml::parse(&written).map_err(|error| anyhow::anyhow!("{written} is not read again: {error}"))?;
    let read = documents.first().map(|document| document.root.to_json()).unwrap_or_default();
    ensure!(documents.len() <= 1 && read == json, "{written} is read as {read}");
    Ok(())
}

/// JSON with each character beyond ASCII escaped: some of those that it may hold as they are YAML may not.
fn in_ascii(json: &str) -> String {
    let mut text = String::new();
    for character in json.chars() {
        if matches!(character, ' '..='~') {
            text.push(character);
        } else {
            let units = character.encode_utf16(&mut [0; 2]).to_vec();
            text.extend(units.into_iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    text
}

fn longest_key(json: &serde_json::Value) -> usize {
    match json {
        serde_json::Value::Array(items) => items.iter().map(longest_key).max().unwrap_or_default(),
        serde_json::Value::Object(map) => {
            map.iter().map(|(key, value)| key.len().max(longest_key(value))).max().unwrap_or_default()
        }
        _ => 0,
    }
}
