//! What manifests ask for that this command does not carry out: valid, kept, and said, so that nobody takes it for done.

use crate::engine::Turn;
use nauthera_core::codes::Code;
use nauthera_core::finding::{Finding, Place};
use nauthera_core::grant::AuthMethod;
use nauthera_core::names::{Kind, ObjectRef};
use nauthera_core::spec::{Database, ServerSpec, UserStoreSpec};

/// Findings on fields that `up` does not honour.
pub fn not_honoured(turn: &Turn) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(server) = &turn.server else { return findings };
    if let Some(spec) = turn.inventory.servers.get(server).and_then(|object| object.spec.as_ref()) {
        of_server(server, spec, &mut findings);
    }
    let users = turn.snapshot.as_ref().and_then(|snapshot| snapshot.head.users.as_ref());
    if let Some(users) = users.filter(|users| matches!(users.spec, UserStoreSpec::Ldap(_))) {
        let place = Place::field(Kind::UserStore, &users.store, "type");
        findings.push(not_here("LDAP directories are not served here", place, "nobody can log in"));
    }
    of_policies(turn, &mut findings);
    of_clients(turn, &mut findings);
    findings
}

fn not_here(what: &str, place: Place, instead: &str) -> Finding {
    Finding::new(Code::NotHonouredHere, what).at(place, "asked here").note(instead)
}

fn of_server(server: &ObjectRef, spec: &ServerSpec, findings: &mut Vec<Finding>) {
    let at = |path: &str| Place::field(Kind::AuthServer, server, path);
    if spec.database == Database::Postgres {
        let what = "PostgreSQL is not used by `nauthera up`";
        findings.push(not_here(what, at("database.postgres"), "SQLite in the data folder is used instead"));
    }
    if spec.tls {
        let what = "the manifest's TLS is not used by `nauthera up`";
        findings.push(not_here(
            what,
            at("tls"),
            "--tls-cert and --tls-key are used instead, where they are given",
        ));
    }
    if !spec.service_account_issuers.is_empty() {
        let what = "ServiceAccount tokens of clusters are not taken by `nauthera up`";
        findings.push(not_here(what, at("serviceAccountIssuers"), "there is no cluster here to trust"));
    }
}

fn of_policies(turn: &Turn, findings: &mut Vec<Finding>) {
    for (name, object) in &turn.inventory.policies {
        let rotation =
            object.spec.as_ref().and_then(|spec| spec.client_authentication.secret_rotation.as_ref());
        if rotation.is_some_and(|rotation| rotation.enabled) {
            let place = Place::field(Kind::AuthPolicy, name, "clientAuthentication.secretRotation");
            let what = "secret rotation is not carried out by `nauthera up`";
            findings.push(not_here(
                what,
                place,
                "clients keep their secrets; the overlap holds when one is replaced by hand",
            ));
        }
    }
}

fn of_clients(turn: &Turn, findings: &mut Vec<Finding>) {
    for (name, client) in &turn.compiled.report.clients {
        let method = client.row.as_ref().map(|row| row.authentication.method);
        if method == Some(AuthMethod::KubernetesServiceAccount) {
            let place = Place::field(Kind::AuthClient, name, "authentication");
            let what =
                format!("client `{name}` authenticates with a ServiceAccount, and there is no cluster here");
            findings.push(not_here(&what, place, "it cannot get tokens from `nauthera up`"));
        }
    }
}
