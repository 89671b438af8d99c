//! The database stops, hangs, fails over, is full: what needs it is put off with 503 and `Retry-After`, what needs none goes on, and
//! all of it is back within two seconds.

use anyhow::{Result, ensure};
use nauthera_replicas::calls::{Answer, Target};
use nauthera_replicas::cluster::{Cluster, DATABASE, within};
use nauthera_replicas::load::{Load, Tally};
use nauthera_rp_rust::person::Person;
use nauthera_test_postgres::{How, Settings};
use std::time::Duration;

/// What the database is needed for.
fn needs_it(target: &Target, token: &str) -> Result<Answer> {
    target.userinfo(token)
}

/// What goes on without it.
fn needs_none(target: &Target, number: usize) -> Result<Answer> {
    match number % 3 {
        0 => target.client_credentials(),
        1 => target.get("/.well-known/openid-configuration", None),
        _ => target.get("/oauth2/jwks", None),
    }
}

/// Both kinds of load.
struct Both {
    with: Load,
    without: Load,
}

fn both(cluster: &Cluster) -> Result<Both> {
    let (access, _) = cluster.proxy().tokens(&mut Person::ada())?;
    let (a, b) = (cluster.proxy(), cluster.proxy());
    let with = Load::start(3, move |_| needs_it(&a, &access));
    let without = Load::start(2, move |number| needs_none(&b, number));
    within(Duration::from_secs(30), || (with.so_far().done > 20).then_some(()))?;
    Ok(Both { with, without })
}

impl Both {
    /// Waits until the database is felt, and until more has gone on without it.
    fn feels_it(&self) -> Result<()> {
        within(Duration::from_secs(20), || (self.with.so_far().put_off > 5).then_some(()))?;
        let before = self.without.so_far().done;
        within(Duration::from_secs(20), || (self.without.so_far().done > before + 30).then_some(()))
    }

    /// Ends both; what needs no database never failed.
    fn end(self) -> Result<Tally> {
        let (with, without) = (self.with.stop(), self.without.stop());
        ensure!(with.wrong.is_empty() && with.broken.is_empty(), "{with:?}");
        ensure!(without.put_off == 0 && without.wrong.is_empty() && without.broken.is_empty(), "{without:?}");
        Ok(with)
    }
}

/// Each replica serves fully, logins and all, within two seconds from now.
fn back_in_time(cluster: &Cluster) -> Result<()> {
    for number in 0..3 {
        let target = cluster.replica(number);
        let serves = || target.tokens(&mut Person::ada()).ok().map(drop);
        within(Duration::from_secs(2), serves).map_err(|error| error.context(cluster.logs()))?;
    }
    Ok(())
}

#[test]
fn a_database_that_stops_and_comes_back() -> Result<()> {
    // As if the power went, so that what was committed a moment before must be on the disk.
    let settings = vec![("synchronous_commit".to_owned(), "on".to_owned())];
    let cluster = Cluster::start(&Settings { settings, ..Settings::default() })?;
    let both = both(&cluster)?;
    cluster.postgres.stop(How::Immediate)?;
    both.feels_it()?;
    cluster.postgres.begin()?;
    back_in_time(&cluster)?;
    both.end().map(drop)
}

#[test]
fn a_database_that_hangs_and_goes_on() -> Result<()> {
    let cluster = Cluster::start(&Settings::default())?;
    let both = both(&cluster)?;
    cluster.postgres.pause()?;
    both.feels_it()?;
    cluster.postgres.resume()?;
    back_in_time(&cluster)?;
    both.end().map(drop)
}

#[test]
fn a_failover_that_closes_every_connection() -> Result<()> {
    let cluster = Cluster::start(&Settings::default())?;
    let both = both(&cluster)?;
    for _ in 0..5 {
        let before = both.with.so_far().done;
        cluster.postgres.end_connections(DATABASE)?;
        within(Duration::from_secs(10), || (both.with.so_far().done > before + 20).then_some(()))?;
    }
    back_in_time(&cluster)?;
    both.end().map(drop)
}

#[test]
fn a_disk_that_is_full_and_has_room_again() -> Result<()> {
    let cluster = Cluster::start(&Settings { disk: Some(96), ..Settings::default() })?;
    let both = both(&cluster)?;
    let (_, mut refresh) = cluster.proxy().tokens(&mut Person::ada())?;
    cluster.postgres.fill_disk()?;
    // Tables have a little room left in their last page: it is used up soon.
    let mut put_off = None;
    for _ in 0..2_000 {
        let answer = cluster.proxy().refresh(&refresh)?;
        match answer.status {
            200 => refresh = answer.text("refresh_token")?,
            503 => {
                put_off = Some(answer);
                break;
            }
            _ => anyhow::bail!("{answer:?}"),
        }
    }
    let put_off = put_off.ok_or_else(|| anyhow::anyhow!("the disk is never full"))?;
    ensure!(put_off.retry_after.is_some(), "{put_off:?}");
    let before = both.without.so_far().done;
    within(Duration::from_secs(20), || (both.without.so_far().done > before + 30).then_some(()))?;
    cluster.postgres.free_disk()?;
    back_in_time(&cluster)?;
    // What was put off was not half done: the same token is good.
    ensure!(cluster.proxy().refresh(&refresh)?.status == 200);
    both.end().map(drop)
}
