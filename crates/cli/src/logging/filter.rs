//! What the log lets through: a level, and levels of parts of the program. It can be changed while the process runs.

use nauthera_server::app::LogFilter;
use std::sync::{Arc, Mutex, PoisonError};
use tracing_subscriber::Registry;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::reload;

/// What our own parts are called.
const OURS: &str = "nauthera";
/// Parts that a filter may name.
const MOST_PARTS: usize = 16;
/// The client of the API server says each broken connection by itself, as an error, where whoever asked says the same in its own words and
/// with what follows from it, or asks again and nothing does. What it says of certificates nobody else says.
const SAID_BY_OTHERS: [(&str, LevelFilter); 2] =
    [("kube_client::client", LevelFilter::OFF), ("kube_client::client::tls", LevelFilter::WARN)];
/// Its name: whoever names it wants to hear it.
const API_CLIENT: &str = "kube_client";
const LEVELS: &str = "error, warn, info, debug, trace or off";

/// A filter that can be changed.
pub type Changeable = reload::Layer<Targets, Registry>;

/// The filter that is in force.
pub struct Levels {
    handle: reload::Handle<Targets, Registry>,
    default: LevelFilter,
    shown: Mutex<String>,
}

impl Levels {
    /// The filter of `NAUTHERA_LOG`, else `default`; with it what changes it, and what is wrong with the environment's.
    pub fn of_environment(default: &str) -> (Changeable, Arc<Self>, Option<String>) {
        let usual = level(default).unwrap_or(LevelFilter::INFO);
        let given = std::env::var("NAUTHERA_LOG").ok().filter(|text| !text.is_empty());
        let (text, complaint) = match &given {
            Some(text) => match read(text, usual) {
                Ok(_) => (text.as_str(), None),
                Err(why) => (default, Some(why)),
            },
            None => (default, None),
        };
        let (filter, handle) = reload::Layer::new(read(text, usual).unwrap_or_default());
        let levels = Self { handle, default: usual, shown: Mutex::new(text.to_owned()) };
        (filter, Arc::new(levels), complaint)
    }
}

impl LogFilter for Levels {
    fn shown(&self) -> String {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, text: &str) -> Result<(), String> {
        let targets = read(text, self.default)?;
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        self.handle.reload(targets).map_err(|error| error.to_string())?;
        text.clone_into(&mut shown);
        drop(shown);
        tracing::info!(filter = text, "the log lets something else through");
        Ok(())
    }
}

/// Reads `LEVEL` and `PART=LEVEL`, with commas between. What nothing is said of has the command's usual level. Other people's parts
/// are never heard below info: what they say there may hold what they send and receive.
fn read(text: &str, usual: LevelFilter) -> Result<Targets, String> {
    let (mut general, mut parts) = (usual, Vec::new());
    for directive in text.split(',').map(str::trim) {
        let (part, word) = directive.split_once('=').unwrap_or(("", directive));
        let Some(level) = level(word.trim()) else {
            return Err(format!(
                "{} is no level: write {LEVELS}, or PART=LEVEL such as nauthera_server=debug",
                quoted(word)
            ));
        };
        let named = part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':'));
        match part {
            "" if directive.starts_with('=') => {
                return Err("a part has a name, such as nauthera_server=debug".into());
            }
            "" => general = level,
            part if named => parts.push((part.to_owned(), level)),
            part => return Err(format!("{} is no part of a program", quoted(part))),
        }
    }
    if parts.len() > MOST_PARTS {
        return Err(format!("{} parts are named; {MOST_PARTS} are the most", parts.len()));
    }
    let capped = |part: &str, level: LevelFilter| match part.starts_with(OURS) {
        true => level,
        false => level.min(LevelFilter::INFO),
    };
    let targets = Targets::new().with_default(capped("", general)).with_target(OURS, general);
    let is_named = parts.iter().any(|(part, _)| part.starts_with(API_CLIENT));
    let quiet = SAID_BY_OTHERS.iter().filter(|_| !is_named).map(|(part, most)| (*part, general.min(*most)));
    let targets = targets.with_targets(quiet);
    let parts = parts.into_iter().map(|(part, level)| {
        let level = capped(&part, level);
        (part, level)
    });
    Ok(targets.with_targets(parts))
}

fn level(word: &str) -> Option<LevelFilter> {
    let known =
        ["error", "warn", "info", "debug", "trace", "off"].contains(&word.to_ascii_lowercase().as_str());
    known.then(|| word.parse().ok()).flatten()
}

fn quoted(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    format!("{short:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    fn lets(text: &str, target: &str, level: Level) -> bool {
        read(text, LevelFilter::INFO).unwrap().would_enable(target, &level)
    }

    #[test]
    fn a_level_is_for_all_of_ours_and_parts_have_their_own() {
        assert!(lets("debug", "nauthera_server::http", Level::DEBUG));
        assert!(!lets("info", "nauthera_server::http", Level::DEBUG));
        let mixed = "warn, nauthera_server::http=debug";
        assert!(lets(mixed, "nauthera_server::http::answer", Level::DEBUG));
        assert!(!lets(mixed, "nauthera_server::app", Level::INFO));
        assert!(!lets("off", "nauthera", Level::ERROR));
    }

    #[test]
    fn what_is_not_named_keeps_the_usual_level() {
        assert!(lets("nauthera_store=debug", "nauthera_server", Level::INFO));
        assert!(!lets("nauthera_store=debug", "nauthera_server", Level::DEBUG));
    }

    #[test]
    fn other_peoples_parts_are_never_heard_below_info() {
        for text in ["trace", "hyper=trace", "trace,h2=debug"] {
            assert!(
                !lets(text, "hyper::proto", Level::DEBUG) && !lets(text, "h2::codec", Level::DEBUG),
                "{text}"
            );
        }
        assert!(lets("trace", "hyper", Level::INFO) && !lets("hyper=warn", "hyper", Level::INFO));
    }

    #[test]
    fn a_connection_that_breaks_is_said_once_by_whoever_asked() {
        for part in ["kube_client::client", "kube_client::client::builder"] {
            assert!(
                !lets("info", part, Level::ERROR) && !lets("nauthera=debug", part, Level::WARN),
                "{part}"
            );
            assert!(lets("info,kube_client=info", part, Level::ERROR), "{part}: it is named");
        }
        let tls = "kube_client::client::tls";
        assert!(lets("info", tls, Level::WARN) && !lets("error", tls, Level::WARN));
        assert!(lets("info", "kube_client::config", Level::WARN));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_may_be_written() {
        for bad in ["", "debgu", "info,", "nauthera=loud", "=debug", "[span]=debug", "a b=info", "3"] {
            let why = read(bad, LevelFilter::INFO).unwrap_err();
            assert!(!why.is_empty(), "{bad}");
        }
        assert!(
            read("debgu", LevelFilter::INFO).unwrap_err().contains("error, warn, info, debug, trace or off")
        );
        let many: Vec<String> = (0..17).map(|n| format!("part{n}=info")).collect();
        assert!(read(&many.join(","), LevelFilter::INFO).unwrap_err().contains("16 are the most"));
    }
}
