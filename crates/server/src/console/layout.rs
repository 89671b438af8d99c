//! What all pages of the console share: head, navigation, and how they follow a change.

use super::answer::Visit;
use crate::pages::asset_names;
use std::sync::LazyLock;

/// The part of the console that a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// The first page.
    Overview,
    /// Clients and their settings.
    Clients,
    /// Policies.
    Policies,
    /// What the terminal prints.
    Diagnostics,
    /// What this browser tried.
    Tries,
    /// None of them: nothing is there.
    Nowhere,
}

/// What the layout shows.
pub struct Layout {
    /// The part that is marked in the navigation.
    pub section: Section,
    /// The folder that is served.
    pub folder: String,
    /// What is shown, for the script that follows changes.
    pub version: String,
    /// Is the page loaded again when something changed? Else it says so.
    pub reloads: bool,
    /// When the folder was looked at last.
    pub at: String,
    /// How many findings there are.
    pub findings: usize,
    /// The CSRF token of its forms.
    pub csrf: String,
}

impl Layout {
    /// The layout of a page that shows what the folder says: it loads itself again when that changes.
    pub fn of(visit: &Visit<'_>, section: Section) -> Self {
        let shown = &visit.shown;
        Self {
            section,
            folder: shown.view.folder.clone(),
            version: visit.version.clone(),
            reloads: true,
            at: time_of_day(shown.at.0),
            findings: shown.view.diagnostics.len(),
            csrf: visit.browser.csrf(visit.console),
        }
    }

    /// The layout of a page that people are in the middle of something on: it only says that something changed.
    pub fn steady(visit: &Visit<'_>, section: Section) -> Self {
        Self { reloads: false, ..Self::of(visit, section) }
    }

    /// For `aria-current`.
    pub fn is(&self, name: &str) -> bool {
        let own = match self.section {
            Section::Overview => "overview",
            Section::Clients => "clients",
            Section::Policies => "policies",
            Section::Diagnostics => "diagnostics",
            Section::Tries => "tries",
            Section::Nowhere => "",
        };
        own == name
    }

    /// The link to a file beside the pages, under its name with the content's hash.
    pub fn asset(&self, name: &str) -> String {
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let found = ASSETS.iter().find(|file| {
            file.strip_prefix(stem).and_then(|rest| rest.strip_prefix('.')).is_some_and(|rest| {
                rest.strip_suffix(extension).is_some_and(|hash| hash.matches('.').count() == 1)
            })
        });
        format!("/assets/{}", found.unwrap_or(&name))
    }
}

static ASSETS: LazyLock<Vec<&'static str>> = LazyLock::new(asset_names);

/// A moment as hours, minutes and seconds in UTC.
fn time_of_day(unix: i64) -> String {
    match jiff::Timestamp::from_second(unix) {
        Ok(time) => time.to_zoned(jiff::tz::TimeZone::UTC).strftime("%H:%M:%S UTC").to_string(),
        Err(_) => String::new(),
    }
}

/// A moment as date and time of day in UTC.
pub fn moment(unix: i64) -> String {
    match jiff::Timestamp::from_second(unix) {
        Ok(time) => time.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => unix.to_string(),
    }
}

/// A word in the plural where there is not exactly one.
pub fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
