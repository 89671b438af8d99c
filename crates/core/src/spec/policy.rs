//! An AuthPolicy: what any application may have. A field that is `None` says nothing.

use super::{ClientSpec, LabelSelector};
use crate::grant::{Admission, AuthMethod, ClientType, Consent, Enforcement, Expectation, GrantSet};
use crate::names::ObjectRef;
use crate::pattern::{HostPattern, NamePattern, PatternSet};
use crate::time::Seconds;
use std::sync::Arc;

/// What any application may have. Fields are named as in the manifest.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PolicySpec {
    /// Narrow, or only report.
    pub enforcement: Option<Enforcement>,
    /// What the webhook answers.
    pub admission: Option<Admission>,
    /// Holds on every server of its namespace?
    pub mandatory: bool,
    /// Which clients it governs; `None` means all of the server.
    pub client_selector: Option<Selector>,
    /// Which it does not.
    pub except: Option<Selector>,
    /// Ceilings of lifetimes.
    pub token: TtlCeilings,
    /// Grants that may be used.
    pub allowed_grant_types: Option<GrantSet>,
    /// Scopes that may be granted.
    pub allowed_scopes: Option<PatternSet<NamePattern>>,
    /// Resource indicators that may be named.
    pub allowed_audiences: Option<PatternSet<NamePattern>>,
    /// Audiences whose tokens may be introspected.
    pub allowed_introspection: Option<PatternSet<NamePattern>>,
    /// PKCE for every client of the authorization code grant?
    pub enforce_pkce: Option<bool>,
    /// How clients authenticate.
    pub client_authentication: MethodRules,
    /// https hosts that redirect and post-logout URIs may name.
    pub allowed_hosts: Option<PatternSet<HostPattern>>,
    /// Must requests be pushed (RFC 9126)?
    pub require_pushed_authorization_requests: Option<bool>,
    /// How long ago a person may have logged in.
    pub max_age: Option<Seconds>,
    /// Groups of which a person must be in one.
    pub allowed_groups: Option<Vec<Arc<str>>>,
    /// Are people asked?
    pub consent: Option<Consent>,
    /// May clients choose their id?
    pub allow_custom_client_ids: Option<bool>,
    /// Clients with the verdict that this policy must give them.
    pub examples: Vec<Example>,
}

impl PolicySpec {
    /// Does it narrow what it governs, or only report?
    #[must_use]
    pub fn enforces(&self) -> bool {
        self.enforcement != Some(Enforcement::Audit)
    }
}

/// Ceilings of lifetimes, and the values of clients that ask for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TtlCeilings {
    /// Of access tokens.
    pub access: Option<Seconds>,
    /// Of refresh tokens, counted from the login.
    pub refresh: Option<Seconds>,
    /// Of ID tokens.
    pub id: Option<Seconds>,
}

/// How clients may authenticate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MethodRules {
    /// Given to confidential clients that name none.
    pub method: Option<AuthMethod>,
    /// Methods that confidential clients may use.
    pub allowed_methods: Option<Vec<AuthMethod>>,
    /// Rotation of the secrets that we issue.
    pub secret_rotation: Option<RotationRule>,
}

/// A rotation rule as written; counts only when `enabled`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RotationRule {
    /// Does the rule count?
    pub enabled: bool,
    /// When to rotate.
    pub schedule: Option<Schedule>,
    /// How long an old secret stays valid.
    pub overlap: Option<Seconds>,
    /// How old a secret may get.
    pub max_age: Option<Seconds>,
}

/// Rotation as it holds for a client after all its policies.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rotation {
    /// The schedules of all policies: the earliest next time counts.
    pub schedules: Vec<Schedule>,
    /// How long an old secret stays valid.
    pub overlap: Seconds,
    /// How old a secret may get.
    pub max_age: Option<Seconds>,
}

/// A cron expression of five fields, in UTC.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Schedule(Arc<str>);

/// Why a text is not a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a schedule: write five cron fields in UTC (minute hour day month weekday), such as `0 3 * * 0`"
)]
pub struct BadSchedule(pub String);

impl Schedule {
    /// Reads five cron fields.
    ///
    /// # Errors
    /// [`BadSchedule`] for six fields, nicknames such as `@daily`, and values out of range.
    pub fn parse(text: &str) -> Result<Self, BadSchedule> {
        let bad = || BadSchedule(text.chars().take(80).collect());
        if text.split_whitespace().count() != 5 {
            return Err(bad());
        }
        cron(text).map(|_| Self(text.into())).ok_or_else(bad)
    }

    /// The expression as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first time of the schedule after `after`; `None` when there is none.
    #[must_use]
    pub fn next_after(&self, after: crate::time::UnixTime) -> Option<crate::time::UnixTime> {
        let start = jiff::Timestamp::from_second(after.0).ok()?.to_zoned(jiff::tz::TimeZone::UTC);
        let next = cron(&self.0)?.find_next_occurrence(&start, false).ok()?;
        Some(crate::time::UnixTime(next.timestamp().as_second()))
    }
}

fn cron(text: &str) -> Option<croner::Cron> {
    croner::parser::CronParser::builder()
        .seconds(croner::parser::Seconds::Disallowed)
        .year(croner::parser::Year::Disallowed)
        .build()
        .parse(text)
        .ok()
}

impl TryFrom<String> for Schedule {
    type Error = BadSchedule;
    fn try_from(text: String) -> Result<Self, BadSchedule> {
        Self::parse(&text)
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> Self {
        (&*schedule.0).into()
    }
}

/// Which clients a policy governs. All parts given must match; a given empty list matches none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector {
    /// By labels of the client's namespace.
    pub namespace_selector: Option<LabelSelector>,
    /// By name of the client's namespace.
    pub namespaces: Option<Vec<Arc<str>>>,
    /// By `namespace/name`.
    pub clients: Option<Vec<ObjectRef>>,
    /// By client type.
    pub types: Option<Vec<ClientType>>,
}

/// A client with the verdict that the policy must give it.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// What messages call it.
    pub name: Arc<str>,
    /// The client; its server is not looked at.
    pub client: ClientSpec,
    /// The verdict.
    pub expect: Expectation,
}
