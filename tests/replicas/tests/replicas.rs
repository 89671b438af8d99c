//! Several replicas are one provider: what begins on one ends on another, what happens once happens once over all of them, and one that
//! dies takes nothing along but its own open requests.

use anyhow::{Result, ensure};
use nauthera_replicas::calls::{Answer, Target};
use nauthera_replicas::cluster::{Cluster, within};
use nauthera_replicas::load::Load;
use nauthera_replicas::receiver::Receiver;
use nauthera_rp_rust::person::Person;
use nauthera_test_postgres::Settings;
use std::sync::Barrier;
use std::time::Duration;
use url::Url;

/// Sends 200 requests at the same moment, to each replica in turn.
fn at_once(cluster: &Cluster, send: impl Fn(&Target) -> Result<Answer> + Sync) -> Result<Vec<Answer>> {
    let start = Barrier::new(200);
    std::thread::scope(|scope| {
        let threads = (0..200).map(|number| {
            let (target, start, send) = (cluster.replica(number), &start, &send);
            scope.spawn(move || {
                start.wait();
                send(&target)
            })
        });
        let threads: Vec<_> = threads.collect();
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?)
            .collect()
    })
}

#[test]
fn a_login_that_begins_on_one_replica_ends_on_another() -> Result<()> {
    let cluster = Cluster::start(&Settings::default())?;
    // The proxy leads each connection to the next replica, and each request has its own.
    for _ in 0..3 {
        let (access, refresh) = cluster.proxy().tokens(&mut Person::ada())?;
        for number in 0..3 {
            ensure!(cluster.replica(number).userinfo(&access)?.status == 200);
        }
        ensure!(cluster.replica(1).refresh(&refresh)?.status == 200);
    }
    Ok(())
}

#[test]
fn one_code_is_redeemed_once_over_all_replicas() -> Result<()> {
    let cluster = Cluster::start(&Settings::default())?;
    let code = cluster.proxy().code(&mut Person::ada())?;
    let answers = at_once(&cluster, |target| target.redeem(&code))?;
    let won: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
    ensure!(won.len() == 1, "{} of 200 got tokens", won.len());
    // Some are told that there were too many refusals of this client from this address.
    ensure!(answers.iter().filter(|answer| [400, 429].contains(&answer.status)).count() == 199);
    // The others were replays, and end what the first one got.
    for token in won {
        let token = token.text("access_token")?;
        for number in 0..3 {
            ensure!(cluster.replica(number).userinfo(&token)?.status == 401);
        }
    }
    Ok(())
}

#[test]
fn one_refresh_token_has_one_successor_over_all_replicas() -> Result<()> {
    let cluster = Cluster::start(&Settings::default())?;
    let (_, refresh) = cluster.proxy().tokens(&mut Person::ada())?;
    let answers = at_once(&cluster, |target| target.refresh(&refresh))?;
    let won = answers.iter().filter(|answer| answer.status == 200);
    let mut successors = won.map(|answer| answer.text("refresh_token")).collect::<Result<Vec<_>>>()?;
    ensure!(!successors.is_empty(), "{answers:?}");
    ensure!(answers.iter().all(|answer| [200, 400, 429].contains(&answer.status)), "{answers:?}");
    successors.sort();
    successors.dedup();
    let [successor] = successors.as_slice() else { anyhow::bail!("{} successors", successors.len()) };
    ensure!(cluster.replica(2).refresh(successor)?.status == 200);
    // The successor was used: who still has the first one has stolen it, and the family ends everywhere.
    ensure!(cluster.replica(0).refresh(&refresh)?.status == 400);
    ensure!(cluster.replica(1).refresh(successor)?.status == 400);
    Ok(())
}

/// Refresh tokens of a new grant in their order, each of the last three made by another replica, so that all of them know the grant.
fn known_to_all(cluster: &Cluster) -> Result<Vec<String>> {
    let mut tokens = vec![cluster.proxy().tokens(&mut Person::ada())?.1];
    for number in 0..3 {
        let last = tokens.last().map(String::as_str).unwrap_or_default();
        tokens.push(cluster.replica(number).refresh(last)?.text("refresh_token")?);
    }
    Ok(tokens)
}

