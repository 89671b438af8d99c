//! One client: every setting with what was asked and what decided it, what was taken and who can change that, and where its
//! credentials lie.

use super::answer::{Outcome, Problem, Visit};
use super::findings::{FindingView, PolicyLink, VerdictBadge, badge};
use super::layout::{Layout, Section, moment};
use super::relying_party::{Attempted, attempted};
use http::StatusCode;
use nauthera_core::grant::{AuthMethod, ClientType};
use nauthera_core::names::ObjectRef;
use nauthera_core::report::{ClientReport, Setting, Source};

/// Settings whose values are lists, joined by spaces.
const LISTS: [&str; 6] =
    ["grantTypes", "scopes", "redirectUris", "postLogoutRedirectUris", "audiences", "introspects"];

/// One value of a setting.
struct Value {
    text: String,
    /// It was asked for and is not served, or is not as asked.
    taken: bool,
    /// Added by the console, in memory.
    ours: bool,
}

struct SettingView {
    name: &'static str,
    values: Vec<Value>,
    asked: Vec<Value>,
    /// Every value that was asked is served, and no other.
    as_asked: bool,
    decided: &'static str,
    policies: Vec<PolicyLink>,
    field: &'static str,
}

struct Credential {
    from: String,
    until: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "console_client.html")]
struct Client<'a> {
    layout: Layout,
    name: String,
    badge: VerdictBadge,
    display_name: Option<String>,
    client_id: Option<String>,
    client_type: &'static str,
    server: Option<String>,
    generation: i64,
    attempted: Result<Attempted, String>,
    violations: Vec<FindingView<'a>>,
    audit: Vec<FindingView<'a>>,
    settings: Vec<SettingView>,
    policies: Vec<PolicyLink>,
    audits: Vec<PolicyLink>,
    discovery: String,
    method: Option<&'static str>,
    folder: Option<String>,
    existing_secret: Option<String>,
    secrets: Vec<Credential>,
}

/// Answers with the page.
pub fn page(visit: &Visit<'_>, object: &ObjectRef) -> Outcome {
    let view = &visit.shown.view;
    let report = view.report.clients.get(object);
    let report =
        report.ok_or_else(|| Problem::missing(format!("There is no AuthClient {object} in the folder.")))?;
    let row = report.row.as_deref();
    let asked = report.asked.as_deref();
    // Of a client that is served as before nothing is merged; its row still knows who governed it.
    let merged = report.merged.as_ref().map(|merged| merged.marks());
    let marks = merged.or_else(|| row.map(|row| &row.policies));
    let page = Client {
        layout: Layout::of(visit, Section::Clients),
        name: object.to_string(),
        badge: badge(report.verdict),
        display_name: row.map(|row| row.display_name.to_string()).filter(|name| **name != *object.name),
        client_id: report.client_id().map(ToString::to_string),
        client_type: report.client_type.map_or("", ClientType::as_str),
        server: report.server.as_ref().map(ToString::to_string),
        generation: report.generation,
        attempted: attempted(visit, object, report),
        violations: report.findings.iter().map(FindingView::of).collect(),
        audit: report.audit.iter().map(FindingView::of).collect(),
        settings: settings(visit, report),
        policies: marks.into_iter().flat_map(|marks| marks.iter()).map(PolicyLink::of).collect(),
        audits: report.audits.iter().map(PolicyLink::of).collect(),
        discovery: visit.serving.issuer().join("/.well-known/openid-configuration"),
        method: row.map(|row| row.authentication.method.as_str()),
        folder: row.and_then(|_| (view.secret_folder_of)(object)),
        existing_secret: asked.and_then(|asked| asked.existing_secret.as_ref()).map(ToString::to_string),
        secrets: credentials(report),
    };
    Ok(visit.page(StatusCode::OK, &page))
}

fn credentials(report: &ClientReport) -> Vec<Credential> {
    let row = report.row.as_ref().filter(|row| row.authentication.method != AuthMethod::None);
    let secrets = row.iter().flat_map(|row| &row.secrets);
    let view = |secret: &nauthera_core::snapshot::SecretDigest| Credential {
        from: moment(secret.not_before.0),
        until: secret.not_after.map(|end| moment(end.0)),
    };
    secrets.map(view).collect()
}

