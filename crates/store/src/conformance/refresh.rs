//! Refresh tokens and their families, one caller at a time.

use super::samples::{
    END, NOW, begin, code, digest, grant_id, issue, later, lost, must, new_refresh, scopes, session, subject,
    turn,
};
use crate::{NewRefresh, Result, Rotation, Store, Turn};
use nauthera_core::facts::{CodeRecord, FamilyRecord, Generation, Rotated};
use nauthera_core::time::{Seconds, UnixTime};
use std::sync::Arc;

type S = Arc<dyn Store>;

/// Rotates `old` to `new`; the sealed successor is the word itself.
async fn rotate(store: &S, old: &str, new: &str, now: UnixTime) -> Result<Rotation> {
    store.rotate_refresh(turn("c", old, new), now).await
}

fn family(current: &str, rotated: Option<(&str, UnixTime)>) -> FamilyRecord {
    let rotated = rotated.map(|(previous, at)| Rotated {
        previous: digest(previous),
        at,
        sealed_successor: current.as_bytes().to_vec(),
    });
    FamilyRecord { grant: grant_id("c"), current: digest(current), expires_at: END, rotated }
}

/// The family of `c` as it stands.
async fn stands(store: &S) -> Result<FamilyRecord> {
    Ok(must(store.refresh(grant_id("c")).await?)?.0)
}

pub(super) async fn a_family_is_read_with_its_grant(store: S) -> Result<()> {
    let grant = issue(&store, &code("c"), "t").await?;
    assert_eq!(store.refresh(grant.id).await?, Some((family("t", None), grant)));
    Ok(())
}

pub(super) async fn an_unknown_family_is_none(store: S) -> Result<()> {
    assert_eq!(store.refresh(grant_id("c")).await?, None);
    Ok(())
}

pub(super) async fn rotation_replaces_the_current_token(store: S) -> Result<()> {
    let grant = issue(&store, &code("c"), "t").await?;
    assert_eq!(rotate(&store, "t", "u", later(1)).await?, Rotation::Won);
    assert_eq!(store.refresh(grant.id).await?, Some((family("u", Some(("t", later(1)))), grant)));
    Ok(())
}

pub(super) async fn a_second_rotation_carries_the_sealed_successor(store: S) -> Result<()> {
    let grant = issue(&store, &code("c"), "t").await?;
    rotate(&store, "t", "u", later(1)).await?;
    let second = rotate(&store, "t", "v", later(2)).await?;
    let now = family("u", Some(("t", later(1))));
    assert_eq!(second, Rotation::Lost(Box::new((now.clone(), grant))));
    assert_eq!(stands(&store).await?, now, "a lost rotation stores nothing");
    Ok(())
}

pub(super) async fn a_token_of_an_older_generation_rotates_nothing(store: S) -> Result<()> {
    issue(&store, &code("c"), "t").await?;
    rotate(&store, "t", "u", later(1)).await?;
    rotate(&store, "u", "v", later(2)).await?;
    for word in ["t", "never"] {
        let found = lost(rotate(&store, word, "w", later(3)).await?)?;
        assert_eq!(found.generation(digest(word)), Generation::Older);
    }
    assert_eq!(stands(&store).await?, family("v", Some(("u", later(2)))));
    Ok(())
}

pub(super) async fn a_token_of_an_unknown_family_is_gone(store: S) -> Result<()> {
    assert_eq!(rotate(&store, "t", "u", NOW).await?, Rotation::Gone);
    assert_eq!(store.refresh(grant_id("c")).await?, None);
    Ok(())
}

pub(super) async fn a_token_rotates_in_its_own_family_alone(store: S) -> Result<()> {
    issue(&store, &code("c"), "t").await?;
    issue(&store, &code("d"), "d0").await?;
    lost(rotate(&store, "d0", "u", later(1)).await?)?;
    assert_eq!(stands(&store).await?, family("t", None));
    assert_eq!(must(store.refresh(grant_id("d")).await?)?.0.current, digest("d0"));
    Ok(())
}

pub(super) async fn an_expired_refresh_token_is_not_rotated(store: S) -> Result<()> {
    issue(&store, &code("c"), "t").await?;
    assert_eq!(lost(rotate(&store, "t", "u", END).await?)?, family("t", None));
    assert_eq!(rotate(&store, "t", "u", UnixTime(END.0 - 1)).await?, Rotation::Won);
    Ok(())
}

