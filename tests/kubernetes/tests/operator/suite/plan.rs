//! `plan` against the cluster: what a change would do is said before it is applied, by those whose role may read what it takes.

use super::asked::{Folder, nauthera, plugin, writes};
use super::{Platform, SOON, ready};
use nauthera_test_kubernetes::cluster::Cluster;
use nauthera_test_kubernetes::kubectl::{apply, get};
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::person::Person;
use nauthera_test_kubernetes::wait::wait_for;
use std::path::Path;

/// The policy of [`Platform`] with another ceiling, as a folder of security's alone would hold it.
fn baseline(platform: &Platform, ttl: &str) -> String {
    format!(
        "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthPolicy
metadata: {{name: baseline, namespace: {}}}
spec:
  token: {{accessTokenTTL: {ttl}}}
  allowedGrantTypes: [client_credentials]
  allowedScopes: [\"orders:*\"]
",
        platform.name()
    )
}

#[tokio::test]
async fn a_policy_edit_is_planned_against_the_cluster_and_does_what_was_said() {
    let platform = Platform::ready("plan").await;
    let shop = Namespace::new("shop").unwrap();
    platform.client(&shop, "till", "");
    let client = ready(shop.name(), "authclient", "till").await;
    let before = Folder::new("before")
        .with_object("authserver", "main", platform.name())
        .with_object("authpolicy", "baseline", platform.name())
        .with_object("authclient", "till", shop.name());
    let after = Folder::new("after")
        .with_object("authserver", "main", platform.name())
        .with_object("authclient", "till", shop.name())
        .with("baseline.yaml", &baseline(&platform, "5m"));
    let edit = Folder::new("edit").with("baseline.yaml", &baseline(&platform, "5m"));
    let security = Person::in_cluster(&platform.namespace, "nauthera-security").unwrap();
    let all = || [platform.name(), shop.name()].map(writes);
    // The operator may still tell of what it did; once it has, nothing is written around a plan.
    let nothing_written = async || {
        let before = all();
        let said = nauthera(security.kubeconfig(), &["plan", "cluster", edit.path()]);
        Ok((all() == before).then_some(said))
    };
    let said = wait_for("a plan that writes nothing", SOON, nothing_written).await.unwrap();
    let expected = format!(
        "~ {shop}/till (service): ok\n    ~ token.accessTokenTTL  15m → 5m  narrowed  ({}/baseline token.accessTokenTTL)\n\
         1 client changes: 1 narrowed\n",
        platform.name(),
        shop = shop.name()
    );
    assert_eq!((said.code, &*said.stdout), (Some(1), &*expected), "{}", said.stderr);
    assert!(
        said.stderr.contains("is laid over the cluster: what it lacks stays as it is"),
        "{}",
        said.stderr
    );
    let folders = nauthera(security.kubeconfig(), &["plan", before.path(), after.path()]);
    assert_eq!((folders.code, folders.stdout), (Some(1), expected), "{}", folders.stderr);

    apply(platform.name(), &baseline(&platform, "5m")).unwrap().worked().unwrap();
    let served = async || {
        let client = get(&["authclient", "till", "-n", shop.name()])?;
        let settings = client["status"]["effective"].to_string();
        anyhow::ensure!(settings.contains("5m") && !settings.contains("15m"), "{settings}");
        Ok(Some(()))
    };
    wait_for("the shorter lifetime", SOON, served).await.unwrap();
    let now = nauthera(security.kubeconfig(), &["plan", "cluster", edit.path()]);
    assert_eq!((now.code, &*now.stdout), (Some(0), "no client changes\n"), "{}", now.stderr);
    let undone = nauthera(security.kubeconfig(), &["plan", "cluster", before.path()]);
    assert!(undone.code == Some(1) && undone.stdout.contains("5m → 15m  widened"), "{}", undone.stdout);
    let back = nauthera(security.kubeconfig(), &["plan", before.path(), "cluster"]);
    assert!(back.code == Some(1) && back.stdout.contains("15m → 5m  narrowed"), "{}", back.stdout);
    drop(client);
}

#[tokio::test]
async fn who_may_not_read_what_a_plan_needs_is_told_which_role_may() {
    let platform = Platform::applied("rights");
    let shop = Namespace::new("shop").unwrap();
    let edit = Folder::new("edit").with("baseline.yaml", &baseline(&platform, "5m"));
    let developer = Person::in_namespace(&shop, "nauthera-developer").unwrap();
    let said = plugin(developer.kubeconfig(), &["plan", "cluster", edit.path()]);
    assert_eq!((said.code, &*said.stdout), (Some(2), ""));
    let parts = [
        "bind the ClusterRole nauthera-security or nauthera-platform in the cluster",
        "authclients.auth.nauthera.io of all namespaces: ",
        "authpolicies.auth.nauthera.io of all namespaces: ",
        "namespaces: ",
        "cannot list resource",
    ];
    assert!(parts.iter().all(|part| said.stderr.contains(part)), "{}", said.stderr);
    assert!(!said.stderr.contains("\\n"), "{}", said.stderr);
    let stranger =
        std::fs::read_to_string(developer.kubeconfig()).unwrap().replace("\"token\":\"", "\"token\":\"x");
    let folder = Folder::new("stranger").with("config", &stranger);
    let config = Path::new(folder.path()).join("config");
    let said = nauthera(&config, &["check", "cluster"]);
    assert!(
        said.code == Some(2) && said.stderr.contains("does not know who asks (Unauthorized)"),
        "{}",
        said.stderr
    );
    let owner = Person::in_cluster(&platform.namespace, "nauthera-platform").unwrap();
    let said = nauthera(owner.kubeconfig(), &["plan", "cluster", edit.path(), "--format", "json"]);
    let plan: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    let unread: Vec<&str> = plan["cluster"]["unread"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|unread| unread["what"].as_str())
        .collect();
    let own = format!("configmaps of namespace {}", platform.name());
    assert!(unread.contains(&&*own) && unread.contains(&"secrets of all namespaces"), "{unread:?}");
    assert!(!unread.iter().any(|what| what.contains("nauthera.io")), "{unread:?}");
}

#[tokio::test]
async fn pruned_what_the_manifests_lack_is_gone() {
    let platform = Platform::applied("prune");
    let shop = Namespace::new("shop").unwrap();
    platform.client(&shop, "till", "");
    let edit = Folder::new("edit")
        .with_object("authserver", "main", platform.name())
        .with("baseline.yaml", &baseline(&platform, "15m"));
    let admin = Cluster::here().unwrap().kubeconfig();
    let kept = nauthera(&admin, &["plan", "cluster", edit.path()]);
    assert_eq!((kept.code, &*kept.stdout), (Some(0), "no client changes\n"), "{}", kept.stderr);
    let pruned = nauthera(&admin, &["plan", "cluster", edit.path(), "--prune"]);
    let removed = format!("- {}/till (service): removed\n", shop.name());
    assert!(pruned.stdout.contains(&removed), "{}", pruned.stdout);
}

#[tokio::test]
async fn a_freeze_is_seen_by_who_may_read_what_is_published_and_doubted_by_others() {
    let platform = Platform::ready("frozen").await;
    let shop = Namespace::new("shop").unwrap();
    platform.client(&shop, "till", "");
    ready(shop.name(), "authclient", "till").await;
    let strict = |client: &str| {
        format!(
            "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthPolicy
metadata: {{name: strict, namespace: {}}}
spec:
  clientSelector: {{types: [browser]}}
  examples:
    - {{name: one, client: {{type: {client}, redirectUris: [\"https://shop.example/cb\"]}}, expect: Refused}}
",
            platform.name()
        )
    };
    let broken = strict("web");
    apply(platform.name(), &broken).unwrap().worked().unwrap();
    let edit = Folder::new("edit").with("mended.yaml", &broken.replace("Refused", "Compliant"));
    let admin = Cluster::here().unwrap().kubeconfig();
    let seen = nauthera(&admin, &["plan", "cluster", edit.path()]);
    assert_eq!((seen.code, &*seen.stdout), (Some(0), "no client changes\n"), "{}", seen.stderr);
    let security = Person::in_cluster(&platform.namespace, "nauthera-security").unwrap();
    let guessed = nauthera(security.kubeconfig(), &["plan", "cluster", edit.path()]);
    let doubt = "note: clients that wait here may be served as before: configmaps of namespace";
    assert!(guessed.stderr.contains(doubt), "{}{}", guessed.stdout, guessed.stderr);
}
