//! What clients are told when a session ends: who is, and how a delivery is claimed, put off and done.

use super::samples::{
    END, NOW, begin, client, code, code_in, digest, grant_of, issue, later, must, session, store_code,
    subject,
};
use crate::logouts::RETENTION;
use crate::{LogoutClaim, LogoutQueue, Result, SessionStart, Store};
use nauthera_core::facts::{CodeRecord, LogoutDelivery, SessionRecord};
use nauthera_core::time::{Seconds, UnixTime};
use std::sync::Arc;

type S = Arc<dyn Store>;

const LEASE: Seconds = Seconds::new(15);

/// A claim of everything.
fn all() -> LogoutClaim {
    LogoutClaim { most: 1_000, most_of_one: 1_000, but: Vec::new(), lease: LEASE }
}

async fn claimed(store: &S, now: UnixTime) -> Result<Vec<LogoutDelivery>> {
    let mut claimed = store.claim_logouts(all(), now).await?;
    claimed.sort_by(|a, b| (&a.sid, &a.client_id).cmp(&(&b.sid, &b.client_id)));
    Ok(claimed)
}

/// The first of what is claimed.
async fn first_claimed(store: &S, now: UnixTime) -> Result<LogoutDelivery> {
    must(claimed(store, now).await?.into_iter().next())
}

/// What ada's client is told of the end of a session, in the first attempt.
fn delivery(client_name: &str, sid: &str, ended_at: UnixTime) -> LogoutDelivery {
    LogoutDelivery {
        client_id: client(client_name),
        subject: subject("ada"),
        sid: sid.into(),
        ended_at,
        attempts: 1,
    }
}

/// A code of ada's for a client in one of her sessions.
fn code_of(client_name: &str, sid: &str) -> CodeRecord {
    let mut code = code_in(&format!("{client_name} in {sid}"), sid);
    code.authorization.client_id = client(client_name);
    code
}

/// A session of ada's in which these clients got tokens.
async fn session_of(store: &S, sid: &str, clients: &[&str]) -> Result<()> {
    begin(store, &session(sid, "ada")).await?;
    for name in clients {
        issue(store, &code_of(name, sid), &format!("{name} {sid}")).await?;
    }
    Ok(())
}

/// So many sessions of ada's with a client, which end one second after the other.
async fn ended_sessions(store: &S, client_name: &str, count: u32) -> Result<()> {
    for n in 0..count {
        let sid = format!("{client_name}-{n:03}");
        session_of(store, &sid, &[client_name]).await?;
        store.end_session(&subject("ada"), &sid, later(n)).await?;
    }
    Ok(())
}

pub(super) async fn the_end_of_a_session_tells_each_of_its_clients(store: S) -> Result<()> {
    session_of(&store, "sid", &["storefront", "reports"]).await?;
    assert_eq!(store.logout_queue().await?, LogoutQueue::default());
    assert!(store.end_session(&subject("ada"), "sid", later(5)).await?);
    let both = ["reports", "storefront"].map(|name| delivery(name, "sid", later(5)));
    assert_eq!(claimed(&store, later(5)).await?, both);
    Ok(())
}

pub(super) async fn a_client_with_several_grants_is_told_once(store: S) -> Result<()> {
    session_of(&store, "sid", &["storefront"]).await?;
    issue(&store, &code("again"), "again").await?;
    store.end_session(&subject("ada"), "sid", NOW).await?;
    store.end_session(&subject("ada"), "sid", later(1)).await?;
    assert_eq!(claimed(&store, later(1)).await?, [delivery("storefront", "sid", NOW)]);
    Ok(())
}

pub(super) async fn a_client_whose_grant_was_revoked_is_told(store: S) -> Result<()> {
    session_of(&store, "sid", &["storefront", "reports"]).await?;
    store.revoke_grant(code_of("storefront", "sid").grant, later(1)).await?;
    store.withdraw_consent(&subject("ada"), &client("reports"), later(1)).await?;
    assert_eq!(store.logout_queue().await?.pending, 0, "the session goes on");
    store.end_session(&subject("ada"), "sid", later(2)).await?;
    assert_eq!(claimed(&store, later(2)).await?.len(), 2);
    Ok(())
}

