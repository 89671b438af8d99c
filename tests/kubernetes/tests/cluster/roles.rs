//! What the shipped roles allow, asked of the API server for each of three people and for the accounts of operators and servers: a table
//! of verbs and resources, and everything that is not in it is refused.

use nauthera_test_kubernetes::access::{BEYOND, READ, VERBS, allowed, rights};
use nauthera_test_kubernetes::account::{Account, Way, apply_roles};
use nauthera_test_kubernetes::definitions;
use nauthera_test_kubernetes::kubectl::{apply, kubectl, with_input};
use nauthera_test_kubernetes::namespace::Namespace;
use std::collections::BTreeSet;

/// Makes an account with one of the roles, in a namespace of its own.
fn person(role: &str) -> (Namespace, Account) {
    definitions::apply().unwrap();
    apply_roles().unwrap();
    let namespace = Namespace::new(role).unwrap();
    let person = Account::new(namespace.name(), "person").unwrap();
    person.bind(&format!("nauthera-{role}"), namespace.name()).unwrap();
    (namespace, person)
}

#[tokio::test]
async fn a_developer_has_clients_and_nothing_else() {
    let (namespace, person) = person("developer");
    let has = allowed(&person.user(), namespace.name()).await.unwrap();
    assert_eq!(has, rights(&VERBS, &["authclients"]));
    assert_eq!(allowed(&person.user(), "default").await.unwrap(), BTreeSet::new());
}

#[tokio::test]
async fn security_has_policies_and_reads_what_they_govern_but_no_secret() {
    let (namespace, person) = person("security");
    let mut wanted = rights(&VERBS, &["authpolicies"]);
    wanted.extend(rights(READ, &["authclients", "authservers", "namespaces"]));
    assert_eq!(allowed(&person.user(), namespace.name()).await.unwrap(), wanted);
}

#[tokio::test]
async fn platform_has_servers_and_stores_and_edits_no_client_and_no_policy() {
    let (namespace, person) = person("platform");
    let mut wanted = rights(&VERBS, &["authservers", "userstores"]);
    wanted.extend(rights(READ, &["authclients", "authpolicies", "namespaces"]));
    assert_eq!(allowed(&person.user(), namespace.name()).await.unwrap(), wanted);
}

#[tokio::test]
async fn a_viewer_sees_what_has_no_password_in_it() {
    let (namespace, person) = person("viewer");
    let wanted = rights(READ, &["authclients", "authpolicies", "authservers"]);
    assert_eq!(allowed(&person.user(), namespace.name()).await.unwrap(), wanted);
}

#[tokio::test]
async fn an_operator_of_listed_namespaces_has_no_right_elsewhere_and_never_escalates() {
    definitions::apply().unwrap();
    let namespace = Namespace::new("listed").unwrap();
    let operator = Account::operator_of("roles-listed", &[namespace.name()]).unwrap();
    let here = allowed(&operator.user(), namespace.name()).await.unwrap();
    let beyond = |right: &&String| BEYOND.iter().any(|verb| right.starts_with(verb));
    assert!(here.contains("update secrets") && !here.iter().any(|right| beyond(&right)), "{here:?}");
    assert!(!here.contains("get pods/exec") && !here.contains("create serviceaccounts/token"), "{here:?}");
    // Beside the labels of namespaces, which policies select by.
    let watched = rights(&["list", "watch"], &["namespaces"]);
    assert_eq!(allowed(&operator.user(), "default").await.unwrap(), watched);
}

/// Runs kubectl as this account, with its own kubeconfig.
fn as_account(account: &Account, namespace: &str, words: &[&str], input: &str) -> Result<String, String> {
    let kubeconfig = account.kubeconfig(&Way::direct().unwrap()).unwrap();
    let kubeconfig = kubeconfig.to_str().unwrap();
    let with = ["--kubeconfig", kubeconfig, "-n", namespace];
    let said = with_input(with.iter().chain(words), input).unwrap();
    if said.ok { Ok(said.stdout) } else { Err(said.stderr) }
}

#[tokio::test]
async fn each_kubeconfig_is_refused_what_is_another_teams() {
    let (namespace, developer) = person("developer");
    let [security, platform] = ["security", "platform"].map(|role| {
        let person = Account::new(namespace.name(), role).unwrap();
        person.bind(&format!("nauthera-{role}"), namespace.name()).unwrap();
        person
    });
    let here = namespace.name();
    let client = "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthClient
metadata: {name: till}
spec: {type: service, authServerRef: {name: main}, scopes: [\"orders:read\"]}
";
    let policy = "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthPolicy
metadata: {name: baseline}
spec: {token: {accessTokenTTL: 15m}}
";
    let server = "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthServer
metadata: {name: main}
spec: {issuerUrl: \"https://roles.example\"}
";
    let manifests = [client, policy, server];
    for (own, account) in [&developer, &security, &platform].into_iter().enumerate() {
        for (which, manifest) in manifests.iter().enumerate() {
            let said = as_account(account, here, &["create", "-f", "-"], manifest);
            assert_eq!(said.is_ok(), which == own, "{said:?}");
            if which != own {
                assert!(said.unwrap_err().contains("orbidden"));
            }
        }
    }
    let secret = "
apiVersion: v1
kind: Secret
metadata: {name: till-client-secret}
stringData: {client_secret: theirs}
";
    apply(here, secret).unwrap().worked().unwrap();
    let forged = r#"{"status":{"clientId":"forged"}}"#;
    for account in [&developer, &security, &platform] {
        as_account(account, here, &["get", "secret", "till-client-secret"], "").unwrap_err();
        for object in ["authclient/till", "authpolicy/baseline", "authserver/main"] {
            let patch = ["patch", object, "--subresource=status", "--type=merge", "-p", forged];
            assert!(as_account(account, here, &patch, "").unwrap_err().contains("orbidden"), "{object}");
        }
    }
    let edit = ["patch", "authclient/till", "--type=merge", "-p", r#"{"spec":{"displayName":"Till"}}"#];
    as_account(&platform, here, &edit, "").unwrap_err();
    as_account(&developer, here, &edit, "").unwrap();
    let kept = kubectl(["get", "authclient", "till", "-n", here, "-o", "jsonpath={.status.clientId}"]);
    assert_eq!(kept.unwrap().worked().unwrap(), "");
}
