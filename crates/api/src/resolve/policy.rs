//! AuthPolicy to `nauthera_core::spec::PolicySpec`.

use super::client::{client_at, reference};
use super::fault::{At, Fault, Faults};
use super::{lists, rotation, selector};
use crate::v1alpha1::{AuthPolicySpec, ClientSelector, MethodPolicy, PolicyExample, TokenCeilings};
use nauthera_core::names::{Audience, BadName, ObjectRef, Scope};
use nauthera_core::pattern::{NamePattern, PatternSet};
use nauthera_core::spec::{Example, MethodRules, PolicySpec, TtlCeilings};
use std::collections::BTreeSet;
use url::Host;

/// Reads an AuthPolicy's spec. `object` names the policy.
///
/// # Errors
/// Every [`Fault`] of the spec, those of its examples included.
pub fn policy(object: &ObjectRef, written: &AuthPolicySpec) -> Result<PolicySpec, Vec<Fault>> {
    let mut faults = Faults::default();
    let at = At::Root.field("spec");
    let person = at.field("authentication");
    let asked = written.authentication.as_ref();
    let hosts = written.redirect_uris.as_ref().and_then(|rules| rules.allowed_hosts.as_deref());
    let hosts_at = at.field("redirectUris");
    if let Some(grants) = &written.allowed_grant_types {
        lists::once(&mut faults, &at.field("allowedGrantTypes"), grants);
    }
    let selector = |faults: &mut Faults, field: &str, selector: Option<&ClientSelector>| {
        selector.map(|selector| selector::clients(faults, &at.field(field), selector))
    };
    let patterns = |faults: &mut Faults, field: &str, texts: &Option<Vec<String>>, judge: Judge| {
        names(faults, &at.field(field), texts.as_deref(), judge)
    };
    let spec = PolicySpec {
        enforcement: Some(written.enforcement),
        admission: written.admission,
        mandatory: written.mandatory,
        client_selector: selector(&mut faults, "clientSelector", written.client_selector.as_ref()),
        except: selector(&mut faults, "except", written.except.as_ref()),
        token: ceilings(&mut faults, &at.field("token"), written.token.as_ref()),
        allowed_grant_types: written
            .allowed_grant_types
            .as_ref()
            .map(|grants| grants.iter().copied().collect()),
        allowed_scopes: patterns(&mut faults, "allowedScopes", &written.allowed_scopes, scope),
        allowed_audiences: patterns(&mut faults, "allowedAudiences", &written.allowed_audiences, audience),
        allowed_introspection: patterns(
            &mut faults,
            "allowedIntrospection",
            &written.allowed_introspection,
            audience,
        ),
        enforce_pkce: written.enforce_pkce,
        client_authentication: methods(
            &mut faults,
            &at.field("clientAuthentication"),
            written.client_authentication.as_ref(),
        ),
        allowed_hosts: hosts.map(|texts| {
            PatternSet::parse(lists::each(&mut faults, &hosts_at.field("allowedHosts"), texts, host_pattern))
        }),
        require_pushed_authorization_requests: written.require_pushed_authorization_requests,
        max_age: faults.seconds(&person.field("maxAge"), asked.and_then(|p| p.max_age.as_ref())),
        allowed_groups: lists::optional(
            &mut faults,
            &person.field("allowedGroups"),
            asked.and_then(|p| p.allowed_groups.as_deref()),
        ),
        consent: written.consent,
        allow_custom_client_ids: written.allow_custom_client_ids,
        examples: examples(&mut faults, &at.field("examples"), object, &written.examples),
    };
    faults.done(Some(spec))
}

/// Judges a name without its star.
type Judge = fn(&str) -> Result<(), BadName>;

