//! What is written for many clients: each status once, counts once a second, and nothing when nothing has changed.

use crate::operator::{SOON, start};
use crate::team;
use nauthera_test_kubernetes::calls::Calls;
use nauthera_test_kubernetes::kubectl::get;
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::objects::ready;
use nauthera_test_kubernetes::operator::prepare;
use nauthera_test_kubernetes::wait::wait_for;
use std::time::Duration;

const CLIENTS: usize = 300;
const EACH: u64 = CLIENTS as u64;
const CLIENT_STATUS: &str = "PATCH authclients/status";

#[tokio::test]
async fn many_clients_cost_as_few_writes_as_they_can() {
    prepare().unwrap();
    let (platform, shop) = (Namespace::new("platform").unwrap(), Namespace::new("shop").unwrap());
    let namespaces = [platform.name(), shop.name()];
    let operator = start(&namespaces).await;
    team::server(platform.name());
    ready(platform.name(), "authserver", "main").await.unwrap();

    counts_are_written_once_a_second(&platform, &shop).await;
    one_policy_edit_is_one_status_write_a_client(&platform, &shop).await;
    nothing_is_written_at_rest(&namespaces).await;
    operator.stop(SOON).await.unwrap();
    let before = team::versions(&namespaces);
    let operator = start(&namespaces).await;
    nothing_is_written(&namespaces, &before, "a restart").await;
    drop(operator);
    let operator = start(&namespaces).await;
    nothing_is_written(&namespaces, &before, "a restart after a kill").await;
    // It has not only looked on.
    team::lifetime(platform.name(), "4m");
    ready(platform.name(), "authpolicy", "baseline").await.unwrap();
    team::live_for(shop.name(), CLIENTS, "4m").await;
    drop(operator);
}

async fn counts_are_written_once_a_second(platform: &Namespace, shop: &Namespace) {
    let before = Calls::made().unwrap();
    let began = tokio::time::Instant::now();
    team::clients(shop.name(), platform.name(), CLIENTS);
    team::ready(shop.name(), CLIENTS, "Ready").await;
    counted(platform, CLIENTS).await;
    let seconds = began.elapsed().as_secs();
    let calls = Calls::made().unwrap().since(&before);
    for kind in ["authservers", "authpolicies"] {
        let writes = calls.of(&format!("PATCH {kind}/status"));
        assert!((1..=seconds + 2).contains(&writes), "{writes} writes of {kind} in {seconds} s: {calls}");
    }
    assert_eq!(calls.of("POST secrets"), EACH + shards(platform), "a Secret is made once: {calls}");
}

/// The shards of records of a server: each lies in a Secret that is made once.
fn shards(platform: &Namespace) -> u64 {
    let kind = "auth.nauthera.io/kind=record";
    let secrets = get(&["secrets", "-n", platform.name(), "-l", kind]).unwrap();
    secrets["items"].as_array().unwrap().len().try_into().unwrap()
}

/// Waits until the server's status counts so many.
async fn counted(platform: &Namespace, count: usize) {
    let counted = async || {
        let server = get(&["authserver", "main", "-n", platform.name()])?;
        Ok((server["status"]["clients"]["total"] == count).then_some(()))
    };
    wait_for("the count of all clients", SOON, counted).await.unwrap();
}

/// Statuses are held back for two seconds, until all replicas serve the edit. Where the machine was too busy for that there are two
/// writes, both true; another edit is another try.
async fn one_policy_edit_is_one_status_write_a_client(platform: &Namespace, shop: &Namespace) {
    let mut last = Calls::default();
    for minutes in (5..=9).rev() {
        let before = Calls::made().unwrap();
        let lifetime = format!("{minutes}m");
        team::lifetime(platform.name(), &lifetime);
        ready(platform.name(), "authpolicy", "baseline").await.unwrap();
        team::live_for(shop.name(), CLIENTS, &lifetime).await;
        team::ready(shop.name(), CLIENTS, "Narrowed").await;
        last = Calls::made().unwrap().since(&before);
        assert!(last.of(CLIENT_STATUS) >= EACH);
        assert_eq!(last.of("PUT secrets") + last.of("POST secrets"), 0, "no secret changes: {last}");
        if last.of(CLIENT_STATUS) == EACH {
            return;
        }
    }
    panic!("no edit was one write for each client: {last}");
}

async fn nothing_is_written_at_rest(namespaces: &[&str]) {
    let before = settled(namespaces).await;
    nothing_is_written(namespaces, &before, "rest").await;
}

/// Counts may come a second late.
async fn settled(namespaces: &[&str]) -> std::collections::BTreeMap<String, serde_json::Value> {
    let mut last = team::versions(namespaces);
    loop {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let now = team::versions(namespaces);
        if now == last {
            return now;
        }
        last = now;
    }
}

async fn nothing_is_written(
    namespaces: &[&str],
    before: &std::collections::BTreeMap<String, serde_json::Value>,
    when: &str,
) {
    // Longer than everything that is done now and then: a look at rest, and a status that is held back.
    tokio::time::sleep(Duration::from_secs(8)).await;
    let now = team::versions(namespaces);
    let written: Vec<_> = now.iter().filter(|(name, version)| before.get(*name) != Some(version)).collect();
    assert!(written.is_empty(), "{when} writes {written:?}");
    assert_eq!(now.len(), before.len(), "{when} takes something away");
}