#[test]
fn what_a_replica_knows_of_a_grant_never_makes_a_token_count() -> Result<()> {
    let cluster = Cluster::start(&Settings::default())?;
    let refused_everywhere = |token: &str| -> Result<()> {
        for number in 0..3 {
            let answer = cluster.replica(number).refresh(token)?;
            ensure!(answer.status == 400 && answer.text("error")? == "invalid_grant", "{number}: {answer:?}");
        }
        Ok(())
    };
    // Revoked at one.
    let revoked = known_to_all(&cluster)?;
    ensure!(cluster.replica(0).revoke(&revoked[3])?.status == 200);
    refused_everywhere(&revoked[3])?;
    // An old one presented at one.
    let reused = known_to_all(&cluster)?;
    ensure!(cluster.replica(1).refresh(&reused[0])?.status == 400);
    refused_everywhere(&reused[3])?;
    // Logged out at one.
    let mut person = Person::ada();
    let tokens = cluster.proxy().redeem(&cluster.proxy().code(&mut person)?)?;
    let mut token = tokens.text("refresh_token")?;
    for number in 0..3 {
        token = cluster.replica(number).refresh(&token)?.text("refresh_token")?;
    }
    let end = format!("{}/oauth2/logout", cluster.issuer);
    person.look(&Url::parse_with_params(&end, [("id_token_hint", &tokens.text("id_token")?)])?)?;
    refused_everywhere(&token)?;
    // One after another at whichever, it goes on.
    let mut token = known_to_all(&cluster)?.swap_remove(3);
    for number in 0..30 {
        token = cluster.replica(number).refresh(&token)?.text("refresh_token")?;
    }
    // And 200 at once, where all know it.
    let answers = at_once(&cluster, |target| target.refresh(&token))?;
    let mut successors: Vec<String> =
        answers.iter().map(|answer| answer.text("refresh_token")).collect::<Result<_>>()?;
    successors.sort();
    successors.dedup();
    ensure!(successors.len() == 1, "{} successors", successors.len());
    Ok(())
}

#[test]
fn a_logout_that_was_being_told_when_all_were_killed_is_told_by_the_first_that_comes_back() -> Result<()> {
    let receiver = Receiver::start()?;
    let told = format!("  type: browser\n  backChannelLogoutUri: {}\n", receiver.url);
    let mut cluster = Cluster::edited(&Settings::default(), &["--allow-private-fetch"], |manifests| {
        let clients = manifests.join("teams/public.yaml");
        let text = std::fs::read_to_string(&clients)?;
        Ok(std::fs::write(&clients, text.replacen("  type: browser\n", &told, 1))?)
    })?;
    let mut person = Person::ada();
    let tokens = cluster.proxy().redeem(&cluster.proxy().code(&mut person)?)?;
    let hint = tokens.text("id_token")?;
    let end = format!("{}/oauth2/logout", cluster.issuer);
    person.look(&Url::parse_with_params(&end, [("id_token_hint", &hint)])?)?;
    let first = receiver.next()?;
    // Whichever of them was telling it.
    cluster.replicas.iter_mut().try_for_each(|replica| replica.kill("KILL"))?;
    let heir = cluster.replicas.get_mut(2).ok_or_else(|| anyhow::anyhow!("no replica"))?;
    heir.start()?;
    let second = receiver.next()?;
    ensure!(
        first.get("sid") == second.get("sid") && first.get("jti") != second.get("jti"),
        "{first} {second}"
    );
    ensure!(receiver.is_quiet_for(Duration::from_secs(4)), "it was told: nobody tells it again");
    Ok(())
}

#[test]
fn a_replica_that_is_killed_takes_only_its_own_open_requests_along() -> Result<()> {
    let mut cluster = Cluster::start(&Settings::default())?;
    let mut person = Person::ada();
    let (access, refresh) = cluster.proxy().tokens(&mut person)?;
    let (proxy, token) = (cluster.proxy(), access.clone());
    let at_once = 6;
    let load = Load::start(at_once, move |number| match number % 2 {
        0 => proxy.client_credentials(),
        _ => proxy.userinfo(&token),
    });
    within(Duration::from_secs(30), || (load.so_far().done > 100).then_some(()))?;
    let victim = cluster.replicas.get_mut(1).ok_or_else(|| anyhow::anyhow!("no replica"))?;
    victim.kill("KILL")?;
    let before = load.so_far().done;
    within(Duration::from_secs(30), || (load.so_far().done > before + 200).then_some(()))?;
    let tally = load.stop();
    ensure!(tally.wrong.is_empty() && tally.put_off == 0, "{tally:?}");
    ensure!(tally.broken.len() <= at_once, "more broke than were open: {tally:?}");
    // Session and refresh token are as they were.
    let again = cluster.proxy().tokens(&mut person)?;
    ensure!(cluster.replica(0).userinfo(&again.0)?.status == 200);
    ensure!(cluster.replica(2).refresh(&refresh)?.status == 200);
    // It comes back and is one of them.
    let victim = cluster.replicas.get_mut(1).ok_or_else(|| anyhow::anyhow!("no replica"))?;
    victim.start()?;
    cluster.wait_for_all()?;
    ensure!(cluster.replica(1).userinfo(&access)?.status == 200);
    Ok(())
}
