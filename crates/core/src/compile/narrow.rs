//! What all its policies leave of one client. The rules are an ordered list of small steps; each takes away what is beyond
//! policy and says so, and what is left is served, or refused when nothing is left that could work.

use super::ids::is_default;
use crate::codes::Code;
use crate::finding::{Finding, Place, Severity};
use crate::grant::{AuthMethod, GrantSet, GrantType};
use crate::names::{Audience, ClientId, Kind, ObjectRef, Scope};
use crate::pattern::{NamePattern, PatternSet};
use crate::policy::{DEFAULT_SCOPES, Decided, Decider, Governor, Merged, field};
use crate::snapshot::{Authentication, Lifetimes, Row};
use crate::spec::{ClientKeys, ClientSpec, PolicySpec};
use crate::time::Seconds;
use crate::uri::RedirectUri;
use std::sync::Arc;

/// What policies leave of a client.
#[derive(Debug, Clone, PartialEq)]
pub enum Judged {
    /// It is served with these settings; its id and secrets are not judged here.
    Served {
        /// The effective settings.
        row: Box<Row>,
        /// What was taken away, and notes.
        findings: Vec<Finding>,
    },
    /// It is not served.
    Refused(Box<Finding>),
}

/// Judges one client by its policies, as one.
#[must_use]
pub fn judge(object: &ObjectRef, spec: &ClientSpec, merged: &Merged) -> Judged {
    let mut case = Case { object, spec, merged, findings: Vec::new() };
    match case.row() {
        Ok(row) => Judged::Served { row: Box::new(row), findings: case.findings },
        Err(finding) => Judged::Refused(finding),
    }
}

struct Case<'a> {
    object: &'a ObjectRef,
    spec: &'a ClientSpec,
    merged: &'a Merged,
    findings: Vec<Finding>,
}

type Refusable<T> = Result<T, Box<Finding>>;

