//! What all its policies leave of one client. The rules are an ordered list of small steps; each takes away what is beyond
//! policy and says so, and what is left is served, or refused when nothing is left that could work.

use crate::codes::Code;
use crate::finding::{Finding, Place, Severity};
use crate::grant::{AuthMethod, GrantType};
use crate::names::{ClientId, Kind, ObjectRef};
use crate::policy::{DEFAULT_SCOPES, Decided, Governor, Merged, field};
use crate::snapshot::{Authentication, Lifetimes, Row};
use crate::spec::{ClientKeys, ClientSpec, PolicySpec};
use crate::time::Seconds;
use crate::uri::{RedirectKind, RedirectUri};
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
            policies: merged.marks().cloned().collect(),
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

    fn nothing_left(&self, what: &str, path: &str) -> Box<Finding> {
        let message = format!("nothing is left of client `{}`: {what}", self.object);
        let finding = self.refused(Code::NothingLeft, message).at(self.place(path), "asked here");
        let taken = self.findings.iter().filter(|f| f.is_violation()).take(5).map(|f| f.message.clone());
        let finding = taken.fold(finding, Finding::note);
        let policy = self.findings.iter().find_map(|f| f.policy.clone());
        let finding = Finding { policy, ..finding };
        Box::new(finding.help("change what the client asks for, or ask the owners of its policies"))
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
        found.ok_or_else(|| {
            let wanted: Vec<String> =
                self.merged.method_candidates().map(|(method, _)| method.to_string()).collect();
            let what = if wanted.is_empty() {
                "its policies allow no authentication method together".to_owned()
            } else {
                format!(
                    "its policies want {}, and the client has no keys or ServiceAccounts for it",
                    wanted.join(" or ")
                )
            };
            self.nothing_left(&what, "authentication")
        })
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
        let Some(custom) = &self.spec.client_id else { return Ok(ClientId::default_of(self.object)) };
        let allowed = self.merged.custom_ids;
        if allowed.value {
            return Ok(custom.clone());
        }
        let finding = self
            .refused(Code::CustomClientIdNotAllowed, format!("client id `{custom}` is not allowed by policy"))
            .at(self.place("clientId"), "asked here")
            .compared(custom.as_str(), ClientId::default_of(self.object).as_str());
        Err(Box::new(match self.merged.policy_of(allowed.by) {
            Some(policy) => finding.decided_by(policy, field::CUSTOM_IDS).help(format!(
                "take clientId away and use the default id, or ask the owners of {policy} to allow custom ids"
            )),
            None => finding.help(
                "take clientId away and use the default id, or ask security for a policy with allowCustomClientIds: true",
            ),
        }))
    }

    fn grants(&mut self) -> Refusable<crate::grant::GrantSet> {
        let spec = self.spec;
        let asked = spec.grant_types.unwrap_or(spec.client_type.default_grants());
        let asked = asked.intersect(spec.client_type.possible_grants());
        let kept = asked.intersect(self.merged.grants.value);
        for (index, grant) in asked.iter().enumerate().filter(|(_, grant)| !kept.contains(*grant)) {
            let refuser = self.merged.refuser(|p| p.allowed_grant_types.map(|set| set.contains(grant)));
            let place =
                if spec.grant_types.is_some() { self.item("grantTypes", index) } else { self.place("type") };
            let note = if spec.grant_types.is_some() { "asked here" } else { "comes with this type" };
            let list =
                |p: &PolicySpec| p.allowed_grant_types.map(|set| set.iter().map(|g| g.to_string()).collect());
            let finding = beyond(Code::GrantBeyondPolicy, "grant", grant.as_str(), (place, note));
            let finding = decided(finding, refuser, field::GRANTS, "authorization_code, refresh_token", list);
            // A grant that only the type brings was not asked for: losing it is worth a note.
            let unasked = spec.grant_types.is_none();
            self.findings.push(if unasked { finding.weighing(Severity::Note) } else { finding });
        }
        if kept.can_start() {
            return Ok(kept);
        }
        let path = if spec.grant_types.is_some() { "grantTypes" } else { "type" };
        let lost = asked.minus(kept).iter().map(|g| format!("`{g}`")).collect::<Vec<_>>().join(", ");
        let refuser = self.merged.policy_of(self.merged.grants.by).map(ToString::to_string);
        let by =
            refuser.map_or("no policy states allowedGrantTypes".to_owned(), |p| format!("see policy `{p}`"));
        Err(self.nothing_left(
            &format!("no grant that can start a flow is allowed (it needs {lost}; {by})"),
            path,
        ))
    }

    fn hosts_within(&mut self, uris: &[RedirectUri], path: &str, code: Code) -> Vec<RedirectUri> {
        let mut kept = Vec::with_capacity(uris.len());
        let judged = self.merged.is_stated(|p| p.allowed_hosts.is_some());
        for (index, uri) in uris.iter().enumerate() {
            if !judged || uri.kind() != RedirectKind::Https {
                kept.push(uri.clone());
                continue;
            }
            let host = uri.host();
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
            return Err(self.nothing_left("it has no redirect URI that policy allows", "redirectUris"));
        }
        Ok(kept)
    }

    fn scopes(&mut self) -> Refusable<(Vec<crate::names::Scope>, Vec<crate::names::Scope>)> {
        let unstated = !self.merged.is_stated(|p| p.allowed_scopes.is_some());
        let mut kept = Vec::with_capacity(self.spec.scopes.len());
        let mut withheld = Vec::new();
        for (index, scope) in self.spec.scopes.iter().enumerate() {
            let refuser =
                self.merged.refuser(|p| p.allowed_scopes.as_ref().map(|set| set.allows(scope.as_str())));
            let allowed = if unstated { DEFAULT_SCOPES.contains(&scope.as_str()) } else { refuser.is_none() };
            if allowed {
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
            return Err(self.nothing_left("scopes are asked and none is allowed", "scopes"));
        }
        Ok((kept, withheld))
    }

    fn audiences(&mut self) -> Vec<crate::names::Audience> {
        let set = |p: &PolicySpec| p.allowed_audiences.clone();
        self.names_within(
            &self.spec.audiences,
            "audiences",
            Code::AudienceBeyondPolicy,
            (field::AUDIENCES, set),
        )
    }

    fn introspects(&mut self) -> Vec<crate::names::Audience> {
        if !self.spec.client_type.is_confidential() {
            return Vec::new();
        }
        let set = |p: &PolicySpec| p.allowed_introspection.clone();
        let code = Code::IntrospectionBeyondPolicy;
        self.names_within(&self.spec.introspects, "introspects", code, (field::INTROSPECTION, set))
    }

    /// Names that every policy which states the list allows; nothing where none states it.
    fn names_within(
        &mut self,
        asked: &[crate::names::Audience],
        path: &str,
        code: Code,
        (field, set): (
            &'static str,
            impl Fn(&PolicySpec) -> Option<crate::pattern::PatternSet<crate::pattern::NamePattern>>,
        ),
    ) -> Vec<crate::names::Audience> {
        let mut kept = Vec::with_capacity(asked.len());
        let stated = !asked.is_empty() && self.merged.is_stated(|p| set(p).is_some());
        for (index, name) in asked.iter().enumerate() {
            let refuser = self.merged.refuser(|p| set(p).map(|set| set.allows(name.as_str())));
            if stated && refuser.is_none() {
                kept.push(name.clone());
                continue;
            }
            let finding = beyond(code, "audience", name.as_str(), (self.item(path, index), "asked here"));
            let list = |p: &PolicySpec| set(p).map(|set| vec![set.to_string()]);
            self.findings.push(decided(finding, refuser, field, "nothing", list));
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
        let finding = beyond(Code::LifetimeBeyondPolicy, "lifetime", &asked.to_string(), place);
        let refuser = self.merged.decider(ceiling.by);
        let finding = decided(finding, refuser, path, &ceiling.value.to_string(), |_| {
            Some(vec![ceiling.value.to_string()])
        });
        self.findings.push(Finding { notes: vec![format!("{} holds", ceiling.value)], ..finding });
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
            return Err(self.nothing_left("a group list is empty, so nobody could log in", "allowedGroups"));
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

/// What a published row asks for, so that it can be judged again by today's policies: for a client whose manifest cannot be
/// read any more. Never wider than the row.
#[must_use]
pub fn as_asked(row: &Row, server: &ObjectRef) -> ClientSpec {
    let confidential = row.client_type.is_confidential();
    let account = |subject: &Arc<str>| subject.rsplit(':').next().map(Into::into);
    ClientSpec {
        display_name: Some(row.display_name.clone()),
        server: server.clone(),
        client_type: row.client_type,
        redirect_uris: row.redirect_uris.clone(),
        post_logout_redirect_uris: row.post_logout_redirect_uris.clone(),
        scopes: row.scopes.iter().chain(&row.withheld_scopes).cloned().collect(),
        audiences: row.audiences.clone(),
        introspects: row.introspects.clone(),
        grant_types: Some(row.grants),
        method: Some(row.authentication.method).filter(|_| confidential),
        service_accounts: row.authentication.subjects.iter().filter_map(account).collect(),
        keys: row.authentication.keys.clone(),
        token: crate::spec::TtlRequest {
            access: Some(row.token.access),
            refresh: Some(row.token.refresh),
            id: Some(row.token.id),
        },
        allowed_groups: None,
        secret: crate::spec::SecretTemplate::default(),
        existing_secret: None,
        client_id: Some(row.client_id.clone()).filter(|id| *id != ClientId::default_of(&row.object)),
    }
}