fn ceilings(faults: &mut Faults, at: &At<'_>, written: Option<&TokenCeilings>) -> TtlCeilings {
    let Some(written) = written else { return TtlCeilings::default() };
    TtlCeilings {
        access: faults.lifetime(&at.field("accessTokenTTL"), written.access_token_ttl.as_ref()),
        refresh: faults.lifetime(&at.field("refreshTokenTTL"), written.refresh_token_ttl.as_ref()),
        id: faults.lifetime(&at.field("idTokenTTL"), written.id_token_ttl.as_ref()),
    }
}

fn scope(name: &str) -> Result<(), BadName> {
    Scope::parse(name).map(|_| ())
}

fn audience(name: &str) -> Result<(), BadName> {
    Audience::parse(name).map(|_| ())
}

fn methods(faults: &mut Faults, at: &At<'_>, written: Option<&MethodPolicy>) -> MethodRules {
    let Some(written) = written else { return MethodRules::default() };
    if let Some(methods) = &written.allowed_methods {
        lists::once(faults, &at.field("allowedMethods"), methods);
    }
    let rotation_at = at.field("secretRotation");
    MethodRules {
        method: written.method,
        allowed_methods: written.allowed_methods.clone(),
        secret_rotation: written
            .secret_rotation
            .as_ref()
            .map(|rule| rotation::rotation(faults, &rotation_at, rule)),
    }
}

fn examples(faults: &mut Faults, at: &At<'_>, object: &ObjectRef, written: &[PolicyExample]) -> Vec<Example> {
    let mut seen = BTreeSet::new();
    let mut examples = Vec::with_capacity(written.len());
    for (index, example) in written.iter().enumerate() {
        let at = at.index(index);
        if !seen.insert(example.name.as_str()) {
            faults.add(
                &at.field("name"),
                format!(
                    "two examples are named `{}`; give each a name of its own",
                    lists::cut(&example.name)
                ),
            );
        }
        let server = reference(object, example.client.auth_server_ref.as_ref());
        let server = server.unwrap_or_else(|| ObjectRef::new(object.namespace.clone(), "example"));
        examples.push(Example {
            name: example.name.as_str().into(),
            client: client_at(faults, &at.field("client"), server, &example.client),
            expect: example.expect,
        });
    }
    examples
}

fn names(
    faults: &mut Faults,
    at: &At<'_>,
    texts: Option<&[String]>,
    judge: Judge,
) -> Option<PatternSet<NamePattern>> {
    let patterns = lists::each(faults, at, texts?, |text| {
        let name = text.strip_suffix('*').unwrap_or(text);
        if name.contains('*') {
            let text = lists::cut(text);
            return Err(format!(
                "`{text}` has a star that is not at its end; write an exact name, or a prefix such as orders:*"
            ));
        }
        // A star alone is the prefix of every name.
        if text != "*" {
            judge(name).map_err(|error| error.to_string())?;
        }
        Ok(text.to_owned())
    });
    Some(PatternSet::parse(patterns))
}

/// A host, or `*.` and a host, in the form in which hosts of URIs are compared.
fn host_pattern(text: &str) -> Result<String, String> {
    let bad = |why: &str| Err(format!("`{}` is not a host; {why}", lists::cut(text)));
    let (star, host) = text.strip_prefix("*.").map_or(("", text), |host| ("*.", host));
    if host.contains('*') {
        return bad("a star may stand only at the beginning, as in *.example.com");
    }
    if host.contains("://") || host.contains('/') {
        return bad("write the host alone, such as shop.example.com, without https:// and path");
    }
    match Host::parse(host) {
        Ok(Host::Domain(normal)) if normal.eq_ignore_ascii_case(host) => Ok(text.to_owned()),
        Ok(Host::Domain(normal)) => bad(&format!("write it in its ASCII form, {star}{normal}")),
        Ok(Host::Ipv4(_) | Host::Ipv6(_)) if star.is_empty() => Ok(text.to_owned()),
        Ok(_) => bad("an address has nothing below it; take the star away"),
        Err(_) => bad("write the host alone, such as shop.example.com or *.example.com, without a port"),
    }
}