impl Case<'_> {
    fn row(&mut self) -> Refusable<Row> {
        let method = self.method()?;
        let client_id = self.client_id()?;
        let grants = self.grants()?;
        let redirect_uris = self.redirect_uris(grants.contains(GrantType::AuthorizationCode))?;
        let post_logout_redirect_uris = self.hosts_within(
            &self.spec.post_logout_redirect_uris,
            "postLogoutRedirectUris",
            Code::PostLogoutHostBeyondPolicy,
        );
        let (scopes, withheld_scopes) = self.scopes()?;
        let spec = self.spec;
        let merged = self.merged;
        Ok(Row {
            client_id,
            object: self.object.clone(),
            display_name: spec.display_name.clone().unwrap_or_else(|| self.object.name.clone()),
            client_type: spec.client_type,
            redirect_uris,
            post_logout_redirect_uris,
            back_channel_logout_uri: spec.back_channel_logout_uri.clone(),
            scopes,
            withheld_scopes,
            audiences: self.audiences(),
            introspects: self.introspects(),
            grants,
            authentication: self.authentication(method),
            secrets: Vec::new(),
            token: self.lifetimes(),
            require_pkce: !spec.client_type.is_confidential() || merged.pkce.value,
            require_par: merged.par.value,
            max_age: merged.max_age.map(|decided| decided.value),
            allowed_groups: self.groups()?,
            consent: merged.consent.value,
            policies: merged.marks().clone(),
        })
    }

    fn place(&self, path: &str) -> Place {
        Place::field(Kind::AuthClient, self.object, path)
    }

    fn item(&self, path: &str, index: usize) -> Place {
        Place::new(Kind::AuthClient, self.object, format!("/spec/{path}/{index}"))
    }

    fn refused(&self, code: Code, message: impl Into<String>) -> Finding {
        Finding::new(code, message).note("the client is not served")
    }

    /// Refuses; `by` is the policy, with its field, that took the last of what was needed.
    fn nothing_left(&self, what: &str, path: &str, by: Option<(&ObjectRef, &'static str)>) -> Box<Finding> {
        let message = format!("nothing is left of client `{}`: {what}", self.object);
        let finding = self.refused(Code::NothingLeft, message).at(self.place(path), "asked here");
        let taken = self.findings.iter().filter(|f| f.is_violation()).take(5).map(|f| f.message.clone());
        let finding = taken.fold(finding, Finding::note);
        let finding = match by {
            Some((policy, field)) => finding.decided_by(policy, field),
            None => finding,
        };
        Box::new(finding.help("change what the client asks for, or ask the owners of its policies"))
    }

    /// The policy, with its field, of the last finding of a code.
    fn last_taker(&self, code: Code) -> Option<(&ObjectRef, &'static str)> {
        let last = self.findings.iter().rfind(|finding| finding.code == code)?;
        last.policy.as_ref().zip(last.field)
    }

    /// Public clients always use `none`; a named method is taken or refused, never switched.
    fn method(&mut self) -> Refusable<AuthMethod> {
        if !self.spec.client_type.is_confidential() {
            return Ok(AuthMethod::None);
        }
        if let Some(named) = self.spec.method {
            return match self.merged.method_refuser(named) {
                None if named != AuthMethod::None => Ok(named),
                refuser => Err(Box::new(self.method_refused(named, refuser))),
            };
        }
        let equipped = |method: &AuthMethod| match method {
            AuthMethod::PrivateKeyJwt => self.spec.keys.is_some(),
            AuthMethod::KubernetesServiceAccount => !self.spec.service_accounts.is_empty(),
            _ => true,
        };
        let found = self.merged.method_candidates().map(|(method, _)| method).find(equipped);
        found.ok_or_else(|| self.no_method())
    }

    fn no_method(&self) -> Box<Finding> {
        let wanted: Vec<_> = self.merged.method_candidates().collect();
        let Some((_, first)) = wanted.first() else {
            let limits = |p: &PolicySpec| p.client_authentication.allowed_methods.is_some();
            let by = self.merged.governors.iter().find(|governor| limits(&governor.spec));
            let by = by.map(|governor| (&governor.mark.policy, field::METHODS));
            let what = "its policies allow no authentication method together";
            return self.nothing_left(what, "authentication", by);
        };
        let names: Vec<&str> = wanted.iter().map(|(method, _)| method.as_str()).collect();
        let what = format!(
            "its policies want {}, and the client has no keys or ServiceAccounts for it",
            names.join(" or ")
        );
        let by = self.merged.policy_of(*first).map(|policy| (policy, field::METHOD));
        self.nothing_left(&what, "authentication", by)
    }

    fn method_refused(&self, named: AuthMethod, refuser: Option<&Governor>) -> Finding {
        let message = match refuser {
            Some(governor) => format!("method `{named}` is beyond policy `{}`", governor.mark.policy),
            None => format!("method `{named}` is not for confidential clients"),
        };
        let finding = self
            .refused(Code::MethodNotAllowed, message)
            .at(self.place("authentication.method"), "asked here");
        match refuser {
            Some(governor) => {
                let list = governor.spec.client_authentication.allowed_methods.as_deref().unwrap_or_default();
                let allowed: Vec<&str> = list.iter().map(|method| method.as_str()).collect();
                finding
                    .compared(named.as_str(), allowed.join(", "))
                    .decided_by(&governor.mark.policy, field::METHODS)
                    .help(format!(
                        "name an allowed method here, or ask the owners of {}",
                        governor.mark.policy
                    ))
            }
            None => finding.help("name client_secret_basic, or leave it out"),
        }
    }

    fn client_id(&self) -> Refusable<ClientId> {
        // The default id, written out, is not a custom one.
        let custom = self.spec.client_id.as_ref().filter(|id| !is_default(id, self.object));
        let Some(custom) = custom else { return Ok(ClientId::default_of(self.object)) };
        let allowed = self.merged.custom_ids;
        if allowed.value {
            return Ok(custom.clone());
        }
        let finding = self
            .refused(Code::CustomClientIdNotAllowed, format!("client id `{custom}` is not allowed by policy"))
            .at(self.place("clientId"), "asked here")
            .compared(custom.as_str(), ClientId::default_of(self.object).as_str());
        Err(Box::new(match self.merged.policy_of(allowed.by) {
            Some(policy) => Finding { policy: Some(policy.clone()), field: Some(field::CUSTOM_IDS), ..finding }
                .at(Place::field(Kind::AuthPolicy, policy, field::CUSTOM_IDS), "forbidden here")
                .help(format!(
                    "take clientId away and use the default id, or ask the owners of {policy} to allow custom ids"
                )),
            None => finding.help(
                "take clientId away and use the default id, or ask security for a policy with allowCustomClientIds: true",
            ),
        }))
    }

    fn grants(&mut self) -> Refusable<GrantSet> {
        let spec = self.spec;
        let asked = spec.grant_types.unwrap_or(spec.client_type.default_grants());
        let asked = asked.intersect(spec.client_type.possible_grants());
        let kept = asked.intersect(self.merged.grants.value);
        // A set does not know where in the manifest's list each grant stands, so places name the list.
        let named = spec.grant_types.is_some();
        let (path, note) =
            if named { ("grantTypes", "asked here") } else { ("type", "comes with this type") };
        for grant in asked.minus(kept).iter() {
            let list =
                |p: &PolicySpec| p.allowed_grant_types.map(|set| set.iter().map(|g| g.to_string()).collect());
            let finding = beyond(Code::GrantBeyondPolicy, "grant", grant.as_str(), (self.place(path), note));
            let refuser = self.grant_refuser(grant);
            let finding = decided(finding, refuser, field::GRANTS, "authorization_code, refresh_token", list);
            // A grant that only the type brings was not asked for: losing it is worth a note.
            self.findings.push(if named {
                finding
            } else {
                finding
                    .weighing(Severity::Note)
                    .help("nothing to do, unless the client needs it; grantTypes says what it needs")
            });
        }
        if kept.can_start() { Ok(kept) } else { Err(self.no_grant(asked, path)) }
    }

    fn grant_refuser(&self, grant: GrantType) -> Option<&Governor> {
        self.merged.refuser(|p| p.allowed_grant_types.map(|set| set.contains(grant)))
    }

    fn no_grant(&self, asked: GrantSet, path: &str) -> Box<Finding> {
        let starts: Vec<GrantType> = asked.iter().filter(|grant| *grant != GrantType::RefreshToken).collect();
        let needed = starts.iter().map(|g| format!("`{g}`")).collect::<Vec<_>>().join(" or ");
        if needed.is_empty() {
            return self.nothing_left("it asks for no grant that can start a flow", path, None);
        }
        let by = starts.iter().find_map(|grant| self.grant_refuser(*grant));
        let by = by.map(|governor| (&governor.mark.policy, field::GRANTS));
        let what = format!("no grant that can start a flow is allowed, and it needs {needed}");
        let finding = self.nothing_left(&what, path, by);
        if by.is_some() {
            return finding;
        }
        let unstated = "where no policy states it, allowedGrantTypes is authorization_code, refresh_token";
        let help = "security can state allowedGrantTypes in a policy of this client";
        Box::new(finding.note(unstated).help(help))
    }

    fn hosts_within(&mut self, uris: &[RedirectUri], path: &str, code: Code) -> Vec<RedirectUri> {
        let mut kept = Vec::with_capacity(uris.len());
        let judged = self.merged.governors.iter().any(|governor| governor.spec.allowed_hosts.is_some());
        for (index, uri) in uris.iter().enumerate() {
            let Some(host) = uri.judged_host().filter(|_| judged) else {
                kept.push(uri.clone());
                continue;
            };
            match self.merged.refuser(|p| p.allowed_hosts.as_ref().map(|set| set.allows(&host))) {
                None => kept.push(uri.clone()),
                Some(governor) => {
                    let place = (self.item(path, index), "asked here");
                    let list = |p: &PolicySpec| p.allowed_hosts.as_ref().map(|set| vec![set.to_string()]);
                    let finding = beyond(code, "host", &host, place);
                    self.findings.push(decided(finding, Some(governor), field::HOSTS, "", list));
                }
            }
        }
        kept
    }

    fn redirect_uris(&mut self, has_code: bool) -> Refusable<Vec<RedirectUri>> {
        let kept = self.hosts_within(&self.spec.redirect_uris, "redirectUris", Code::HostBeyondPolicy);
        if kept.is_empty() && self.spec.client_type.redirects() && has_code {
            let by = self.last_taker(Code::HostBeyondPolicy);
            return Err(self.nothing_left("it has no redirect URI that policy allows", "redirectUris", by));
        }
        Ok(kept)
    }

    fn scopes(&mut self) -> Refusable<(Vec<Scope>, Vec<Scope>)> {
        let unstated = !self.merged.is_stated(|p| p.allowed_scopes.is_some());
        let mut kept = Vec::with_capacity(self.spec.scopes.len());
        let mut withheld = Vec::new();
        for (index, scope) in self.spec.scopes.iter().enumerate() {
            let refuser =
                self.merged.refuser(|p| p.allowed_scopes.as_ref().map(|set| set.allows(scope.as_str())));
            if refuser.is_none() && (!unstated || DEFAULT_SCOPES.contains(&scope.as_str())) {
                kept.push(scope.clone());
                continue;
            }
            let finding = beyond(
                Code::ScopeBeyondPolicy,
                "scope",
                scope.as_str(),
                (self.item("scopes", index), "asked here"),
            );
            let list = |p: &PolicySpec| p.allowed_scopes.as_ref().map(|set| vec![set.to_string()]);
            self.findings.push(decided(finding, refuser, field::SCOPES, &DEFAULT_SCOPES.join(", "), list));
            withheld.push(scope.clone());
        }
        if kept.is_empty() && !withheld.is_empty() {
            let by = self.last_taker(Code::ScopeBeyondPolicy);
            return Err(self.nothing_left("scopes are asked and none is allowed", "scopes", by));
        }
        Ok((kept, withheld))
    }

    fn audiences(&mut self) -> Vec<Audience> {
        let spec = self.spec;
        let rule = NameRule {
            path: "audiences",
            code: Code::AudienceBeyondPolicy,
            field: field::AUDIENCES,
            list: |p| p.allowed_audiences.as_ref(),
        };
        self.names_within(&spec.audiences, &rule)
    }

    fn introspects(&mut self) -> Vec<Audience> {
        let spec = self.spec;
        if !spec.client_type.is_confidential() {
            return Vec::new();
        }
        let rule = NameRule {
            path: "introspects",
            code: Code::IntrospectionBeyondPolicy,
            field: field::INTROSPECTION,
            list: |p| p.allowed_introspection.as_ref(),
        };
        self.names_within(&spec.introspects, &rule)
    }

    /// Names that every policy which states the list allows; nothing where none states it.
    fn names_within(&mut self, asked: &[Audience], rule: &NameRule) -> Vec<Audience> {
        let mut kept = Vec::with_capacity(asked.len());
        let list = rule.list;
        let stated = self.merged.is_stated(|p| list(p).is_some());
        for (index, name) in asked.iter().enumerate() {
            let refuser = self.merged.refuser(|p| list(p).map(|set| set.allows(name.as_str())));
            if stated && refuser.is_none() {
                kept.push(name.clone());
                continue;
            }
            let place = (self.item(rule.path, index), "asked here");
            let finding = beyond(rule.code, "audience", name.as_str(), place);
            let texts = |p: &PolicySpec| list(p).map(|set| vec![set.to_string()]);
            self.findings.push(decided(finding, refuser, rule.field, "nothing", texts));
        }
        kept
    }

    fn lifetimes(&mut self) -> Lifetimes {
        let (asked, m) = (self.spec.token, self.merged);
        Lifetimes {
            access: self.lifetime(asked.access, m.access_ttl, field::ACCESS_TTL),
            refresh: self.lifetime(asked.refresh, m.refresh_ttl, field::REFRESH_TTL),
            id: self.lifetime(asked.id, m.id_ttl, field::ID_TTL),
        }
    }

    fn lifetime(&mut self, asked: Option<Seconds>, ceiling: Decided<Seconds>, path: &'static str) -> Seconds {
        let Some(asked) = asked else { return ceiling.value };
        if asked <= ceiling.value {
            return asked;
        }
        let place = (self.place(path), "asked here");
        let value = ceiling.value.to_string();
        let finding = if ceiling.by == Decider::Baseline {
            Finding::new(
                Code::LifetimeBeyondPolicy,
                format!("lifetime `{asked}` is beyond the built-in baseline"),
            )
            .at(place.0, place.1)
            .compared(asked.to_string(), value.clone())
            .help(format!("no policy can allow it; ask for {value} or less"))
        } else {
            let finding = beyond(Code::LifetimeBeyondPolicy, "lifetime", &asked.to_string(), place);
            decided(finding, self.merged.decider(ceiling.by), path, &value, |_| Some(vec![value.clone()]))
        };
        self.findings.push(Finding { notes: vec![format!("{value} holds")], ..finding });
        ceiling.value
    }

    fn groups(&mut self) -> Refusable<Vec<Vec<Arc<str>>>> {
        let own = self.spec.allowed_groups.iter();
        let stated =
            self.merged.governors.iter().filter_map(|governor| governor.spec.allowed_groups.as_ref());
        let mut lists: Vec<Vec<Arc<str>>> = own.chain(stated).cloned().collect();
        lists.iter_mut().for_each(|list| {
            list.sort();
            list.dedup();
        });
        lists.sort();
        lists.dedup();
        if lists.iter().any(Vec::is_empty) {
            let by = self.merged.refuser(|p| p.allowed_groups.as_ref().map(|list| !list.is_empty()));
            let by = by.map(|governor| (&governor.mark.policy, field::GROUPS));
            let what = "a group list is empty, so nobody could log in";
            return Err(self.nothing_left(what, "allowedGroups", by));
        }
        Ok(lists)
    }

    fn authentication(&self, method: AuthMethod) -> Authentication {
        let subject =
            |account: &Arc<str>| format!("system:serviceaccount:{}:{account}", self.object.namespace).into();
        let accounts = self.spec.service_accounts.iter().map(subject);
        let by_account = method == AuthMethod::KubernetesServiceAccount;
        Authentication {
            method,
            keys: self.spec.keys.clone().filter(|_: &ClientKeys| method == AuthMethod::PrivateKeyJwt),
            subjects: if by_account { accounts.collect() } else { Vec::new() },
        }
    }
}

