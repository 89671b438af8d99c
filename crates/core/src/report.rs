//! The Report: why each object is as it is, for people. Terminals, conditions, the console and admission answers are
//! made from it; the Snapshot never is.

use crate::codes::Code;
use crate::finding::{Finding, Severity};
use crate::grant::{AuthMethod, ClientType};
use crate::names::{ClientId, ObjectRef};
use crate::policy::{Decider, Merged, field};
use crate::snapshot::{PolicyMark, Row};
use crate::spec::{ClientSpec, Rotation};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a compile found, by object. Each map is ordered by namespace and name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Each AuthClient.
    pub clients: BTreeMap<ObjectRef, ClientReport>,
    /// Each AuthPolicy.
    pub policies: BTreeMap<ObjectRef, PolicyReport>,
    /// Each AuthServer.
    pub servers: BTreeMap<ObjectRef, ServerReport>,
    /// Each UserStore.
    pub stores: BTreeMap<ObjectRef, StoreReport>,
}

impl Report {
    /// Every finding: servers, stores, policies, then clients, each in order of name.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        let servers = self.servers.values().flat_map(|report| &report.findings);
        let stores = self.stores.values().flat_map(|report| &report.findings);
        let policies = self.policies.values().flat_map(|report| &report.findings);
        let clients = self.clients.values().flat_map(|report| report.findings.iter().chain(&report.audit));
        servers.chain(stores).chain(policies).chain(clients)
    }

    /// Does anything weigh as much as this?
    #[must_use]
    pub fn has(&self, severity: Severity) -> bool {
        self.findings().any(|finding| finding.severity <= severity)
    }
}

/// What became of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Served as its manifest asks.
    Compliant,
    /// Served without what is beyond policy.
    Narrowed,
    /// Not served, by policy.
    Refused,
    /// Not served for now: something that it needs is not there.
    Waiting,
    /// Served as before: its server is frozen, or its manifest is not accepted.
    Frozen,
}

impl Verdict {
    /// The word in listings: `ok`, `narrowed`, `refused`, `waiting`, `frozen`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Compliant => "ok",
            Self::Narrowed => "narrowed",
            Self::Refused => "refused",
            Self::Waiting => "waiting",
            Self::Frozen => "frozen",
        }
    }

    /// Is the client in the Snapshot?
    #[must_use]
    pub const fn is_served(self) -> bool {
        matches!(self, Self::Compliant | Self::Narrowed | Self::Frozen)
    }
}

/// Why a client is as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientReport {
    /// The edit that was judged.
    pub generation: i64,
    /// What became of it.
    pub verdict: Verdict,
    /// The server that it names; `None` when its manifest is not accepted and nothing is published.
    pub server: Option<ObjectRef>,
    /// Its type, where known.
    pub client_type: Option<ClientType>,
    /// What it asked for, where its manifest is accepted.
    pub asked: Option<Arc<ClientSpec>>,
    /// What is served.
    pub row: Option<Arc<Row>>,
    /// The policies that govern it as one.
    pub merged: Option<Arc<Merged>>,
    /// The policies in Audit that look at it.
    pub audits: Arc<[PolicyMark]>,
    /// Violations and refusals.
    pub findings: Vec<Finding>,
    /// What policies in Audit would do.
    pub audit: Vec<Finding>,
}

