//! Texts and lists cut to what the schema takes: a status that the API server refuses would tell nobody anything.

/// How long a condition's message is at most: far below what the schema takes, so that ten thousand of them stay small.
pub(super) const MESSAGE: usize = 2_048;

/// The text, cut to so many characters; a cut one ends in `…`.
#[must_use]
pub fn fitted(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// A number of things as a status has it.
pub(super) fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(fitted("äöü", 3), "äöü");
        assert_eq!(fitted("äöüß", 3), "äö…");
        assert_eq!(fitted("x", 0), "…");
    }
}
