//! Only once, under fire: many callers at the same moment.

use super::samples::{
    END, NOW, begin, code, device, device_authorization, device_grant, digest, grant_id, grant_of, issue,
    later, new_refresh, pushed, revoked_at, session, store_code, subject,
};
use crate::{Issued, NewCode, Redemption, Result, Rotation, Store, StoreError};
use nauthera_core::facts::DeviceState;
use std::future::Future;
use std::sync::Arc;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

type S = Arc<dyn Store>;

const CALLERS: usize = 200;

/// Lets 200 callers go at once; what each came back with.
pub(super) async fn race<T, F>(store: &S, call: impl Fn(S, usize) -> F) -> Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let start = Arc::new(Barrier::new(CALLERS));
    let mut callers = JoinSet::new();
    for n in 0..CALLERS {
        let (start, call) = (start.clone(), call(store.clone(), n));
        callers.spawn(async move {
            start.wait().await;
            call.await
        });
    }
    let mut all = Vec::new();
    while let Some(ended) = callers.join_next().await {
        all.push(ended.map_err(|e| StoreError::Corrupt(e.to_string()))??);
    }
    Ok(all)
}

pub(super) fn count<T: PartialEq>(all: &[T], what: &T) -> usize {
    all.iter().filter(|one| *one == what).count()
}

pub(super) async fn two_hundred_redemptions_of_a_code_have_one_winner(store: S) -> Result<()> {
    store_code(&store, &code("c")).await?;
    let all = race(&store, |store, n| async move {
        let refresh = Some(new_refresh(&format!("t{n}")));
        Ok((store.redeem_code(digest("c"), grant_of(&code("c")), refresh, later(1)).await?, n))
    })
    .await?;
    let winners: Vec<_> = all.iter().filter(|(taken, _)| *taken == Redemption::Won).collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(revoked_at(&store, grant_id("c")).await?, Some(later(1)), "the others revoked it");
    for (taken, n) in &all {
        let stored = store.refresh(digest(&format!("t{n}"))).await?.is_some();
        assert_eq!(stored, *taken == Redemption::Won, "{n}");
    }
    Ok(())
}

pub(super) async fn two_hundred_rotations_have_one_winner_and_one_successor(store: S) -> Result<()> {
    issue(&store, &code("c"), "t").await?;
    let all = race(&store, |store, n| async move {
        let word = format!("u{n}");
        let sealed = word.as_bytes().to_vec();
        Ok((store.rotate_refresh(digest("t"), new_refresh(&word), sealed, END, later(1)).await?, word))
    })
    .await?;
    let winners: Vec<_> = all.iter().filter(|(rotation, _)| *rotation == Rotation::Won).collect();
    assert_eq!(winners.len(), 1);
    for (rotation, word) in &all {
        let stored = store.refresh(digest(word)).await?.is_some();
        assert_eq!(stored, *rotation == Rotation::Won, "{word}");
        if let Rotation::Lost(refresh) = rotation {
            let sealed = refresh.rotated.as_ref().map(|rotated| rotated.sealed_successor.as_slice());
            assert_eq!(sealed, winners.first().map(|(_, word)| word.as_bytes()));
        }
    }
    assert_eq!(count(&all.iter().map(|(r, _)| *r == Rotation::Gone).collect::<Vec<_>>(), &true), 0);
    Ok(())
}

pub(super) async fn two_hundred_redemptions_of_a_device_have_one_winner(store: S) -> Result<()> {
    store.insert_device(device("d", "BCDFGHJK")).await?;
    let yes = DeviceState::Approved(Box::new(device_authorization()));
    store.decide_device("BCDFGHJK", yes, NOW).await?;
    let all = race(&store, |store, n| async move {
        let refresh = Some(new_refresh(&format!("t{n}")));
        store.redeem_device(digest("d"), device_grant("d"), refresh).await
    })
    .await?;
    assert_eq!(count(&all, &Redemption::Won), 1);
    assert_eq!(revoked_at(&store, grant_id("d")).await?, None);
    Ok(())
}

pub(super) async fn two_hundred_answers_to_a_pushed_request_store_one_code(store: S) -> Result<()> {
    store.insert_pushed(pushed("p")).await?;
    let all = race(&store, |store, n| async move {
        store.insert_code(NewCode { code: code(&format!("c{n}")), pushed: Some(digest("p")) }).await
    })
    .await?;
    assert_eq!(count(&all, &Issued::Stored), 1);
    let mut stored = 0;
    for n in 0..CALLERS {
        stored += usize::from(store.code(digest(&format!("c{n}"))).await?.is_some());
    }
    assert_eq!(stored, 1);
    Ok(())
}

pub(super) async fn two_hundred_uses_of_an_assertion_count_once(store: S) -> Result<()> {
    let all =
        race(&store, |store, _| async move { store.remember_assertion(digest("a"), END).await }).await?;
    assert_eq!(count(&all, &true), 1);
    Ok(())
}

pub(super) async fn two_hundred_decisions_on_a_device_count_once(store: S) -> Result<()> {
    store.insert_device(device("d", "BCDFGHJK")).await?;
    let all =
        race(
            &store,
            |store, _| async move { store.decide_device("BCDFGHJK", DeviceState::Denied, NOW).await },
        )
        .await?;
    assert_eq!(count(&all, &true), 1);
    Ok(())
}

pub(super) async fn two_hundred_devices_share_no_user_code(store: S) -> Result<()> {
    let all =
        race(
            &store,
            |store, n| async move { store.insert_device(device(&format!("d{n}"), "BCDFGHJK")).await },
        )
        .await?;
    assert_eq!(count(&all, &true), 1);
    Ok(())
}

pub(super) async fn redemption_and_logout_never_leave_a_live_grant(store: S) -> Result<()> {
    begin(&store, &session("sid", "ada")).await?;
    for n in 0..CALLERS {
        store_code(&store, &code(&format!("c{n}"))).await?;
    }
    race(&store, |store, n| async move {
        if n == CALLERS / 2 {
            return store.end_session(&subject("ada"), "sid", later(1)).await.map(drop);
        }
        let code = code(&format!("c{n}"));
        store.redeem_code(code.digest, grant_of(&code), None, NOW).await.map(drop)
    })
    .await?;
    for n in 0..CALLERS {
        let grant = store.grant(grant_id(&format!("c{n}"))).await?;
        assert!(grant.is_none_or(|grant| grant.revoked_at.is_some()), "{n}");
    }
    Ok(())
}

pub(super) async fn redemption_and_revocation_never_leave_a_live_grant(store: S) -> Result<()> {
    for n in 0..CALLERS / 2 {
        store_code(&store, &code(&format!("c{n}"))).await?;
    }
    race(&store, |store, n| async move {
        let code = code(&format!("c{}", n / 2));
        if n % 2 == 0 {
            return store.revoke_grant(code.grant, later(1)).await;
        }
        store.redeem_code(code.digest, grant_of(&code), None, NOW).await.map(drop)
    })
    .await?;
    for n in 0..CALLERS / 2 {
        let grant = store.grant(grant_id(&format!("c{n}"))).await?;
        assert!(grant.is_none_or(|grant| grant.revoked_at.is_some()), "{n}");
    }
    Ok(())
}
