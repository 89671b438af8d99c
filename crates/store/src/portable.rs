//! Facts on their way from one database to another. They travel as what they mean, not as rows: the backends lay them out
//! differently. What lives for a minute (codes on their way, pushed requests, device authorizations) travels as well, so that a
//! login that was under way ends where it goes on.

use crate::{Result, Store, StoreError};
use async_trait::async_trait;
use nauthera_core::facts::{
    CodeRecord, ConsentRecord, DeviceRecord, Digest, FamilyRecord, GrantRecord, LogoutDelivery, PushedRecord,
    SessionRecord,
};
use nauthera_core::time::UnixTime;
use std::sync::Arc;

/// Facts that one step reads and writes.
const BATCH: u32 = 500;

/// Kinds of facts, in the order in which they travel: a grant before what hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FactKind {
    /// Grants.
    Grant,
    /// Refresh tokens, by family.
    Refresh,
    /// Authorization codes.
    Code,
    /// Device authorizations.
    Device,
    /// Pushed requests.
    Pushed,
    /// Browser sessions.
    Session,
    /// What clients are still to be told of sessions that ended.
    Logout,
    /// Consents.
    Consent,
    /// Tokens without a grant that were revoked.
    RevokedToken,
    /// Client assertions seen.
    Assertion,
}

impl FactKind {
    /// All, in order.
    pub const ALL: [Self; 10] = [
        Self::Grant,
        Self::Refresh,
        Self::Code,
        Self::Device,
        Self::Pushed,
        Self::Session,
        Self::Logout,
        Self::Consent,
        Self::RevokedToken,
        Self::Assertion,
    ];

    /// What people call them.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grant => "grants",
            Self::Refresh => "families of refresh tokens",
            Self::Code => "codes",
            Self::Device => "device authorizations",
            Self::Pushed => "pushed requests",
            Self::Session => "sessions",
            Self::Logout => "logouts to be told",
            Self::Consent => "consents",
            Self::RevokedToken => "revoked tokens",
            Self::Assertion => "assertions",
        }
    }

    /// Counts them, in every backend.
    pub(crate) const fn count_sql(self) -> &'static str {
        match self {
            Self::Grant => "SELECT count(*) FROM grants",
            Self::Refresh => "SELECT count(*) FROM families",
            Self::Code => "SELECT count(*) FROM codes",
            Self::Device => "SELECT count(*) FROM devices",
            Self::Pushed => "SELECT count(*) FROM pushed",
            Self::Session => "SELECT count(*) FROM sessions",
            Self::Logout => "SELECT count(*) FROM logouts",
            Self::Consent => "SELECT count(*) FROM consents",
            Self::RevokedToken => "SELECT count(*) FROM revoked_tokens",
            Self::Assertion => "SELECT count(*) FROM assertions",
        }
    }
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A grant.
    Grant(GrantRecord),
    /// A family of refresh tokens.
    Refresh(FamilyRecord),
    /// A code.
    Code(CodeRecord),
    /// A device authorization.
    Device(DeviceRecord),
    /// A pushed request.
    Pushed(PushedRecord),
    /// A session.
    Session(SessionRecord),
    /// What a client is still to be told; due at once where it arrives.
    Logout(LogoutDelivery),
    /// A consent.
    Consent(ConsentRecord),
    /// The `jti` of a revoked token, and when it would have ended.
    RevokedToken(Digest, UnixTime),
    /// The `jti` of an assertion, and when it ends.
    Assertion(Digest, UnixTime),
}

/// Where reading goes on: behind this key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// A random key.
    Key(Vec<u8>),
    /// A key of text.
    Text(String),
    /// Subject and client of a consent.
    Consent(String, String),
}

/// Facts of one kind, in the order of their keys, and where to go on; `None` at the end.
pub type Page = (Vec<Fact>, Option<Cursor>);

/// A database whose facts can be moved.
#[async_trait]
pub trait Portable: Store {
    /// Reads at most `limit` facts of a kind behind a cursor. What is dead and only not yet swept is left out.
    async fn export(&self, kind: FactKind, after: Option<Cursor>, limit: u32) -> Result<Page>;
    /// Stores a fact; one that is there already stays as it is.
    async fn import(&self, fact: Fact) -> Result<()>;
    /// How many facts of a kind there are.
    async fn count(&self, kind: FactKind) -> Result<u64>;
    /// The database's own clock; none where it has the machine's.
    async fn clock(&self) -> Result<Option<UnixTime>>;
    /// Looks the database over for damage: one line for each that it finds.
    async fn damage(&self) -> Result<Vec<String>>;
}

/// What was copied of one kind.
pub type Copied = (FactKind, u64);

/// Copies everything from one database to another. Done again after it broke off, it goes on: facts that are there stay.
///
/// # Errors
/// Those of the stores; what was copied until then stays.
pub async fn copy(from: &dyn Portable, to: &Arc<dyn Portable>, told: impl Fn(Copied)) -> Result<Vec<Copied>> {
    let mut all = Vec::new();
    for kind in FactKind::ALL {
        let mut copied = 0;
        let mut after = None;
        loop {
            let (facts, next) = from.export(kind, after, BATCH).await?;
            copied += facts.len() as u64;
            import_all(to, facts).await?;
            told((kind, copied));
            after = next;
            if after.is_none() {
                break;
            }
        }
        all.push((kind, copied));
    }
    Ok(all)
}

/// Facts that are stored at once.
const AT_ONCE: usize = 16;

async fn import_all(to: &Arc<dyn Portable>, facts: Vec<Fact>) -> Result<()> {
    let mut running = tokio::task::JoinSet::new();
    let ended = |ended: std::result::Result<Result<()>, tokio::task::JoinError>| {
        ended.map_err(|e| StoreError::Unavailable(e.to_string()))?
    };
    for fact in facts {
        if running.len() >= AT_ONCE
            && let Some(one) = running.join_next().await
        {
            ended(one)?;
        }
        let to = to.clone();
        running.spawn(async move { to.import(fact).await });
    }
    while let Some(one) = running.join_next().await {
        ended(one)?;
    }
    Ok(())
}
