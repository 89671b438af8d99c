//! The rules of AuthServers.

use super::{accepts, judge, object, rejects};
use nauthera_core::names::Kind::AuthServer;
use serde_json::{Value, json};

fn server(more: Value) -> Value {
    let mut spec = json!({ "issuerUrl": "https://login.example.com" });
    for (field, value) in more.as_object().unwrap() {
        spec[field] = value.clone();
    }
    spec
}

#[test]
fn an_issuer_alone_is_enough() {
    accepts(AuthServer, server(json!({})));
}

#[test]
fn the_name_is_a_dns_label_of_at_most_40_characters() {
    let message = "the name of an AuthServer is a DNS label of at most 40 characters: use lower case letters, digits and -";
    let mut named = object(AuthServer, &server(json!({})));
    for (name, good) in [
        ("login".to_owned(), true),
        ("a".to_owned(), true),
        ("login-2".to_owned(), true),
        ("a".repeat(40), true),
        ("a".repeat(41), false),
        ("login.example".to_owned(), false),
        ("login-".to_owned(), false),
    ] {
        named["metadata"]["name"] = name.as_str().into();
        let said = judge(AuthServer, &named, None);
        let expected: Vec<_> = (!good).then(|| (String::new(), message.to_owned())).into_iter().collect();
        assert_eq!(said, expected, "{name}");
    }
}

#[test]
fn issuers_have_their_form() {
    for good in [
        "https://login.example.com/tenant",
        "https://login.example.com:8443",
        "http://localhost:8080",
        "http://127.0.0.1:8080/tenant",
        "http://127.1.2.3",
        "http://[::1]:8080",
    ] {
        accepts(AuthServer, json!({ "issuerUrl": good }));
    }
    let scheme = "an issuer is an https address; http is allowed only for a loopback address or localhost";
    for bad in [
        "http://login.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "ftp://login.example.com",
        "login.example.com",
    ] {
        rejects(AuthServer, json!({ "issuerUrl": bad }), "spec.issuerUrl", scheme);
    }
    let query = "an issuer has no query and no fragment: take away everything from ? or # on";
    for bad in ["https://login.example.com?x=y", "https://login.example.com#x"] {
        rejects(AuthServer, json!({ "issuerUrl": bad }), "spec.issuerUrl", query);
    }
    let slash = "an issuer does not end in /: take the last slash away";
    for bad in ["https://login.example.com/", "https://login.example.com/tenant/"] {
        rejects(AuthServer, json!({ "issuerUrl": bad }), "spec.issuerUrl", slash);
    }
}

#[test]
fn the_issuer_never_changes_and_the_rest_may() {
    let old = object(AuthServer, &server(json!({ "replicas": 1 })));
    let moved = object(AuthServer, &json!({ "issuerUrl": "https://other.example.com" }));
    let message = "issuerUrl is immutable, since every token carries it: make a new AuthServer instead";
    assert_eq!(judge(AuthServer, &moved, Some(&old)), [("spec.issuerUrl".to_owned(), message.to_owned())]);
    let changed = object(AuthServer, &server(json!({ "session": { "lifetime": "8h" } })));
    assert!(judge(AuthServer, &changed, Some(&old)).is_empty());
}

#[test]
fn a_selector_of_namespaces_goes_with_from_selector() {
    let with = |namespaces: Value| server(json!({ "allowedClients": { "namespaces": namespaces } }));
    let labels = json!({ "matchLabels": { "team": "shop" } });
    accepts(AuthServer, with(json!({})));
    accepts(AuthServer, with(json!({ "from": "Same" })));
    accepts(AuthServer, with(json!({ "from": "Selector", "selector": labels })));
    let path = "spec.allowedClients.namespaces";
    rejects(
        AuthServer,
        with(json!({ "from": "Selector" })),
        path,
        "from: Selector needs a selector: write matchLabels or matchExpressions, or use All or Same",
    );
    for from in ["All", "Same"] {
        rejects(
            AuthServer,
            with(json!({ "from": from, "selector": labels })),
            path,
            "a selector counts only with from: Selector: write that, or take the selector away",
        );
    }
}

#[test]
fn the_certificate_comes_from_one_place() {
    let secret = json!({ "name": "cert" });
    let manager = json!({ "issuerRef": { "name": "public" } });
    accepts(AuthServer, server(json!({ "tls": { "certSecretRef": secret } })));
    accepts(AuthServer, server(json!({ "tls": { "certManager": manager } })));
    let message = "the certificate comes from one place: write either certSecretRef or certManager";
    for tls in [json!({}), json!({ "certSecretRef": secret, "certManager": manager })] {
        rejects(AuthServer, server(json!({ "tls": tls })), "spec.tls", message);
    }
}

#[test]
fn the_state_lives_in_one_place() {
    let postgres = json!({ "urlSecretRef": { "name": "db" } });
    accepts(AuthServer, server(json!({ "database": { "sqlite": {} } })));
    accepts(AuthServer, server(json!({ "database": { "postgres": postgres } })));
    let message = "the state lives in one place: write either sqlite or postgres, and take the other away";
    for database in [json!({}), json!({ "sqlite": {}, "postgres": postgres })] {
        rejects(AuthServer, server(json!({ "database": database })), "spec.database", message);
    }
}

