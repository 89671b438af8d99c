//! Refresh tokens, one caller at a time.

use super::samples::{END, NOW, code, digest, grant_id, issue, later, must, new_refresh};
use crate::{Result, Rotation, Store};
use nauthera_core::facts::{RefreshRecord, Rotated};
use nauthera_core::time::{Seconds, UnixTime};
use std::sync::Arc;

type S = Arc<dyn Store>;

/// Rotates `old` to `new`; the sealed successor is the word itself.
async fn rotate(store: &S, old: &str, new: &str, now: UnixTime) -> Result<Rotation> {
    store.rotate_refresh(digest(old), new_refresh(new), new.as_bytes().to_vec(), END, now).await
}

fn record(word: &str, rotated: Option<Rotated>) -> RefreshRecord {
    RefreshRecord { digest: digest(word), grant: grant_id("c"), expires_at: END, rotated }
}

fn rotated(at: UnixTime, sealed: &str) -> Option<Rotated> {
    Some(Rotated { at, successor_used: false, sealed_successor: sealed.as_bytes().to_vec() })
}

pub(super) async fn a_refresh_token_is_read_with_its_grant(store: S) -> Result<()> {
    let grant = issue(&store, &code("c"), "t").await?;
    assert_eq!(store.refresh(digest("t")).await?, Some((record("t", None), grant)));
    Ok(())
}

pub(super) async fn an_unknown_refresh_token_is_none(store: S) -> Result<()> {
    assert_eq!(store.refresh(digest("t")).await?, None);
    Ok(())
}

pub(super) async fn rotation_stores_the_successor(store: S) -> Result<()> {
    let grant = issue(&store, &code("c"), "t").await?;
    assert_eq!(rotate(&store, "t", "u", later(1)).await?, Rotation::Won);
    assert_eq!(store.refresh(digest("u")).await?, Some((record("u", None), grant.clone())));
    assert_eq!(store.refresh(digest("t")).await?, Some((record("t", rotated(later(1), "u")), grant)));
    Ok(())
}

pub(super) async fn a_second_rotation_carries_the_sealed_successor(store: S) -> Result<()> {
    issue(&store, &code("c"), "t").await?;
    rotate(&store, "t", "u", later(1)).await?;
    let second = rotate(&store, "t", "v", later(2)).await?;
    assert_eq!(second, Rotation::Lost(record("t", rotated(later(1), "u"))));
    assert_eq!(store.refresh(digest("v")).await?, None, "a lost rotation stores nothing");
    Ok(())
}

pub(super) async fn a_used_successor_ends_the_grace(store: S) -> Result<()> {
    issue(&store, &code("c"), "t").await?;
    rotate(&store, "t", "u", later(1)).await?;
    rotate(&store, "u", "v", later(2)).await?;
    let over = Rotated { at: later(1), successor_used: true, sealed_successor: Vec::new() };
    assert_eq!(rotate(&store, "t", "w", later(3)).await?, Rotation::Lost(record("t", Some(over.clone()))));
    assert_eq!(must(store.refresh(digest("t")).await?)?.0, record("t", Some(over)));
    Ok(())
}

pub(super) async fn an_unknown_refresh_token_is_gone(store: S) -> Result<()> {
    assert_eq!(rotate(&store, "t", "u", NOW).await?, Rotation::Gone);
    assert_eq!(store.refresh(digest("u")).await?, None);
    Ok(())
}

pub(super) async fn a_refresh_token_of_a_revoked_grant_is_gone(store: S) -> Result<()> {
    issue(&store, &code("c"), "t").await?;
    store.revoke_grant(grant_id("c"), NOW).await?;
    assert_eq!(rotate(&store, "t", "u", NOW).await?, Rotation::Gone);
    assert_eq!(store.refresh(digest("u")).await?, None);
    Ok(())
}

pub(super) async fn a_revoked_grant_shows_beside_its_refresh_token(store: S) -> Result<()> {
    issue(&store, &code("c"), "t").await?;
    store.revoke_grant(grant_id("c"), later(3)).await?;
    assert_eq!(must(store.refresh(digest("t")).await?)?.1.revoked_at, Some(later(3)));
    Ok(())
}

pub(super) async fn rotation_raises_the_end_of_the_grant(store: S) -> Result<()> {
    issue(&store, &code("c"), "t").await?;
    let longer = END.plus(Seconds::days(1));
    store.rotate_refresh(digest("t"), new_refresh("u"), Vec::new(), longer, NOW).await?;
    assert_eq!(must(store.grant(grant_id("c")).await?)?.expires_at, longer);
    Ok(())
}

pub(super) async fn rotation_never_cuts_the_grant(store: S) -> Result<()> {
    issue(&store, &code("c"), "t").await?;
    store.rotate_refresh(digest("t"), new_refresh("u"), Vec::new(), NOW, NOW).await?;
    assert_eq!(must(store.grant(grant_id("c")).await?)?.expires_at, END);
    Ok(())
}

pub(super) async fn a_long_family_rotates_one_by_one(store: S) -> Result<()> {
    issue(&store, &code("c"), "t0").await?;
    for n in 0..50 {
        let step = rotate(&store, &format!("t{n}"), &format!("t{}", n + 1), later(n)).await?;
        assert_eq!(step, Rotation::Won, "{n}");
    }
    let first = must(store.refresh(digest("t0")).await?)?.0;
    assert!(must(first.rotated)?.successor_used);
    assert_eq!(must(store.refresh(digest("t50")).await?)?.0, record("t50", None));
    Ok(())
}
