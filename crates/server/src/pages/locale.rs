//! The languages of the pages, and which one a request gets. Owns negotiation only; the words are in `text`.

/// How many language ranges of a request are looked at; a browser sends a handful.
const MAX_RANGES: usize = 32;

/// A language that every page is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Locale {
    /// English, and the language of last resort.
    #[default]
    English,
    /// German.
    German,
}

impl Locale {
    /// All languages, as `ui_locales_supported` lists them (OpenID Connect Discovery 1.0 §3).
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// The BCP 47 tag: `en` or `de`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// The language for a request: the first known one of `ui_locales` (BCP 47 tags separated by spaces, OpenID
    /// Connect Core §3.1.2.1), else the best of the `Accept-Language` header (RFC 9110 §12.5.4), else English.
    #[must_use]
    pub fn negotiate(ui_locales: Option<&str>, accept_language: Option<&str>) -> Self {
        ui_locales
            .and_then(|tags| tags.split_ascii_whitespace().take(MAX_RANGES).find_map(Self::from_tag))
            .or_else(|| accept_language.and_then(Self::from_header))
            .unwrap_or_default()
    }

    /// Matches on the language part alone: `de-AT` is German.
    fn from_tag(tag: &str) -> Option<Self> {
        let language = tag.split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|locale| locale.tag().eq_ignore_ascii_case(language))
    }

    /// The known language with the highest weight; of equal ones the first.
    fn from_header(header: &str) -> Option<Self> {
        let mut best: Option<(Self, u16)> = None;
        for range in header.split(',').take(MAX_RANGES) {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let tag = tag.trim();
            let locale = if tag == "*" { Some(Self::default()) } else { Self::from_tag(tag) };
            let (Some(locale), Some(weight)) = (locale, weight(parameters)) else { continue };
            if weight > 0 && best.is_none_or(|(_, held)| weight > held) {
                best = Some((locale, weight));
            }
        }
        best.map(|(locale, _)| locale)
    }
}

/// The `q` of a language range in thousandths: 1000 when absent, nothing when it is not a weight.
fn weight(parameters: &str) -> Option<u16> {
    let Some((_, value)) = parameters
        .split(';')
        .filter_map(|p| p.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
    else {
        return Some(1000);
    };
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let thousandths = format!("{fraction:0<3}").parse::<u16>().ok()?;
    match (whole, thousandths) {
        ("0", _) => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Locale::{self, English, German};

    fn header(value: &str) -> Locale {
        Locale::negotiate(None, Some(value))
    }

    #[test]
    fn without_any_wish_it_is_english() {
        assert_eq!(Locale::negotiate(None, None), English);
        assert_eq!(Locale::negotiate(Some(""), Some("")), English);
    }

    #[test]
    fn ui_locales_win_over_the_header() {
        assert_eq!(Locale::negotiate(Some("de"), Some("en")), German);
        assert_eq!(Locale::negotiate(Some("en"), Some("de")), English);
    }

    #[test]
    fn the_first_known_ui_locale_counts() {
        assert_eq!(Locale::negotiate(Some("fr-CA fr de-AT en"), None), German);
    }

    #[test]
    fn unknown_ui_locales_leave_the_choice_to_the_header() {
        assert_eq!(Locale::negotiate(Some("fr xx"), Some("de")), German);
    }

    #[test]
    fn a_region_and_the_letter_case_do_not_matter() {
        assert_eq!(header("DE-ch"), German);
        assert_eq!(header("de_DE"), German);
        assert_eq!(header("den"), English);
    }

    #[test]
    fn the_highest_weight_wins_whatever_the_order() {
        assert_eq!(header("en;q=0.5, de;q=0.8"), German);
        assert_eq!(header("de;q=0.5, en"), English);
        assert_eq!(header("fr-CH, fr;q=0.9, de;q=0.7, *;q=0.5"), German);
    }

    #[test]
    fn of_equal_weights_the_first_wins() {
        assert_eq!(header("de, en"), German);
        assert_eq!(header("en, de"), English);
    }

    #[test]
    fn weight_zero_means_not_this_one() {
        assert_eq!(header("de;q=0"), English);
        assert_eq!(header("de;q=0.000, en;q=0.001"), English);
    }

    #[test]
    fn a_malformed_weight_drops_its_range_only() {
        for bad in ["de;q=2", "de;q=1.5", "de;q=x", "de;q=0.1234", "de;q=-1"] {
            assert_eq!(header(bad), English, "{bad}");
        }
        assert_eq!(header("en;q=9, de;q=0.1"), German);
    }

    #[test]
    fn a_huge_header_is_cut_off() {
        let huge = format!("{}de", "fr,".repeat(50_000));
        assert_eq!(header(&huge), English);
    }
}
