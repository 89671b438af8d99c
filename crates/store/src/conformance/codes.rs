//! Codes and pushed requests, one caller at a time.

use super::samples::{
    NOW, code, counts, digest, grant_id, grant_of, issue, later, must, new_refresh, pushed, store_code,
};
use crate::{Issued, NewCode, Redemption, Result, Store, StoreError};
use nauthera_core::facts::CodeRecord;
use std::sync::Arc;

type S = Arc<dyn Store>;

pub(super) async fn a_code_is_read_back(store: S) -> Result<()> {
    store_code(&store, &code("c")).await?;
    assert_eq!(store.code(digest("c")).await?, Some(code("c")));
    Ok(())
}

pub(super) async fn a_code_without_options_is_read_back(store: S) -> Result<()> {
    let mut plain = CodeRecord { nonce: None, code_challenge: None, ..code("c") };
    plain.authorization.sid = None;
    plain.authorization.acr = None;
    plain.authorization.claims = Default::default();
    plain.authorization.resources.clear();
    store_code(&store, &plain).await?;
    assert_eq!(store.code(digest("c")).await?, Some(plain));
    Ok(())
}

pub(super) async fn an_unknown_code_is_none(store: S) -> Result<()> {
    assert_eq!(store.code(digest("c")).await?, None);
    Ok(())
}

pub(super) async fn a_code_is_redeemed_once(store: S) -> Result<()> {
    issue(&store, &code("c"), "t").await?;
    let again = store.redeem_code(digest("c"), grant_of(&code("c")), Some(new_refresh("u")), NOW).await?;
    assert_eq!(again, Redemption::AlreadyRedeemed);
    assert!(counts(&*store, "c", "t").await?, "a lost redemption stores nothing");
    Ok(())
}

pub(super) async fn a_redeemed_code_says_when(store: S) -> Result<()> {
    store_code(&store, &code("c")).await?;
    store.redeem_code(digest("c"), grant_of(&code("c")), None, later(7)).await?;
    let redeemed = CodeRecord { redeemed_at: Some(later(7)), ..code("c") };
    assert_eq!(store.code(digest("c")).await?, Some(redeemed));
    Ok(())
}

pub(super) async fn a_second_redemption_revokes_the_grant(store: S) -> Result<()> {
    let grant = issue(&store, &code("c"), "t").await?;
    assert_eq!(must(store.grant(grant.id).await?)?.revoked_at, None);
    store.redeem_code(digest("c"), grant.clone(), None, later(9)).await?;
    assert_eq!(must(store.grant(grant.id).await?)?.revoked_at, Some(later(9)));
    Ok(())
}

pub(super) async fn an_unknown_code_is_not_redeemed(store: S) -> Result<()> {
    let grant = grant_of(&code("c"));
    let taken = store.redeem_code(digest("c"), grant, Some(new_refresh("t")), NOW).await?;
    assert_eq!(taken, Redemption::AlreadyRedeemed);
    assert_eq!(store.grant(grant_id("c")).await?, None);
    assert_eq!(store.refresh(grant_id("c")).await?, None);
    Ok(())
}

pub(super) async fn redemption_stores_grant_and_refresh_token(store: S) -> Result<()> {
    let grant = issue(&store, &code("c"), "t").await?;
    assert_eq!(store.grant(grant.id).await?, Some(grant.clone()));
    let (family, of) = must(store.refresh(grant.id).await?)?;
    assert_eq!((family.current, family.rotated, of), (digest("t"), None, grant));
    Ok(())
}

pub(super) async fn redemption_stores_no_refresh_token_unasked(store: S) -> Result<()> {
    store_code(&store, &code("c")).await?;
    store.redeem_code(digest("c"), grant_of(&code("c")), None, NOW).await?;
    assert_eq!(store.refresh(grant_id("c")).await?, None);
    Ok(())
}

pub(super) async fn a_grant_with_another_id_is_refused_and_the_code_stays(store: S) -> Result<()> {
    store_code(&store, &code("c")).await?;
    let fault = store.redeem_code(digest("c"), grant_of(&code("d")), None, NOW).await;
    assert!(matches!(fault, Err(StoreError::Corrupt(_))), "{fault:?}");
    assert_eq!(store.code(digest("c")).await?, Some(code("c")));
    assert_eq!(store.grant(grant_id("d")).await?, None);
    Ok(())
}

pub(super) async fn a_pushed_request_is_read_back(store: S) -> Result<()> {
    store.insert_pushed(pushed("p")).await?;
    assert_eq!(store.pushed(digest("p")).await?, Some(pushed("p")));
    assert_eq!(store.pushed(digest("p")).await?, Some(pushed("p")), "reading does not spend");
    Ok(())
}

pub(super) async fn an_unknown_pushed_request_is_none(store: S) -> Result<()> {
    assert_eq!(store.pushed(digest("p")).await?, None);
    Ok(())
}

pub(super) async fn a_code_spends_its_pushed_request(store: S) -> Result<()> {
    store.insert_pushed(pushed("p")).await?;
    let issued = store.insert_code(NewCode { code: code("c"), pushed: Some(digest("p")) }).await?;
    assert_eq!(issued, Issued::Stored);
    assert!(must(store.pushed(digest("p")).await?)?.spent);
    assert_eq!(store.code(digest("c")).await?, Some(code("c")));
    Ok(())
}

pub(super) async fn a_spent_pushed_request_stores_no_code(store: S) -> Result<()> {
    store.insert_pushed(pushed("p")).await?;
    store.insert_code(NewCode { code: code("c"), pushed: Some(digest("p")) }).await?;
    let issued = store.insert_code(NewCode { code: code("d"), pushed: Some(digest("p")) }).await?;
    assert_eq!(issued, Issued::PushedSpent);
    assert_eq!(store.code(digest("d")).await?, None);
    Ok(())
}

pub(super) async fn a_pushed_request_is_spent_without_a_code_once(store: S) -> Result<()> {
    store.insert_pushed(pushed("p")).await?;
    assert!(store.spend_pushed(digest("p")).await?);
    assert!(must(store.pushed(digest("p")).await?)?.spent);
    assert!(!store.spend_pushed(digest("p")).await?, "it was answered");
    assert!(!store.spend_pushed(digest("q")).await?, "it is not there");
    let issued = store.insert_code(NewCode { code: code("c"), pushed: Some(digest("p")) }).await?;
    assert_eq!(issued, Issued::PushedSpent);
    Ok(())
}

pub(super) async fn a_missing_pushed_request_stores_no_code(store: S) -> Result<()> {
    let issued = store.insert_code(NewCode { code: code("c"), pushed: Some(digest("p")) }).await?;
    assert_eq!(issued, Issued::PushedSpent);
    assert_eq!(store.code(digest("c")).await?, None);
    Ok(())
}
