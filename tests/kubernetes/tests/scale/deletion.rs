//! What is deleted while no operator runs goes as if there had never been one: nothing of ours has a finalizer.

use crate::operator::{SOON, start};
use crate::team;
use nauthera_test_kubernetes::kubectl::{get, kubectl};
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::objects::ready;
use nauthera_test_kubernetes::operator::prepare;
use serde_json::Value;

const CLIENTS: usize = 500;

#[tokio::test]
async fn a_namespace_of_five_hundred_clients_goes_without_the_operator() {
    prepare().unwrap();
    let (platform, shop) = (Namespace::new("platform").unwrap(), Namespace::new("shop").unwrap());
    let operator = start(&[platform.name(), shop.name()]).await;
    team::server(platform.name());
    ready(platform.name(), "authserver", "main").await.unwrap();
    team::clients(shop.name(), platform.name(), CLIENTS);
    team::ready(shop.name(), CLIENTS, "Ready").await;
    operator.stop(SOON).await.unwrap();

    let ours = get(&["authclients,secrets", "-n", shop.name()]).unwrap();
    let ours = ours["items"].as_array().unwrap();
    assert_eq!(ours.len(), 2 * CLIENTS);
    let held: Vec<&Value> =
        ours.iter().filter(|object| !object["metadata"]["finalizers"].is_null()).collect();
    assert!(held.is_empty(), "{held:?}");

    // The Secret goes first; the client waits for that alone.
    let words = ["delete", "authclient", "app-0", "-n", shop.name(), "--cascade=foreground", "--timeout=60s"];
    kubectl(words).unwrap().worked().unwrap();
    get(&["secret", "app-0-client-secret", "-n", shop.name()]).unwrap_err();

    kubectl(["delete", "namespace", shop.name(), "--timeout=120s"]).unwrap().worked().unwrap();
    get(&["namespace", shop.name()]).unwrap_err();
    // The server's own namespace goes as well, with what is never deleted by the operator.
    kubectl(["delete", "namespace", platform.name(), "--timeout=120s"]).unwrap().worked().unwrap();
}