pub(super) async fn only_clients_that_got_tokens_in_the_session_are_told(store: S) -> Result<()> {
    session_of(&store, "sid", &[]).await?;
    session_of(&store, "other", &["reports"]).await?;
    store_code(&store, &code_of("storefront", "sid")).await?;
    let mut graces = code_of("till", "sid");
    graces.authorization.person = super::samples::person("grace");
    issue(&store, &graces, "graces").await?;
    store.end_session(&subject("ada"), "sid", NOW).await?;
    assert_eq!(claimed(&store, NOW).await?, []);
    Ok(())
}

pub(super) async fn a_session_that_nobody_ended_tells_nobody(store: S) -> Result<()> {
    session_of(&store, "sid", &["storefront"]).await?;
    assert!(!store.end_session(&subject("grace"), "sid", NOW).await?);
    assert!(!store.end_session(&subject("ada"), "gone", NOW).await?);
    store.sweep(END.plus(Seconds::days(1)), 100).await?;
    assert_eq!(store.session(digest("sid")).await?, None, "it is over, by itself");
    assert_eq!(store.logout_queue().await?, LogoutQueue::default());
    Ok(())
}

pub(super) async fn the_session_that_a_new_one_replaces_tells_its_clients(store: S) -> Result<()> {
    session_of(&store, "sid", &["storefront"]).await?;
    let start = SessionStart::New { session: session("next", "grace"), replaces: Some("sid".into()) };
    store.start_session(start, later(5)).await?;
    assert_eq!(claimed(&store, later(5)).await?, [delivery("storefront", "sid", later(5))]);
    Ok(())
}

pub(super) async fn a_renewed_session_tells_nobody(store: S) -> Result<()> {
    session_of(&store, "sid", &["storefront"]).await?;
    let login = super::samples::login(later(5));
    let start =
        SessionStart::Renewed { old: digest("sid"), new: digest("new value"), login, expires_at: END };
    assert!(store.start_session(start, later(5)).await?);
    assert_eq!(store.logout_queue().await?.pending, 0);
    store.end_session(&subject("ada"), "sid", later(6)).await?;
    assert_eq!(claimed(&store, later(6)).await?.len(), 1, "it kept its sid");
    Ok(())
}

pub(super) async fn all_sessions_of_a_person_end_at_once(store: S) -> Result<()> {
    for sid in ["a", "b", "c"] {
        session_of(&store, sid, &["storefront"]).await?;
    }
    begin(&store, &session("graces", "grace")).await?;
    store_code(&store, &code_of("reports", "b")).await?;
    assert_eq!(store.end_sessions_of(&subject("ada"), Some("a"), later(5)).await?, 2);
    assert_eq!(store.sessions_of(&subject("ada")).await?, [session("a", "ada")]);
    let told = ["b", "c"].map(|sid| delivery("storefront", sid, later(5)));
    assert_eq!(claimed(&store, later(5)).await?, told);
    let revoked = |sid: &'static str| {
        let store = store.clone();
        async move { super::samples::revoked_at(&store, code_of("storefront", sid).grant).await }
    };
    assert_eq!((revoked("a").await?, revoked("b").await?), (None, Some(later(5))));
    assert!(super::samples::is_dead(&store, &code_of("reports", "b")).await?);
    assert_eq!(store.end_sessions_of(&subject("ada"), None, later(6)).await?, 1);
    assert_eq!(store.end_sessions_of(&subject("ada"), None, later(7)).await?, 0);
    assert!(store.session(digest("graces")).await?.is_some(), "nobody ends another's");
    Ok(())
}

