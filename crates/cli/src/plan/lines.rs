//! A change as people read it: a line for the client, and one for each setting and violation that differs.

use crate::output::{gets, visible};
use anstyle::{AnsiColor, Style};
use nauthera_core::finding::{Finding, Severity};
use nauthera_core::plan::{Change, Fate, FieldChange, What};
use nauthera_core::report::{ClientReport, Source};

const GOOD: Style = AnsiColor::Green.on_default();
const CARE: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default();

/// The lines of one client, styled, without the last line end.
pub fn of_change(change: &Change, after: Option<&ClientReport>) -> String {
    let (mark, style) = match change.fate {
        Fate::Added => ("+", GOOD),
        Fate::Removed => ("-", BAD),
        Fate::Refused => ("!", BAD),
        Fate::Admitted => ("+", CARE),
        Fate::Served | Fate::Unserved => ("~", CARE),
    };
    let name = change.client.to_string();
    let client_type = change.client_type.map(|client_type| format!(" ({client_type})")).unwrap_or_default();
    let mut lines =
        vec![format!("{style}{mark}{style:#} {}{client_type}: {}", visible(&name), fate(change, after))];
    let width = change.fields.iter().map(|field| field.name.len()).max().unwrap_or_default();
    lines.extend(change.fields.iter().flat_map(|field| of_field(field, width)));
    lines.extend(change.new_findings.iter().map(|finding| of_finding("+", finding)));
    lines.extend(change.gone_findings.iter().map(|finding| of_finding("-", finding)));
    lines.join("\n")
}

fn fate(change: &Change, after: Option<&ClientReport>) -> String {
    let verdict = change.after.map_or("", |verdict| verdict.word());
    let words = after.map(gets).filter(|words| !words.is_empty()).map(|words| format!(", {words}"));
    match change.fate {
        Fate::Added => format!("new, {verdict}{}", words.unwrap_or_default()),
        Fate::Removed => "removed".into(),
        Fate::Refused => format!("{BAD}not served any more{BAD:#} ({verdict})"),
        Fate::Admitted => format!("{CARE}served from now on{CARE:#}{}", words.unwrap_or_default()),
        Fate::Unserved => format!("still not served ({verdict})"),
        Fate::Served => {
            let before = change.before.map_or("", |verdict| verdict.word());
            if before == verdict { verdict.to_owned() } else { format!("{before} → {verdict}") }
        }
    }
}

fn of_field(field: &FieldChange, width: usize) -> Vec<String> {
    let effect = match (field.widens, field.narrows) {
        (true, true) => format!("  {CARE}widened and narrowed{CARE:#}"),
        (true, false) => format!("  {CARE}widened{CARE:#}"),
        (false, true) => format!("  {CARE}narrowed{CARE:#}"),
        (false, false) => String::new(),
    };
    let source = field.source.as_ref().map(source).unwrap_or_default();
    let line = |words: String| format!("    ~ {:<width$}  {words}{effect}{source}", field.name);
    match &field.what {
        What::Value { before, after } => vec![line(format!("{} → {}", visible(before), visible(after)))],
        What::Items { added, removed } => {
            let added = added.iter().map(|item| format!("+{}", visible(item)));
            let removed = removed.iter().map(|item| format!("-{}", visible(item)));
            vec![line(added.chain(removed).collect::<Vec<_>>().join(" "))]
        }
    }
}

fn source(source: &Source) -> String {
    match source {
        Source::Policy { policies, field } => {
            let names: Vec<String> = policies.iter().map(|mark| mark.policy.to_string()).collect();
            format!("  ({} {field})", names.join(", "))
        }
        Source::Client => "  (its manifest)".into(),
        Source::Type => "  (its type)".into(),
        Source::Default => "  (the default: no policy states it)".into(),
        Source::Baseline => "  (the built-in baseline)".into(),
    }
}

fn of_finding(mark: &str, finding: &Finding) -> String {
    let style = match finding.severity {
        Severity::Error => BAD,
        Severity::Warning => CARE,
        Severity::Note => GOOD,
    };
    let (severity, code) = (finding.severity.as_str(), finding.code);
    format!("    {mark} {style}{severity}[{code}]{style:#}: {}", visible(&finding.message))
}
