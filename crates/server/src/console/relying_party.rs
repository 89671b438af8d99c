//! "Try it": the console as a relying party. It speaks to the real endpoints with the client's own credentials and shows what it is
//! answered, step by step.
//!
//! Each try is a state of its own ([`Attempt`]), kept in memory, bound to the browser that began it, and written nowhere. Which steps there
//! are is [`steps`]; how a request reaches the server is [`call`]; what a token says, and whether it may be believed, is [`token`].

mod attempt;
mod call;
mod credentials;
mod page;
mod start;
mod steps;
mod token;

pub use attempt::Attempts;
pub use call::Call;
pub use page::{list, one};
pub use start::begin;
pub use steps::{act, callback, ended};

use super::answer::Visit;
use nauthera_core::grant::{AuthMethod, GrantType};
use nauthera_core::names::ObjectRef;
use nauthera_core::report::ClientReport;
use nauthera_core::snapshot::Row;
use std::sync::Arc;

/// One way to try a client.
pub struct Way {
    /// The grant, as the form sends it.
    pub grant: &'static str,
    /// What the button says.
    pub label: &'static str,
}

/// How a client can be tried.
pub struct Attempted {
    /// The client, as the form sends it.
    pub object: String,
    /// The ways, the usual one first.
    pub ways: Vec<Way>,
    /// All its scopes, joined.
    pub scopes: String,
    /// Resources that it may name.
    pub audiences: Vec<String>,
}

impl Attempted {
    /// Is there an authorization request, which takes a `prompt`?
    pub fn has_prompt(&self) -> bool {
        self.ways.iter().any(|way| way.grant == GrantType::AuthorizationCode.as_str())
    }
}

/// What the button of a grant says; a grant that starts nothing has none.
pub const fn label(grant: GrantType) -> Option<&'static str> {
    match grant {
        GrantType::AuthorizationCode => Some("Log in"),
        GrantType::ClientCredentials => Some("Get a token"),
        GrantType::DeviceCode => Some("Start a device login"),
        GrantType::RefreshToken => None,
    }
}

/// How a client can be tried, or why it cannot.
pub fn attempted(visit: &Visit<'_>, object: &ObjectRef, report: &ClientReport) -> Result<Attempted, String> {
    let row = served(visit, object, report)?;
    let can = |grant: &GrantType| *grant != GrantType::AuthorizationCode || comes_back(visit, &row);
    let ways = row.grants.iter().filter(can);
    let ways = ways.filter_map(|grant| Some(Way { grant: grant.as_str(), label: label(grant)? }));
    let ways: Vec<Way> = ways.collect();
    if ways.is_empty() {
        return Err("The console's callback is not registered with it.".to_owned());
    }
    let scopes: Vec<&str> = row.scopes.iter().map(nauthera_core::names::Scope::as_str).collect();
    Ok(Attempted {
        object: object.to_string(),
        ways,
        scopes: scopes.join(" "),
        audiences: row.audiences.iter().map(ToString::to_string).collect(),
    })
}

/// The row under which a client is served here, if the console can act as it.
fn served(visit: &Visit<'_>, object: &ObjectRef, report: &ClientReport) -> Result<Arc<Row>, String> {
    if report.server.as_ref().is_some_and(|server| *server != visit.serving.snapshot.head.server) {
        return Err("It is registered with another AuthServer than the one that is served here.".to_owned());
    }
    let row = report.client_id().and_then(|id| visit.serving.client(id.as_str()));
    let row = row.filter(|row| row.object == *object).ok_or("The client is not served.")?;
    match row.authentication.method {
        AuthMethod::PrivateKeyJwt => {
            Err("It authenticates with private_key_jwt. The private key is the application's \
            alone, so the console has none and cannot act as it."
                .to_owned())
        }
        AuthMethod::KubernetesServiceAccount => {
            Err("It authenticates with a token of its ServiceAccount, which only \
            a cluster issues, so the console cannot act as it."
                .to_owned())
        }
        AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost | AuthMethod::None => Ok(row.clone()),
    }
}

/// Is the console's callback registered with the client?
fn comes_back(visit: &Visit<'_>, row: &Row) -> bool {
    let callback = visit.console.own.callback();
    row.redirect_uris.iter().any(|uri| uri.as_str() == callback)
}

/// The row of a try's client as it is served now: policy may have changed since the try began.
fn row_of(visit: &Visit<'_>, attempt: &attempt::Attempt) -> Option<Arc<Row>> {
    visit.serving.client(attempt.client_id.as_str()).filter(|row| row.object == attempt.object).cloned()
}
