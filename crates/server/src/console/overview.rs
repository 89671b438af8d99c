//! The first page: each team's question, answered at a glance.

use super::answer::{Outcome, Visit};
use super::clients::{ClientLine, counts};
use super::diagnostics;
use super::findings::{VerdictBadge, badge};
use super::layout::{Layout, Section, counted, moment};
use super::policies::PolicyLine;
use super::relying_party::Call;
use http::StatusCode;
use nauthera_core::oauth::keyring::KeyTimes;
use nauthera_core::report::Verdict;
use nauthera_core::spec::UserStoreSpec;
use nauthera_core::time::UnixTime;

/// How many clients and policies are listed here.
const LISTED: usize = 8;

/// The endpoints that are shown, by their names in the discovery document (RFC 8414 §2).
const ENDPOINTS: [(&str, &str); 10] = [
    ("authorization_endpoint", "Authorization"),
    ("token_endpoint", "Token"),
    ("userinfo_endpoint", "Userinfo"),
    ("jwks_uri", "JWK Set"),
    ("end_session_endpoint", "Logout"),
    ("pushed_authorization_request_endpoint", "Pushed requests"),
    ("device_authorization_endpoint", "Device authorization"),
    ("introspection_endpoint", "Introspection"),
    ("revocation_endpoint", "Revocation"),
    ("registration_endpoint", "Registration"),
];

struct VerdictCount {
    badge: VerdictBadge,
    count: usize,
    href: String,
}

struct Endpoint {
    label: &'static str,
    url: String,
}

struct Key {
    kid: String,
    algorithm: &'static str,
    state: &'static str,
    since: String,
}

struct Server {
    name: String,
    state: &'static str,
    class: &'static str,
    here: bool,
}

#[derive(askama::Template)]
#[template(path = "console_overview.html")]
struct Overview {
    layout: Layout,
    issuer: String,
    server: String,
    revision: String,
    frozen_by: Vec<String>,
    served_as: Option<String>,
    findings: Option<diagnostics::Summary>,
    counts: Vec<VerdictCount>,
    clients: Vec<ClientLine>,
    all_clients: usize,
    policies: Vec<PolicyLine>,
    all_policies: usize,
    endpoints: Vec<Endpoint>,
    keys: Vec<Key>,
    people: Option<(String, String)>,
    servers: Vec<Server>,
}

/// Answers with the page.
pub async fn page(visit: &Visit<'_>) -> Outcome {
    let view = &visit.shown.view;
    let report = &view.report;
    let head = &view.snapshot.head;
    let frozen = report.servers.get(&head.server).map(|server| &server.frozen_by);
    let revision = visit.shown.revision.to_string();
    let page = Overview {
        layout: Layout::of(visit, Section::Overview),
        issuer: head.issuer.to_string(),
        server: head.server.to_string(),
        // Audit lines and /readyz tell the other one.
        served_as: Some(visit.serving.revision_text.to_string()).filter(|served| *served != revision),
        revision,
        frozen_by: frozen.into_iter().flatten().map(ToString::to_string).collect(),
        findings: diagnostics::summary(&view.diagnostics),
        counts: counts(report).into_iter().map(count).collect(),
        clients: notable_clients(visit),
        all_clients: report.clients.len(),
        policies: report
            .policies
            .iter()
            .take(LISTED)
            .map(|(name, policy)| PolicyLine::of(name, policy))
            .collect(),
        all_policies: report.policies.len(),
        endpoints: endpoints(visit).await,
        keys: keys(visit),
        people: people(visit),
        servers: servers(visit),
    };
    Ok(visit.page(StatusCode::OK, &page))
}

fn count((verdict, count): (Verdict, usize)) -> VerdictCount {
    VerdictCount { badge: badge(verdict), count, href: format!("/clients?verdict={}", verdict.word()) }
}

/// The clients that want attention come first.
fn notable_clients(visit: &Visit<'_>) -> Vec<ClientLine> {
    let clients = &visit.shown.view.report.clients;
    let (compliant, notable): (Vec<_>, Vec<_>) =
        clients.iter().partition(|(_, client)| client.verdict == Verdict::Compliant);
    let listed = notable.into_iter().chain(compliant).take(LISTED);
    listed.map(|(object, client)| ClientLine::of(visit, object, client)).collect()
}

/// The endpoints as the server itself advertises them.
async fn endpoints(visit: &Visit<'_>) -> Vec<Endpoint> {
    let document = Call::new(visit).get("/.well-known/openid-configuration").await;
    let issuer = visit.serving.issuer();
    let first = [
        Endpoint { label: "Issuer", url: issuer.to_string() },
        Endpoint { label: "Discovery", url: issuer.join("/.well-known/openid-configuration") },
    ];
    let listed = ENDPOINTS.iter().filter_map(|(member, label)| {
        let url = document.body.get(member)?.as_str()?.to_owned();
        Some(Endpoint { label, url })
    });
    let pages = [("Account page", "/account"), ("Device page", "/device")];
    let pages = pages.map(|(label, path)| Endpoint { label, url: issuer.join(path) });
    first.into_iter().chain(listed).chain(pages).collect()
}

fn keys(visit: &Visit<'_>) -> Vec<Key> {
    let app = &visit.console.app;
    let now = app.now();
    let keys = app.keys.load();
    let signing = keys.signing(now).map(|key| key.stored.kid.clone());
    let keys = keys.iter().map(|key| Key {
        state: state(&key.times, signing.as_ref() == Some(&key.kid), now),
        algorithm: key.times.algorithm.as_str(),
        since: moment(key.times.active_from.0),
        kid: key.kid.clone(),
    });
    keys.collect()
}

fn state(times: &KeyTimes, signs: bool, now: UnixTime) -> &'static str {
    if signs {
        "signs"
    } else if times.retired_at.is_some_and(|at| at <= now) {
        "retired"
    } else {
        "next"
    }
}

/// The user store with a word on who is in it.
fn people(visit: &Visit<'_>) -> Option<(String, String)> {
    let users = visit.shown.view.snapshot.head.users.as_ref()?;
    let words = match &users.spec {
        UserStoreSpec::Static(people) => {
            let names: Vec<&str> = people.iter().take(5).map(|person| &*person.username).collect();
            let more = if people.len() > names.len() { ", …" } else { "" };
            format!("static, {}: {}{more}", counted(people.len(), "person", "people"), names.join(", "))
        }
        UserStoreSpec::Ldap(_) => "LDAP".to_owned(),
    };
    Some((users.store.to_string(), words))
}

/// All servers of the folder, where there is more than the one that is served here.
fn servers(visit: &Visit<'_>) -> Vec<Server> {
    let view = &visit.shown.view;
    if view.report.servers.len() < 2 {
        return Vec::new();
    }
    let servers = view.report.servers.iter().map(|(name, server)| {
        let (state, class) = match (server.served, server.frozen_by.is_empty()) {
            (true, true) => ("served", "badge-success"),
            (true, false) => ("frozen", "badge-info"),
            (false, _) => ("not served", "badge-danger"),
        };
        Server { name: name.to_string(), state, class, here: *name == view.snapshot.head.server }
    });
    servers.collect()
}
