//! The operator and its servers while nothing can be written.

use super::site::Site;
use nauthera_test_kubernetes::kubectl::kubectl;
use nauthera_test_kubernetes::objects::SOON;
use nauthera_test_kubernetes::proxy::{Call, busiest};
use nauthera_test_kubernetes::store::fill;
use nauthera_test_kubernetes::wait::wait_for;
use std::time::Duration;

#[tokio::test]
async fn what_is_served_goes_on_while_the_store_is_full_and_all_is_mended_once_there_is_room() {
    let site = Site::new("served").await;
    let _operator = site.behind("only", &[]);
    site.ready().await;
    let before = site.credentials("till");
    let mut load = site.load();
    load.more(5, SOON).await.unwrap();

    let filled = fill().await.unwrap();
    site.proxy.forget();
    // Deleting is possible still; making it anew is not.
    kubectl(["delete", "secret", "till-client-secret", "-n", site.shop.name()]).unwrap().worked().unwrap();
    let is_refused = |call: &Call| call.is_write() && call.is_of("secrets");
    let refused = async || {
        let seen = site.proxy.seen();
        let refused = seen.iter().filter(|seen| is_refused(&seen.call) && seen.status >= Some(500));
        Ok((refused.count() >= 3).then_some(()))
    };
    wait_for("refused writes of a Secret", SOON, refused).await.unwrap();
    load.more(40, SOON).await.unwrap();
    let (most, call) = busiest(&site.proxy.seen(), Duration::from_secs(1));
    assert!(most <= 6, "{most} times within a second: {call}");

    filled.free().await.unwrap();
    site.ready().await;
    let again = async || {
        let said = kubectl(["get", "secret", "till-client-secret", "-n", site.shop.name()])?;
        Ok(said.ok.then_some(()))
    };
    wait_for("the Secret", SOON, again).await.unwrap();
    assert_ne!(site.credentials("till").secret, before.secret);
    site.edit_is_served(14).await;
    let counts = load.end();
    assert_eq!(counts.failed, 0, "{:?}", counts.failures);
}