pub(super) async fn a_claim_is_nobody_elses_until_it_lapses(store: S) -> Result<()> {
    session_of(&store, "sid", &["storefront"]).await?;
    store.end_session(&subject("ada"), "sid", NOW).await?;
    assert_eq!(claimed(&store, NOW).await?.len(), 1);
    assert_eq!(claimed(&store, later(14)).await?, []);
    let again = LogoutDelivery { attempts: 2, ..delivery("storefront", "sid", NOW) };
    assert_eq!(claimed(&store, later(15)).await?, [again]);
    Ok(())
}

pub(super) async fn a_delivery_that_is_done_is_gone(store: S) -> Result<()> {
    session_of(&store, "sid", &["storefront", "reports"]).await?;
    store.end_session(&subject("ada"), "sid", NOW).await?;
    let first = first_claimed(&store, NOW).await?;
    assert!(store.finish_logout(&first).await?);
    assert!(!store.finish_logout(&first).await?);
    assert_eq!(store.logout_queue().await?.pending, 1);
    assert_eq!(claimed(&store, later(60)).await?.len(), 1);
    Ok(())
}

pub(super) async fn a_delivery_that_is_put_off_comes_back_then(store: S) -> Result<()> {
    session_of(&store, "sid", &["storefront"]).await?;
    store.end_session(&subject("ada"), "sid", NOW).await?;
    let first = first_claimed(&store, NOW).await?;
    assert!(store.put_off_logout(&first, later(300)).await?);
    assert_eq!(claimed(&store, later(299)).await?, []);
    let second = first_claimed(&store, later(300)).await?;
    assert_eq!(second, LogoutDelivery { attempts: 2, ..first });
    assert!(store.put_off_logout(&second, later(301)).await?);
    assert_eq!(first_claimed(&store, later(301)).await?.attempts, 3);
    Ok(())
}

pub(super) async fn a_claim_that_lapsed_puts_nothing_off(store: S) -> Result<()> {
    session_of(&store, "sid", &["storefront"]).await?;
    store.end_session(&subject("ada"), "sid", NOW).await?;
    let slow = first_claimed(&store, NOW).await?;
    let quick = first_claimed(&store, later(15)).await?;
    assert!(!store.put_off_logout(&slow, later(16)).await?);
    assert_eq!(claimed(&store, later(20)).await?, [], "the second claim holds");
    assert!(store.finish_logout(&slow).await?, "it was told after all, and nobody tells it again");
    assert!(!store.put_off_logout(&quick, later(60)).await?);
    assert_eq!(store.logout_queue().await?, LogoutQueue::default());
    Ok(())
}

pub(super) async fn a_claim_takes_no_more_than_was_asked(store: S) -> Result<()> {
    ended_sessions(&store, "storefront", 5).await?;
    ended_sessions(&store, "reports", 1).await?;
    let claim = |most, most_of_one, but: &[&str]| LogoutClaim {
        most,
        most_of_one,
        but: but.iter().map(|name| client(name)).collect(),
        lease: LEASE,
    };
    let names = |claimed: Vec<LogoutDelivery>| {
        let mut names: Vec<String> = claimed.iter().map(|one| one.client_id.to_string()).collect();
        names.sort();
        names
    };
    let now = later(10);
    let passed_over = store.claim_logouts(claim(10, 2, &["storefront"]), now).await?;
    assert_eq!(names(passed_over), ["shop.reports"]);
    let few_of_one = store.claim_logouts(claim(10, 2, &["reports"]), now).await?;
    let oldest: Vec<&str> = few_of_one.iter().map(|one| &*one.sid).collect();
    assert!(oldest.contains(&"storefront-000") && oldest.contains(&"storefront-001"), "{oldest:?}");
    assert_eq!(names(few_of_one), ["shop.storefront"; 2]);
    assert_eq!(store.claim_logouts(claim(1, 10, &[]), now).await?.len(), 1);
    assert_eq!(store.claim_logouts(claim(10, 10, &[]), now).await?.len(), 2);
    assert_eq!(store.claim_logouts(claim(0, 10, &[]), later(100)).await?, []);
    Ok(())
}

