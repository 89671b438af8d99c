//! What `kubectl get` shows.

use nauthera_test_kubernetes::definitions::apply;
use nauthera_test_kubernetes::kubectl::{kubectl, with_input};
use nauthera_test_kubernetes::namespace::Namespace;

/// Makes an object with a status and answers the lines of `kubectl get` for it, without the age that comes last.
fn shown(namespace: &Namespace, object: &str, status: &str, options: &[&str]) -> Vec<Vec<String>> {
    let name = namespace.name();
    let created =
        with_input(["create", "-n", name, "-f", "-", "-o", "name"], object).unwrap().worked().unwrap();
    let created = created.trim();
    let patch = format!(r#"{{"status":{status}}}"#);
    let words = ["patch", created, "-n", name, "--subresource=status", "--type=merge", "-p", &patch];
    kubectl(words).unwrap().worked().unwrap();
    let table = kubectl(["get", created, "-n", name].iter().chain(options)).unwrap().worked().unwrap();
    // Columns stand apart by three blanks at least, and a word may have one.
    let line = |line: &str| {
        line.split("   ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
    };
    table.lines().map(line).collect()
}

const CONDITIONS: &str = r#""conditions":[
  {"type":"Compliant","status":"False","reason":"Narrowed","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"},
  {"type":"Ready","status":"True","reason":"Served","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]"#;

#[test]
fn a_client_shows_its_server_id_and_verdict() {
    apply().unwrap();
    let namespace = Namespace::new("client-columns").unwrap();
    let object = "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthClient
metadata: {name: till}
spec:
  authServerRef: {name: main}
  type: service
";
    let status = format!(
        r#"{{"clientId":"shop.till","policyNames":"baseline","nextRotationTime":"2030-01-01T00:00:00Z",{CONDITIONS}}}"#
    );
    let lines = shown(&namespace, object, &status, &["-o", "wide"]);
    assert_eq!(
        lines[0],
        [
            "NAME",
            "SERVER",
            "TYPE",
            "CLIENT ID",
            "COMPLIANT",
            "READY",
            "REASON",
            "POLICIES",
            "NEXT ROTATION",
            "AGE"
        ]
    );
    // A date would be shown as how long ago it was, which of a time to come is `<invalid>`.
    assert_eq!(
        lines[1][..9],
        // A column of kubectl's dates knows no time that is still to come.
        [
            "till",
            "main",
            "service",
            "shop.till",
            "False",
            "True",
            "Served",
            "baseline",
            "2030-01-01T00:00:00Z"
        ]
    );
}

#[test]
fn a_policy_shows_how_many_it_governs() {
    apply().unwrap();
    let namespace = Namespace::new("policy-columns").unwrap();
    let object = "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthPolicy
metadata: {name: baseline}
spec: {enforcement: Audit}
";
    let status = r#"{"clients":{"total":12,"compliant":10,"violating":2},"live":"3/3"}"#;
    let lines = shown(&namespace, object, status, &[]);
    assert_eq!(lines[0], ["NAME", "ENFORCEMENT", "CLIENTS", "VIOLATING", "LIVE", "AGE"]);
    assert_eq!(lines[1][..5], ["baseline", "Audit", "12", "2", "3/3"]);
}

#[test]
fn a_server_shows_its_issuer_and_revision() {
    apply().unwrap();
    let namespace = Namespace::new("server-columns").unwrap();
    let object = "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthServer
metadata: {name: main}
spec: {issuerUrl: https://login.example.com}
";
    let status = format!(
        r#"{{"replicas":3,"clients":{{"total":7,"compliant":7,"refused":0}},"revision":"0123456789ab",{CONDITIONS}}}"#
    );
    let lines = shown(&namespace, object, &status, &[]);
    assert_eq!(lines[0], ["NAME", "ISSUER", "REPLICAS", "CLIENTS", "REVISION", "READY", "AGE"]);
    assert_eq!(lines[1][..6], ["main", "https://login.example.com", "3", "7", "0123456789ab", "True"]);
}

#[test]
fn a_user_store_shows_its_type_and_why() {
    apply().unwrap();
    let namespace = Namespace::new("store-columns").unwrap();
    let object = "
apiVersion: auth.nauthera.io/v1alpha1
kind: UserStore
metadata: {name: people}
spec: {type: static, users: []}
";
    let lines = shown(&namespace, object, &format!("{{{CONDITIONS}}}"), &[]);
    assert_eq!(lines[0], ["NAME", "TYPE", "READY", "REASON", "AGE"]);
    assert_eq!(lines[1][..4], ["people", "static", "True", "Served"]);
}
