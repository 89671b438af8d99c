//! Two operators of the same namespaces: one leads, and whatever becomes of it, the other takes over, and nobody writes what was meant
//! for another time.

use super::site::Site;
use super::turns::electing;
use nauthera_test_kubernetes::account::HOME;
use nauthera_test_kubernetes::kubectl::get;
use nauthera_test_kubernetes::objects::SOON;
use nauthera_test_kubernetes::proxy::{Call, Gate, Trouble};
use nauthera_test_kubernetes::wait::wait_for;
use std::time::Duration;
use tokio::time::Instant;

const ELECT: &[&str] = &["--leader-elect"];
/// How long it takes at most until another one leads after a kill, by what is promised.
const AFTER_A_KILL: Duration = Duration::from_secs(15);
/// The same, after a graceful stop.
const AFTER_A_STOP: Duration = Duration::from_secs(2);

/// Waits until the operator of this name leads; how long that took.
async fn leads(site: &Site, name: &str, within: Duration) -> Duration {
    let began = Instant::now();
    let wanted = format!("{}-{name}_", site.purpose());
    let holds = async || {
        let lease = get(&["lease", "nauthera-operator", "-n", HOME])?;
        let holder = lease["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned();
        anyhow::ensure!(holder.starts_with(&wanted), "{holder} leads");
        Ok(Some(()))
    };
    wait_for(&format!("{name} leads"), within, holds).await.unwrap();
    began.elapsed()
}

#[tokio::test]
async fn a_standby_takes_over_from_a_leader_that_stops_and_from_one_that_is_killed() {
    let _turn = electing().await;
    let site = Site::new("leader").await;
    let first = site.operator("first", ELECT);
    leads(&site, "first", SOON).await;
    let second = site.operator("second", ELECT);
    site.ready().await;
    let mut load = site.load();
    load.more(5, SOON).await.unwrap();

    let stopping = Instant::now();
    first.stop(AFTER_A_STOP).await.unwrap();
    leads(&site, "second", AFTER_A_STOP.saturating_sub(stopping.elapsed())).await;
    site.edit_is_served(14).await;

    let third = site.operator("third", ELECT);
    second.kill().unwrap();
    leads(&site, "third", AFTER_A_KILL).await;
    site.edit_is_served(13).await;
    let counts = load.end();
    assert_eq!(counts.failed, 0, "{:?}", counts.failures);
    drop(third);
}

#[tokio::test]
async fn the_late_write_of_a_leader_that_was_stopped_past_its_lease_is_refused() {
    let _turn = electing().await;
    let site = Site::new("late").await;
    let sleeper = site.behind("sleeper", ELECT);
    leads(&site, "sleeper", SOON).await;
    site.ready().await;
    let load = site.load();

    // It is about to write an index, and sleeps.
    let gate = Gate::default();
    let index = |call: &Call| call.is_write() && call.path.ends_with("/nauthera-main-snapshot");
    site.proxy.once(0, index, Trouble::Hold(gate.clone()));
    site.policy("baseline", "14m");
    tokio::time::timeout(SOON, gate.reached()).await.unwrap();
    sleeper.signal("STOP").unwrap();
    let _waker = site.operator("waker", ELECT);
    leads(&site, "waker", AFTER_A_KILL).await;
    site.edit_is_served(13).await;
    let before = site.published();

    gate.open();
    assert_eq!(tokio::time::timeout(SOON, gate.answer()).await.unwrap(), Some(409));
    site.proxy.forget();
    sleeper.signal("CONT").unwrap();
    // Awake, it looks at the Lease as a candidate does, and writes nothing.
    let looks = async || {
        let seen = site.proxy.seen();
        let looks = seen.iter().filter(|seen| seen.call.is_of("leases") && seen.status == Some(200)).count();
        Ok((looks >= 3).then_some(seen))
    };
    let seen = wait_for("the sleeper as a candidate", SOON, looks).await.unwrap();
    let writes: Vec<_> = seen.iter().filter(|seen| seen.call.is_write()).collect();
    assert!(writes.is_empty(), "{writes:?}");
    assert_eq!(site.published(), before);
    leads(&site, "waker", AFTER_A_STOP).await;
    site.edit_is_served(12).await;
    let counts = load.end();
    assert_eq!(counts.failed, 0, "{:?}", counts.failures);
}
