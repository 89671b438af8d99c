//! The pages of tries: the list of this browser's, and one with its tokens taken apart and every exchange.

use super::super::answer::{Outcome, Problem, Visit};
use super::super::layout::{Layout, Section, moment};
use super::super::route;
use super::attempt::{Attempt, Device, Exchange, Fault, Stage, Tokens};
use super::token::{Decoded, Expected, Kind, decoded};
use super::{label, row_of};
use http::StatusCode;
use jsonwebtoken::jwk::JwkSet;
use nauthera_core::grant::{AuthMethod, GrantType};

/// How far a try has come, as a badge.
struct State {
    word: &'static str,
    class: &'static str,
}

impl State {
    fn of(stage: &Stage) -> Self {
        let (word, class) = match stage {
            Stage::Away(_) => ("at the issuer", "badge-info"),
            Stage::Exchanging => ("exchanging", "badge-info"),
            Stage::Device(_) => ("waits for the person", "badge-info"),
            Stage::Holding(tokens) if tokens.logout.as_ref().is_some_and(|logout| logout.done) => {
                ("logged out", "badge-info")
            }
            Stage::Holding(_) => ("has tokens", "badge-success"),
            Stage::Failed(_) => ("failed", "badge-danger"),
        };
        Self { word, class }
    }
}

struct Line {
    href: String,
    client: String,
    grant: &'static str,
    started: String,
    state: State,
}

#[derive(askama::Template)]
#[template(path = "console_tries.html")]
struct Tries {
    layout: Layout,
    tries: Vec<Line>,
}

/// Answers with the tries of this browser.
pub fn list(visit: &Visit<'_>) -> Outcome {
    let tries = visit.console.attempts.of(visit.browser.owner());
    let tries = tries.iter().map(|attempt| Line {
        href: route::attempt(&attempt.id),
        client: attempt.object.to_string(),
        grant: attempt.wanted.grant.as_str(),
        started: moment(attempt.started_at.0),
        state: State::of(&attempt.stage),
    });
    let page = Tries { layout: Layout::steady(visit, Section::Tries), tries: tries.collect() };
    Ok(visit.page(StatusCode::OK, &page))
}

struct TokensView {
    id: Option<Decoded>,
    access: Decoded,
    refresh: Option<String>,
    scope: Option<String>,
    received: String,
    refreshed: u32,
    logged_out: bool,
}

#[derive(askama::Template)]
#[template(path = "console_try.html")]
struct Try {
    layout: Layout,
    path: String,
    client: String,
    client_href: String,
    client_id: String,
    grant: &'static str,
    again: &'static str,
    scope: String,
    resource: Option<String>,
    prompt: Option<String>,
    started: String,
    state: State,
    is_away: bool,
    fault: Option<Fault>,
    device: Option<Device>,
    device_until: String,
    tokens: Option<TokensView>,
    confidential: bool,
    exchanges: Vec<Exchange>,
}

/// Answers with one try.
pub fn one(visit: &Visit<'_>, id: &str) -> Outcome {
    let attempt = visit.console.attempts.get(visit.browser.owner(), id);
    let attempt = attempt.ok_or_else(|| {
        Problem::missing("There is no such try in this browser. Tries are kept in memory: the newest hundred, until nauthera stops.")
    })?;
    let mut page = Try {
        layout: Layout::steady(visit, Section::Tries),
        path: route::attempt(id),
        client: attempt.object.to_string(),
        client_href: route::client(&attempt.object),
        client_id: attempt.client_id.to_string(),
        grant: attempt.wanted.grant.as_str(),
        again: label(attempt.wanted.grant).unwrap_or_default(),
        started: moment(attempt.started_at.0),
        state: State::of(&attempt.stage),
        is_away: false,
        fault: None,
        device: None,
        device_until: String::new(),
        tokens: None,
        confidential: row_of(visit, &attempt)
            .is_some_and(|row| row.authentication.method != AuthMethod::None),
        exchanges: attempt.exchanges.iter().rev().cloned().collect(),
        scope: attempt.wanted.scope.clone(),
        resource: attempt.wanted.resource.clone(),
        prompt: attempt.wanted.prompt.clone(),
    };
    match &attempt.stage {
        Stage::Away(_) | Stage::Exchanging => page.is_away = true,
        Stage::Device(device) => {
            page.device_until = moment(device.expires_at.0);
            page.device = Some(device.clone());
        }
        Stage::Holding(tokens) => page.tokens = Some(view(visit, &attempt, tokens)),
        Stage::Failed(fault) => page.fault = Some(fault.clone()),
    }
    Ok(visit.page(StatusCode::OK, &page))
}

fn view(visit: &Visit<'_>, attempt: &Attempt, tokens: &Tokens) -> TokensView {
    let app = &visit.console.app;
    // The very document that the provider publishes: a relying party has no other keys.
    let keys: JwkSet = serde_json::from_slice(&app.keys.load().jwks()).unwrap_or(JwkSet { keys: Vec::new() });
    let client_id = attempt.client_id.as_str();
    let judged = |token: &str, kind| {
        decoded(
            token,
            &Expected { keys: &keys, issuer: visit.serving.issuer().as_str(), now: app.now(), kind },
        )
    };
    let id_kind = Kind::Id {
        client_id,
        nonce: tokens.nonce.as_deref(),
        access: Some(&*tokens.access).filter(|_| tokens.paired),
    };
    TokensView {
        id: tokens.id.as_deref().map(|token| judged(token, id_kind)),
        access: judged(&tokens.access, Kind::Access(client_id)),
        refresh: tokens.refresh.clone(),
        scope: tokens.scope.clone(),
        received: moment(tokens.received_at.0),
        refreshed: tokens.refreshed,
        logged_out: tokens.logout.as_ref().is_some_and(|logout| logout.done),
    }
}

impl Try {
    /// Does the try have a person, whose claims userinfo tells?
    fn has_person(&self) -> bool {
        self.grant != GrantType::ClientCredentials.as_str()
            && self.tokens.as_ref().is_some_and(|tokens| tokens.id.is_some())
    }
}