pub(super) async fn a_rotation_may_end_the_family_earlier(store: S) -> Result<()> {
    issue(&store, &code("c"), "t").await?;
    let sooner = NewRefresh { digest: digest("u"), expires_at: later(60) };
    store.rotate_refresh(Turn { successor: sooner, ..turn("c", "t", "u") }, later(1)).await?;
    assert_eq!(stands(&store).await?.expires_at, later(60));
    lost(rotate(&store, "u", "v", later(60)).await?)?;
    Ok(())
}

pub(super) async fn a_refresh_token_of_a_revoked_grant_is_gone(store: S) -> Result<()> {
    issue(&store, &code("c"), "t").await?;
    store.revoke_grant(grant_id("c"), NOW).await?;
    for word in ["t", "older"] {
        assert_eq!(rotate(&store, word, "u", NOW).await?, Rotation::Gone);
    }
    assert_eq!(stands(&store).await?, family("t", None));
    Ok(())
}

pub(super) async fn a_refresh_token_of_an_ended_session_is_gone(store: S) -> Result<()> {
    begin(&store, &session("sid", "ada")).await?;
    issue(&store, &code("c"), "t").await?;
    store.end_session(&subject("ada"), "sid", later(1)).await?;
    assert_eq!(rotate(&store, "t", "u", later(2)).await?, Rotation::Gone);
    assert_eq!(stands(&store).await?, family("t", None));
    Ok(())
}

pub(super) async fn a_family_that_outlives_its_session_rotates(store: S) -> Result<()> {
    begin(&store, &session("sid", "ada")).await?;
    let mut offline: CodeRecord = code("c");
    offline.authorization.scopes = scopes("openid offline_access");
    issue(&store, &offline, "t").await?;
    store.end_session(&subject("ada"), "sid", later(1)).await?;
    assert_eq!(rotate(&store, "t", "u", later(2)).await?, Rotation::Won);
    Ok(())
}

pub(super) async fn a_revoked_grant_shows_beside_its_refresh_token(store: S) -> Result<()> {
    issue(&store, &code("c"), "t").await?;
    store.revoke_grant(grant_id("c"), later(3)).await?;
    assert_eq!(must(store.refresh(grant_id("c")).await?)?.1.revoked_at, Some(later(3)));
    Ok(())
}

/// Asks that the grant last until then, with a rotation of `old`.
async fn lasting(store: &S, old: &str, until: UnixTime) -> Result<(Rotation, UnixTime)> {
    let outcome = store.rotate_refresh(Turn { grant_until: Some(until), ..turn("c", old, "u") }, NOW).await?;
    Ok((outcome, must(store.grant(grant_id("c")).await?)?.expires_at))
}

pub(super) async fn rotation_raises_the_end_of_the_grant(store: S) -> Result<()> {
    issue(&store, &code("c"), "t").await?;
    let longer = END.plus(Seconds::days(1));
    assert_eq!(lasting(&store, "t", longer).await?, (Rotation::Won, longer));
    assert_eq!(stands(&store).await?, family("u", Some(("t", NOW))));
    Ok(())
}

pub(super) async fn rotation_never_cuts_the_grant(store: S) -> Result<()> {
    issue(&store, &code("c"), "t").await?;
    assert_eq!(lasting(&store, "t", NOW).await?, (Rotation::Won, END));
    Ok(())
}

pub(super) async fn a_lost_rotation_raises_no_grant(store: S) -> Result<()> {
    issue(&store, &code("c"), "t").await?;
    let (outcome, end) = lasting(&store, "other", END.plus(Seconds::days(1))).await?;
    lost(outcome)?;
    assert_eq!(end, END);
    Ok(())
}

pub(super) async fn a_long_family_rotates_one_by_one(store: S) -> Result<()> {
    issue(&store, &code("c"), "t0").await?;
    for n in 0..50 {
        let step = rotate(&store, &format!("t{n}"), &format!("t{}", n + 1), later(n)).await?;
        assert_eq!(step, Rotation::Won, "{n}");
    }
    let family = stands(&store).await?;
    assert_eq!(family.generation(digest("t0")), Generation::Older);
    assert!(matches!(family.generation(digest("t49")), Generation::Rotated { .. }));
    assert_eq!(family.generation(digest("t50")), Generation::Live);
    Ok(())
}

pub(super) async fn a_rotation_without_a_seal_has_none(store: S) -> Result<()> {
    issue(&store, &code("c"), "t").await?;
    rotate(&store, "t", "u", later(1)).await?;
    let bare = Turn { sealed_successor: Vec::new(), successor: new_refresh("v"), ..turn("c", "u", "v") };
    assert_eq!(store.rotate_refresh(bare, later(2)).await?, Rotation::Won);
    assert_eq!(
        stands(&store).await?.generation(digest("u")),
        Generation::Rotated { at: later(2), sealed: &[] }
    );
    Ok(())
}
