//! Only once, under fire: many callers at the same moment.

use super::samples::{
    END, NOW, begin, code, code_in, counts, device, device_authorization, device_grant, digest, grant_id,
    grant_of, issue, later, new_refresh, pushed, revoked_at, session, store_code, subject, turn,
};
use crate::{Issued, LogoutClaim, NewCode, Redemption, Result, Rotation, Store, StoreError};
use nauthera_core::facts::{DeviceState, Generation};
use nauthera_core::time::Seconds;
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
        let stored = counts(&*store, "c", &format!("t{n}")).await?;
        assert_eq!(stored, *taken == Redemption::Won, "{n}");
    }
    Ok(())
}

pub(super) async fn two_hundred_rotations_have_one_winner_and_one_successor(store: S) -> Result<()> {
    issue(&store, &code("c"), "t").await?;
    let all = race(&store, |store, n| async move {
        let word = format!("u{n}");
        Ok((store.rotate_refresh(turn("c", "t", &word), later(1)).await?, word))
    })
    .await?;
    let winners: Vec<_> = all.iter().filter(|(rotation, _)| *rotation == Rotation::Won).collect();
    assert_eq!(winners.len(), 1);
    for (rotation, word) in &all {
        let stored = counts(&*store, "c", word).await?;
        assert_eq!(stored, *rotation == Rotation::Won, "{word}");
        if let Rotation::Lost(found) = rotation {
            let sealed = winners.first().map(|(_, word)| word.as_bytes()).unwrap_or_default();
            assert_eq!(found.0.generation(digest("t")), Generation::Rotated { at: later(1), sealed });
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

/// A claim of everything, for longer than the race.
fn all_of_it() -> LogoutClaim {
    LogoutClaim { most: 1_000, most_of_one: 1_000, but: Vec::new(), lease: Seconds::new(60) }
}

pub(super) async fn redemption_and_logout_leave_no_client_untold(store: S) -> Result<()> {
    // One session and one client for each pair of callers: whoever of the two is first, a client with a grant is told.
    let pair = |n: usize| (format!("s{}", n / 2), code_in(&format!("c{}", n / 2), &format!("s{}", n / 2)));
    for n in (0..CALLERS).step_by(2) {
        let (sid, code) = pair(n);
        begin(&store, &session(&sid, "ada")).await?;
        store_code(&store, &code).await?;
    }
    race(&store, move |store, n| async move {
        let (sid, code) = pair(n);
        if n % 2 == 0 {
            return store.end_session(&subject("ada"), &sid, later(1)).await.map(drop);
        }
        store.redeem_code(code.digest, grant_of(&code), None, NOW).await.map(drop)
    })
    .await?;
    let told = store.claim_logouts(all_of_it(), later(1)).await?;
    for n in (0..CALLERS).step_by(2) {
        let (sid, code) = pair(n);
        let has_grant = store.grant(code.grant).await?.is_some();
        assert_eq!(told.iter().any(|one| *one.sid == *sid), has_grant, "{sid}");
    }
    Ok(())
}

pub(super) async fn two_hundred_ends_of_one_persons_sessions_tell_each_client_once(store: S) -> Result<()> {
    for n in 0..10 {
        begin(&store, &session(&format!("s{n}"), "ada")).await?;
        issue(&store, &code_in(&format!("c{n}"), &format!("s{n}")), &format!("t{n}")).await?;
    }
    let all = race(&store, |store, n| async move {
        if n % 2 == 0 {
            return store.end_sessions_of(&subject("ada"), None, later(1)).await;
        }
        store.end_session(&subject("ada"), &format!("s{}", n % 10), later(1)).await.map(u64::from)
    })
    .await?;
    assert_eq!(all.iter().sum::<u64>(), 10, "each ends once");
    let told = store.claim_logouts(all_of_it(), later(1)).await?;
    assert_eq!(told.len(), 10);
    assert_eq!(store.sessions_of(&subject("ada")).await?, []);
    Ok(())
}

pub(super) async fn two_hundred_claims_share_no_delivery(store: S) -> Result<()> {
    for n in 0..50 {
        begin(&store, &session(&format!("s{n}"), "ada")).await?;
        issue(&store, &code_in(&format!("c{n}"), &format!("s{n}")), &format!("t{n}")).await?;
    }
    store.end_sessions_of(&subject("ada"), None, later(1)).await?;
    let few = LogoutClaim { most: 3, most_of_one: 2, ..all_of_it() };
    let claimed = race(&store, move |store, _| {
        let few = few.clone();
        async move { store.claim_logouts(few, later(1)).await }
    })
    .await?;
    let mut all: Vec<_> = claimed.into_iter().flatten().collect();
    all.extend(store.claim_logouts(all_of_it(), later(1)).await?);
    assert!(all.iter().all(|one| one.attempts == 1), "{all:?}");
    let count = all.len();
    all.sort_by(|a, b| a.sid.cmp(&b.sid));
    all.dedup();
    assert_eq!((count, all.len()), (50, 50));
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

/// Lets half of the callers rotate a family each while the other half ends it; none can be rotated afterwards.
async fn families_end<F>(store: &S, end: impl Fn(S, String) -> F) -> Result<()>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    for n in 0..CALLERS / 2 {
        let (word, sid) = (format!("c{n}"), format!("s{n}"));
        begin(store, &session(&sid, "ada")).await?;
        issue(store, &code_in(&word, &sid), "t").await?;
    }
    race(store, |store, n| {
        let word = format!("c{}", n / 2);
        let ended = (n % 2 == 0).then(|| end(store.clone(), (n / 2).to_string()));
        async move {
            match ended {
                Some(ended) => ended.await,
                None => store.rotate_refresh(turn(&word, "t", "u"), later(1)).await.map(drop),
            }
        }
    })
    .await?;
    for n in 0..CALLERS / 2 {
        for token in ["t", "u"] {
            let outcome = store.rotate_refresh(turn(&format!("c{n}"), token, "v"), later(2)).await?;
            assert_eq!(outcome, Rotation::Gone, "{n}");
        }
    }
    Ok(())
}

pub(super) async fn rotation_and_revocation_never_leave_a_live_family(store: S) -> Result<()> {
    families_end(
        &store,
        |store, n| async move { store.revoke_grant(grant_id(&format!("c{n}")), later(1)).await },
    )
    .await
}

pub(super) async fn rotation_and_logout_never_leave_a_live_family(store: S) -> Result<()> {
    families_end(&store, |store, n| async move {
        store.end_session(&subject("ada"), &format!("s{n}"), later(1)).await.map(drop)
    })
    .await
}
