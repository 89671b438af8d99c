//! The lines of a file that are worth quoting.

use super::plain::is_hidden;
use nauthera_api::yaml::Span;
use std::borrow::Cow;
use std::ops::Range;

/// A longer line is not quoted: only its place is told.
const LONGEST_LINE: usize = 4_096;
/// Places further apart than so many bytes are quoted apart.
const FURTHEST: usize = 8_192;

/// Some lines with what is marked in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt<'t> {
    /// The lines.
    pub text: Cow<'t, str>,
    /// The number of the first line.
    pub first_line: usize,
    /// The bytes of each mark, in the order asked.
    pub marks: Vec<Range<usize>>,
}

/// The lines around these places; `None` when one of them cannot be quoted, or they are far apart.
pub fn excerpt<'t>(text: &'t str, spans: &[Span]) -> Option<Excerpt<'t>> {
    let ranges: Vec<Range<usize>> =
        spans.iter().map(|span| on_one_line(text, *span)).collect::<Option<_>>()?;
    let first = spans.iter().zip(&ranges).min_by_key(|(_, range)| range.start)?;
    let start = line_start(text, first.1.start);
    let last = ranges.iter().map(|range| range.end).max()?;
    let end = line_end(text, last);
    if end - start > FURTHEST {
        return None;
    }
    let lines = text.get(start..end)?;
    let marks = ranges.iter().map(|range| range.start - start..range.end - start).collect();
    Some(Excerpt { text: harmless(lines), first_line: first.0.line as usize, marks })
}

/// The span up to the end of its first line.
fn on_one_line(text: &str, span: Span) -> Option<Range<usize>> {
    let Range { start, end } = span.range();
    let line_end = line_end(text, start);
    if span.line == 0 || start > text.len() || line_end - line_start(text, start) > LONGEST_LINE {
        return None;
    }
    let end = end.clamp(start, line_end.max(start));
    text.get(start..end).map(|_| start..end)
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    let end = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| at + length);
    if text.get(..end).is_some_and(|line| line.ends_with('\r')) && end > at { end - 1 } else { end }
}

/// What could steer a terminal is replaced by as many bytes, so that marks stay where they are. Tabs and line ends stay.
fn harmless(text: &str) -> Cow<'_, str> {
    let steers = |c: char| is_hidden(c) && !matches!(c, '\n' | '\t' | '\r');
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let replace = |c: char| match c.len_utf8() {
        _ if !steers(c) => c,
        1 => '?',
        2 => '\u{b7}',
        _ => '\u{fffd}',
    };
    Cow::Owned(text.chars().map(replace).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str, part: &str) -> Span {
        let start = text.find(part).unwrap();
        let line = text[..start].matches('\n').count() + 1;
        Span { start: start as u32, end: (start + part.len()) as u32, line: line as u32, column: 1 }
    }

    #[test]
    fn only_the_lines_between_the_marks_are_quoted() {
        let text = "one\ntwo\nthree\nfour\n";
        let excerpt = excerpt(text, &[span(text, "three"), span(text, "two")]).unwrap();
        assert_eq!((&*excerpt.text, excerpt.first_line), ("two\nthree", 2));
        assert_eq!(excerpt.marks, [4..9, 0..3]);
    }

    #[test]
    fn a_mark_over_several_lines_ends_with_its_first() {
        let text = "a: [b,\n  c]\n";
        assert_eq!(excerpt(text, &[span(text, "[b,\n  c]")]).unwrap().marks[0], 3..6);
    }

    #[test]
    fn control_characters_are_replaced_and_marks_stay() {
        let text = "a\u{1b}\u{9b}\u{202e}: b\r\n";
        let excerpt = excerpt(text, &[span(text, "b")]).unwrap();
        assert_eq!(excerpt.text, "a?\u{b7}\u{fffd}: b");
        assert_eq!(&excerpt.text[excerpt.marks[0].clone()], "b");
    }

    #[test]
    fn overlong_lines_and_distant_places_are_not_quoted_together() {
        let long = "x".repeat(5_000);
        assert_eq!(excerpt(&long, &[span(&long, "x")]), None);
        let far = format!("a\n{}b\n", "filler line\n".repeat(2_000));
        assert_eq!(excerpt(&far, &[span(&far, "a"), span(&far, "b")]), None);
    }

    #[test]
    fn a_place_at_the_very_end_is_quoted() {
        let text = "a: b";
        let end = Span { start: 4, end: 4, line: 1, column: 5 };
        assert_eq!(excerpt(text, &[end]).unwrap().marks[0], 4..4);
    }
}
