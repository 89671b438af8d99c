//! What goes when it has ended, and what must stay.

use super::samples::{
    END, NOW, begin, code, device, device_authorization, device_grant, digest, grant_id, grant_of, issue,
    later, lost, must, pushed, revoked_at, session, store_code, turn,
};
use crate::{NewRefresh, PUSHED_RETENTION, Redemption, Result, Rotation, Store};
use nauthera_core::facts::{DeviceState, Generation, SessionRecord};
use nauthera_core::time::{Seconds, UnixTime};
use std::sync::Arc;

type S = Arc<dyn Store>;

/// After everything that the cases store has ended.
const LONG_AFTER: UnixTime = END.plus(Seconds::days(30));

/// Sweeps until nothing is left to do.
async fn sweep_all(store: &S, now: UnixTime) -> Result<u64> {
    let mut all = 0;
    loop {
        match store.sweep(now, 100).await? {
            0 => return Ok(all),
            done => all += done,
        }
    }
}

/// One row of each kind that ends by itself.
async fn one_of_each(store: &S) -> Result<()> {
    store.insert_pushed(pushed("p")).await?;
    store_code(store, &code("c")).await?;
    begin(store, &session("s", "ada")).await?;
    store.insert_device(device("d", "BCDFGHJK")).await?;
    store.revoke_token(digest("j"), later(60)).await?;
    store.remember_assertion(digest("a"), later(60)).await?;
    issue(store, &code("issued"), "t").await?;
    Ok(())
}

pub(super) async fn an_empty_database_has_nothing_to_sweep(store: S) -> Result<()> {
    assert_eq!(store.sweep(NOW, 100).await?, 0);
    Ok(())
}

pub(super) async fn what_has_not_ended_stays(store: S) -> Result<()> {
    one_of_each(&store).await?;
    assert_eq!(store.sweep(later(59), 100).await?, 0);
    assert!(store.pushed(digest("p")).await?.is_some());
    assert!(store.code(digest("c")).await?.is_some());
    assert!(store.session(digest("s")).await?.is_some());
    assert!(store.device_by_user_code("BCDFGHJK").await?.is_some());
    assert!(store.is_token_revoked(digest("j")).await?);
    assert!(!store.remember_assertion(digest("a"), END).await?);
    assert!(store.refresh(grant_id("issued")).await?.is_some());
    Ok(())
}

pub(super) async fn what_has_ended_goes(store: S) -> Result<()> {
    one_of_each(&store).await?;
    let removed = sweep_all(&store, LONG_AFTER).await?;
    assert!(removed >= 9, "{removed}");
    assert_eq!(store.pushed(digest("p")).await?, None);
    assert_eq!(store.code(digest("c")).await?, None);
    assert_eq!(store.session(digest("s")).await?, None);
    assert_eq!(store.device_by_user_code("BCDFGHJK").await?, None);
    assert!(!store.is_token_revoked(digest("j")).await?);
    assert!(store.remember_assertion(digest("a"), END).await?);
    assert_eq!(store.grant(grant_id("issued")).await?, None);
    assert_eq!(store.refresh(grant_id("issued")).await?, None);
    Ok(())
}

pub(super) async fn a_sweep_removes_no_more_than_its_limit(store: S) -> Result<()> {
    for n in 0..25 {
        store.revoke_token(digest(&format!("j{n}")), later(n)).await?;
        let session = SessionRecord { expires_at: later(n), ..session(&format!("s{n}"), "ada") };
        begin(&store, &session).await?;
    }
    let mut removed = Vec::new();
    for _ in 0..4 {
        removed.push(store.sweep(later(1_000), 10).await?);
    }
    assert_eq!(removed, [20, 20, 10, 0], "at most ten from each table at a time");
    Ok(())
}

pub(super) async fn a_pushed_request_stays_for_an_hour(store: S) -> Result<()> {
    store.insert_pushed(pushed("p")).await?;
    let end = pushed("p").expires_at.plus(PUSHED_RETENTION);
    store.sweep(end, 100).await?;
    assert!(store.pushed(digest("p")).await?.is_some());
    store.sweep(end.plus(Seconds::new(1)), 100).await?;
    assert_eq!(store.pushed(digest("p")).await?, None);
    Ok(())
}

pub(super) async fn a_redeemed_code_stays_for_its_grant(store: S) -> Result<()> {
    issue(&store, &code("c"), "t").await?;
    sweep_all(&store, later(3_600)).await?;
    let replay = store.redeem_code(digest("c"), grant_of(&code("c")), None, later(3_600)).await?;
    assert_eq!(replay, Redemption::AlreadyRedeemed);
    assert_eq!(revoked_at(&store, grant_id("c")).await?, Some(later(3_600)), "a replay is still recognised");
    Ok(())
}

