//! Device codes, taken once.

use super::samples::{
    NOW, code, counts, device, device_authorization, device_grant, digest, grant_id, grant_of, must,
    new_refresh, revoked_at,
};
use crate::{Redemption, Result, Store, StoreError};
use nauthera_core::facts::DeviceState;
use std::sync::Arc;

type S = Arc<dyn Store>;

const USER_CODE: &str = "BCDFGHJK";

async fn approve(store: &S) -> Result<()> {
    store.insert_device(device("d", USER_CODE)).await?;
    let yes = DeviceState::Approved(Box::new(device_authorization()));
    assert!(store.decide_device(USER_CODE, yes, NOW).await?);
    Ok(())
}

async fn redeem(store: &S, token: &str) -> Result<Redemption> {
    store.redeem_device(digest("d"), device_grant("d"), Some(new_refresh(token))).await
}

pub(super) async fn an_approved_device_is_redeemed_once(store: S) -> Result<()> {
    approve(&store).await?;
    assert_eq!(redeem(&store, "t").await?, Redemption::Won);
    assert_eq!(store.grant(grant_id("d")).await?, Some(device_grant("d")));
    assert_eq!(must(store.refresh(grant_id("d")).await?)?.1, device_grant("d"));
    assert_eq!(redeem(&store, "u").await?, Redemption::AlreadyRedeemed);
    assert!(counts(&*store, "d", "t").await?);
    Ok(())
}

pub(super) async fn a_redeemed_device_says_so(store: S) -> Result<()> {
    approve(&store).await?;
    redeem(&store, "t").await?;
    assert_eq!(must(store.device_by_user_code(USER_CODE).await?)?.state, DeviceState::Redeemed);
    Ok(())
}

pub(super) async fn a_second_redemption_of_a_device_leaves_the_grant(store: S) -> Result<()> {
    approve(&store).await?;
    redeem(&store, "t").await?;
    redeem(&store, "u").await?;
    assert_eq!(revoked_at(&store, grant_id("d")).await?, None);
    Ok(())
}

pub(super) async fn an_undecided_or_denied_device_is_not_redeemed(store: S) -> Result<()> {
    store.insert_device(device("d", USER_CODE)).await?;
    assert_eq!(redeem(&store, "t").await?, Redemption::AlreadyRedeemed);
    store.decide_device(USER_CODE, DeviceState::Denied, NOW).await?;
    assert_eq!(redeem(&store, "t").await?, Redemption::AlreadyRedeemed);
    assert_eq!(store.grant(grant_id("d")).await?, None);
    Ok(())
}

pub(super) async fn an_unknown_device_is_not_redeemed(store: S) -> Result<()> {
    assert_eq!(redeem(&store, "t").await?, Redemption::AlreadyRedeemed);
    assert_eq!(store.grant(grant_id("d")).await?, None);
    Ok(())
}

pub(super) async fn a_grant_with_another_id_leaves_the_device(store: S) -> Result<()> {
    approve(&store).await?;
    let fault = store.redeem_device(digest("d"), grant_of(&code("other")), None).await;
    assert!(matches!(fault, Err(StoreError::Corrupt(_))), "{fault:?}");
    assert_eq!(redeem(&store, "t").await?, Redemption::Won);
    Ok(())
}
