//! How values, types and forms are called in messages.

use super::shape::{Holds, Shape};
use serde_json::Value;

/// How much of a text is shown.
const SHOWN: usize = 48;

/// The first sentence of a description, on one line.
pub(super) fn first_sentence(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = line.find(". ").map_or(line.len(), |end| end + 1);
    line.get(..end).unwrap_or_default().trim_end_matches('.').to_owned()
}

/// The text with control characters made visible: it may end up on a terminal.
pub(crate) fn printable(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    let visible =
        |c: char| if c.is_control() { c.escape_default().collect::<String>() } else { c.to_string() };
    text.chars().map(visible).collect()
}

/// A text in backquotes, cut.
pub(super) fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("`{}`", printable(&shown))
}

/// What a value is, with its text where that is short and no secret.
pub(super) fn shown(field: &str, value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(_) if is_private(field) => "what is written".into(),
        Value::String(text) if text.is_empty() => "an empty text".into(),
        Value::String(text) => quoted(text),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "a mapping".into(),
    }
}

/// May the field hold something that no log should show?
fn is_private(field: &str) -> bool {
    let field = field.to_ascii_lowercase();
    field.contains("password") || field.contains("secret")
}

/// What a place holds: `a text`, `a list of texts`.
pub(super) fn wanted(shape: &Shape) -> String {
    let one = match shape.holds {
        Holds::Anything => "any value",
        Holds::Mapping => "a mapping",
        Holds::Text => "a text",
        Holds::Whole => "a whole number",
        Holds::Number => "a number",
        Holds::Bool => "`true` or `false`",
        Holds::WholeOrText => "a whole number or a text",
        Holds::List => match shape.items.as_ref().map(|items| items.holds) {
            Some(Holds::Text) => "a list of texts",
            Some(Holds::Mapping) => "a list of mappings",
            _ => "a list",
        },
    };
    if shape.words.is_empty() { one.into() } else { format!("one of {}", listed(&shape.words)) }
}

/// Words of an enumeration: `web, browser or service`.
pub(super) fn listed(words: &[Value]) -> String {
    let texts: Vec<String> =
        words.iter().map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned)).collect();
    joined(&texts, "or")
}

/// `a, b or c`.
pub(super) fn joined<T: AsRef<str>>(texts: &[T], last: &str) -> String {
    match texts {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [most @ .., end] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} {last} {}", most.join(", "), end.as_ref())
        }
    }
}

/// `1 item`, `3 items`.
pub(super) fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// How to write a value of the wanted type.
pub(super) fn type_help(shape: &Shape, value: &Value) -> Option<String> {
    match (shape.holds, value) {
        (Holds::Text, Value::Number(_) | Value::Bool(_)) => Some("put it in quotes".into()),
        (Holds::Text, Value::Array(items)) if items.len() == 1 => {
            Some("write the one text without brackets or dash".into())
        }
        (Holds::Bool, Value::String(text)) => match text.to_ascii_lowercase().as_str() {
            "y" | "yes" | "on" | "true" => Some("write `true` without quotes".into()),
            "n" | "no" | "off" | "false" => Some("write `false` without quotes".into()),
            _ => None,
        },
        (Holds::Whole | Holds::Number, Value::String(text)) if text.trim().parse::<f64>().is_ok() => {
            Some("take the quotes away".into())
        }
        (Holds::List, Value::Array(_)) => None,
        (Holds::List, _) => Some("write `[…]`, or one line that begins with `- ` for each item".into()),
        _ => None,
    }
}

/// What a form that is written as a regular expression is called, and how to write it.
pub(super) fn form(pattern: &str) -> Option<(&'static str, &'static str)> {
    FORMS.iter().find(|(text, ..)| *text == pattern).map(|(_, name, rule)| (*name, *rule))
}

const FORMS: [(&str, &str, &str); 10] = [
    (
        "^[0-9]+[smhd]$",
        "a duration",
        "write a whole number and one of s, m, h, d, such as 90s, 15m, 24h or 30d",
    ),
    (
        "^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$",
        "the name of an object",
        "use small letters, digits, `-` and `.`, a letter or digit first and last",
    ),
    (
        "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        "a DNS label",
        "use small letters, digits and `-`, a letter or digit first and last",
    ),
    (
        "^[.]?[-_a-zA-Z0-9][-._a-zA-Z0-9]*$",
        "a key of a Secret",
        "use letters, digits, `-`, `_` and `.`, not only dots and no two at the beginning",
    ),
    (
        "^[a-z0-9]([-a-z0-9]*[a-z0-9])?/[a-z0-9]([-.a-z0-9]*[a-z0-9])?$",
        "a namespace and a name",
        "write `namespace/name`",
    ),
    (
        "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$",
        "a label's value",
        "use letters, digits, `-`, `_` and `.`, a letter or digit first and last",
    ),
    (
        "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
        "a label's key",
        "use letters, digits, `-`, `_` and `.`, a letter or digit first and last; before it perhaps a domain and `/`",
    ),
    (
        "^[+-]?([0-9]+|[0-9]+[.][0-9]*|[.][0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$",
        "a quantity",
        "write a number and perhaps a unit, such as 250m, 2 or 1Gi",
    ),
    ("^[A-Za-z0-9._~-]+$", "a client id", "use letters, digits, `.`, `_`, `~` and `-`"),
    ("^ldaps?://", "the address of a directory", "begin it with `ldaps://`, or with `ldap://` and startTls"),
];
