//! The PostgreSQL backend: any number of replicas on one database. Each step is one statement in one round trip, on a
//! connection from a bounded pool, answered by a deadline. This module owns what is public of it; the steps are in the rooms
//! below. How facts are laid out, and why no step needs a lock, is told in `migrations/postgres`.

mod breaker;
mod codes;
mod connection;
mod consents;
mod devices;
mod fault;
mod gate;
mod grants;
mod limits;
mod logouts;
mod once;
mod pool;
mod portable;
mod pushed;
mod refresh;
mod row;
mod schema;
mod sessions;
mod sweep;
mod target;
#[cfg(test)]
mod tests;

pub use target::Source;

use crate::StoreError;
use crate::limits::{Answer, Ask, Ending, LimitStore};
use crate::portable::{Cursor, Fact, FactKind, Page, Portable};
use crate::{
    Duty, Holder, Issued, Load, LogoutClaim, LogoutQueue, NewCode, NewRefresh, Poll, Redemption, Result,
    Rotation, SessionStart, Store, Turn,
};
use async_trait::async_trait;
use gate::Gate;
use nauthera_core::facts::{
    CodeRecord, ConsentRecord, DeviceRecord, DeviceState, Digest, FamilyRecord, GrantId, GrantRecord,
    LogoutDelivery, PushedRecord, SessionRecord, Subject,
};
use nauthera_core::names::ClientId;
use nauthera_core::time::{Micros, UnixTime};
use pool::Steps;
use std::sync::Arc;
use std::time::Duration;

/// How a database is used. The default fits a replica of any size.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections of this replica, at most.
    pub connections: usize,
    /// The longest wait for a free one.
    pub wait: Duration,
    /// The longest that a new connection may take to open.
    pub connect: Duration,
    /// The longest that a statement may take; the database is told to stop it then.
    pub statement: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 16,
            wait: Duration::from_secs(1),
            connect: Duration::from_secs(3),
            statement: Duration::from_secs(3),
        }
    }
}

/// How the pool of connections stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolStatus {
    /// Connections that are open.
    pub open: usize,
    /// Those of them that nobody uses.
    pub idle: usize,
    /// Connections that may be open.
    pub most: usize,
    /// Steps that wait for one.
    pub waiting: usize,
}

/// A database.
pub struct Postgres {
    steps: Steps,
    gate: Gate,
}

impl Postgres {
    /// Brings the schema up to date in the background, and waits for that for as long as a connection and a statement may take. A
    /// database that is away is no error: each step is [`crate::StoreError::Unavailable`] until it is there.
    ///
    /// # Errors
    /// [`crate::StoreError::Corrupt`] when the URL cannot be read, or the database is of a release that this one does not
    /// understand.
    pub async fn open(source: Source, options: Options) -> Result<Self> {
        let source = Arc::new(source);
        // What is wrong with a URL is told at once, not by every step.
        source.target().await?;
        let patience = options.connect + options.statement;
        let gate = Gate::start(source.clone(), options.connect);
        let steps = Steps::new(source, options)?;
        gate.first_outcome(patience).await?;
        Ok(Self { steps, gate })
    }

    /// Asks a database whether its schema is this release's, and changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it is away, [`StoreError::Corrupt`] when it is not.
    pub async fn must_be_current(source: &Source, within: Duration) -> Result<()> {
        let mut connection = connection::Connection::open(source, within, Some(within)).await?;
        if !schema::is_current(&mut connection).await? {
            return Err(StoreError::Corrupt("its schema is older than this release's".into()));
        }
        schema::serves(&connection).await
    }

    /// How the pool stands.
    #[must_use]
    pub fn pool(&self) -> PoolStatus {
        self.steps.status()
    }

    fn steps(&self) -> Result<&Steps> {
        self.gate.check()?;
        Ok(&self.steps)
    }
}

#[async_trait]
impl Portable for Postgres {
    async fn export(&self, kind: FactKind, after: Option<Cursor>, limit: u32) -> Result<Page> {
        portable::export(self.steps()?, kind, after, limit).await
    }

    async fn import(&self, fact: Fact) -> Result<()> {
        portable::import(self.steps()?, fact).await
    }

    async fn count(&self, kind: FactKind) -> Result<u64> {
        portable::count(self.steps()?, kind).await
    }

    async fn clock(&self) -> Result<Option<UnixTime>> {
        once::clock(self.steps()?).await.map(Some)
    }

    async fn damage(&self) -> Result<Vec<String>> {
        // Every page is guarded by the database itself.
        self.steps()?;
        Ok(Vec::new())
    }
}

#[async_trait]
impl Store for Postgres {
    fn load(&self) -> Load {
        let PoolStatus { open, idle, most, waiting } = self.pool();
        Load { backend: "postgresql", open, idle: Some(idle), most, waiting }
    }

    async fn ping(&self) -> Result<()> {
        once::probe(self.steps()?).await
    }

    async fn insert_pushed(&self, pushed: PushedRecord) -> Result<()> {
        pushed::insert(self.steps()?, &pushed).await
    }

    async fn pushed(&self, digest: Digest) -> Result<Option<PushedRecord>> {
        pushed::read(self.steps()?, digest).await
    }

    async fn spend_pushed(&self, digest: Digest) -> Result<bool> {
        pushed::spend(self.steps()?, digest).await
    }

    async fn insert_code(&self, new: NewCode) -> Result<Issued> {
        codes::insert(self.steps()?, &new).await
    }

    async fn code(&self, digest: Digest) -> Result<Option<CodeRecord>> {
        codes::read(self.steps()?, digest).await
    }

