//! `deploy/install.yaml`, byte for byte, in the namespace that it brings.

use super::teams::Teams;
use super::{authorities, forget, volumes};
use nauthera_test_kubernetes::cluster::tree;
use nauthera_test_kubernetes::kubectl::{get, kubectl};

/// Where it installs.
const HOME: &str = "nauthera-system";

#[tokio::test]
async fn plain_manifests_install_the_same_and_applied_again_change_nothing() {
    volumes();
    let file = tree("deploy/install.yaml");
    let apply = || {
        let words = ["apply", "--server-side", "-f"].map(Into::into);
        kubectl(words.into_iter().chain([file.clone().into_os_string()])).unwrap().worked().unwrap()
    };
    apply();
    let rollout = ["rollout", "status", "deployment/nauthera-operator", "--timeout=120s", "-n", HOME];
    kubectl(rollout).unwrap().worked().unwrap();
    let teams = Teams::new();
    teams.apply();
    teams.wait_until_ready();
    teams.get_a_token().await;
    let (bundle, generation) = (authorities(), generation());
    assert!(bundle.is_string());
    apply();
    assert_eq!((authorities(), self::generation()), (bundle, generation));
    let words = ["delete", "--wait", "--timeout=120s", "-f"].map(Into::into);
    kubectl(words.into_iter().chain([file.into_os_string()])).unwrap().worked().unwrap();
    forget();
}

fn generation() -> serde_json::Value {
    get(&["deployment", "nauthera-operator", "-n", HOME]).unwrap()["metadata"]["generation"].clone()
}
