//! Grants: revoked for good, extended and never cut.

use super::samples::{
    END, NOW, code, device, device_grant, digest, grant_id, is_dead, issue, later, must, new_refresh,
    revoked_at, store_code,
};
use crate::{Poll, Redemption, Result, Store};
use nauthera_core::facts::{CodeRecord, DeviceState};
use std::sync::Arc;

type S = Arc<dyn Store>;

pub(super) async fn the_database_takes_a_probe(store: S) -> Result<()> {
    store.ping().await?;
    store.ping().await
}

pub(super) async fn an_unknown_grant_is_none(store: S) -> Result<()> {
    assert_eq!(store.grant(grant_id("c")).await?, None);
    Ok(())
}

pub(super) async fn a_revoked_grant_says_when_first(store: S) -> Result<()> {
    let grant = issue(&store, &code("c"), "t").await?;
    store.revoke_grant(grant.id, later(5)).await?;
    store.revoke_grant(grant.id, later(6)).await?;
    assert_eq!(revoked_at(&store, grant.id).await?, Some(later(5)));
    Ok(())
}

pub(super) async fn revoking_a_grant_kills_its_unredeemed_code(store: S) -> Result<()> {
    store_code(&store, &code("c")).await?;
    store.revoke_grant(grant_id("c"), NOW).await?;
    assert!(is_dead(&store, &code("c")).await?);
    Ok(())
}

pub(super) async fn revoking_a_grant_denies_its_device(store: S) -> Result<()> {
    store.insert_device(device("d", "BCDFGHJK")).await?;
    store.revoke_grant(grant_id("d"), NOW).await?;
    let taken = store.redeem_device(digest("d"), device_grant("d"), Some(new_refresh("t"))).await?;
    assert_eq!(taken, Redemption::AlreadyRedeemed);
    let poll = store.poll_device(digest("d"), NOW).await?;
    assert!(matches!(poll, Poll::Counted(device) if device.state == DeviceState::Denied));
    Ok(())
}

pub(super) async fn revoking_leaves_other_grants_and_codes(store: S) -> Result<()> {
    let other = issue(&store, &code("other"), "t").await?;
    store_code(&store, &code("waiting")).await?;
    issue(&store, &code("c"), "u").await?;
    store.revoke_grant(grant_id("c"), NOW).await?;
    assert_eq!(revoked_at(&store, other.id).await?, None);
    assert_eq!(store.code(digest("waiting")).await?, Some(code("waiting")));
    let redeemed = CodeRecord { redeemed_at: Some(NOW), ..code("c") };
    assert_eq!(store.code(digest("c")).await?, Some(redeemed), "a redeemed code stays to be recognised");
    Ok(())
}

pub(super) async fn revoking_what_is_not_there_is_no_fault(store: S) -> Result<()> {
    store.revoke_grant(grant_id("c"), NOW).await
}

pub(super) async fn a_grant_is_extended_and_never_cut(store: S) -> Result<()> {
    let grant = issue(&store, &code("c"), "t").await?;
    store.extend_grant(grant.id, NOW).await?;
    assert_eq!(must(store.grant(grant.id).await?)?.expires_at, END);
    let longer = END.plus(nauthera_core::time::Seconds::hours(1));
    store.extend_grant(grant.id, longer).await?;
    assert_eq!(must(store.grant(grant.id).await?)?.expires_at, longer);
    Ok(())
}
