//! The words of the pages: Fluent messages under `locales/`, and what templates ask of them. Owns the formatting of
//! counts and dates too. Messages are plain text; templates escape them like any other value.

use std::borrow::Cow;
use std::collections::HashMap;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, langid};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Chrome, Locale, asset, theme};

fluent_templates::static_loader! {
    // No isolation marks: names stand in elements of their own (`<bdi>`), so the text stays what people can search for.
    pub(super) static MESSAGES = {
        locales: "./locales",
        fallback_language: "en",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

const ENGLISH: LanguageIdentifier = langid!("en");
const GERMAN: LanguageIdentifier = langid!("de");

/// Stands for a name while its message is formatted; a private-use character, so no message can hold it.
const SLOT: char = '\u{E000}';

type Arguments = HashMap<Cow<'static, str>, FluentValue<'static>>;

/// A message cut where a name belongs, so that a template can put the name into an element of its own.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Around {
    pub before: String,
    pub after: String,
}

/// What templates see of the world: words, links and dates in the language of the page.
#[derive(Clone, Copy)]
pub(super) struct Ui<'a> {
    chrome: &'a Chrome,
}

impl<'a> Ui<'a> {
    pub(super) const fn new(chrome: &'a Chrome) -> Self {
        Self { chrome }
    }

    /// The value of the `lang` attribute.
    pub(super) const fn lang(&self) -> &'static str {
        self.chrome.locale.tag()
    }

    /// The issuer's path, which every link starts with.
    pub(super) fn base(&self) -> &str {
        &self.chrome.base
    }

    /// The link to an asset under its name with the content's hash.
    pub(super) fn asset(&self, name: &str) -> String {
        format!("{}/assets/{}", self.chrome.base, asset::hashed_name(name))
    }

    /// The link to the stylesheet with the installation's colour, if it has one.
    pub(super) fn theme(&self) -> Option<String> {
        theme::theme_href(self.chrome)
    }

    /// The installation's name.
    pub(super) fn brand(&self) -> String {
        match self.chrome.branding.name.as_deref().map(str::trim) {
            Some(name) if !name.is_empty() => name.to_owned(),
            _ => self.t("brand-default"),
        }
    }

    /// The installation's logo, if its address is one that a page may show.
    pub(super) fn logo(&self) -> Option<&str> {
        theme::logo(&self.chrome.branding)
    }

    /// The message of that key.
    pub(super) fn t(&self, key: &str) -> String {
        self.look_up(key, None)
    }

    /// The message of that key, cut at its one argument.
    pub(super) fn around(&self, key: &str, argument: &'static str) -> Around {
        let arguments = Arguments::from([(argument.into(), SLOT.to_string().into())]);
        let text = self.look_up(key, Some(&arguments));
        let (before, after) = text.split_once(SLOT).unwrap_or((&text, ""));
        Around { before: before.to_owned(), after: after.to_owned() }
    }

    /// When to try again, in words: seconds up to 90, then minutes, rounded up.
    pub(super) fn retry(&self, seconds: u64) -> String {
        let (key, count) = if seconds <= 90 {
            ("retry-seconds", seconds.max(1))
        } else {
            ("retry-minutes", seconds.div_ceil(60))
        };
        self.look_up(key, Some(&Arguments::from([("count".into(), count.into())])))
    }

    /// A moment, given in unix seconds, as date and time of day in UTC.
    pub(super) fn moment(&self, unix: i64) -> String {
        let Ok(time) = Timestamp::from_second(unix) else { return self.t("date-unknown") };
        let time = time.to_zoned(TimeZone::UTC);
        let arguments = Arguments::from([
            ("day".into(), time.day().to_string().into()),
            ("month".into(), self.t(&format!("month-{}", time.month())).into()),
            ("year".into(), time.year().to_string().into()),
            ("time".into(), format!("{:02}:{:02}", time.hour(), time.minute()).into()),
        ]);
        self.look_up("date-time", Some(&arguments))
    }

    /// The same moment for the `datetime` attribute; empty when it is out of range.
    pub(super) fn machine_moment(&self, unix: i64) -> String {
        Timestamp::from_second(unix).map(|time| time.to_string()).unwrap_or_default()
    }

    /// A missing message shows its key in brackets: ugly, but the page still works. A test keeps it from happening.
    fn look_up(&self, key: &str, arguments: Option<&Arguments>) -> String {
        let language = match self.chrome.locale {
            Locale::English => &ENGLISH,
            Locale::German => &GERMAN,
        };
        MESSAGES
            .lookup_single_language(language, key, arguments)
            .or_else(|_| MESSAGES.lookup_single_language(&ENGLISH, key, arguments))
            .unwrap_or_else(|_| format!("\u{27e6}{key}\u{27e7}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chrome(locale: Locale) -> Chrome {
        Chrome { locale, ..Chrome::default() }
    }

    #[test]
    fn a_moment_is_written_in_each_language() {
        let unix = 1_795_474_320;
        assert_eq!(Ui::new(&chrome(Locale::English)).moment(unix), "23 November 2026, 22:52 UTC");
        assert_eq!(Ui::new(&chrome(Locale::German)).moment(unix), "23. November 2026, 22:52 UTC");
        assert_eq!(Ui::new(&chrome(Locale::German)).moment(0), "1. Januar 1970, 00:00 UTC");
        assert_eq!(Ui::new(&chrome(Locale::English)).machine_moment(unix), "2026-11-23T22:52:00Z");
    }

    #[test]
    fn a_moment_out_of_range_is_named_unknown() {
        assert_eq!(Ui::new(&chrome(Locale::English)).moment(i64::MAX), "an unknown time");
        assert_eq!(Ui::new(&chrome(Locale::English)).machine_moment(i64::MIN), "");
    }

    #[test]
    fn waiting_is_told_in_seconds_then_in_minutes() {
        let english = chrome(Locale::English);
        let ui = Ui::new(&english);
        assert_eq!(ui.retry(0), "Try again in 1 second.");
        assert_eq!(ui.retry(30), "Try again in 30 seconds.");
        assert_eq!(ui.retry(91), "Try again in 2 minutes.");
        let german = chrome(Locale::German);
        assert_eq!(Ui::new(&german).retry(1), "Versuchen Sie es in 1 Sekunde erneut.");
        assert_eq!(Ui::new(&german).retry(600), "Versuchen Sie es in 10 Minuten erneut.");
    }

    #[test]
    fn a_message_is_cut_at_its_argument() {
        let english = chrome(Locale::English);
        let around = Ui::new(&english).around("login-lead", "client");
        assert_eq!(around, Around { before: "to continue to ".to_owned(), after: String::new() });
    }

    #[test]
    fn a_missing_message_shows_its_key() {
        assert_eq!(Ui::new(&Chrome::default()).t("no-such-message"), "⟦no-such-message⟧");
    }

    #[test]
    fn a_blank_brand_name_is_none() {
        let mut chrome = chrome(Locale::English);
        assert_eq!(Ui::new(&chrome).brand(), "Nauthera");
        chrome.branding.name = Some("  ".to_owned());
        assert_eq!(Ui::new(&chrome).brand(), "Nauthera");
        chrome.branding.name = Some("Acme".to_owned());
        assert_eq!(Ui::new(&chrome).brand(), "Acme");
    }
}
