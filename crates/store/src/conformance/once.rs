//! Values remembered for a while.

use super::races::{count, race};
use super::samples::{NOW, digest, later};
use crate::{Duty, Holder, Result, Store};
use std::sync::Arc;

type S = Arc<dyn Store>;

pub(super) async fn a_revoked_token_is_remembered(store: S) -> Result<()> {
    assert!(!store.is_token_revoked(digest("t")).await?);
    store.revoke_token(digest("t"), later(60)).await?;
    assert!(store.is_token_revoked(digest("t")).await?);
    assert!(!store.is_token_revoked(digest("u")).await?);
    Ok(())
}

pub(super) async fn a_token_may_be_revoked_twice(store: S) -> Result<()> {
    store.revoke_token(digest("t"), later(60)).await?;
    store.revoke_token(digest("t"), later(30)).await?;
    store.sweep(later(45), 10).await?;
    assert!(store.is_token_revoked(digest("t")).await?, "the later end counts");
    Ok(())
}

pub(super) async fn an_assertion_counts_once(store: S) -> Result<()> {
    assert!(store.remember_assertion(digest("a"), later(60)).await?);
    assert!(!store.remember_assertion(digest("a"), later(60)).await?);
    assert!(store.remember_assertion(digest("b"), later(60)).await?);
    Ok(())
}

pub(super) async fn tokens_and_assertions_are_apart(store: S) -> Result<()> {
    store.remember_assertion(digest("x"), later(60)).await?;
    assert!(!store.is_token_revoked(digest("x")).await?);
    store.revoke_token(digest("y"), later(60)).await?;
    assert!(store.remember_assertion(digest("y"), later(60)).await?);
    Ok(())
}

pub(super) async fn a_duty_is_one_holders_until_its_time_is_over(store: S) -> Result<()> {
    let (one, other) = (Holder([1; 16]), Holder([2; 16]));
    assert!(store.take_duty(Duty::Sweep, one, NOW, later(30)).await?);
    assert!(!store.take_duty(Duty::Sweep, other, later(29), later(59)).await?);
    assert!(store.take_duty(Duty::Sweep, one, later(29), later(59)).await?, "who has it keeps it");
    assert!(!store.take_duty(Duty::Sweep, other, later(58), later(88)).await?);
    assert!(store.take_duty(Duty::Sweep, other, later(59), later(89)).await?);
    assert!(!store.take_duty(Duty::Sweep, one, later(60), later(90)).await?);
    Ok(())
}

pub(super) async fn a_duty_that_many_want_is_one_holders(store: S) -> Result<()> {
    let all = race(&store, |store, n| async move {
        let mut holder = [0; 16];
        holder.iter_mut().zip(n.to_be_bytes()).for_each(|(to, from)| *to = from);
        store.take_duty(Duty::Sweep, Holder(holder), NOW, later(30)).await
    })
    .await?;
    assert_eq!(count(&all, &true), 1);
    Ok(())
}
