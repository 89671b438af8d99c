//! Device authorizations until they are decided.

use super::samples::{NOW, device, device_authorization, digest, later, must};
use crate::{Poll, Result, Store};
use nauthera_core::facts::{DeviceRecord, DeviceState};
use nauthera_core::time::Seconds;
use std::sync::Arc;

type S = Arc<dyn Store>;

const USER_CODE: &str = "BCDFGHJK";

fn yes() -> DeviceState {
    DeviceState::Approved(Box::new(device_authorization()))
}

pub(super) async fn a_device_is_read_back_by_its_user_code(store: S) -> Result<()> {
    assert!(store.insert_device(device("d", USER_CODE)).await?);
    assert_eq!(store.device_by_user_code(USER_CODE).await?, Some(device("d", USER_CODE)));
    Ok(())
}

pub(super) async fn an_unknown_user_code_is_none(store: S) -> Result<()> {
    store.insert_device(device("d", USER_CODE)).await?;
    assert_eq!(store.device_by_user_code("LMNPQRST").await?, None);
    assert_eq!(store.device_by_user_code("").await?, None);
    Ok(())
}

pub(super) async fn a_user_code_in_use_is_refused(store: S) -> Result<()> {
    store.insert_device(device("d", USER_CODE)).await?;
    assert!(!store.insert_device(device("e", USER_CODE)).await?);
    assert_eq!(store.device_by_user_code(USER_CODE).await?, Some(device("d", USER_CODE)));
    assert_eq!(store.poll_device(digest("e"), NOW).await?, Poll::Unknown);
    Ok(())
}

pub(super) async fn a_first_poll_counts_and_is_noted(store: S) -> Result<()> {
    store.insert_device(device("d", USER_CODE)).await?;
    let polled = DeviceRecord { polled_at: Some(NOW), ..device("d", USER_CODE) };
    assert_eq!(store.poll_device(digest("d"), NOW).await?, Poll::Counted(polled.clone()));
    assert_eq!(store.device_by_user_code(USER_CODE).await?, Some(polled));
    Ok(())
}

pub(super) async fn an_unknown_device_polls_in_vain(store: S) -> Result<()> {
    assert_eq!(store.poll_device(digest("d"), NOW).await?, Poll::Unknown);
    Ok(())
}

pub(super) async fn a_poll_too_soon_raises_the_interval(store: S) -> Result<()> {
    store.insert_device(device("d", USER_CODE)).await?;
    store.poll_device(digest("d"), NOW).await?;
    for (at, interval) in [(4, 10), (5, 15)] {
        let slower = DeviceRecord {
            polled_at: Some(later(at)),
            interval: Seconds::new(interval),
            ..device("d", USER_CODE)
        };
        assert_eq!(store.poll_device(digest("d"), later(at)).await?, Poll::TooSoon(slower));
    }
    Ok(())
}

pub(super) async fn a_poll_after_the_raised_interval_counts(store: S) -> Result<()> {
    store.insert_device(device("d", USER_CODE)).await?;
    store.poll_device(digest("d"), NOW).await?;
    store.poll_device(digest("d"), later(1)).await?;
    let poll = store.poll_device(digest("d"), later(11)).await?;
    assert!(matches!(&poll, Poll::Counted(device) if device.interval == Seconds::new(10)), "{poll:?}");
    let poll = store.poll_device(digest("d"), later(21)).await?;
    assert!(matches!(&poll, Poll::Counted(_)), "{poll:?}");
    Ok(())
}

pub(super) async fn a_decision_is_made_once(store: S) -> Result<()> {
    store.insert_device(device("d", USER_CODE)).await?;
    assert!(store.decide_device(USER_CODE, yes(), NOW).await?);
    assert!(!store.decide_device(USER_CODE, DeviceState::Denied, NOW).await?);
    assert_eq!(must(store.device_by_user_code(USER_CODE).await?)?.state, yes());
    Ok(())
}

pub(super) async fn a_denied_device_hears_so(store: S) -> Result<()> {
    store.insert_device(device("d", USER_CODE)).await?;
    assert!(store.decide_device(USER_CODE, DeviceState::Denied, NOW).await?);
    let poll = store.poll_device(digest("d"), NOW).await?;
    assert!(matches!(&poll, Poll::Counted(device) if device.state == DeviceState::Denied), "{poll:?}");
    Ok(())
}

pub(super) async fn an_approved_device_hears_by_whom(store: S) -> Result<()> {
    store.insert_device(device("d", USER_CODE)).await?;
    store.decide_device(USER_CODE, yes(), NOW).await?;
    let poll = store.poll_device(digest("d"), NOW).await?;
    assert!(matches!(&poll, Poll::Counted(device) if device.state == yes()), "{poll:?}");
    Ok(())
}

pub(super) async fn an_expired_device_is_not_decided(store: S) -> Result<()> {
    store.insert_device(device("d", USER_CODE)).await?;
    assert!(!store.decide_device(USER_CODE, yes(), later(600)).await?);
    assert!(store.decide_device(USER_CODE, yes(), later(599)).await?);
    Ok(())
}

pub(super) async fn only_yes_and_no_are_decisions(store: S) -> Result<()> {
    store.insert_device(device("d", USER_CODE)).await?;
    assert!(!store.decide_device(USER_CODE, DeviceState::Redeemed, NOW).await?);
    assert!(!store.decide_device(USER_CODE, DeviceState::Pending, NOW).await?);
    assert_eq!(must(store.device_by_user_code(USER_CODE).await?)?.state, DeviceState::Pending);
    Ok(())
}

pub(super) async fn an_unknown_user_code_is_not_decided(store: S) -> Result<()> {
    assert!(!store.decide_device(USER_CODE, yes(), NOW).await?);
    Ok(())
}