#[test]
fn labels_of_pods_leave_those_alone_that_find_them() {
    let with = |part: &str, key: &str| server(json!({ "podTemplate": { part: { key: "x" } } }));
    for good in ["team", "shop.example/team", "app.kubernetes.io/version"] {
        accepts(AuthServer, with("labels", good));
    }
    let message = "labels under auth.nauthera.io, and app.kubernetes.io/name, component and managed-by, find the pods and are the operator's: take them away";
    for bad in ["auth.nauthera.io/server", "app.kubernetes.io/name", "app.kubernetes.io/managed-by"] {
        rejects(AuthServer, with("labels", bad), "spec.podTemplate.labels", message);
    }
    for part in ["labels", "annotations", "nodeSelector"] {
        let message = format!(
            "a key of {part} is at most 63 letters, digits, -, _ and ., perhaps after a domain and a slash, such as shop.example/team"
        );
        rejects(AuthServer, with(part, "a b"), &format!("spec.podTemplate.{part}"), &message);
    }
}

#[test]
fn several_replicas_need_postgres() {
    let postgres = json!({ "postgres": { "urlSecretRef": { "name": "db" } } });
    accepts(AuthServer, server(json!({ "replicas": 1 })));
    accepts(AuthServer, server(json!({ "replicas": 3, "database": postgres })));
    let message = "sqlite serves one replica: write database.postgres, or set replicas to 1";
    rejects(AuthServer, server(json!({ "replicas": 2 })), "spec.replicas", message);
    let sqlite = json!({ "sqlite": { "storage": "5Gi" } });
    rejects(AuthServer, server(json!({ "replicas": 3, "database": sqlite })), "spec.replicas", message);
}

#[test]
fn a_key_is_published_before_the_one_before_it_ends() {
    accepts(AuthServer, server(json!({ "signing": { "rotationInterval": "2d", "prePublish": "47h" } })));
    let message = "prePublish must be shorter than rotationInterval: write a shorter prePublish, or a longer rotationInterval";
    rejects(
        AuthServer,
        server(json!({ "signing": { "rotationInterval": "1d" } })),
        "spec.signing.prePublish",
        message,
    );
    rejects(
        AuthServer,
        server(json!({ "signing": { "prePublish": "31d" } })),
        "spec.signing.prePublish",
        message,
    );
}

#[test]
fn a_session_is_not_idle_for_longer_than_it_lives() {
    accepts(AuthServer, server(json!({ "session": { "lifetime": "1h" } })));
    accepts(AuthServer, server(json!({ "session": { "lifetime": "30m" } })));
    rejects(
        AuthServer,
        server(json!({ "session": { "lifetime": "30m", "idleTimeout": "1h" } })),
        "spec.session.idleTimeout",
        "idleTimeout cannot be longer than lifetime: write a shorter idleTimeout, or a longer lifetime",
    );
}

#[test]
fn each_foreign_cluster_stands_once_and_over_https() {
    let cluster = |issuer: &str| json!({ "issuer": issuer, "namespaces": ["shop"] });
    let with = |clusters: Value| server(json!({ "serviceAccountIssuers": clusters }));
    let (a, b) = (cluster("https://a.example"), cluster("https://b.example"));
    accepts(AuthServer, with(json!([a, b])));
    rejects(
        AuthServer,
        with(json!([a, a])),
        "spec.serviceAccountIssuers",
        "an issuer stands twice: put its namespaces into one entry",
    );
    rejects(
        AuthServer,
        with(json!([cluster("http://a.example")])),
        "spec.serviceAccountIssuers[0].issuer",
        "the issuer of a cluster is an https address",
    );
    let mut keys = a;
    keys["jwksUri"] = "http://a.example/jwks".into();
    let path = "spec.serviceAccountIssuers[0].jwksUri";
    rejects(AuthServer, with(json!([keys])), path, "jwksUri is an https address");
}

#[test]
fn a_server_is_exposed_in_one_way() {
    let route = json!({ "parentRefs": [{ "name": "public" }] });
    accepts(AuthServer, server(json!({ "expose": { "ingress": {} } })));
    accepts(AuthServer, server(json!({ "expose": { "httpRoute": route } })));
    let message = "a server is exposed in one way: write either ingress or httpRoute";
    for expose in [json!({}), json!({ "ingress": {}, "httpRoute": route })] {
        rejects(AuthServer, server(json!({ "expose": expose })), "spec.expose", message);
    }
}

#[test]
fn branding_is_safe_to_show() {
    let with = |branding: Value| server(json!({ "branding": branding }));
    accepts(
        AuthServer,
        with(json!({ "logoUrl": "https://example.com/logo.svg", "primaryColor": "#0057b8" })),
    );
    accepts(AuthServer, with(json!({ "primaryColor": "#abc" })));
    let logo = json!({ "logoUrl": "http://example.com/logo.svg" });
    rejects(AuthServer, with(logo), "spec.branding.logoUrl", "logoUrl is an https address");
    for bad in ["blue", "#12345", "#gggggg", "0057b8"] {
        rejects(
            AuthServer,
            with(json!({ "primaryColor": bad })),
            "spec.branding.primaryColor",
            "primaryColor is #rgb or #rrggbb, such as #0057b8, in quotes since # begins a comment in YAML",
        );
    }
}

#[test]
fn an_issuers_path_is_plain() {
    let at = |issuer: &str| json!({ "issuerUrl": issuer });
    for good in ["https://a.example/realm/one", "https://a.example/well-known", "http://127.0.0.1:8080/a"] {
        accepts(AuthServer, at(good));
    }
    for bad in ["https://a.example//a", "https://a.example/a//b", "http://localhost//a"] {
        let message = "an issuer's path has no empty part: take one of the two slashes away";
        rejects(AuthServer, at(bad), "spec.issuerUrl", message);
    }
    for bad in ["https://a.example/.well-known", "https://a.example/a/.well-known/b"] {
        let message = "an issuer's path has no .well-known, where metadata is: take it away";
        rejects(AuthServer, at(bad), "spec.issuerUrl", message);
    }
}
