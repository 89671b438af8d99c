//! What policies leave of a client: the table of combining fields, row by row.

use super::matching;
use nauthera_core::codes::Code;
use nauthera_core::grant::{ClientType, Consent};
use nauthera_core::names::{Audience, ObjectRef};
use nauthera_core::pattern::{NamePattern, PatternSet};
use nauthera_core::snapshot::Row;
use nauthera_core::spec::{ClientKeys, ClientSpec, PolicySpec};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A row in plain texts and numbers.
#[derive(Debug, PartialEq, Eq)]
pub struct Wanted {
    pub client_id: String,
    pub display_name: String,
    pub redirect_uris: Vec<String>,
    pub post_logout_redirect_uris: Vec<String>,
    pub back_channel_logout_uri: Option<String>,
    pub scopes: Vec<String>,
    pub withheld_scopes: Vec<String>,
    pub audiences: Vec<String>,
    pub introspects: Vec<String>,
    pub grants: BTreeSet<String>,
    pub method: String,
    pub keys: Option<ClientKeys>,
    pub subjects: Vec<String>,
    pub seconds: [u32; 3],
    pub pkce: bool,
    pub par: bool,
    pub max_age: Option<u32>,
    pub groups: BTreeSet<BTreeSet<String>>,
    pub consent: Consent,
}

fn strings<T: ToString>(items: &[T]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

fn set(list: &[Arc<str>]) -> BTreeSet<String> {
    list.iter().map(ToString::to_string).collect()
}

/// A served row in the same plain form.
pub fn plain(row: &Row) -> Wanted {
    Wanted {
        client_id: row.client_id.to_string(),
        display_name: row.display_name.to_string(),
        redirect_uris: strings(&row.redirect_uris),
        post_logout_redirect_uris: strings(&row.post_logout_redirect_uris),
        back_channel_logout_uri: row.back_channel_logout_uri.as_ref().map(ToString::to_string),
        scopes: strings(&row.scopes),
        withheld_scopes: strings(&row.withheld_scopes),
        audiences: strings(&row.audiences),
        introspects: strings(&row.introspects),
        grants: row.grants.iter().map(|grant| grant.to_string()).collect(),
        method: row.authentication.method.to_string(),
        keys: row.authentication.keys.clone(),
        subjects: strings(&row.authentication.subjects),
        seconds: [row.token.access.get(), row.token.refresh.get(), row.token.id.get()],
        pkce: row.require_pkce,
        par: row.require_par,
        max_age: row.max_age.map(|age| age.get()),
        groups: row.allowed_groups.iter().map(|list| set(list)).collect(),
        consent: row.consent,
    }
}

fn split(asked: Vec<String>, allowed: impl Fn(&str) -> bool) -> (Vec<String>, Vec<String>) {
    asked.into_iter().partition(|item| allowed(item))
}

/// The policies over a client: all that govern it or may, and those that govern it whatever the labels of its namespace are. What
/// any of all says holds; only what those for sure say takes the place of a default.
pub struct Policies<'a> {
    pub all: Vec<&'a PolicySpec>,
    pub sure: Vec<&'a PolicySpec>,
}

