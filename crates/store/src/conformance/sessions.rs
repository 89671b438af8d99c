//! Sessions that live: begun, renewed, used, listed.

use super::samples::{END, NOW, begin, digest, later, login, must, session, subject};
use crate::{Result, SessionStart, Store};
use nauthera_core::facts::SessionRecord;
use nauthera_core::time::Seconds;
use std::sync::Arc;

type S = Arc<dyn Store>;

fn renewal(old: &str, new: &str) -> SessionStart {
    SessionStart::Renewed {
        old: digest(old),
        new: digest(new),
        login: login(later(100)),
        expires_at: END.plus(Seconds::hours(1)),
    }
}

pub(super) async fn a_session_is_read_back(store: S) -> Result<()> {
    begin(&store, &session("s", "ada")).await?;
    assert_eq!(store.session(digest("s")).await?, Some(session("s", "ada")));
    Ok(())
}

pub(super) async fn an_unknown_session_is_none(store: S) -> Result<()> {
    assert_eq!(store.session(digest("s")).await?, None);
    Ok(())
}

pub(super) async fn a_renewed_session_keeps_its_sid(store: S) -> Result<()> {
    begin(&store, &session("s", "ada")).await?;
    assert!(store.start_session(renewal("s", "t"), later(100)).await?);
    let renewed = SessionRecord {
        digest: digest("t"),
        login: login(later(100)),
        last_seen_at: later(100),
        expires_at: END.plus(Seconds::hours(1)),
        ..session("s", "ada")
    };
    assert_eq!(store.session(digest("t")).await?, Some(renewed));
    Ok(())
}

pub(super) async fn a_renewed_session_leaves_its_old_value(store: S) -> Result<()> {
    begin(&store, &session("s", "ada")).await?;
    store.start_session(renewal("s", "t"), later(100)).await?;
    assert_eq!(store.session(digest("s")).await?, None);
    assert!(!store.start_session(renewal("s", "u"), later(101)).await?);
    Ok(())
}

pub(super) async fn a_session_that_is_gone_is_not_renewed(store: S) -> Result<()> {
    assert!(!store.start_session(renewal("s", "t"), NOW).await?);
    assert_eq!(store.session(digest("t")).await?, None);
    Ok(())
}

pub(super) async fn use_is_noted_to_the_minute(store: S) -> Result<()> {
    begin(&store, &session("s", "ada")).await?;
    store.touch_session(digest("s"), later(60)).await?;
    assert_eq!(must(store.session(digest("s")).await?)?.last_seen_at, later(60));
    store.touch_session(digest("s"), later(3_600)).await?;
    let seen = must(store.session(digest("s")).await?)?.last_seen_at;
    assert!(seen > later(3_600 - 60) && seen <= later(3_600), "{seen}");
    Ok(())
}

pub(super) async fn use_never_goes_back(store: S) -> Result<()> {
    begin(&store, &session("s", "ada")).await?;
    store.touch_session(digest("s"), later(600)).await?;
    store.touch_session(digest("s"), later(300)).await?;
    store.touch_session(digest("gone"), later(300)).await?;
    assert_eq!(must(store.session(digest("s")).await?)?.last_seen_at, later(600));
    Ok(())
}

pub(super) async fn sessions_are_listed_newest_first(store: S) -> Result<()> {
    for (word, at) in [("b", 20), ("a", 10), ("c", 30)] {
        begin(&store, &SessionRecord { created_at: later(at), ..session(word, "ada") }).await?;
    }
    begin(&store, &session("other", "grace")).await?;
    let sessions = store.sessions_of(&subject("ada")).await?;
    let sids: Vec<&str> = sessions.iter().map(|session| &*session.sid).collect();
    assert_eq!(sids, ["c", "b", "a"]);
    assert_eq!(store.sessions_of(&subject("grace")).await?, [session("other", "grace")]);
    assert_eq!(store.sessions_of(&subject("nobody")).await?, []);
    Ok(())
}

pub(super) async fn at_most_a_hundred_sessions_are_listed(store: S) -> Result<()> {
    for n in 0..105 {
        begin(&store, &SessionRecord { created_at: later(n), ..session(&format!("s{n}"), "ada") }).await?;
    }
    let listed = store.sessions_of(&subject("ada")).await?;
    assert_eq!(listed.len(), 100);
    assert_eq!(listed.first().map(|s| s.created_at), Some(later(104)));
    Ok(())
}
