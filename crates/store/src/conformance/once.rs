//! Values remembered for a while.

use super::samples::{digest, later};
use crate::{Result, Store};
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