impl<'a> Policies<'a> {
    pub fn sure(policies: &[&'a PolicySpec]) -> Self {
        Self { all: policies.to_vec(), sure: policies.to_vec() }
    }

    fn all<T>(&self, get: impl Fn(&'a PolicySpec) -> Option<T>) -> Vec<T> {
        self.all.iter().filter_map(|policy| get(policy)).collect()
    }

    /// Does a default hold, since no policy for sure says anything else?
    fn leave_default<T>(&self, get: impl Fn(&'a PolicySpec) -> Option<T>) -> bool {
        self.sure.iter().all(|policy| get(policy).is_none())
    }
}

/// What is served and whether anything asked for was taken, or the reason of the refusal.
pub fn judge(
    policies: &Policies<'_>,
    client: &ObjectRef,
    asked: &ClientSpec,
) -> Result<(Wanted, bool), Code> {
    let method = method(policies, asked)?;
    let client_id = client_id(policies, client, asked)?;
    let (grants, lost_grant) = grants(policies, asked);
    if grants.iter().all(|grant| grant == "refresh_token") {
        return Err(Code::NothingLeft);
    }
    let host = |uri: &str| match matching::https_host(uri) {
        Some(host) => {
            policies.all.iter().all(|p| p.allowed_hosts.as_ref().is_none_or(|s| matching::host(s, &host)))
        }
        None => true,
    };
    let (redirect_uris, lost_uris) = split(strings(&asked.redirect_uris), host);
    let redirects = matches!(asked.client_type, ClientType::Web | ClientType::Browser | ClientType::Native);
    if redirects && grants.contains("authorization_code") && redirect_uris.is_empty() {
        return Err(Code::NothingLeft);
    }
    let (post_logout_redirect_uris, lost_logout) = split(strings(&asked.post_logout_redirect_uris), host);
    let (scopes, withheld_scopes) = scopes(policies, asked);
    if scopes.is_empty() && !withheld_scopes.is_empty() {
        return Err(Code::NothingLeft);
    }
    let groups = groups(policies, asked);
    if groups.iter().any(BTreeSet::is_empty) {
        return Err(Code::NothingLeft);
    }
    let (audiences, lost_audiences) = named(policies, &asked.audiences, |p| p.allowed_audiences.as_ref());
    let introspects: &[Audience] = if confidential(asked) { &asked.introspects } else { &[] };
    let (introspects, lost_introspects) = named(policies, introspects, |p| p.allowed_introspection.as_ref());
    let (seconds, too_long) = lifetimes(policies, asked);
    let lost = [lost_uris, lost_logout, lost_audiences, lost_introspects].concat();
    let narrowed = lost_grant || too_long || !lost.is_empty() || !withheld_scopes.is_empty();
    let public = !confidential(asked);
    let wanted = Wanted {
        client_id,
        display_name: asked.display_name.as_ref().unwrap_or(&client.name).to_string(),
        redirect_uris,
        post_logout_redirect_uris,
        // No policy judges it.
        back_channel_logout_uri: asked.back_channel_logout_uri.as_ref().map(ToString::to_string),
        scopes,
        withheld_scopes,
        audiences,
        introspects,
        grants,
        keys: asked.keys.clone().filter(|_| method == "private_key_jwt"),
        subjects: subjects(&method, client, asked),
        method,
        seconds,
        pkce: public || requires(policies, |p| p.enforce_pkce, true),
        par: requires(policies, |p| p.require_pushed_authorization_requests, false),
        max_age: policies.all(|p| p.max_age).into_iter().map(|age| age.get()).min(),
        groups,
        consent: consent(policies),
    };
    Ok((wanted, narrowed))
}

/// Names that all lists have; nothing where nobody states a list for sure.
fn named(
    policies: &Policies<'_>,
    asked: &[Audience],
    list: for<'a> fn(&'a PolicySpec) -> Option<&'a PatternSet<NamePattern>>,
) -> (Vec<String>, Vec<String>) {
    let (lists, none) = (policies.all(list), policies.leave_default(list));
    split(strings(asked), |name| !none && lists.iter().all(|list| matching::name(list, name)))
}

const fn confidential(asked: &ClientSpec) -> bool {
    matches!(asked.client_type, ClientType::Web | ClientType::Service)
}

/// `or`, with what holds where nobody states it.
fn requires(policies: &Policies<'_>, get: fn(&PolicySpec) -> Option<bool>, otherwise: bool) -> bool {
    policies.all(get).contains(&true) || (otherwise && policies.leave_default(get))
}

fn consent(policies: &Policies<'_>) -> Consent {
    let get = |p: &PolicySpec| p.consent;
    if policies.leave_default(get) || policies.all(get).contains(&Consent::Required) {
        Consent::Required
    } else {
        Consent::Trusted
    }
}

fn method(policies: &Policies<'_>, asked: &ClientSpec) -> Result<String, Code> {
    if !confidential(asked) {
        return Ok("none".into());
    }
    let allowed = |name: &str| {
        policies
            .all(|p| p.client_authentication.allowed_methods.as_ref())
            .iter()
            .all(|list| list.iter().any(|method| method.as_str() == name))
    };
    if let Some(named) = asked.method {
        let ok = named.as_str() != "none" && allowed(named.as_str());
        return if ok { Ok(named.to_string()) } else { Err(Code::MethodNotAllowed) };
    }
    let stated: Vec<&str> = policies
        .sure
        .iter()
        .filter_map(|p| p.client_authentication.method)
        .map(|method| method.as_str())
        .collect();
    let order =
        ["client_secret_basic", "client_secret_post", "kubernetes_service_account", "private_key_jwt"];
    for name in order {
        let equipped = match name {
            "kubernetes_service_account" => !asked.service_accounts.is_empty(),
            "private_key_jwt" => asked.keys.is_some(),
            _ => true,
        };
        if equipped && allowed(name) && (stated.is_empty() || stated.contains(&name)) {
            return Ok(name.into());
        }
    }
    Err(Code::NothingLeft)
}

fn client_id(policies: &Policies<'_>, client: &ObjectRef, asked: &ClientSpec) -> Result<String, Code> {
    let default = format!("{}.{}", client.namespace, client.name);
    let Some(custom) = asked.client_id.as_ref().filter(|custom| custom.as_str() != default) else {
        return Ok(default);
    };
    let get = |p: &PolicySpec| p.allow_custom_client_ids;
    let allowed = !policies.leave_default(get) && !policies.all(get).contains(&false);
    if allowed { Ok(custom.to_string()) } else { Err(Code::CustomClientIdNotAllowed) }
}

/// What is left, and whether a grant that the manifest names was lost.
fn grants(policies: &Policies<'_>, asked: &ClientSpec) -> (BTreeSet<String>, bool) {
    let by_type: &[&str] = match asked.client_type {
        ClientType::Web | ClientType::Browser | ClientType::Native => {
            &["authorization_code", "refresh_token"]
        }
        ClientType::Device => &["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
        ClientType::Service => &["client_credentials"],
    };
    let wanted: BTreeSet<String> = match asked.grant_types {
        Some(named) => named.iter().map(|grant| grant.to_string()).collect(),
        None => by_type.iter().map(ToString::to_string).collect(),
    };
    let get = |p: &PolicySpec| p.allowed_grant_types;
    let (stated, default) = (policies.all(get), policies.leave_default(get));
    let allowed = |name: &str| {
        let by_default = name == "authorization_code" || name == "refresh_token";
        let by_all = stated.iter().all(|set| set.iter().any(|grant| grant.as_str() == name));
        by_all && (!default || by_default)
    };
    let kept: BTreeSet<String> = wanted.iter().filter(|name| allowed(name)).cloned().collect();
    let lost = asked.grant_types.is_some() && kept != wanted;
    (kept, lost)
}

fn scopes(policies: &Policies<'_>, asked: &ClientSpec) -> (Vec<String>, Vec<String>) {
    let lists = policies.all(|p| p.allowed_scopes.as_ref());
    let default = policies.leave_default(|p| p.allowed_scopes.as_ref());
    split(strings(&asked.scopes), |name| {
        let by_default = ["openid", "profile", "email", "groups", "offline_access"].contains(&name);
        lists.iter().all(|list| matching::name(list, name)) && (!default || by_default)
    })
}

fn groups(policies: &Policies<'_>, asked: &ClientSpec) -> BTreeSet<BTreeSet<String>> {
    let stated = policies.all(|p| p.allowed_groups.as_ref());
    asked.allowed_groups.iter().chain(stated).map(|list| set(list)).collect()
}

/// Of access, refresh and ID tokens, and whether more was asked than is allowed.
fn lifetimes(policies: &Policies<'_>, asked: &ClientSpec) -> ([u32; 3], bool) {
    const HOUR: u32 = 3_600;
    let ceiling = |get: fn(&PolicySpec) -> Option<u32>, default: u32, baseline: u32| {
        let mut ceilings = policies.all(get);
        ceilings.extend(policies.leave_default(get).then_some(default));
        ceilings.into_iter().min().unwrap_or(baseline).min(baseline)
    };
    let ceilings = [
        ceiling(|p| p.token.access.map(|ttl| ttl.get()), HOUR / 4, 24 * HOUR),
        ceiling(|p| p.token.refresh.map(|ttl| ttl.get()), 24 * HOUR, 90 * 24 * HOUR),
        ceiling(|p| p.token.id.map(|ttl| ttl.get()), HOUR / 12, u32::MAX),
    ];
    let asked = [asked.token.access, asked.token.refresh, asked.token.id].map(|ttl| ttl.map(|ttl| ttl.get()));
    let both = ceilings.into_iter().zip(asked);
    let too_long = both.clone().any(|(ceiling, asked)| asked.is_some_and(|asked| asked > ceiling));
    let seconds: Vec<u32> = both.map(|(ceiling, asked)| asked.unwrap_or(ceiling).min(ceiling)).collect();
    (seconds.try_into().unwrap(), too_long)
}

fn subjects(method: &str, client: &ObjectRef, asked: &ClientSpec) -> Vec<String> {
    if method != "kubernetes_service_account" {
        return Vec::new();
    }
    let subject = |account| format!("system:serviceaccount:{}:{account}", client.namespace);
    asked.service_accounts.iter().map(subject).collect()
}
