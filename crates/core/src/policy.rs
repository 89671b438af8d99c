//! The lattice: several policies over one client become one effective policy. Ceilings combine by minimum, sets by
//! intersection, requirements by or; where no policy states a field its default holds, and the built-in baseline lies
//! under all of it. Adding a policy can only tighten what another one states.

use crate::grant::{Admission, AuthMethod, Consent, GrantSet, GrantType};
use crate::names::ObjectRef;
use crate::snapshot::PolicyMark;
use crate::spec::{PolicySpec, Rotation, RotationRule};
use crate::time::Seconds;
use std::sync::Arc;

/// The longest access token of the built-in baseline.
pub const BASELINE_ACCESS_TTL: Seconds = Seconds::hours(24);
/// The longest refresh token of the built-in baseline.
pub const BASELINE_REFRESH_TTL: Seconds = Seconds::days(90);
/// No grant lives longer: a refresh token of the baseline, an access token made in its last second, and a day to spare.
pub const LONGEST_GRANT: Seconds = Seconds::days(92);
/// Scopes where no policy states `allowedScopes`.
pub const DEFAULT_SCOPES: [&str; 5] = ["openid", "profile", "email", "groups", "offline_access"];
const DEFAULT_GRANTS: GrantSet = GrantSet::of(&[GrantType::AuthorizationCode, GrantType::RefreshToken]);
/// How long an old secret stays valid where no policy states it.
pub const DEFAULT_OVERLAP: Seconds = Seconds::hours(24);

/// Fields of an AuthPolicy by which provenance names what decided, as dotted paths below `spec`.
pub mod field {
    #![expect(missing_docs, reason = "each constant is the path of the field that it names")]
    pub const ACCESS_TTL: &str = "token.accessTokenTTL";
    pub const REFRESH_TTL: &str = "token.refreshTokenTTL";
    pub const ID_TTL: &str = "token.idTokenTTL";
    pub const GRANTS: &str = "allowedGrantTypes";
    pub const SCOPES: &str = "allowedScopes";
    pub const AUDIENCES: &str = "allowedAudiences";
    pub const INTROSPECTION: &str = "allowedIntrospection";
    pub const PKCE: &str = "enforcePKCE";
    pub const METHOD: &str = "clientAuthentication.method";
    pub const METHODS: &str = "clientAuthentication.allowedMethods";
    pub const ROTATION: &str = "clientAuthentication.secretRotation";
    pub const HOSTS: &str = "redirectUris.allowedHosts";
    pub const PAR: &str = "requirePushedAuthorizationRequests";
    pub const MAX_AGE: &str = "authentication.maxAge";
    pub const GROUPS: &str = "authentication.allowedGroups";
    pub const CONSENT: &str = "consent";
    pub const CUSTOM_IDS: &str = "allowCustomClientIds";
}

/// A policy that governs: its name, its edit and what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Governor {
    /// Name and generation.
    pub mark: PolicyMark,
    /// What it says.
    pub spec: Arc<PolicySpec>,
    /// Is it sure that it governs? One that looks at labels of a namespace which cannot be seen may or may not: it tightens, as if it
    /// governed, and replaces no default, as if it did not. What is served is then within policy whatever the labels are.
    pub certain: bool,
}

/// What decided a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decider {
    /// The field's default: no policy states it.
    Default,
    /// The built-in baseline, which no policy can loosen.
    Baseline,
    /// The policy at this index of [`Merged::governors`].
    Policy(usize),
}

/// A value with what decided it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decided<T> {
    /// The value.
    pub value: T,
    /// What decided it.
    pub by: Decider,
}

/// All policies over a client as one.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The policies, ordered by name.
    pub governors: Vec<Arc<Governor>>,
    /// Ceiling of access tokens.
    pub access_ttl: Decided<Seconds>,
    /// Ceiling of refresh tokens.
    pub refresh_ttl: Decided<Seconds>,
    /// Ceiling of ID tokens.
    pub id_ttl: Decided<Seconds>,
    /// Grants that may be used; `by` is the first policy that states them.
    pub grants: Decided<GrantSet>,
    /// PKCE for confidential clients (public ones always).
    pub pkce: Decided<bool>,
    /// Pushed requests?
    pub par: Decided<bool>,
    /// How long ago a person may have logged in.
    pub max_age: Option<Decided<Seconds>>,
    /// Are people asked?
    pub consent: Decided<Consent>,
    /// May clients choose their id?
    pub custom_ids: Decided<bool>,
    /// What the webhook answers.
    pub admission: Admission,
    /// Secret rotation, where a policy enables it.
    pub rotation: Option<Rotation>,
    /// Shared by the rows of all clients that these policies govern.
    marks: Arc<[PolicyMark]>,
}

