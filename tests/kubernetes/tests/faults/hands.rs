//! Hands that take an application's Secret away: at the worst moment, all at once, and again and again. Each time another secret is made,
//! and whoever never stops is answered more and more slowly.

use super::site::Site;
use super::turns::whole;
use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use nauthera_test_kubernetes::cluster::Cluster;
use nauthera_test_kubernetes::edge::edge;
use nauthera_test_kubernetes::kubectl::apply;
use nauthera_test_kubernetes::objects::{SOON, ready};
use nauthera_test_kubernetes::proxy::{Call, Gate, Trouble};
use nauthera_test_kubernetes::wait::wait_for;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::Instant;

const EDITED: &str = "edited by hand";

/// The Secret of one client.
#[derive(Clone)]
struct Hand {
    secrets: Api<Secret>,
    name: String,
}

impl Hand {
    async fn of(site: &Site, client: &str) -> Self {
        let cluster = Cluster::here().unwrap().client().await.unwrap();
        let secrets = Api::namespaced(cluster, site.shop.name());
        Self { secrets, name: format!("{client}-client-secret") }
    }

    /// The secret that is in it, if it is one that was made.
    async fn made(&self) -> Result<Option<String>> {
        let Some(secret) = self.secrets.get_opt(&self.name).await? else { return Ok(None) };
        let value = secret.data.context("a Secret with data")?.remove("client_secret").context("its key")?;
        Ok(Some(String::from_utf8(value.0)?).filter(|value| value.len() == 43))
    }

    /// Waits for one that is none of these.
    async fn another(&self, than: &BTreeSet<String>) -> String {
        let another = async || Ok(self.made().await?.filter(|made| !than.contains(made)));
        wait_for(&format!("another secret in {}", self.name), SOON, another).await.unwrap()
    }

    async fn edit(&self) -> Result<()> {
        let patch = json!({ "stringData": { "client_secret": EDITED } });
        self.secrets.patch(&self.name, &PatchParams::default(), &Patch::Merge(patch)).await?;
        Ok(())
    }

    async fn delete(&self) -> Result<()> {
        self.secrets.delete(&self.name, &DeleteParams::default()).await?;
        Ok(())
    }
}

#[tokio::test]
async fn a_secret_that_is_edited_as_soon_as_it_is_there_gets_another_one() {
    let _turn = whole().await;
    let site = Site::new("early").await;
    let _operator = site.behind("only", &[]);
    site.ready().await;
    let hand = Hand::of(&site, "till").await;
    let mut seen = BTreeSet::from([hand.another(&BTreeSet::new()).await]);
    // The operator does not hear yet that it has written it.
    let gate = Gate::default();
    let secrets = format!("/namespaces/{}/secrets", site.shop.name());
    site.proxy.once(
        0,
        move |call| call.is_write() && call.path.contains(&secrets),
        Trouble::HoldAnswer(gate.clone()),
    );
    hand.delete().await.unwrap();
    tokio::time::timeout(SOON, gate.reached()).await.unwrap();
    seen.insert(hand.another(&seen).await);
    hand.edit().await.unwrap();
    gate.open();
    seen.insert(hand.another(&seen).await);
    ready(site.shop.name(), "authclient", "till").await.unwrap();
    let now = hand.made().await.unwrap().unwrap();
    assert!(seen.contains(&now) && seen.len() == 3);
    site.nothing_was_forbidden();
}

#[tokio::test]
async fn secrets_that_many_hands_take_away_on_a_slow_day_are_all_made_again() {
    let _turn = whole().await;
    let site = Site::new("hands").await;
    let _operator = site.behind("only", &[]);
    site.ready().await;
    let clients: Vec<String> = (0..24).map(|n| format!("till-{n}")).collect();
    let manifests: String = clients.iter().map(|client| site.client_manifest(client, "")).collect();
    apply(site.shop.name(), &manifests).unwrap().worked().unwrap();
    let mut load = site.load();
    site.proxy.trouble(Call::is_write, Trouble::Late(Duration::from_millis(80)));
    let (local, mut hands) = (LocalSet::new(), JoinSet::new());
    for (n, client) in clients.iter().enumerate() {
        let hand = Hand::of(&site, client).await;
        hands.spawn_local_on(
            async move {
                let mut seen = BTreeSet::new();
                // So often it is made again at once.
                for round in 0..3 {
                    seen.insert(hand.another(&seen).await);
                    let taken = if (n + round) % 2 == 0 { hand.edit().await } else { hand.delete().await };
                    taken.unwrap();
                }
                seen.insert(hand.another(&seen).await);
            },
            &local,
        );
    }
    local.run_until(async { while hands.join_next().await.transpose().unwrap().is_some() {} }).await;
    for client in &clients {
        ready(site.shop.name(), "authclient", client).await.unwrap();
    }
    load.more(5, SOON).await.unwrap();
    let counts = load.end();
    assert_eq!(counts.failed, 0, "{:?}", counts.failures);
}

#[tokio::test]
async fn one_who_takes_each_secret_away_at_once_is_answered_more_and_more_slowly_and_others_notice_nothing() {
    let _turn = whole().await;
    let site = Site::new("fight").await;
    let _operator = site.behind("only", &[]);
    site.ready().await;
    let hand = Hand::of(&site, "till").await;
    let (told, mut taken) = watch::channel(BTreeSet::new());
    site.proxy.forget();
    let (shop, secret) = (site.shop.name().to_owned(), hand.name.clone());
    let began = Instant::now();
    let fight = edge().unwrap().spawn(async move {
        let cluster = Cluster::here().unwrap().client().await.unwrap();
        let hand = Hand { secrets: Api::namespaced(cluster, &shop), name: secret };
        let mut often = tokio::time::interval(Duration::from_millis(20));
        loop {
            often.tick().await;
            if let Ok(Some(made)) = hand.made().await
                && hand.edit().await.is_ok()
            {
                told.send_modify(|all| all.extend([made]));
            }
        }
    });
    // The first, three more at once, and then one ten seconds later.
    let five = taken.wait_for(|all| all.len() >= 5);
    tokio::time::timeout(SOON, five).await.unwrap().unwrap();
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(9), "five within {took:?}");
    let writes = site.proxy.seen().into_iter();
    let writes = writes.filter(|seen| seen.call.is_write() && seen.call.path.contains(site.shop.name()));
    let writes = writes.filter(|seen| seen.call.is_of("secrets")).count();
    assert!(writes <= 12, "{writes} writes");
    site.client("other", "");
    ready(site.shop.name(), "authclient", "other").await.unwrap();
    fight.abort();
}