/// The settings as the Report explains them, with the console's own URIs where they are served.
fn settings(visit: &Visit<'_>, report: &ClientReport) -> Vec<SettingView> {
    let mut settings: Vec<SettingView> = report.effective().into_iter().map(setting).collect();
    let Some(served) = report.client_id().and_then(|id| visit.serving.client(id.as_str())) else {
        return settings;
    };
    let own = [
        ("redirectUris", visit.console.own.callback(), &served.redirect_uris),
        ("postLogoutRedirectUris", visit.console.own.ended(), &served.post_logout_redirect_uris),
    ];
    for (name, uri, registered) in own {
        if !registered.iter().any(|known| known.as_str() == uri) {
            continue;
        }
        let ours = Value { text: uri, taken: false, ours: true };
        match settings.iter_mut().find(|setting| setting.name == name) {
            Some(setting) if setting.values.iter().any(|value| value.text == ours.text) => {}
            Some(setting) => {
                setting.values.retain(|value| value.text != "none");
                setting.values.push(ours);
            }
            None => settings.push(SettingView {
                name,
                values: vec![ours],
                asked: Vec::new(),
                as_asked: false,
                decided: "this console",
                policies: Vec::new(),
                field: "",
            }),
        }
    }
    settings
}

fn setting(setting: Setting) -> SettingView {
    let is_list = LISTS.contains(&setting.name);
    let parts = |text: &str| -> Vec<String> {
        if is_list { text.split(' ').map(str::to_owned).collect() } else { vec![text.to_owned()] }
    };
    let values = parts(&setting.value);
    let asked = setting.asked.as_deref().map(parts).unwrap_or_default();
    let asked = asked.into_iter().map(|text| {
        let taken = text != "none" && !values.contains(&text);
        Value { text, taken, ours: false }
    });
    let (decided, policies, field) = match setting.source {
        Source::Client => ("the client", Vec::new(), ""),
        Source::Type => ("its type", Vec::new(), ""),
        Source::Default => ("default: no policy states it", Vec::new(), ""),
        Source::Baseline => ("the built-in baseline", Vec::new(), ""),
        Source::Policy { policies, field } => ("", policies.iter().map(PolicyLink::of).collect(), field),
    };
    let asked: Vec<Value> = asked.collect();
    let as_asked = asked.len() == values.len() && asked.iter().all(|value| !value.taken);
    let values = values.into_iter().map(|text| Value { text, taken: false, ours: false }).collect();
    SettingView { name: setting.name, values, asked, as_asked, decided, policies, field }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &'static str, value: &str, asked: Option<&str>) -> SettingView {
        let asked = asked.map(str::to_owned);
        setting(Setting { name, value: value.to_owned(), asked, source: Source::Default })
    }

    fn taken(setting: &SettingView) -> Vec<&str> {
        setting.asked.iter().filter(|value| value.taken).map(|value| value.text.as_str()).collect()
    }

    #[test]
    fn what_was_asked_and_is_not_served_is_marked() {
        assert_eq!(taken(&made("scopes", "openid", Some("openid payroll:admin"))), ["payroll:admin"]);
        assert_eq!(taken(&made("token.accessTokenTTL", "15m", Some("1h"))), ["1h"]);
        assert!(taken(&made("token.accessTokenTTL", "15m", Some("15m"))).is_empty());
        assert!(taken(&made("audiences", "none", Some("none"))).is_empty());
        assert!(taken(&made("scopes", "openid", None)).is_empty());
    }

    #[test]
    fn the_same_is_said_only_of_what_is_the_same() {
        assert!(made("scopes", "openid email", Some("email openid")).as_asked);
        assert!(made("token.accessTokenTTL", "15m", Some("15m")).as_asked);
        assert!(!made("scopes", "openid", Some("openid payroll:admin")).as_asked);
        assert!(!made("scopes", "openid email", Some("openid")).as_asked);
        assert!(!made("token.accessTokenTTL", "15m", Some("1h")).as_asked);
        assert!(!made("scopes", "openid", None).as_asked);
    }

    #[test]
    fn only_lists_are_taken_apart() {
        assert_eq!(made("scopes", "a b", None).values.len(), 2);
        assert_eq!(made("pkce", "required (S256)", None).values.len(), 1);
    }
}
