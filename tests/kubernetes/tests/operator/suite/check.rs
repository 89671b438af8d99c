//! `check` and `explain` against the cluster: what other repositories hold is found there, and what may not be read is no fault.

use super::asked::{Folder, nauthera, plugin};
use super::{Platform, ready};
use nauthera_test_kubernetes::kubectl::{apply, kubectl};
use nauthera_test_kubernetes::manifests;
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::person::Person;

/// A client of a team's repository, which leaves the namespace to who applies it.
fn client(platform: &Platform, scope: &str) -> String {
    format!(
        "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthClient
metadata: {{name: stock}}
spec:
  authServerRef: {{name: main, namespace: {}}}
  type: service
  scopes: [\"{scope}\", \"orders:read\"]
",
        platform.name()
    )
}

#[tokio::test]
async fn manifests_are_judged_over_what_the_cluster_holds() {
    let platform = Platform::applied("check");
    let shop = Namespace::new("shop").unwrap();
    platform.client(&shop, "till", "");
    let security = Person::in_cluster(&platform.namespace, "nauthera-security").unwrap();
    let run = |words: &[&str]| nauthera(security.kubeconfig(), words);
    let good = Folder::new("good").with("stock.yaml", &client(&platform, "orders:write"));
    let alone = run(&["check", good.path()]);
    assert!(alone.stdout.contains("is not there") && alone.stderr.contains("1 warning"), "{}", alone.stdout);
    let over = run(&["check", "cluster", good.path(), "-n", shop.name()]);
    assert_eq!((over.code, &*over.stdout), (Some(0), ""), "{}", over.stderr);
    assert!(over.stderr.contains("checked 0 servers, 0 policies, 1 client"), "{}", over.stderr);
    let beyond = Folder::new("beyond").with("stock.yaml", &client(&platform, "payroll"));
    let over = run(&["check", "cluster", beyond.path(), "-n", shop.name()]);
    let place =
        format!("AuthPolicy {}/baseline in the cluster, spec.allowedScopes: allowed here", platform.name());
    assert!(over.code == Some(1) && over.stdout.contains(&place), "{}{}", over.stdout, over.stderr);
    let json = run(&["check", "cluster", beyond.path(), "-n", shop.name(), "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let places = &json["findings"][0]["places"];
    assert_eq!(
        (&places[0]["namespace"], &places[0]["name"]),
        (&shop.name().into(), &"stock".into()),
        "{json}"
    );
    assert_eq!(
        (&places[1]["kind"], &places[1]["file"]),
        (&"AuthPolicy".into(), &serde_json::Value::Null),
        "{json}"
    );
    for format in ["sarif", "junit"] {
        let said = run(&["check", "cluster", "--format", format]);
        assert!(said.code != Some(2) && !said.stdout.is_empty(), "{}", said.stderr);
    }
}

#[tokio::test]
async fn a_developer_is_told_what_was_not_read_and_nothing_is_judged_by_it() {
    let platform = Platform::ready("blind").await;
    let shop = Namespace::new("shop").unwrap();
    platform.client(&shop, "till", "");
    ready(shop.name(), "authclient", "till").await;
    let developer = Person::in_namespace(&shop, "nauthera-developer").unwrap();
    let folder = Folder::new("team").with("stock.yaml", &client(&platform, "payroll"));
    for words in [&["check", "cluster"] as &[&str], &["check", "cluster", folder.path()]] {
        let said = plugin(developer.kubeconfig(), words);
        assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
        let unknown = format!("whether AuthServer `{}/main` is there is not known", platform.name());
        assert!(said.stdout.contains(&unknown), "{}", said.stdout);
        let unread = "note: authservers.auth.nauthera.io of all namespaces cannot be listed: ";
        assert!(said.stderr.contains(unread), "{}", said.stderr);
    }
    // The context is in the developer's namespace, so a name is enough.
    let said = plugin(developer.kubeconfig(), &["explain", "till"]);
    let heading = format!("{}/till · service · ok", shop.name());
    assert!(said.code == Some(0) && said.stdout.starts_with(&heading), "{}{}", said.stdout, said.stderr);
    assert!(said.stdout.contains("token.accessTokenTTL") && said.stdout.contains("15m"), "{}", said.stdout);
    let help = plugin(developer.kubeconfig(), &["plan", "--help"]);
    assert!(help.stdout.contains("Usage: kubectl nauthera plan [OPTIONS] <OLD> <NEW>"), "{}", help.stdout);
    let nobody = plugin(developer.kubeconfig(), &["check", "cluster", "-n", platform.name()]);
    assert!(nobody.code == Some(2) && nobody.stderr.contains("nothing of context "), "{}", nobody.stderr);
}

#[tokio::test]
async fn what_the_api_server_or_the_operator_would_say_of_a_server_is_said_before() {
    let platform = Platform::applied("own");
    let name = platform.name();
    let asked = kubectl(["get", "--raw", "/.well-known/openid-configuration"]).unwrap().worked().unwrap();
    let asked: serde_json::Value = serde_json::from_str(&asked).unwrap();
    let other = |issuer: &str| {
        let more = format!(
            "  serviceAccountIssuers: [{{issuer: \"{}\", namespaces: [shop]}}]",
            asked["issuer"].as_str().unwrap()
        );
        manifests::server(issuer, &more)
    };
    let platform_team = Person::in_cluster(&platform.namespace, "nauthera-platform").unwrap();
    let run = |words: &[&str]| nauthera(platform_team.kubeconfig(), &[words, &["-n", name]].concat());
    let own = Folder::new("own").with("server.yaml", &other(name));
    let said = run(&["check", "cluster", own.path()]);
    assert!(
        said.code == Some(0) && said.stdout.contains("warning[NA0407]"),
        "{}{}",
        said.stdout,
        said.stderr
    );
    let renamed = Folder::new("renamed").with("server.yaml", &other("another"));
    for command in ["check", "plan"] {
        let said = run(&[command, "cluster", renamed.path()]);
        let all = said.stdout + &said.stderr;
        assert!(said.code == Some(1) && all.contains("issuerUrl is immutable"), "{all}");
    }
    let refused = apply(name, &other("another")).unwrap().refused().unwrap();
    assert!(refused.contains("issuerUrl is immutable"), "{refused}");
}

#[tokio::test]
async fn private_addresses_are_judged_as_the_operator_judges_them() {
    let platform = Platform::applied("private");
    let shop = Namespace::new("shop").unwrap();
    let more = "  authentication: {method: private_key_jwt, jwksUri: \"https://10.0.0.5/jwks\"}";
    let keys = Folder::new("keys")
        .with("keys.yaml", &manifests::client("keys", platform.name(), "orders:read", more));
    let security = Person::in_cluster(&platform.namespace, "nauthera-security").unwrap();
    for (command, found) in [("check", "error[NA0110]"), ("plan", "1 refused")] {
        let words = [command, "cluster", keys.path(), "-n", shop.name()];
        let said = nauthera(security.kubeconfig(), &words);
        assert!(said.code == Some(1) && said.stdout.contains(found), "{}{}", said.stdout, said.stderr);
        let said = nauthera(security.kubeconfig(), &[&words[..], &["--allow-private-fetch"]].concat());
        assert!(said.code == Some(0) && !said.stdout.contains(found), "{}{}", said.stdout, said.stderr);
    }
}
