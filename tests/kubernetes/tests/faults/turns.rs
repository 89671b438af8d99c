//! Whose turn it is: a test that breaks the cluster is alone, others run side by side.

use tokio::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

static CLUSTER: RwLock<()> = RwLock::const_new(());
static LEASE: Mutex<()> = Mutex::const_new(());

/// The cluster is whole for as long as this is held.
pub async fn whole() -> RwLockReadGuard<'static, ()> {
    CLUSTER.read().await
}

/// The cluster is this test's, to break it.
pub async fn alone() -> RwLockWriteGuard<'static, ()> {
    CLUSTER.write().await
}

/// The cluster is whole, and the Lease is this test's.
pub async fn electing() -> (MutexGuard<'static, ()>, RwLockReadGuard<'static, ()>) {
    let lease = LEASE.lock().await;
    (lease, whole().await)
}
