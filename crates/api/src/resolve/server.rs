//! AuthServer to `nauthera_core::spec::ServerSpec`.

use super::client::{https, reference};
use super::fault::{At, Fault, Faults};
use super::{lists, selector};
use crate::v1alpha1::{self as written, AuthServerSpec, CA_KEY, FromNamespaces};
use nauthera_core::names::ObjectRef;
use nauthera_core::spec::{
    AllowedNamespaces, Branding, Database, IssuerKeys, IssuerNamespaces, SecretKey, ServerSpec,
    ServiceAccountIssuer, SessionSettings, SigningSettings,
};
use nauthera_core::uri::IssuerUrl;
use std::collections::BTreeSet;

/// Reads an AuthServer's spec. `object` names the server.
///
/// # Errors
/// Every [`Fault`] of the spec, in the order of its fields.
pub fn server(object: &ObjectRef, written: &AuthServerSpec) -> Result<ServerSpec, Vec<Fault>> {
    let mut faults = Faults::default();
    let at = At::Root.field("spec");
    let issuer = IssuerUrl::parse(&written.issuer_url)
        .map_err(|error| format!("`{}` cannot be an issuer: {error}", lists::cut(&written.issuer_url)));
    let issuer_url = faults.take(&at.field("issuerUrl"), issuer);
    let namespaces = at.field("allowedClients");
    let policy_selector = written
        .policy_selector
        .as_ref()
        .map(|selector| selector::labels(&mut faults, &at.field("policySelector"), selector));
    let allowed = allowed(&mut faults, &namespaces.field("namespaces"), &written.allowed_clients.namespaces);
    let database = database(&mut faults, &at.field("database"), &written.database);
    let signing = signing(&mut faults, &at.field("signing"), &written.signing);
    let clusters =
        cluster_issuers(&mut faults, &at.field("serviceAccountIssuers"), &written.service_account_issuers);
    let session = session(&mut faults, &at.field("session"), &written.session);
    let branding = written
        .branding
        .as_ref()
        .map(|pages| branding(&mut faults, &at.field("branding"), pages))
        .unwrap_or_default();
    let spec = issuer_url.map(|issuer_url| ServerSpec {
        issuer_url,
        policy_selector,
        allowed_namespaces: allowed,
        database,
        user_store: reference(object, written.user_store_ref.as_ref()),
        signing,
        session,
        branding,
        service_account_issuers: clusters,
        tls: written.tls.is_some(),
    });
    faults.done(spec)
}

fn allowed(faults: &mut Faults, at: &At<'_>, written: &written::AllowedNamespaces) -> AllowedNamespaces {
    match (written.from, &written.selector) {
        (FromNamespaces::All, _) => AllowedNamespaces::All,
        (FromNamespaces::Same, _) => AllowedNamespaces::Same,
        (FromNamespaces::Selector, Some(labels)) => {
            AllowedNamespaces::Selector(selector::labels(faults, &at.field("selector"), labels))
        }
        (FromNamespaces::Selector, None) => {
            faults.add(
                at,
                "from: Selector needs a selector; write matchLabels or matchExpressions, or use All or Same",
            );
            AllowedNamespaces::Same
        }
    }
}

fn database(faults: &mut Faults, at: &At<'_>, written: &written::Database) -> Database {
    match (&written.sqlite, &written.postgres) {
        (None, Some(_)) => Database::Postgres,
        (Some(_), None) => Database::Sqlite,
        _ => {
            faults.add(
                at,
                "the state lives in one place: write either sqlite or postgres, and take the other away",
            );
            Database::Sqlite
        }
    }
}

fn signing(faults: &mut Faults, at: &At<'_>, written: &written::Signing) -> SigningSettings {
    let default = SigningSettings::default();
    let rotation_interval = faults
        .lifetime(&at.field("rotationInterval"), Some(&written.rotation_interval))
        .unwrap_or(default.rotation_interval);
    let pre_publish = faults.lifetime(&at.field("prePublish"), Some(&written.pre_publish));
    if pre_publish.is_some_and(|pre_publish| pre_publish >= rotation_interval) {
        faults.add(
            &at.field("prePublish"),
            "prePublish must be shorter than rotationInterval; write a shorter prePublish, or a longer rotationInterval",
        );
    }
    SigningSettings {
        algorithm: written.algorithm,
        rotation_interval,
        pre_publish: pre_publish.unwrap_or(default.pre_publish),
    }
}

fn session(faults: &mut Faults, at: &At<'_>, written: &written::Session) -> SessionSettings {
    let lifetime = faults.lifetime(&at.field("lifetime"), Some(&written.lifetime));
    let idle = faults.lifetime(&at.field("idleTimeout"), written.idle_timeout.as_ref());
    if let (Some(lifetime), Some(idle)) = (lifetime, idle)
        && idle > lifetime
    {
        faults.add(
            &at.field("idleTimeout"),
            "idleTimeout cannot be longer than lifetime; write a shorter idleTimeout, or a longer lifetime",
        );
    }
    let default = SessionSettings::default();
    let lifetime = lifetime.unwrap_or(default.lifetime);
    // A default of ours is nobody's mistake: it gives way.
    SessionSettings { lifetime, idle_timeout: idle.unwrap_or(default.idle_timeout.min(lifetime)) }
}

fn cluster_issuers(
    faults: &mut Faults,
    at: &At<'_>,
    written: &[written::ServiceAccountIssuer],
) -> Vec<ServiceAccountIssuer> {
    let mut seen = BTreeSet::new();
    let mut clusters = Vec::new();
    for (index, cluster) in written.iter().enumerate() {
        let at = at.index(index);
        if !seen.insert(cluster.issuer.clone()) {
            faults.add(
                &at.field("issuer"),
                format!("`{}` stands twice; put its namespaces into one entry", lists::cut(&cluster.issuer)),
            );
        }
        faults.take(&at.field("issuer"), https(&cluster.issuer, "ServiceAccount issuer"));
        let uri = cluster.jwks_uri.as_ref();
        let uri = uri.and_then(|text| faults.take(&at.field("jwksUri"), https(text, "jwksUri")));
        let namespaces = lists::plain(faults, &at.field("namespaces"), &cluster.namespaces);
        let ca = cluster.ca_secret_ref.as_ref();
        clusters.push(ServiceAccountIssuer {
            issuer: cluster.issuer.as_str().into(),
            keys: uri.map_or(IssuerKeys::Discovery, IssuerKeys::JwksUri),
            ca: ca.map(|secret| SecretKey {
                name: secret.name.as_str().into(),
                key: secret.key_or(CA_KEY).into(),
            }),
            namespaces: IssuerNamespaces::Listed(namespaces.into_iter().collect()),
        });
    }
    clusters
}

fn branding(faults: &mut Faults, at: &At<'_>, written: &written::Branding) -> Branding {
    let logo =
        written.logo_url.as_ref().and_then(|text| faults.take(&at.field("logoUrl"), https(text, "logoUrl")));
    let colour = written.primary_color.as_ref().filter(|text| {
        let good = is_colour(text);
        if !good {
            let message = format!(
                "`{}` is not a colour; write #rgb or #rrggbb in quotes, such as \"#0057b8\"",
                lists::cut(text)
            );
            faults.add(&at.field("primaryColor"), message);
        }
        good
    });
    Branding {
        name: lists::text(faults, &at.field("name"), written.name.as_ref()),
        logo_url: logo.map(|url| url.as_str().into()),
        primary_color: colour.map(|text| text.as_str().into()),
    }
}

fn is_colour(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|hex| matches!(hex.len(), 3 | 6) && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}
