//! Bad manifests: `kubectl apply` and `nauthera check` refuse the same, and rules say it in the same words at the same field.

use nauthera_test_kubernetes::cluster::binary;
use nauthera_test_kubernetes::definitions;
use nauthera_test_kubernetes::kubectl::apply;
use nauthera_test_kubernetes::namespace::Namespace;
use serde_json::Value;
use std::process::Command;

/// What `check` finds in one manifest.
#[derive(Debug)]
struct Finding {
    weight: String,
    reason: String,
    path: String,
    message: String,
}

fn checked(manifest: &str) -> Vec<Finding> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.yaml"), manifest).unwrap();
    let mut check = Command::new(binary().unwrap());
    let output = check.args(["check", "--format", "json"]).arg(folder.path()).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = answer["findings"].as_array().unwrap().iter();
    let read = |finding: &Value| Finding {
        weight: text(&finding["weight"]),
        reason: text(&finding["reason"]),
        path: text(&finding["places"][0]["path"]),
        message: text(&finding["message"]),
    };
    findings.map(read).collect()
}

/// Those for which it refuses the object.
fn errors(manifest: &str) -> Vec<Finding> {
    checked(manifest).into_iter().filter(|finding| finding.weight == "error").collect()
}

/// A manifest of a kind in a namespace, with this spec in YAML's flow style.
fn manifest(namespace: &Namespace, kind: &str, spec: &str) -> String {
    let namespace = namespace.name();
    format!(
        "apiVersion: auth.nauthera.io/v1alpha1\nkind: {kind}\nmetadata: {{name: bad, namespace: {namespace}}}\nspec: {spec}\n"
    )
}

/// Broken rules, several at once: each is told by both, word for word.
#[test]
fn a_rule_says_the_same_with_and_without_a_cluster() {
    definitions::apply().unwrap();
    let namespace = Namespace::new("broken-rules").unwrap();
    let broken = [
        ("AuthClient", "{authServerRef: {name: main}, type: web}"),
        (
            "AuthClient",
            "{authServerRef: {name: main}, type: service, redirectUris: ['https://a.example/cb']}",
        ),
        (
            "AuthClient",
            "{authServerRef: {name: main}, type: service, grantTypes: [refresh_token], authentication: {method: none}}",
        ),
        (
            "AuthClient",
            "{authServerRef: {name: main}, type: service, authentication: {method: private_key_jwt}}",
        ),
        (
            "AuthClient",
            "{authServerRef: {name: main}, type: service, secret: {keys: {client_id: a, client_secret: a}}}",
        ),
        ("AuthPolicy", "{clientAuthentication: {secretRotation: {enabled: true}}}"),
        ("AuthPolicy", "{clientAuthentication: {secretRotation: {enabled: true, maxAge: 1h, overlap: 2h}}}"),
        ("AuthPolicy", "{examples: [{name: a, client: {type: web}, expect: Compliant}]}"),
        ("AuthServer", "{issuerUrl: 'http://login.example.com/'}"),
        ("AuthServer", "{issuerUrl: 'https://login.example.com', replicas: 3}"),
        ("AuthServer", "{issuerUrl: 'https://login.example.com', tls: {}}"),
        (
            "AuthServer",
            "{issuerUrl: 'https://login.example.com', signing: {rotationInterval: 1h, prePublish: 2h}}",
        ),
        ("UserStore", "{type: static}"),
        ("UserStore", "{type: ldap, users: []}"),
    ];
    for (kind, spec) in broken {
        let manifest = manifest(&namespace, kind, spec);
        let refused = apply(namespace.name(), &manifest).unwrap().refused().unwrap();
        let findings = errors(&manifest);
        assert!(!findings.is_empty(), "{spec}");
        for Finding { reason, path, message, .. } in &findings {
            assert_eq!(reason, "RuleViolation", "{spec}: {message}");
            let told = refused.lines().any(|line| line.contains(path) && line.ends_with(message));
            assert!(told, "{path}: {message}\nis not in\n{refused}");
        }
        let told = refused.matches("Invalid value").count();
        assert_eq!(told, findings.len(), "{refused}\n{findings:?}");
    }
}

/// What the schema itself refuses is told in other words, about the same field.
#[test]
fn what_the_schema_refuses_is_refused_by_both_at_the_same_field() {
    definitions::apply().unwrap();
    let namespace = Namespace::new("broken-schema").unwrap();
    let broken = [
        ("AuthClient", "{authServerRef: {name: main}, type: service, scope: [a]}", "spec.scope"),
        ("AuthClient", "{authServerRef: {name: main}, type: desktop}", "spec.type"),
        ("AuthClient", "{authServerRef: {name: main}, type: service, scopes: a}", "spec.scopes"),
        ("AuthClient", "{authServerRef: {name: main}, type: service, scopes: [a, a]}", "spec.scopes[1]"),
        ("AuthClient", "{type: service}", "spec.authServerRef"),
        ("AuthClient", "{authServerRef: {name: Main}, type: service}", "spec.authServerRef.name"),
        ("AuthPolicy", "{token: {accessTokenTTL: 15min}}", "spec.token.accessTokenTTL"),
        ("AuthPolicy", "{enforcement: audit}", "spec.enforcement"),
        ("AuthServer", "{issuerUrl: 'https://login.example.com', replicas: '3'}", "spec.replicas"),
        ("AuthServer", "{issuerUrl: 'https://login.example.com', replicas: -1}", "spec.replicas"),
        ("UserStore", "{type: static, users: [{username: ada, username2: b}]}", "spec.users[0].username2"),
    ];
    for (kind, spec, field) in broken {
        let manifest = manifest(&namespace, kind, spec);
        let refused = apply(namespace.name(), &manifest).unwrap().refused().unwrap();
        assert!(refused.contains(field), "{field}: {refused}");
        let findings = errors(&manifest);
        assert!(findings.iter().any(|finding| field.starts_with(&finding.path)), "{field}: {findings:?}");
    }
}

/// To kubectl a bare `on` is a boolean; `check` takes it for the text that belongs there, and warns of just that.
#[test]
fn words_that_kubectl_takes_for_booleans_are_told_by_both() {
    definitions::apply().unwrap();
    let namespace = Namespace::new("booleans").unwrap();
    let spec = "{authServerRef: {name: main}, type: service, scopes: [on]}";
    let manifest = manifest(&namespace, "AuthClient", spec);
    let refused = apply(namespace.name(), &manifest).unwrap().refused().unwrap();
    assert!(refused.contains("spec.scopes[0]") && refused.contains("boolean"), "{refused}");
    let findings = checked(&manifest);
    let told = findings
        .iter()
        .any(|finding| finding.path == "spec.scopes[0]" && finding.message.contains("boolean"));
    assert!(told, "{findings:?}");
}