impl Merged {
    /// Combines policies; their order does not matter.
    #[must_use]
    pub fn of(mut governors: Vec<Arc<Governor>>) -> Self {
        governors.sort_by(|a, b| a.mark.cmp(&b.mark));
        let all = Stated(&governors);
        Self {
            access_ttl: all.ceiling(|p| p.token.access, Seconds::minutes(15), BASELINE_ACCESS_TTL),
            refresh_ttl: all.ceiling(|p| p.token.refresh, Seconds::hours(24), BASELINE_REFRESH_TTL),
            id_ttl: all.ceiling(|p| p.token.id, Seconds::minutes(5), Seconds::MAX),
            grants: all.intersection(|p| p.allowed_grant_types, DEFAULT_GRANTS),
            pkce: all.or(|p| p.enforce_pkce, true),
            par: all.or(|p| p.require_pushed_authorization_requests, false),
            max_age: all.least(|p| p.max_age),
            consent: all.consent(),
            custom_ids: all.and(|p| p.allow_custom_client_ids, false),
            admission: all.admission(),
            rotation: all.rotation(),
            marks: governors.iter().map(|governor| governor.mark.clone()).collect(),
            governors,
        }
    }

    /// The policies as marks, ordered by name.
    #[must_use]
    pub const fn marks(&self) -> &Arc<[PolicyMark]> {
        &self.marks
    }

    /// The policy that decided, where one did.
    #[must_use]
    pub fn decider(&self, by: Decider) -> Option<&Governor> {
        match by {
            Decider::Policy(index) => self.governors.get(index).map(|governor| &**governor),
            Decider::Default | Decider::Baseline => None,
        }
    }

    /// The first policy whose stated list does not allow something: `allows` is `None` where the policy says nothing.
    pub fn refuser(&self, allows: impl Fn(&PolicySpec) -> Option<bool>) -> Option<&Governor> {
        self.governors
            .iter()
            .map(|governor| &**governor)
            .find(|governor| allows(&governor.spec) == Some(false))
    }

    /// Does any policy that governs for sure state the field, so that its default does not hold?
    pub fn is_stated(&self, stated: impl Fn(&PolicySpec) -> bool) -> bool {
        self.governors.iter().any(|governor| governor.certain && stated(&governor.spec))
    }

    /// Do all policies that list methods list this one?
    #[must_use]
    pub fn method_refuser(&self, method: AuthMethod) -> Option<&Governor> {
        self.refuser(|p| p.client_authentication.allowed_methods.as_ref().map(|list| list.contains(&method)))
    }

    /// Methods for a confidential client that names none, best first: those that policies state and all allow; where none
    /// is stated `client_secret_basic`, then what else is allowed.
    pub fn method_candidates(&self) -> impl Iterator<Item = (AuthMethod, Decider)> {
        let stated_by = |method| {
            self.governors
                .iter()
                .position(|g| g.certain && g.spec.client_authentication.method == Some(method))
                .map(Decider::Policy)
        };
        let any_stated = self.is_stated(|p| p.client_authentication.method.is_some());
        AuthMethod::ALL
            .iter()
            .copied()
            .filter(|method| *method != AuthMethod::None && self.method_refuser(*method).is_none())
            .filter_map(move |method| match stated_by(method) {
                Some(by) => Some((method, by)),
                None if any_stated => None,
                None => Some((method, Decider::Default)),
            })
    }

    /// The object that decided, for messages: the policy, or what stands in for one.
    #[must_use]
    pub fn policy_of(&self, by: Decider) -> Option<&ObjectRef> {
        self.decider(by).map(|governor| &governor.mark.policy)
    }
}

struct Stated<'a>(&'a [Arc<Governor>]);