impl ClientReport {
    /// The finding that refuses it or makes it wait.
    #[must_use]
    pub fn decisive(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.severity == Severity::Error)
    }

    /// The code that refuses it or makes it wait.
    #[must_use]
    pub fn reason(&self) -> Option<Code> {
        self.decisive().map(|finding| finding.code)
    }

    /// The id under which it is served.
    #[must_use]
    pub fn client_id(&self) -> Option<&ClientId> {
        self.row.as_ref().map(|row| &row.client_id)
    }

    /// Does it need a secret that we make? Then its carrier keeps a credential record. Of a client whose manifest is not
    /// accepted nobody knows whether it brings its own, so nothing is made for it; what it has stays.
    #[must_use]
    pub fn needs_secret(&self) -> bool {
        let ours = self.asked.as_ref().is_some_and(|asked| asked.existing_secret.is_none());
        ours && self.uses_secret()
    }

    fn uses_secret(&self) -> bool {
        self.row.as_ref().is_some_and(|row| row.authentication.method.uses_secret())
    }

    /// Rotation of its secret, where it has one and a policy enables it.
    #[must_use]
    pub fn rotation(&self) -> Option<&Rotation> {
        self.merged.as_ref().and_then(|merged| merged.rotation.as_ref()).filter(|_| self.uses_secret())
    }
}

/// Why a policy is as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PolicyReport {
    /// The edit that was judged.
    pub generation: i64,
    /// Is it accepted?
    pub accepted: bool,
    /// Does it narrow, or only report?
    pub enforces: bool,
    /// Per server: what it governs there.
    pub servers: BTreeMap<ObjectRef, Governed>,
    /// Faults.
    pub findings: Vec<Finding>,
}

/// What a policy governs on a server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Governed {
    /// Clients that it governs.
    pub clients: usize,
    /// Those served as asked.
    pub compliant: usize,
    /// Those from which this policy takes something.
    pub violating: usize,
    /// The first twenty of them.
    pub violators: Vec<ObjectRef>,
}

/// Why a server is as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServerReport {
    /// The edit that was judged.
    pub generation: i64,
    /// Is a Snapshot made for it?
    pub served: bool,
    /// The policies by which it is frozen.
    pub frozen_by: Vec<ObjectRef>,
    /// Clients that name it, that are served as asked, and that are not served.
    pub clients: ClientCounts,
    /// Policies that apply to it.
    pub policies: Vec<PolicyMark>,
    /// Faults.
    pub findings: Vec<Finding>,
}

impl ServerReport {
    /// Does every client keep what it has? A policy that is not accepted freezes it, and so does its own manifest.
    #[must_use]
    pub fn keeps(&self) -> bool {
        let own = |finding: &Finding| finding.code == Code::ServerNotAccepted;
        !self.frozen_by.is_empty() || self.findings.iter().any(own)
    }
}

/// Clients of a server by verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ClientCounts {
    /// All that name it.
    pub total: usize,
    /// Served as asked.
    pub compliant: usize,
    /// Not served.
    pub refused: usize,
}

/// Why a user store is as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StoreReport {
    /// The edit that was judged.
    pub generation: i64,
    /// Is it accepted?
    pub accepted: bool,
    /// Faults.
    pub findings: Vec<Finding>,
}

/// One effective setting with where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Setting {
    /// The client's field, `token.accessTokenTTL`.
    pub name: &'static str,
    /// The value that is served.
    pub value: String,
    /// What the client asked for, where it asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// What decided.
    pub source: Source,
}

/// Where an effective value came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// The client's own manifest, within policy.
    Client,
    /// The client's type.
    Type,
    /// The field's default: no policy states it.
    Default,
    /// The built-in baseline.
    Baseline,
    /// A policy's field.
    Policy {
        /// The policies that state the field, with their generations.
        policies: Vec<PolicyMark>,
        /// The field.
        field: &'static str,
    },
}

impl ClientReport {
    /// Every effective setting of a served client, with its provenance; empty when it is not served.
    #[must_use]
    pub fn effective(&self) -> Vec<Setting> {
        let (Some(row), Some(merged)) = (&self.row, &self.merged) else { return Vec::new() };
        let view = View { row, merged, asked: self.asked.as_deref() };
        let mut settings = vec![view.grants(), view.scopes(), view.method()];
        settings.extend(view.lifetimes());
        settings.extend([view.pkce(), view.par(), view.consent()]);
        settings.extend(view.max_age());
        settings.extend(view.lists());
        settings.extend(view.back_channel());
        settings.extend(view.groups());
        settings.extend(view.rotation());
        settings
    }
}

