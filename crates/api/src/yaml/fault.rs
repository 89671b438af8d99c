//! Why a text is not YAML, in plain words and at the place where a person has to look.

use super::{MAX_ALIAS_WEIGHT, MAX_DEPTH, MAX_NODES, Span};
use granit_parser::{ErrorKind, Marker, ScanError};

/// Why a text is not YAML, or is more than will be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} at line {}, column {}", .span.line, .span.column)]
pub struct SyntaxError {
    /// Where reading stopped.
    pub span: Span,
    /// One sentence in plain words.
    pub message: String,
    /// What to do, where that is known.
    pub help: Option<&'static str>,
}

/// The position of a marker of the parser.
pub(super) fn position(marker: &Marker) -> Span {
    let offset = number(marker.byte_offset().unwrap_or_default());
    Span {
        start: offset,
        end: offset,
        line: number(marker.line()),
        column: number(marker.col()).saturating_add(1),
    }
}

pub(super) fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

impl SyntaxError {
    fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None }
    }

    pub(super) fn too_deep(span: Span) -> Self {
        Self::new(span, format!("lists and mappings are nested more than {MAX_DEPTH} deep"))
    }

    pub(super) fn too_many(span: Span) -> Self {
        Self::new(span, format!("there are more than {MAX_NODES} values"))
    }

    pub(super) fn aliases_too_large(span: Span) -> Self {
        Self::new(span, format!("aliases expand to more than {} MiB", MAX_ALIAS_WEIGHT >> 20))
    }

    pub(super) fn alias_of_itself(span: Span) -> Self {
        Self::new(span, "an alias stands inside what it names")
    }

    pub(super) fn unsupported(span: Span) -> Self {
        Self::new(span, "this cannot be read")
    }

    /// Translates the parser's error.
    pub(super) fn of_parser(text: &str, error: &ScanError) -> Self {
        let mut span = position(error.marker());
        let (message, help) = words(error);
        if let Some(tab) = tab(text, error.kind(), span) {
            span = tab;
        }
        let rest = text.get(span.range().start..).unwrap_or_default();
        if let Some(c) = rest.chars().next().filter(|c| !matches!(c, '\n' | '\r')) {
            span.end = span.start.saturating_add(number(c.len_utf8()));
        }
        let help = if text.contains("{{") { Some(TEMPLATE) } else { help };
        Self { span, message, help }
    }
}

const TEMPLATE: &str = "this looks like a template: give the manifests that are rendered from it";
const SPACES: &str = "indent with spaces";

fn words(error: &ScanError) -> (String, Option<&'static str>) {
    use ErrorKind as K;
    let fixed = |message: &str, help| (message.to_owned(), help);
    match error.kind() {
        K::TabNotAllowed | K::TabInBlockIndentation | K::TabInIndentation | K::TabInPlainScalar => {
            fixed("a tab stands where spaces must", Some(SPACES))
        }
        K::TabAtBlockScalarStart => fixed("a block text begins with a tab", Some(SPACES)),
        K::UnclosedQuotedScalar | K::DocumentIndicatorInQuotedScalar => fixed("a quote is not closed", None),
        K::UnclosedFlowCollection { open } => (format!("`{open}` is not closed"), None),
        K::UnexpectedEofFlowSequence => fixed("`[` is not closed", None),
        K::UnexpectedEofFlowMapping | K::UnexpectedEofImplicitFlowMapping => fixed("`{` is not closed", None),
        K::ExpectedFlowSequenceSeparator => fixed("`,` or `]` is missing", None),
        K::ExpectedFlowMappingSeparator => fixed("`,` or `}` is missing", None),
        K::MappingValueNotAllowed => fixed(
            "a `:` stands where none may",
            Some("quote the text that has `: ` in it, or begin a new line"),
        ),
        K::ExpectedBlockMappingKey => fixed(
            "this line does not fit the mapping above it",
            Some("give all its keys the same indentation"),
        ),
        K::SimpleKeyExpected | K::InvalidSimpleKey => fixed("a key has no `: ` after it", None),
        K::ExpectedBlockSequenceEntry => fixed("this line does not fit the list above it", None),
        K::InvalidIndentation => fixed("the indentation fits nothing above it", None),
        K::UnknownAnchor => fixed("an alias names an anchor that does not stand before it", None),
        K::RecursionLimitExceeded => {
            (format!("lists and mappings are nested more than {MAX_DEPTH} deep"), None)
        }
        K::UnexpectedCharacter { character } if character.is_control() => {
            fixed("a control character is not allowed here", None)
        }
        _ => (error.info(), None),
    }
}

/// The tab that the parser stumbled over: it stops behind it, or names the scalar before it.
fn tab(text: &str, kind: &ErrorKind, from: Span) -> Option<Span> {
    use ErrorKind as K;
    if !matches!(
        kind,
        K::TabNotAllowed | K::TabInBlockIndentation | K::TabInIndentation | K::TabInPlainScalar
    ) {
        return None;
    }
    let mut start = text.get(..from.range().start)?.rfind(['\n', '\r']).map_or(0, |end| end + 1);
    for line in from.line.. {
        let rest = text.get(start..)?;
        let blank = rest.len() - rest.trim_start_matches(' ').len();
        if rest.as_bytes().get(blank) == Some(&b'\t') {
            let at = number(start + blank);
            return Some(Span { start: at, end: at, line, column: number(blank) + 1 });
        }
        let end = rest.find(['\n', '\r'])?;
        // A carriage return ends a line of YAML by itself, too.
        start += end + if rest.get(end..)?.starts_with("\r\n") { 2 } else { 1 };
    }
    None
}