impl Stated<'_> {
    fn each<T>(&self, get: impl Fn(&PolicySpec) -> Option<T>) -> impl Iterator<Item = (usize, T)> {
        self.0.iter().enumerate().filter_map(move |(n, governor)| get(&governor.spec).map(|value| (n, value)))
    }

    /// Does a policy that governs for sure state it? Otherwise the default holds as well as what others state.
    fn certainly<T>(&self, get: impl Fn(&PolicySpec) -> Option<T>) -> bool {
        self.0.iter().any(|governor| governor.certain && get(&governor.spec).is_some())
    }

    fn least(&self, get: impl Fn(&PolicySpec) -> Option<Seconds>) -> Option<Decided<Seconds>> {
        // min_by_key keeps the first of equals, so the provenance is the first policy by name.
        self.each(get)
            .min_by_key(|(_, value)| *value)
            .map(|(n, value)| Decided { value, by: Decider::Policy(n) })
    }

    fn ceiling(
        &self,
        get: impl Fn(&PolicySpec) -> Option<Seconds>,
        default: Seconds,
        baseline: Seconds,
    ) -> Decided<Seconds> {
        let replaces = self.certainly(&get);
        let stated = self.least(get).filter(|stated| replaces || stated.value < default);
        let stated = stated.unwrap_or(Decided { value: default, by: Decider::Default });
        if stated.value > baseline { Decided { value: baseline, by: Decider::Baseline } } else { stated }
    }

    fn intersection(
        &self,
        get: impl Fn(&PolicySpec) -> Option<GrantSet>,
        default: GrantSet,
    ) -> Decided<GrantSet> {
        let replaces = self.certainly(&get);
        let stated = self
            .each(get)
            .map(|(n, value)| Decided { value, by: Decider::Policy(n) })
            .reduce(|a, b| Decided { value: a.value.intersect(b.value), by: a.by });
        match stated {
            Some(stated) if replaces => stated,
            Some(stated) if stated.value.intersect(default) != default => {
                Decided { value: stated.value.intersect(default), ..stated }
            }
            _ => Decided { value: default, by: Decider::Default },
        }
    }

    /// True wins; `by` is the first policy with the winning value.
    fn or(&self, get: impl Fn(&PolicySpec) -> Option<bool>, default: bool) -> Decided<bool> {
        self.winner(get, true, default)
    }

    /// False wins.
    fn and(&self, get: impl Fn(&PolicySpec) -> Option<bool>, default: bool) -> Decided<bool> {
        self.winner(get, false, default)
    }

    fn winner<T: PartialEq + Copy>(
        &self,
        get: impl Fn(&PolicySpec) -> Option<T>,
        winning: T,
        default: T,
    ) -> Decided<T> {
        let replaces = self.certainly(&get);
        self.each(get)
            .map(|(n, value)| Decided { value, by: Decider::Policy(n) })
            .reduce(|a, b| if a.value != winning && b.value == winning { b } else { a })
            .filter(|stated| replaces || stated.value == winning && default != winning)
            .unwrap_or(Decided { value: default, by: Decider::Default })
    }

    fn consent(&self) -> Decided<Consent> {
        self.winner(|p| p.consent, Consent::Required, Consent::Required)
    }

    fn admission(&self) -> Admission {
        self.winner(|p| p.admission, Admission::Deny, Admission::Warn).value
    }

    fn rotation(&self) -> Option<Rotation> {
        fn enabled(spec: &PolicySpec) -> Option<&RotationRule> {
            spec.client_authentication.secret_rotation.as_ref().filter(|rule| rule.enabled)
        }
        let rules: Vec<&RotationRule> =
            self.0.iter().filter_map(|governor| enabled(&governor.spec)).collect();
        if rules.is_empty() {
            return None;
        }
        let mut schedules: Vec<_> = rules.iter().filter_map(|rule| rule.schedule.clone()).collect();
        schedules.sort();
        schedules.dedup();
        Some(Rotation {
            schedules,
            overlap: rules.iter().filter_map(|rule| rule.overlap).min().unwrap_or(DEFAULT_OVERLAP),
            max_age: rules.iter().filter_map(|rule| rule.max_age).min(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(specs: Vec<PolicySpec>) -> Merged {
        let governors = specs.into_iter().enumerate().map(|(n, spec)| {
            let mark = PolicyMark { policy: ObjectRef::new("identity", format!("p{n}")), generation: 1 };
            Arc::new(Governor { mark, spec: Arc::new(spec), certain: true })
        });
        Merged::of(governors.collect())
    }

    /// The first of these for sure, and the others perhaps.
    fn one_for_sure(specs: Vec<PolicySpec>) -> Merged {
        let governors = merged(specs).governors.into_iter().enumerate();
        let perhaps = |(n, governor): (usize, Arc<Governor>)| {
            Arc::new(Governor { certain: n == 0, ..Governor::clone(&governor) })
        };
        Merged::of(governors.map(perhaps).collect())
    }

    fn access(seconds: u32) -> PolicySpec {
        let mut spec = PolicySpec::default();
        spec.token.access = Some(Seconds::new(seconds));
        spec
    }

    #[test]
    fn ceilings_take_the_minimum_and_say_whose_it_is() {
        let m = merged(vec![access(900), access(300), access(300)]);
        assert_eq!(m.access_ttl, Decided { value: Seconds::new(300), by: Decider::Policy(1) });
        assert_eq!(m.refresh_ttl, Decided { value: Seconds::hours(24), by: Decider::Default });
    }

    #[test]
    fn the_baseline_lies_under_every_policy() {
        assert_eq!(merged(vec![access(90_000)]).access_ttl.by, Decider::Baseline);
    }

    #[test]
    fn the_first_to_state_a_field_replaces_its_default() {
        assert_eq!(merged(vec![access(3_600)]).access_ttl.value, Seconds::hours(1));
        assert_eq!(merged(vec![]).access_ttl.value, Seconds::minutes(15));
    }

    #[test]
    fn requirements_combine_by_or_and_permissions_by_and() {
        let yes = PolicySpec {
            enforce_pkce: Some(true),
            allow_custom_client_ids: Some(true),
            ..Default::default()
        };
        let no = PolicySpec {
            enforce_pkce: Some(false),
            allow_custom_client_ids: Some(false),
            ..Default::default()
        };
        let m = merged(vec![no.clone(), yes.clone()]);
        assert_eq!((m.pkce.value, m.pkce.by), (true, Decider::Policy(1)));
        assert_eq!((m.custom_ids.value, m.custom_ids.by), (false, Decider::Policy(0)));
        assert!(!merged(vec![no]).pkce.value && merged(vec![]).pkce.value);
        assert!(merged(vec![yes]).custom_ids.value && !merged(vec![]).custom_ids.value);
    }

    #[test]
    fn a_stated_method_that_another_policy_forbids_is_no_candidate() {
        let mut basic = PolicySpec::default();
        basic.client_authentication.method = Some(AuthMethod::ClientSecretBasic);
        let mut jwt = PolicySpec::default();
        jwt.client_authentication.method = Some(AuthMethod::PrivateKeyJwt);
        let mut only_jwt = PolicySpec::default();
        only_jwt.client_authentication.allowed_methods = Some(vec![AuthMethod::PrivateKeyJwt]);
        let names = |m: &Merged| m.method_candidates().map(|(method, _)| method).collect::<Vec<_>>();
        assert_eq!(
            names(&merged(vec![basic.clone(), jwt.clone(), only_jwt.clone()])),
            [AuthMethod::PrivateKeyJwt]
        );
        assert_eq!(
            names(&merged(vec![jwt, basic.clone()])),
            [AuthMethod::ClientSecretBasic, AuthMethod::PrivateKeyJwt]
        );
        assert!(names(&merged(vec![basic, only_jwt])).is_empty());
        assert_eq!(names(&merged(vec![]))[0], AuthMethod::ClientSecretBasic);
    }

    #[test]
    fn a_policy_that_may_govern_tightens_and_replaces_no_default() {
        let loose = PolicySpec {
            allowed_grant_types: Some(GrantSet::ALL),
            enforce_pkce: Some(false),
            consent: Some(Consent::Trusted),
            allow_custom_client_ids: Some(true),
            ..access(3_600)
        };
        assert_eq!(
            one_for_sure(vec![PolicySpec::default(), loose.clone()]).access_ttl,
            merged(vec![]).access_ttl
        );
        let m = one_for_sure(vec![PolicySpec::default(), loose.clone()]);
        let nothing = merged(vec![]);
        assert_eq!(
            (m.grants, m.pkce, m.consent, m.custom_ids),
            (nothing.grants, nothing.pkce, nothing.consent, nothing.custom_ids)
        );
        assert!(!m.is_stated(|p| p.consent.is_some()));
        // What another one states for sure it can only tighten.
        let m = one_for_sure(vec![access(7_200), loose.clone()]);
        assert_eq!(m.access_ttl, Decided { value: Seconds::new(3_600), by: Decider::Policy(1) });
        let strict = PolicySpec {
            allowed_grant_types: Some(GrantSet::of(&[GrantType::AuthorizationCode])),
            require_pushed_authorization_requests: Some(true),
            max_age: Some(Seconds::new(60)),
            ..access(60)
        };
        let m = one_for_sure(vec![loose, strict]);
        assert_eq!((m.access_ttl.value, m.par.value), (Seconds::new(60), true));
        assert_eq!(m.grants.value, GrantSet::of(&[GrantType::AuthorizationCode]));
        assert_eq!(m.max_age.map(|age| age.value), Some(Seconds::new(60)));
    }

    #[test]
    fn only_enabled_rotation_rules_count() {
        let rule = |enabled, overlap| PolicySpec {
            client_authentication: crate::spec::MethodRules {
                secret_rotation: Some(RotationRule { enabled, overlap, ..Default::default() }),
                ..Default::default()
            },
            ..Default::default()
        };
        assert_eq!(merged(vec![rule(false, Some(Seconds::minutes(10)))]).rotation, None);
        let both = merged(vec![rule(true, None), rule(false, Some(Seconds::minutes(10)))]);
        assert_eq!(both.rotation.unwrap().overlap, DEFAULT_OVERLAP);
    }
}
