//! An installation moves from SQLite to PostgreSQL and back, and nobody notices.

use super::backend::{fresh, open};
use crate::conformance::samples::{
    NOW, begin, code, consent, counts, device, device_authorization, device_grant, digest, grant_id,
    grant_of, issue, later, new_refresh, pushed, scopes, session, store_code, subject, turn,
};
use crate::portable::{FactKind, Portable, copy};
use crate::sqlite::{Options, Sqlite};
use crate::{LogoutClaim, Redemption, Result, Rotation, Store};
use nauthera_core::facts::{CodeRecord, DeviceState, SessionRecord};
use nauthera_core::time::Seconds;
use std::sync::Arc;
use tempfile::TempDir;

fn sqlite() -> (TempDir, Arc<Sqlite>) {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("nauthera.db"), &Options::default()).unwrap();
    (folder, Arc::new(store))
}

/// A code of a session that is ended while its grant goes on.
fn offline(word: &str) -> CodeRecord {
    let mut code = code(word);
    code.authorization.scopes = scopes("openid offline_access");
    code.authorization.sid = Some("ended".into());
    code
}

/// Something of each kind, in each state that it can have.
async fn furnish(store: &Arc<dyn Store>) -> Result<()> {
    for n in 0..1_203 {
        begin(store, &session(&format!("s{n}"), "ada")).await?;
        store.revoke_token(digest(&format!("j{n}")), later(n)).await?;
    }
    for n in 0..7 {
        store.save_consent(consent("ada", &format!("c{n}"))).await?;
    }
    store.save_consent(consent("grace", "c0")).await?;
    issue(store, &code("redeemed"), "t0").await?;
    store.rotate_refresh(turn("redeemed", "t0", "t1"), later(1)).await?;
    store.rotate_refresh(turn("redeemed", "t1", "t2"), later(2)).await?;
    issue(store, &code("revoked"), "r0").await?;
    store.revoke_grant(grant_id("revoked"), later(3)).await?;
    begin(store, &session("ended", "ada")).await?;
    issue(store, &offline("offline"), "o0").await?;
    store.end_session(&subject("ada"), "ended", later(4)).await?;
    store_code(store, &code("waiting")).await?;
    store.insert_pushed(pushed("p")).await?;
    store.insert_device(device("pending", "BCDFGHJK")).await?;
    for (word, user_code) in [("approved", "LMNPQRST"), ("taken", "VWXZBCDF")] {
        store.insert_device(device(word, user_code)).await?;
        let yes = DeviceState::Approved(Box::new(device_authorization()));
        store.decide_device(user_code, yes, NOW).await?;
    }
    store.redeem_device(digest("taken"), device_grant("taken"), Some(new_refresh("d0"))).await?;
    store.remember_assertion(digest("a"), later(60)).await?;
    Ok(())
}

/// Both say the same to every question.
async fn agree(one: &dyn Store, other: &dyn Store) -> Result<()> {
    for word in ["redeemed", "revoked", "offline", "waiting", "taken"] {
        assert_eq!(one.grant(grant_id(word)).await?, other.grant(grant_id(word)).await?, "{word}");
        assert_eq!(one.code(digest(word)).await?, other.code(digest(word)).await?, "{word}");
        assert_eq!(one.refresh(grant_id(word)).await?, other.refresh(grant_id(word)).await?, "{word}");
    }
    assert!(counts(one, "redeemed", "t2").await? && counts(other, "redeemed", "t2").await?);
    for user_code in ["BCDFGHJK", "LMNPQRST", "VWXZBCDF"] {
        let found = (one.device_by_user_code(user_code).await?, other.device_by_user_code(user_code).await?);
        assert_eq!(found.0, found.1, "{user_code}");
        assert!(found.0.is_some());
    }
    for person in ["ada", "grace"] {
        assert_eq!(one.consents_of(&subject(person)).await?, other.consents_of(&subject(person)).await?);
    }
    for n in [0, 600, 1_202] {
        let (sid, jti) = (digest(&format!("s{n}")), digest(&format!("j{n}")));
        let found: Option<SessionRecord> = one.session(sid).await?;
        assert_eq!(found, other.session(sid).await?);
        assert!(found.is_some());
        assert!(one.is_token_revoked(jti).await? && other.is_token_revoked(jti).await?);
    }
    assert_eq!(one.pushed(digest("p")).await?, other.pushed(digest("p")).await?);
    let queue = one.logout_queue().await?;
    assert_eq!((queue.pending, queue), (1, other.logout_queue().await?));
    Ok(())
}

/// What was under way goes on, and what was spent stays spent.
async fn goes_on(store: &dyn Store) -> Result<()> {
    let taken = store.redeem_code(digest("waiting"), grant_of(&code("waiting")), None, later(9)).await?;
    assert_eq!(taken, Redemption::Won);
    let replayed = store.redeem_code(digest("redeemed"), grant_of(&code("redeemed")), None, later(9)).await?;
    assert_eq!(replayed, Redemption::AlreadyRedeemed);
    assert_eq!(store.grant(grant_id("redeemed")).await?.and_then(|g| g.revoked_at), Some(later(9)));
    assert_eq!(store.rotate_refresh(turn("offline", "o0", "o1"), later(9)).await?, Rotation::Won);
    assert_eq!(
        store.redeem_device(digest("approved"), device_grant("approved"), None).await?,
        Redemption::Won
    );
    let again = store.redeem_device(digest("taken"), device_grant("taken"), None).await?;
    assert_eq!(again, Redemption::AlreadyRedeemed);
    assert!(!store.remember_assertion(digest("a"), later(60)).await?);
    let claim = LogoutClaim { most: 9, most_of_one: 9, but: Vec::new(), lease: Seconds::new(9) };
    let told = store.claim_logouts(claim, later(9)).await?;
    assert_eq!(told.iter().map(|one| (&*one.sid, one.attempts)).collect::<Vec<_>>(), [("ended", 1)]);
    Ok(())
}

#[tokio::test]
async fn an_installation_moves_with_everything_that_it_knows() {
    let ((_a, from), (_b, back)) = (sqlite(), sqlite());
    let as_store: Arc<dyn Store> = from.clone();
    furnish(&as_store).await.unwrap();
    let there = open(&fresh().unwrap()).await.unwrap();
    let target: Arc<dyn Portable> = there.clone();
    let copied = copy(&*from, &target, |_| {}).await.unwrap();
    for (kind, count) in &copied {
        assert_eq!(there.count(*kind).await.unwrap(), *count, "{kind:?}");
        assert!(*count > 0, "{kind:?}");
    }
    assert_eq!(
        there.count(FactKind::Refresh).await.unwrap(),
        4,
        "one a family, however often it was rotated"
    );
    agree(&*from, &*there).await.unwrap();
    let again = copy(&*from, &target, |_| {}).await.unwrap();
    assert_eq!(again, copied, "done again it changes nothing");
    agree(&*from, &*there).await.unwrap();

    let target: Arc<dyn Portable> = back.clone();
    copy(&*there, &target, |_| {}).await.unwrap();
    agree(&*from, &*back).await.unwrap();
    for store in [&*there as &dyn Store, &*back] {
        goes_on(store).await.unwrap();
    }
}

#[tokio::test]
async fn a_sound_database_shows_no_damage_and_counts_right() {
    let (_folder, store) = sqlite();
    assert_eq!(store.damage().await.unwrap(), [] as [String; 0]);
    for kind in FactKind::ALL {
        assert_eq!(store.count(kind).await.unwrap(), 0, "{kind:?}");
    }
}