/// What is said of a policy of which it cannot be seen whether it governs.
const MAY_NOT_GOVERN: &str =
    "the labels of its namespace are not known, so the policy may not govern this client at all";

/// A list of names that policies limit.
struct NameRule {
    /// The client's field.
    path: &'static str,
    code: Code,
    /// The policies' field.
    field: &'static str,
    list: fn(&PolicySpec) -> Option<&PatternSet<NamePattern>>,
}

fn beyond(code: Code, what: &str, value: &str, (place, note): (Place, &'static str)) -> Finding {
    Finding::new(code, format!("{what} `{value}` is beyond policy")).at(place, note).compared(value, "")
}

/// Completes a finding with the policy that refuses, or with the default that no policy replaces.
fn decided(
    finding: Finding,
    refuser: Option<&Governor>,
    field: &'static str,
    default: &str,
    list: impl Fn(&PolicySpec) -> Option<Vec<String>>,
) -> Finding {
    let finding = finding.note("the client is served without it");
    match refuser {
        Some(governor) => {
            let policy = &governor.mark.policy;
            let message = format!("{} `{policy}`", finding.message);
            let allowed = Some(list(&governor.spec).unwrap_or_default().join(", "));
            let finding = if governor.certain { finding } else { finding.note(MAY_NOT_GOVERN) };
            Finding { message, allowed, ..finding }
                .decided_by(policy, field)
                .help(format!("the owners of {policy} can allow it; or drop it here"))
        }
        None => {
            let message = format!("{}: no policy states {field}", finding.message);
            Finding { message, allowed: Some(default.to_owned()), field: Some(field), ..finding }
                .note(format!("where no policy states it, {field} is {default}"))
                .help(format!("security can state {field} in a policy of this client; or drop it here"))
        }
    }
}
