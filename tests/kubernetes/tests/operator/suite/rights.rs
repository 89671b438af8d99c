//! What the accounts of servers may do.

use super::Platform;
use nauthera_test_kubernetes::access::{READ, allowed, rights};
use std::collections::BTreeSet;

#[tokio::test]
async fn a_server_may_read_the_config_maps_of_its_namespace_and_nothing_else() {
    let platform = Platform::ready("rights").await;
    let server = format!("system:serviceaccount:{}:nauthera-main", platform.name());
    assert_eq!(allowed(&server, platform.name()).await.unwrap(), rights(READ, &["configmaps"]));
    assert_eq!(allowed(&server, "default").await.unwrap(), BTreeSet::new());
}
