//! An operator of listed namespaces: all of it works there, and what is elsewhere is out of its reach.

use super::teams::Teams;
use super::{Release, chart, restricted};
use nauthera_test_kubernetes::kubectl::{apply, get, kubectl};
use nauthera_test_kubernetes::objects::SOON;

#[tokio::test]
async fn an_operator_of_listed_namespaces_works_there_and_has_no_right_elsewhere() {
    let (home, teams, other) = (restricted("system"), Teams::new(), Teams::new());
    let listed = format!("namespaces={{{},{}}}", teams.identity.name(), teams.shop.name());
    let release = Release::install(&home, chart(), &[]);
    release.run("upgrade", chart(), &[&listed], &[]);
    other.apply();
    teams.apply();
    teams.wait_until_ready();
    teams.get_a_token().await;
    for (namespace, answer) in [(&teams.shop, "yes"), (&other.shop, "no"), (&home, "yes")] {
        let may =
            kubectl(["auth", "can-i", "get", "secrets", "--as", &release.user(), "-n", namespace.name()]);
        assert_eq!(may.unwrap().stdout.trim(), answer, "{}", namespace.name());
    }
    for (verb, what) in [
        ("list", "secrets"),
        ("list", "authclients.auth.nauthera.io"),
        ("create", "clusterroles"),
        ("create", "pods"),
    ] {
        let may =
            kubectl(["auth", "can-i", verb, what, "--all-namespaces", "--as", &release.user()]).unwrap();
        assert_eq!(may.stdout.trim(), "no", "{verb} {what}");
    }
    // What is not listed is not touched: not even its status.
    let client = get(&["authclient", "till", "-n", other.shop.name()]).unwrap();
    assert!(client["status"]["conditions"].is_null(), "{client}");
    // A listed client of a server that is not is told so.
    let stray = format!(
        "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthClient
metadata: {{name: stray}}
spec:
  authServerRef: {{name: main, namespace: {}}}
  type: service
",
        other.identity.name()
    );
    apply(teams.shop.name(), &stray).unwrap().worked().unwrap();
    let timeout = format!("--timeout={}s", SOON.as_secs());
    let told =
        ["wait", "--for=condition=ResolvedRefs=False", "authclient/stray", &timeout, "-n", teams.shop.name()];
    kubectl(told).unwrap().worked().unwrap();
    let log = release.log();
    assert!(!log.to_lowercase().contains("forbidden") && !log.contains("does not allow"), "{log}");
}
