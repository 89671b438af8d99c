//! `deploy/install.yaml`, byte for byte, in the namespace that it brings.

use super::teams::Teams;
use super::{authorities, chart, forget, volumes};
use nauthera_test_kubernetes::cluster::tree;
use nauthera_test_kubernetes::helm::helm;
use nauthera_test_kubernetes::kubectl::{get, kubectl};

/// Where it installs.
const HOME: &str = "nauthera-system";

/// What the manifests brought. Dropped, it is gone.
struct Applied;

impl Drop for Applied {
    fn drop(&mut self) {
        let words = ["delete", "--ignore-not-found", "--wait=false", "-f"].map(Into::into);
        kubectl(words.into_iter().chain([tree("deploy/install.yaml").into_os_string()])).ok();
        forget();
    }
}

#[tokio::test]
async fn plain_manifests_install_the_same_change_nothing_applied_again_and_helm_takes_them_over() {
    volumes().unwrap();
    let file = tree("deploy/install.yaml");
    let apply = || {
        let words = ["apply", "--server-side", "-f"].map(Into::into);
        kubectl(words.into_iter().chain([file.clone().into_os_string()])).unwrap().worked().unwrap()
    };
    apply();
    let _applied = Applied;
    let rollout = ["rollout", "status", "deployment/nauthera-operator", "--timeout=120s", "-n", HOME];
    kubectl(rollout).unwrap().worked().unwrap();
    let teams = Teams::new();
    teams.apply();
    teams.wait_until_ready();
    teams.get_a_token().await;
    let (bundle, generation) = (authorities(), generation());
    assert!(bundle.is_string());
    apply();
    assert_eq!((authorities(), self::generation()), (bundle.clone(), generation));

    // From here on it is Helm's.
    let stays = teams.what_stays();
    let words =
        ["install", "nauthera", "--take-ownership", "--namespace", HOME, "--wait", "--timeout", "120s"];
    let words = words.map(Into::into).into_iter().chain([chart().into_os_string()]);
    helm(words).unwrap().worked().unwrap();
    assert_eq!(authorities(), bundle);
    // kubectl is named as an owner too, which Helm must be told to pass over.
    let words = [
        "upgrade",
        "nauthera",
        "--namespace",
        HOME,
        "--set",
        "log.level=debug",
        "--wait",
        "--timeout",
        "120s",
    ];
    let words = words.map(Into::into).into_iter().chain([chart().into_os_string()]);
    let refused = helm(words.clone()).unwrap().refused().unwrap();
    assert!(refused.contains("conflict with \"kubectl\""), "{refused}");
    helm(words.chain(["--force-conflicts".into()])).unwrap().worked().unwrap();
    assert_eq!(authorities(), bundle);
    helm(["uninstall", "nauthera", "--namespace", HOME, "--wait"]).unwrap().worked().unwrap();
    assert_eq!(teams.what_stays(), stays);
    teams.get_a_token().await;
}

fn generation() -> serde_json::Value {
    get(&["deployment", "nauthera-operator", "-n", HOME]).unwrap()["metadata"]["generation"].clone()
}