pub(super) async fn a_client_with_many_deliveries_leaves_room_for_others(store: S) -> Result<()> {
    ended_sessions(&store, "aaa-with-many", 20).await?;
    for name in ["b", "c", "d"] {
        ended_sessions(&store, name, 1).await?;
    }
    let claim = LogoutClaim { most: 5, most_of_one: 2, but: Vec::new(), lease: LEASE };
    let claimed = store.claim_logouts(claim, later(60)).await?;
    let mut clients: Vec<&str> = claimed.iter().map(|one| one.client_id.as_str()).collect();
    clients.sort_unstable();
    assert_eq!(clients, ["shop.aaa-with-many", "shop.aaa-with-many", "shop.b", "shop.c", "shop.d"]);
    Ok(())
}

pub(super) async fn the_queue_says_how_long_and_how_old_it_is(store: S) -> Result<()> {
    ended_sessions(&store, "storefront", 3).await?;
    let queue = store.logout_queue().await?;
    assert_eq!(queue, LogoutQueue { pending: 3, oldest: Some(NOW) });
    let first = first_claimed(&store, later(10)).await?;
    assert_eq!(store.logout_queue().await?, queue, "what is claimed is not done");
    store.finish_logout(&first).await?;
    assert_eq!(store.logout_queue().await?, LogoutQueue { pending: 2, oldest: Some(later(1)) });
    Ok(())
}

pub(super) async fn the_oldest_beyond_a_clients_share_are_dropped(store: S) -> Result<()> {
    ended_sessions(&store, "storefront", 8).await?;
    ended_sessions(&store, "reports", 2).await?;
    assert_eq!(store.trim_logouts(8, 100).await?, 0);
    assert_eq!(store.trim_logouts(3, 4).await?, 4, "no more at a time than was asked");
    assert_eq!(store.trim_logouts(3, 100).await?, 1);
    assert_eq!(store.trim_logouts(3, 100).await?, 0);
    let left: Vec<_> = claimed(&store, later(60)).await?.into_iter().map(|one| one.sid).collect();
    let expected = ["reports-000", "reports-001", "storefront-005", "storefront-006", "storefront-007"];
    assert_eq!(left, expected.map(Arc::from));
    Ok(())
}

pub(super) async fn what_nobody_delivers_is_swept(store: S) -> Result<()> {
    session_of(&store, "sid", &["storefront"]).await?;
    store.end_session(&subject("ada"), "sid", NOW).await?;
    store.sweep(NOW.plus(RETENTION), 100).await?;
    assert_eq!(store.logout_queue().await?.pending, 1);
    store.sweep(NOW.plus(RETENTION).plus(Seconds::new(1)), 100).await?;
    assert_eq!(store.logout_queue().await?.pending, 0);
    Ok(())
}

pub(super) async fn a_client_is_told_although_its_grant_is_long_over(store: S) -> Result<()> {
    let end = NOW.plus(Seconds::hours(12));
    begin(&store, &SessionRecord { expires_at: end, ..session("sid", "ada") }).await?;
    let code = code("c");
    store_code(&store, &code).await?;
    let mut grant = grant_of(&code);
    grant.expires_at = later(300);
    store.redeem_code(code.digest, grant, None, NOW).await?;
    for hour in 1..12 {
        store.sweep(NOW.plus(Seconds::hours(hour)), 100).await?;
    }
    store.end_session(&subject("ada"), "sid", end.minus(Seconds::new(1))).await?;
    assert_eq!(store.logout_queue().await?.pending, 1);
    while store.sweep(end.plus(Seconds::hours(3)), 100).await? > 0 {}
    assert_eq!(store.grant(code.grant).await?, None, "it goes with its session");
    assert_eq!(store.code(code.digest).await?, None);
    Ok(())
}
