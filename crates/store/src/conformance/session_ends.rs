//! Sessions that end, and what ends with them.

use super::samples::{
    NOW, begin, code, code_in, digest, grant_of, is_dead, issue, later, must, person, revoked_at, scopes,
    session, store_code, subject,
};
use crate::{Redemption, Result, SessionStart, Store};
use std::sync::Arc;

type S = Arc<dyn Store>;

pub(super) async fn an_ended_session_is_gone(store: S) -> Result<()> {
    begin(&store, &session("sid", "ada")).await?;
    assert!(store.end_session(&subject("ada"), "sid", NOW).await?);
    assert_eq!(store.session(digest("sid")).await?, None);
    assert_eq!(store.sessions_of(&subject("ada")).await?, []);
    Ok(())
}

pub(super) async fn an_ended_session_takes_its_unredeemed_codes(store: S) -> Result<()> {
    begin(&store, &session("sid", "ada")).await?;
    store_code(&store, &code("c")).await?;
    store.end_session(&subject("ada"), "sid", NOW).await?;
    assert_eq!(store.code(digest("c")).await?, None);
    assert!(is_dead(&store, &code("c")).await?);
    Ok(())
}

pub(super) async fn an_ended_session_revokes_its_grants(store: S) -> Result<()> {
    begin(&store, &session("sid", "ada")).await?;
    let (a, b) = (issue(&store, &code("a"), "ta").await?, issue(&store, &code("b"), "tb").await?);
    store.end_session(&subject("ada"), "sid", later(5)).await?;
    assert_eq!(revoked_at(&store, a.id).await?, Some(later(5)));
    assert_eq!(revoked_at(&store, b.id).await?, Some(later(5)));
    Ok(())
}

pub(super) async fn offline_access_outlives_the_session(store: S) -> Result<()> {
    begin(&store, &session("sid", "ada")).await?;
    let mut offline = code("c");
    offline.authorization.scopes = scopes("openid offline_access");
    let grant = issue(&store, &offline, "t").await?;
    store.end_session(&subject("ada"), "sid", later(5)).await?;
    let left = must(store.grant(grant.id).await?)?;
    assert_eq!((left.revoked_at, left.session_ended_at), (None, Some(later(5))));
    store.end_session(&subject("ada"), "sid", later(9)).await?;
    let (_, left) = must(store.refresh(grant.id).await?)?;
    assert_eq!(left.session_ended_at, Some(later(5)), "the first end counts");
    Ok(())
}

pub(super) async fn a_session_is_ended_once(store: S) -> Result<()> {
    begin(&store, &session("sid", "ada")).await?;
    assert!(store.end_session(&subject("ada"), "sid", NOW).await?);
    assert!(!store.end_session(&subject("ada"), "sid", NOW).await?);
    assert!(!store.end_session(&subject("ada"), "never", NOW).await?);
    Ok(())
}

pub(super) async fn nobody_ends_anothers_session(store: S) -> Result<()> {
    begin(&store, &session("sid", "ada")).await?;
    let grant = issue(&store, &code("c"), "t").await?;
    store_code(&store, &code("waiting")).await?;
    assert!(!store.end_session(&subject("grace"), "sid", NOW).await?);
    assert_eq!(store.session(digest("sid")).await?, Some(session("sid", "ada")));
    assert_eq!(revoked_at(&store, grant.id).await?, None);
    let taken = store.redeem_code(digest("waiting"), grant_of(&code("waiting")), None, NOW).await?;
    assert_eq!(taken, Redemption::Won);
    Ok(())
}

pub(super) async fn one_session_ends_and_the_other_goes_on(store: S) -> Result<()> {
    begin(&store, &session("sid", "ada")).await?;
    begin(&store, &session("laptop", "ada")).await?;
    let grant = issue(&store, &code_in("c", "laptop"), "t").await?;
    store_code(&store, &code_in("waiting", "laptop")).await?;
    store.end_session(&subject("ada"), "sid", NOW).await?;
    assert_eq!(store.sessions_of(&subject("ada")).await?, [session("laptop", "ada")]);
    assert_eq!(revoked_at(&store, grant.id).await?, None);
    assert_eq!(store.code(digest("waiting")).await?, Some(code_in("waiting", "laptop")));
    Ok(())
}

pub(super) async fn a_code_on_its_way_to_an_ended_session_is_dead(store: S) -> Result<()> {
    begin(&store, &session("sid", "ada")).await?;
    store.end_session(&subject("ada"), "sid", NOW).await?;
    store_code(&store, &code("late")).await?;
    assert!(is_dead(&store, &code("late")).await?);
    Ok(())
}

pub(super) async fn a_new_session_ends_the_one_it_replaces(store: S) -> Result<()> {
    begin(&store, &session("sid", "ada")).await?;
    let grant = issue(&store, &code("c"), "t").await?;
    store_code(&store, &code("waiting")).await?;
    let next = session("next", "grace");
    let start = SessionStart::New { session: next.clone(), replaces: Some("sid".into()) };
    assert!(store.start_session(start, later(5)).await?);
    assert_eq!(store.session(digest("sid")).await?, None);
    assert_eq!(store.session(digest("next")).await?.map(|s| s.person), Some(person("grace")));
    assert_eq!(revoked_at(&store, grant.id).await?, Some(later(5)));
    assert!(is_dead(&store, &code("waiting")).await?);
    Ok(())
}

pub(super) async fn a_session_may_replace_one_that_is_gone(store: S) -> Result<()> {
    let start = SessionStart::New { session: session("s", "ada"), replaces: Some("gone".into()) };
    assert!(store.start_session(start, NOW).await?);
    assert_eq!(store.session(digest("s")).await?, Some(session("s", "ada")));
    Ok(())
}
