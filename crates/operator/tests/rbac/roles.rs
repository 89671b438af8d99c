//! The roles that are shipped: each team has its own kinds, nobody has statuses, and nothing can be widened by them.

use nauthera_operator::children::{Facts, Server, children};
use serde_json::{Value, json};

const ROLES: &str = include_str!("../../../../deploy/rbac/roles.yaml");
const OPERATOR: &str = include_str!("../../../../deploy/rbac/operator.yaml");

fn documents(text: &str) -> Vec<Value> {
    text.split("\n---\n").map(|document| serde_saphyr::from_str(document).unwrap()).collect()
}

fn texts(rule: &Value, field: &str) -> Vec<String> {
    let list = rule[field].as_array().into_iter().flatten();
    list.map(|item| item.as_str().unwrap().to_owned()).collect()
}

fn rules<'d>(documents: &'d [Value], name: &str) -> Vec<&'d Value> {
    let role = documents.iter().find(|role| role["metadata"]["name"] == name).unwrap();
    role["rules"].as_array().unwrap().iter().collect()
}

/// The verbs that a role has on a resource.
fn verbs(documents: &[Value], name: &str, group: &str, resource: &str) -> Vec<String> {
    let has = |rule: &&Value, field: &str, item: &str| texts(rule, field).iter().any(|other| other == item);
    let mut verbs: Vec<String> = rules(documents, name)
        .into_iter()
        .filter(|rule| has(rule, "apiGroups", group) && has(rule, "resources", resource))
        .flat_map(|rule| texts(rule, "verbs"))
        .collect();
    verbs.sort();
    verbs.dedup();
    verbs
}

#[test]
fn each_team_writes_its_own_kinds_and_no_other() {
    let roles = documents(ROLES);
    let owners = [
        ("nauthera-developer", vec!["authclients"]),
        ("nauthera-security", vec!["authpolicies"]),
        ("nauthera-platform", vec!["authservers", "userstores"]),
        ("nauthera-viewer", vec![]),
    ];
    for (role, own) in owners {
        for kind in ["authclients", "authpolicies", "authservers", "userstores"] {
            let verbs = verbs(&roles, role, "auth.nauthera.io", kind);
            let writes = verbs.iter().any(|verb| !matches!(verb.as_str(), "get" | "list" | "watch"));
            assert_eq!(writes, own.contains(&kind), "{role} {kind}");
        }
    }
}

#[test]
fn no_team_has_a_status_or_a_secret() {
    for role in documents(ROLES) {
        for rule in role["rules"].as_array().unwrap() {
            for resource in texts(rule, "resources") {
                assert!(!resource.contains('/') && resource != "secrets" && resource != "*", "{resource}");
            }
        }
    }
}

#[test]
fn password_hashes_are_no_viewers() {
    let roles = documents(ROLES);
    for role in ["nauthera-viewer", "nauthera-security", "nauthera-developer"] {
        assert_eq!(verbs(&roles, role, "auth.nauthera.io", "userstores"), Vec::<String>::new());
    }
}

#[test]
fn nothing_shipped_can_widen_itself() {
    for role in documents(ROLES).into_iter().chain(documents(OPERATOR)) {
        for rule in role["rules"].as_array().unwrap() {
            for field in ["verbs", "resources", "apiGroups"] {
                for word in texts(rule, field) {
                    assert!(!["*", "escalate", "bind", "impersonate"].contains(&word.as_str()), "{word}");
                }
            }
        }
    }
}

#[test]
fn the_operator_writes_statuses_and_no_spec() {
    let operator = documents(OPERATOR);
    for kind in ["authclients", "authpolicies", "authservers", "userstores"] {
        assert_eq!(verbs(&operator, "nauthera-operator", "auth.nauthera.io", kind), ["list", "watch"]);
        let status = format!("{kind}/status");
        assert_eq!(verbs(&operator, "nauthera-operator", "auth.nauthera.io", &status), ["patch"]);
    }
    for (group, kept) in [("", "persistentvolumeclaims"), ("apps", "deployments"), ("", "serviceaccounts")] {
        assert!(!verbs(&operator, "nauthera-operator", group, kept).contains(&"delete".into()), "{kept}");
    }
}

/// An API server refuses a Role that gives more than its maker has.
#[test]
fn the_operator_has_what_it_gives_and_may_apply_each_child() {
    let object = json!({
        "metadata": { "name": "main", "namespace": "auth" },
        "spec": {
            "issuerUrl": "https://id.example", "replicas": 2,
            "database": { "postgres": { "urlSecretRef": { "name": "database" } } },
            "tls": { "certManager": { "issuerRef": { "name": "x" } } },
            "expose": { "httpRoute": { "parentRefs": [{ "name": "public" }] } },
        },
    });
    let judged = nauthera_api::objects::judge(nauthera_core::names::Kind::AuthServer, &object).unwrap();
    let spec = judged.workload.unwrap();
    let issuer = nauthera_core::uri::IssuerUrl::parse("https://id.example").unwrap();
    let server = Server { object: &judged.key.object, uid: "uid", spec: &spec, issuer: &issuer };
    let facts = Facts { has_certificates: true, has_http_routes: true, ..Facts::default() };
    let operator = documents(OPERATOR);
    for object in children(&server, &facts).to_apply().unwrap() {
        let types = object.types.unwrap();
        let group = types.api_version.split_once('/').map_or("", |(group, _)| group);
        let plural = match types.kind.as_str() {
            "NetworkPolicy" => "networkpolicies".to_owned(),
            kind => format!("{}s", kind.to_lowercase()),
        };
        let verbs = verbs(&operator, "nauthera-operator", group, &plural);
        assert!(verbs.contains(&"patch".into()) && verbs.contains(&"create".into()), "{plural}: {verbs:?}");
    }
    let role = children(&server, &facts).role;
    for rule in role.rules.unwrap() {
        for verb in rule.verbs {
            assert!(verbs(&operator, "nauthera-operator", "", "configmaps").contains(&verb), "{verb}");
        }
    }
}