    async fn redeem_code(
        &self,
        digest: Digest,
        grant: GrantRecord,
        refresh: Option<NewRefresh>,
        now: UnixTime,
    ) -> Result<Redemption> {
        codes::redeem(self.steps()?, digest, &grant, refresh.as_ref(), now).await
    }

    async fn grant(&self, id: GrantId) -> Result<Option<GrantRecord>> {
        grants::read(self.steps()?, id).await
    }

    async fn revoke_grant(&self, id: GrantId, now: UnixTime) -> Result<()> {
        grants::revoke(self.steps()?, id, now).await
    }

    async fn refresh(&self, grant: GrantId) -> Result<Option<(FamilyRecord, GrantRecord)>> {
        refresh::read(self.steps()?, grant).await
    }

    async fn rotate_refresh(&self, turn: Turn, now: UnixTime) -> Result<Rotation> {
        refresh::rotate(self.steps()?, &turn, now).await
    }

    async fn extend_grant(&self, id: GrantId, expires_at: UnixTime) -> Result<()> {
        grants::extend(self.steps()?, id, expires_at).await
    }

    async fn revoke_token(&self, jti: Digest, expires_at: UnixTime) -> Result<()> {
        once::revoke_token(self.steps()?, jti, expires_at).await
    }

    async fn is_token_revoked(&self, jti: Digest) -> Result<bool> {
        once::is_token_revoked(self.steps()?, jti).await
    }

    async fn remember_assertion(&self, jti: Digest, expires_at: UnixTime) -> Result<bool> {
        once::remember_assertion(self.steps()?, jti, expires_at).await
    }

    async fn start_session(&self, start: SessionStart, now: UnixTime) -> Result<bool> {
        sessions::start(self.steps()?, &start, now).await
    }

    async fn session(&self, digest: Digest) -> Result<Option<SessionRecord>> {
        sessions::read(self.steps()?, digest).await
    }

    async fn touch_session(&self, digest: Digest, now: UnixTime) -> Result<()> {
        sessions::touch(self.steps()?, digest, now).await
    }

    async fn end_session(&self, subject: &Subject, sid: &str, now: UnixTime) -> Result<bool> {
        sessions::end(self.steps()?, subject, sid, now).await
    }

    async fn end_sessions_of(&self, subject: &Subject, except: Option<&str>, now: UnixTime) -> Result<u64> {
        sessions::end_all(self.steps()?, subject, except.unwrap_or_default(), now).await
    }

    async fn sessions_of(&self, subject: &Subject) -> Result<Vec<SessionRecord>> {
        sessions::of(self.steps()?, subject).await
    }

    async fn claim_logouts(&self, claim: LogoutClaim, now: UnixTime) -> Result<Vec<LogoutDelivery>> {
        logouts::claim(self.steps()?, &claim, now).await
    }

    async fn finish_logout(&self, delivery: &LogoutDelivery) -> Result<bool> {
        logouts::finish(self.steps()?, delivery).await
    }

    async fn put_off_logout(&self, delivery: &LogoutDelivery, until: UnixTime) -> Result<bool> {
        logouts::put_off(self.steps()?, delivery, until).await
    }

    async fn logout_queue(&self) -> Result<LogoutQueue> {
        logouts::state(self.steps()?).await
    }

    async fn trim_logouts(&self, most: u32, limit: u32) -> Result<u64> {
        logouts::trim(self.steps()?, most, limit).await
    }

    async fn consent(&self, subject: &Subject, client_id: &ClientId) -> Result<Option<ConsentRecord>> {
        consents::read(self.steps()?, subject, client_id).await
    }

    async fn save_consent(&self, consent: ConsentRecord) -> Result<()> {
        consents::save(self.steps()?, &consent).await
    }

    async fn consents_of(&self, subject: &Subject) -> Result<Vec<ConsentRecord>> {
        consents::of(self.steps()?, subject).await
    }

    async fn withdraw_consent(&self, subject: &Subject, client_id: &ClientId, now: UnixTime) -> Result<()> {
        consents::withdraw(self.steps()?, subject, client_id, now).await
    }

    async fn insert_device(&self, device: DeviceRecord) -> Result<bool> {
        devices::insert(self.steps()?, &device).await
    }

    async fn device_by_user_code(&self, user_code: &str) -> Result<Option<DeviceRecord>> {
        devices::by_user_code(self.steps()?, user_code).await
    }

    async fn decide_device(&self, user_code: &str, state: DeviceState, now: UnixTime) -> Result<bool> {
        devices::decide(self.steps()?, user_code, &state, now).await
    }

    async fn poll_device(&self, digest: Digest, now: UnixTime) -> Result<Poll> {
        devices::poll(self.steps()?, digest, now).await
    }

    async fn redeem_device(
        &self,
        digest: Digest,
        grant: GrantRecord,
        refresh: Option<NewRefresh>,
    ) -> Result<Redemption> {
        devices::redeem(self.steps()?, digest, &grant, refresh.as_ref()).await
    }

    async fn take_duty(&self, duty: Duty, holder: Holder, now: UnixTime, until: UnixTime) -> Result<bool> {
        once::take_duty(self.steps()?, duty, holder, (now, until)).await
    }

    async fn sweep(&self, now: UnixTime, limit: u32) -> Result<u64> {
        sweep::sweep(self.steps()?, now, limit).await
    }

    fn limits(&self) -> Option<&dyn LimitStore> {
        Some(self)
    }
}

#[async_trait]
impl LimitStore for Postgres {
    async fn admit(&self, asked: &[Ask], now: Micros) -> Result<Vec<Answer>> {
        limits::admit(self.steps()?, asked, now).await
    }

    async fn settle(&self, ended: &[(Ask, Ending)], now: Micros) -> Result<()> {
        limits::settle(self.steps()?, ended, now).await
    }
}
