//! `nauthera doctor`: is this installation well, and what is to be done where it is not? Each check looks at one part and says what
//! it saw; none changes anything.

mod database;
mod issuer;
mod keys;
mod redis;
mod running;
mod snapshot;
mod tls;

use crate::args::{DoctorArgs, Format};
use crate::clock::SystemClock;
use crate::exit::Exit;
use crate::output::{Ui, visible};
use anstyle::{AnsiColor, Style};
use anyhow::{Result, bail};
use nauthera_core::time::{Clock, UnixTime};
use nauthera_core::uri::IssuerUrl;
use serde::Serialize;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Weight {
    /// As it should be.
    Ok,
    /// It serves, and something is to be done.
    Warning,
    /// It does not serve as it should.
    Error,
}

/// What one check saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    check: &'static str,
    weight: Weight,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    todo: Option<String>,
}

/// What the checks of one part saw.
struct Findings {
    check: &'static str,
    all: Vec<Finding>,
}

impl Findings {
    const fn of(check: &'static str) -> Self {
        Self { check, all: Vec::new() }
    }

    fn note(&mut self, weight: Weight, message: impl Into<String>, todo: Option<String>) {
        self.all.push(Finding { check: self.check, weight, message: message.into(), todo });
    }

    fn ok(&mut self, message: impl Into<String>) {
        self.note(Weight::Ok, message, None);
    }

    fn warning(&mut self, message: impl Into<String>, todo: impl Into<String>) {
        self.note(Weight::Warning, message, Some(todo.into()));
    }

    fn error(&mut self, message: impl Into<String>, todo: impl Into<String>) {
        self.note(Weight::Error, message, Some(todo.into()));
    }
}

/// Checks what it is given.
pub fn run(args: &DoctorArgs, ui: &Ui) -> Result<Exit> {
    if args.snapshot.is_none() && args.issuer.is_none() && args.database.is_none() && args.keys.is_none() {
        bail!(
            "there is nothing to check: give --snapshot, --database, --keys or --issuer, as `nauthera server` has them"
        );
    }
    crate::logging::start("error");
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let findings = crate::threads()?.block_on(examine(args));
    let worst = findings.iter().map(|finding| finding.weight).max().unwrap_or(Weight::Ok);
    match args.format {
        Format::Json => ui.line(&serde_json::to_string_pretty(&findings)?)?,
        Format::Human => findings.iter().try_for_each(|finding| ui.line(&shown(finding)))?,
    }
    Ok(Exit::found_if(worst == Weight::Error))
}

async fn examine(args: &DoctorArgs) -> Vec<Finding> {
    let now = SystemClock::start().now();
    let (snapshot, mut all) =
        args.snapshot.as_deref().map(|path| snapshot::check(path, now)).unwrap_or_default();
    let issuer =
        args.issuer.clone().or_else(|| snapshot.as_ref().map(|snapshot| snapshot.head.issuer.clone()));
    let mut kids = Vec::new();
    if let Some(folder) = &args.keys {
        let signing = snapshot.as_ref().map(|snapshot| &snapshot.head.signing);
        let (found, findings) = keys::check(folder, signing, now);
        kids = found;
        all.extend(findings);
    }
    if let Some(database) = &args.database {
        all.extend(database::check(database, now).await);
    }
    if let Some(source) = &args.redis {
        all.extend(redis::check(source).await);
    }
    if let (Some(certificate), Some(key)) = (&args.tls_cert, &args.tls_key) {
        all.extend(tls::check((certificate, key), args.ca.as_deref(), issuer.as_ref(), now));
    }
    if let Some(issuer) = &issuer {
        all.extend(issuer::check(issuer, args.ca.as_deref(), &kids, now).await);
    }
    let revision = snapshot.as_ref().map(|snapshot| snapshot.revision().to_string());
    all.extend(running::check(args.admin_listen, revision.as_deref()).await);
    all
}

fn shown(finding: &Finding) -> String {
    let (word, colour) = match finding.weight {
        Weight::Ok => ("ok", AnsiColor::Green),
        Weight::Warning => ("warning", AnsiColor::Yellow),
        Weight::Error => ("error", AnsiColor::BrightRed),
    };
    let style: Style = colour.on_default();
    let line = format!("{style}{word:<8}{style:#} {:<9} {}", finding.check, visible(&finding.message));
    match &finding.todo {
        Some(todo) => format!("{line}\n                   = help: {}", visible(todo)),
        None => line,
    }
}

/// How far two clocks may be apart: more, and tokens of one are not yet valid at the other (30 s of leeway).
const APART: i64 = 5;

/// Judges another clock by this machine's.
fn judge_clock(findings: &mut Findings, whose: &str, theirs: UnixTime, ours: UnixTime) {
    let apart = theirs.0.saturating_sub(ours.0);
    if apart.abs() <= APART {
        findings.ok(format!("the clock of {whose} agrees with this machine's"));
    } else {
        findings.error(
            format!("the clock of {whose} is {apart} s apart from this machine's"),
            "let NTP keep both: lifetimes, one-time values and other people's tokens are judged by these clocks",
        );
    }
}

/// The issuer's host, where it has one.
fn host(issuer: &IssuerUrl) -> Option<String> {
    url::Url::parse(issuer.as_str()).ok()?.host_str().map(str::to_owned)
}