pub(super) async fn a_redeemed_code_stays_for_a_grant_that_was_extended(store: S) -> Result<()> {
    issue(&store, &code("c"), "t").await?;
    store.extend_grant(grant_id("c"), LONG_AFTER).await?;
    sweep_all(&store, END.plus(Seconds::days(1))).await?;
    assert!(must(store.code(digest("c")).await?)?.redeemed_at.is_some());
    sweep_all(&store, LONG_AFTER.plus(Seconds::hours(2))).await?;
    assert_eq!(store.code(digest("c")).await?, None);
    Ok(())
}

pub(super) async fn a_family_stays_for_its_grant(store: S) -> Result<()> {
    store_code(&store, &code("c")).await?;
    let short = NewRefresh { digest: digest("t"), expires_at: later(300) };
    store.redeem_code(digest("c"), grant_of(&code("c")), Some(short), NOW).await?;
    store.rotate_refresh(turn("c", "t", "u"), later(100)).await?;
    sweep_all(&store, later(7_200)).await?;
    let found = lost(store.rotate_refresh(turn("c", "t", "v"), later(7_200)).await?)?;
    let reused = Generation::Rotated { at: later(100), sealed: &[] };
    assert_eq!(found.generation(digest("t")), reused, "reuse is still recognised");
    store.extend_grant(grant_id("c"), LONG_AFTER).await?;
    sweep_all(&store, END.plus(Seconds::days(1))).await?;
    assert!(store.refresh(grant_id("c")).await?.is_some());
    Ok(())
}

pub(super) async fn a_redeemed_device_stays_for_its_grant(store: S) -> Result<()> {
    store.insert_device(device("d", "BCDFGHJK")).await?;
    let yes = DeviceState::Approved(Box::new(device_authorization()));
    store.decide_device("BCDFGHJK", yes, NOW).await?;
    store.redeem_device(digest("d"), device_grant("d"), None).await?;
    sweep_all(&store, later(3_600)).await?;
    let again = store.redeem_device(digest("d"), device_grant("d"), None).await?;
    assert_eq!(again, Redemption::AlreadyRedeemed);
    assert_eq!(must(store.device_by_user_code("BCDFGHJK").await?)?.state, DeviceState::Redeemed);
    sweep_all(&store, LONG_AFTER).await?;
    assert_eq!(store.device_by_user_code("BCDFGHJK").await?, None);
    Ok(())
}

pub(super) async fn a_family_goes_with_its_grant(store: S) -> Result<()> {
    issue(&store, &code("other"), "o").await?;
    store.extend_grant(grant_id("other"), LONG_AFTER.plus(Seconds::days(1))).await?;
    issue(&store, &code("c"), "t0").await?;
    for n in 0..30 {
        store.rotate_refresh(turn("c", &format!("t{n}"), &format!("t{}", n + 1)), later(n)).await?;
    }
    // Its seal, the grant, its code and the family: one, however often it was rotated.
    assert_eq!(sweep_all(&store, LONG_AFTER).await?, 4);
    assert_eq!(store.refresh(grant_id("c")).await?, None);
    assert_eq!(store.grant(grant_id("c")).await?, None);
    assert!(store.refresh(grant_id("other")).await?.is_some());
    assert_eq!(sweep_all(&store, LONG_AFTER).await?, 0);
    Ok(())
}

/// What is sealed beside the family of `c`, and when it was rotated last.
async fn seal(store: &S) -> Result<(UnixTime, Vec<u8>)> {
    let rotated = must(must(store.refresh(grant_id("c")).await?)?.0.rotated)?;
    Ok((rotated.at, rotated.sealed_successor))
}

pub(super) async fn a_sealed_successor_goes_within_the_hour(store: S) -> Result<()> {
    issue(&store, &code("c"), "t").await?;
    store.rotate_refresh(turn("c", "t", "u"), later(100)).await?;
    store.sweep(later(109), 100).await?;
    assert_eq!(seal(&store).await?, (later(100), b"u".to_vec()));
    assert_eq!(store.sweep(later(100 + 10 + 3_600), 100).await?, 1);
    assert_eq!(seal(&store).await?, (later(100), Vec::new()));
    assert_eq!(store.rotate_refresh(turn("c", "u", "v"), later(4_000)).await?, Rotation::Won);
    assert_eq!(seal(&store).await?, (later(4_000), b"v".to_vec()));
    Ok(())
}

pub(super) async fn a_seal_that_was_renewed_stays(store: S) -> Result<()> {
    issue(&store, &code("c"), "t").await?;
    store.rotate_refresh(turn("c", "t", "u"), later(3_500)).await?;
    store.rotate_refresh(turn("c", "u", "v"), later(3_595)).await?;
    store.sweep(later(3_604), 100).await?;
    assert_eq!(seal(&store).await?, (later(3_595), b"v".to_vec()), "the grace goes on");
    Ok(())
}