struct View<'a> {
    row: &'a Row,
    merged: &'a Merged,
    asked: Option<&'a ClientSpec>,
}

fn joined<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    if items.is_empty() { "none".into() } else { items.join(" ") }
}

impl View<'_> {
    fn source(&self, by: Decider, field: &'static str) -> Source {
        match by {
            Decider::Default => Source::Default,
            Decider::Baseline => Source::Baseline,
            Decider::Policy(_) => {
                let policies = self.merged.decider(by).map(|governor| governor.mark.clone());
                Source::Policy { policies: policies.into_iter().collect(), field }
            }
        }
    }

    /// The policies that state a list, or `unstated`.
    fn stating(
        &self,
        field: &'static str,
        unstated: Source,
        stated: impl Fn(&crate::spec::PolicySpec) -> bool,
    ) -> Source {
        let all = self.merged.governors.iter().filter(|governor| stated(&governor.spec));
        let policies: Vec<PolicyMark> = all.map(|governor| governor.mark.clone()).collect();
        if policies.is_empty() { unstated } else { Source::Policy { policies, field } }
    }

    fn grants(&self) -> Setting {
        let asked = self.asked.and_then(|asked| asked.grant_types);
        let wanted = asked.unwrap_or_else(|| self.row.client_type.default_grants());
        let unstated = match (self.asked, asked) {
            // Its manifest is not accepted; what is served is what it asked for last.
            (None, _) => Source::Client,
            _ if wanted != self.row.grants => Source::Default,
            (_, Some(_)) => Source::Client,
            (_, None) => Source::Type,
        };
        Setting {
            name: "grantTypes",
            value: joined(self.row.grants.iter()),
            asked: asked.map(|grants| joined(grants.iter())),
            source: self.stating(field::GRANTS, unstated, |p| p.allowed_grant_types.is_some()),
        }
    }

    fn scopes(&self) -> Setting {
        Setting {
            name: "scopes",
            value: joined(&self.row.scopes),
            asked: self.asked.map(|asked| joined(&asked.scopes)),
            source: self.stating(field::SCOPES, Source::Default, |p| p.allowed_scopes.is_some()),
        }
    }

    fn method(&self) -> Setting {
        let method = self.row.authentication.method;
        let named = self.asked.and_then(|asked| asked.method);
        let source = if method == AuthMethod::None {
            Source::Type
        } else if named.is_some() {
            Source::Client
        } else {
            let by = self.merged.method_candidates().find(|(candidate, _)| *candidate == method);
            self.source(by.map_or(Decider::Default, |(_, by)| by), field::METHOD)
        };
        let asked = named.map(|method| method.to_string());
        Setting { name: "authentication.method", value: method.to_string(), asked, source }
    }

    fn lifetimes(&self) -> [Setting; 3] {
        let asked = self.asked.map(|asked| asked.token).unwrap_or_default();
        let m = self.merged;
        [
            ("token.accessTokenTTL", self.row.token.access, asked.access, m.access_ttl, field::ACCESS_TTL),
            (
                "token.refreshTokenTTL",
                self.row.token.refresh,
                asked.refresh,
                m.refresh_ttl,
                field::REFRESH_TTL,
            ),
            ("token.idTokenTTL", self.row.token.id, asked.id, m.id_ttl, field::ID_TTL),
        ]
        .map(|(name, value, asked, ceiling, path)| {
            let own = asked.map_or(value < ceiling.value, |asked| asked <= ceiling.value);
            let source = if own { Source::Client } else { self.source(ceiling.by, path) };
            Setting { name, value: value.to_string(), asked: asked.map(|asked| asked.to_string()), source }
        })
    }

    fn pkce(&self) -> Setting {
        let public = !self.row.client_type.is_confidential();
        let source = if public { Source::Baseline } else { self.source(self.merged.pkce.by, field::PKCE) };
        let value = if self.row.require_pkce { "required (S256)" } else { "optional (S256)" };
        Setting { name: "pkce", value: value.into(), asked: None, source }
    }

    fn par(&self) -> Setting {
        let value = if self.row.require_par { "required" } else { "optional" };
        let source = self.source(self.merged.par.by, field::PAR);
        Setting { name: "pushedAuthorizationRequests", value: value.into(), asked: None, source }
    }

    fn consent(&self) -> Setting {
        let source = self.source(self.merged.consent.by, field::CONSENT);
        Setting { name: "consent", value: self.row.consent.to_string(), asked: None, source }
    }

    fn max_age(&self) -> Option<Setting> {
        let value = self.row.max_age?;
        let source = self.merged.max_age.map_or(Source::Client, |d| self.source(d.by, field::MAX_AGE));
        Some(Setting { name: "maxAge", value: value.to_string(), asked: None, source })
    }

    fn lists(&self) -> Vec<Setting> {
        let asked = self.asked;
        let hosts = self.stating(field::HOSTS, Source::Client, |p| p.allowed_hosts.is_some());
        let audiences = self.stating(field::AUDIENCES, Source::Default, |p| p.allowed_audiences.is_some());
        let introspects =
            self.stating(field::INTROSPECTION, Source::Default, |p| p.allowed_introspection.is_some());
        let row = self.row;
        let all = [
            (
                "redirectUris",
                joined(&row.redirect_uris),
                asked.map(|a| joined(&a.redirect_uris)),
                hosts.clone(),
            ),
            (
                "postLogoutRedirectUris",
                joined(&row.post_logout_redirect_uris),
                asked.map(|a| joined(&a.post_logout_redirect_uris)),
                hosts,
            ),
            ("audiences", joined(&row.audiences), asked.map(|a| joined(&a.audiences)), audiences),
            ("introspects", joined(&row.introspects), asked.map(|a| joined(&a.introspects)), introspects),
        ];
        all.into_iter()
            .filter(|(_, value, asked, _)| {
                value != "none" || asked.as_ref().is_some_and(|asked| asked != "none")
            })
            .map(|(name, value, asked, source)| Setting { name, value, asked, source })
            .collect()
    }

    /// No policy judges it.
    fn back_channel(&self) -> Option<Setting> {
        let value = self.row.back_channel_logout_uri.as_ref()?.to_string();
        let asked = self.asked.and_then(|asked| asked.back_channel_logout_uri.as_ref());
        let asked = asked.map(ToString::to_string);
        Some(Setting { name: "backChannelLogoutUri", value, asked, source: Source::Client })
    }

    fn groups(&self) -> Option<Setting> {
        if self.row.allowed_groups.is_empty() {
            return None;
        }
        let lists: Vec<String> = self.row.allowed_groups.iter().map(|list| list.join(" or ")).collect();
        let asked = self.asked.and_then(|asked| asked.allowed_groups.as_ref()).map(|list| list.join(" or "));
        let source = self.stating(field::GROUPS, Source::Client, |p| p.allowed_groups.is_some());
        Some(Setting { name: "allowedGroups", value: lists.join(", and "), asked, source })
    }

    fn rotation(&self) -> Option<Setting> {
        let uses_secret = self.row.authentication.method.uses_secret();
        let rotation = self.merged.rotation.as_ref().filter(|_| uses_secret)?;
        let mut value = rotation.schedules.iter().map(|s| format!("`{}`", s.as_str())).collect::<Vec<_>>();
        value.extend(rotation.max_age.map(|age| format!("at most {age} old")));
        value.push(format!("overlap {}", rotation.overlap));
        let source = self.stating(field::ROTATION, Source::Default, |p| {
            p.client_authentication.secret_rotation.as_ref().is_some_and(|rule| rule.enabled)
        });
        Some(Setting { name: "secretRotation", value: value.join(", "), asked: None, source })
    }
}
