//! The SQLite backend: one file, one writer thread that commits in groups, and a few read-only connections beside it.
//! This module owns what is public of it and which step runs on which side; the steps themselves are in the rooms below,
//! as plain functions over a connection.

mod codes;
mod connection;
mod consents;
mod devices;
mod fault;
mod grants;
mod lane;
mod logouts;
mod once;
mod portable;
mod pushed;
mod reader;
mod refresh;
mod row;
mod schema;
mod sessions;
mod sweep;
#[cfg(test)]
mod tests;
mod writer;

use crate::portable::{Cursor, Fact, FactKind, Page, Portable};
use crate::{
    Duty, Holder, Issued, Load, LogoutClaim, LogoutQueue, NewCode, NewRefresh, Poll, Redemption, Result,
    Rotation, SessionStart, Store, Turn,
};
use async_trait::async_trait;
use lane::Lane;
use nauthera_core::facts::{
    CodeRecord, ConsentRecord, DeviceRecord, DeviceState, Digest, FamilyRecord, GrantId, GrantRecord,
    LogoutDelivery, PushedRecord, SessionRecord, Subject,
};
use nauthera_core::names::ClientId;
use nauthera_core::time::UnixTime;
use rusqlite::Connection;
use std::path::Path;
use std::time::Duration;

/// How a database file is served. The default fits one server process of any size.
#[derive(Debug, Clone)]
pub struct Options {
    /// Read-only connections, each with its own thread; at least one.
    pub readers: usize,
    /// Steps that may wait for the writer, and as many for the readers; one more is refused at once.
    pub queue: usize,
    /// The longest that a step waits for its answer.
    pub deadline: Duration,
    /// The longest wait for a lock that another process holds; keep it under `deadline`.
    pub busy_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 2,
            queue: 1_024,
            deadline: Duration::from_secs(5),
            busy_timeout: Duration::from_secs(2),
        }
    }
}

/// A database file. Dropped, it answers what waits, and leaves one file without a log beside it.
///
/// An answer that does not come within [`Options::deadline`] is [`crate::StoreError::Unavailable`]; a step that had not begun by then
/// is never done, one that had begun may be.
pub struct Sqlite {
    // In this order: the connection that closes last folds the log into the database, and only the writer may.
    readers: Lane,
    writer: Lane,
    deadline: Duration,
}

impl Sqlite {
    /// Opens the file, makes it (mode 0600, in a folder that exists) when it is not there, and brings its schema up to date.
    /// Blocks for as long as the disk takes.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`] when the file cannot be opened or written or is locked for longer than `busy_timeout`;
    /// [`crate::StoreError::Corrupt`] when it is no database of ours, or of a release that this one does not understand.
    pub fn open(path: &Path, options: &Options) -> Result<Self> {
        connection::create(path)?;
        let alone = connection::alone(path, options.busy_timeout)?;
        let mut connection = connection::write(path, options.busy_timeout)?;
        schema::migrate(&mut connection)?;
        drop(alone);
        let busy = options.busy_timeout;
        let writer = writer::Writer::new(path.to_owned(), busy, connection);
        let writer = Lane::start("sqlite-write", options.queue, [move |steps| writer.serve(&steps)])?;
        let readers = (0..options.readers.max(1)).map(|_| {
            let reader = reader::Reader::new(path.to_owned(), busy);
            move |steps| reader.serve(&steps)
        });
        let readers = Lane::start("sqlite-read", options.queue, readers)?;
        Ok(Self { readers, writer, deadline: options.deadline })
    }

    /// Steps that wait now, for the writer and for the readers together.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.writer.waiting() + self.readers.waiting()
    }

    async fn read<T: Send + 'static>(
        &self,
        step: impl Fn(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.readers.call(self.deadline, step).await
    }

    async fn write<T: Send + 'static>(
        &self,
        step: impl Fn(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.writer.call(self.deadline, step).await
    }
}

#[async_trait]
impl Portable for Sqlite {
    async fn export(&self, kind: FactKind, after: Option<Cursor>, limit: u32) -> Result<Page> {
        self.read(move |c| portable::export(c, kind, after.clone(), limit)).await
    }

    async fn import(&self, fact: Fact) -> Result<()> {
        self.write(move |c| portable::import(c, &fact)).await
    }

    async fn count(&self, kind: FactKind) -> Result<u64> {
        self.read(move |c| portable::count(c, kind)).await
    }

    async fn clock(&self) -> Result<Option<UnixTime>> {
        Ok(None)
    }

    async fn damage(&self) -> Result<Vec<String>> {
        self.read(portable::damage).await
    }
}

#[async_trait]
impl Store for Sqlite {
    fn load(&self) -> Load {
        // Each connection has a thread of its own, which opens it again should it be lost.
        let connections = self.writer.threads() + self.readers.threads();
        Load { backend: "sqlite", open: connections, idle: None, most: connections, waiting: self.waiting() }
    }

    async fn ping(&self) -> Result<()> {
        self.write(once::probe).await
    }

    async fn insert_pushed(&self, pushed: PushedRecord) -> Result<()> {
        self.write(move |c| pushed::insert(c, &pushed)).await
    }

    async fn pushed(&self, digest: Digest) -> Result<Option<PushedRecord>> {
        self.read(move |c| pushed::read(c, digest)).await
    }

    async fn spend_pushed(&self, digest: Digest) -> Result<bool> {
        self.write(move |c| pushed::spend(c, digest)).await
    }

    async fn insert_code(&self, new: NewCode) -> Result<Issued> {
        self.write(move |c| codes::insert(c, &new)).await
    }

    async fn code(&self, digest: Digest) -> Result<Option<CodeRecord>> {
        self.read(move |c| codes::read(c, digest)).await
    }

    async fn redeem_code(
        &self,
        digest: Digest,
        grant: GrantRecord,
        refresh: Option<NewRefresh>,
        now: UnixTime,
    ) -> Result<Redemption> {
        self.write(move |c| codes::redeem(c, digest, &grant, refresh.as_ref(), now)).await
    }

    async fn grant(&self, id: GrantId) -> Result<Option<GrantRecord>> {
        self.read(move |c| grants::read(c, id)).await
    }

    async fn revoke_grant(&self, id: GrantId, now: UnixTime) -> Result<()> {
        self.write(move |c| grants::revoke_with_codes(c, id, now)).await
    }

    async fn refresh(&self, grant: GrantId) -> Result<Option<(FamilyRecord, GrantRecord)>> {
        self.read(move |c| refresh::read(c, grant)).await
    }

    async fn rotate_refresh(&self, turn: Turn, now: UnixTime) -> Result<Rotation> {
        self.write(move |c| refresh::rotate(c, &turn, now)).await
    }

    async fn extend_grant(&self, id: GrantId, expires_at: UnixTime) -> Result<()> {
        self.write(move |c| grants::extend(c, id, expires_at)).await
    }

    async fn revoke_token(&self, jti: Digest, expires_at: UnixTime) -> Result<()> {
        self.write(move |c| once::revoke_token(c, jti, expires_at)).await
    }

    async fn is_token_revoked(&self, jti: Digest) -> Result<bool> {
        self.read(move |c| once::is_token_revoked(c, jti)).await
    }

    async fn remember_assertion(&self, jti: Digest, expires_at: UnixTime) -> Result<bool> {
        self.write(move |c| once::remember_assertion(c, jti, expires_at)).await
    }

    async fn start_session(&self, start: SessionStart, now: UnixTime) -> Result<bool> {
        self.write(move |c| sessions::start(c, &start, now)).await
    }

    async fn session(&self, digest: Digest) -> Result<Option<SessionRecord>> {
        self.read(move |c| sessions::read(c, digest)).await
    }

    async fn touch_session(&self, digest: Digest, now: UnixTime) -> Result<()> {
        self.write(move |c| sessions::touch(c, digest, now)).await
    }

    async fn end_session(&self, subject: &Subject, sid: &str, now: UnixTime) -> Result<bool> {
        let (subject, sid) = (subject.clone(), sid.to_owned());
        self.write(move |c| sessions::end(c, &subject, &sid, now)).await
    }

    async fn end_sessions_of(&self, subject: &Subject, except: Option<&str>, now: UnixTime) -> Result<u64> {
        let (subject, except) = (subject.clone(), except.unwrap_or_default().to_owned());
        self.write(move |c| sessions::end_all(c, &subject, &except, now)).await
    }

    async fn sessions_of(&self, subject: &Subject) -> Result<Vec<SessionRecord>> {
        let subject = subject.clone();
        self.read(move |c| sessions::of(c, &subject)).await
    }

    async fn claim_logouts(&self, claim: LogoutClaim, now: UnixTime) -> Result<Vec<LogoutDelivery>> {
        let looked_for = claim.clone();
        // As long as nothing is due, the writer is left alone.
        if self.read(move |c| logouts::due(c, &looked_for, now)).await?.is_empty() {
            return Ok(Vec::new());
        }
        self.write(move |c| logouts::claim(c, &claim, now)).await
    }

    async fn finish_logout(&self, delivery: &LogoutDelivery) -> Result<bool> {
        let delivery = delivery.clone();
        self.write(move |c| logouts::finish(c, &delivery)).await
    }

    async fn put_off_logout(&self, delivery: &LogoutDelivery, until: UnixTime) -> Result<bool> {
        let delivery = delivery.clone();
        self.write(move |c| logouts::put_off(c, &delivery, until)).await
    }

    async fn logout_queue(&self) -> Result<LogoutQueue> {
        self.read(logouts::state).await
    }

    async fn trim_logouts(&self, most: u32, limit: u32) -> Result<u64> {
        self.write(move |c| logouts::trim(c, most, limit)).await
    }

    async fn consent(&self, subject: &Subject, client_id: &ClientId) -> Result<Option<ConsentRecord>> {
        let (subject, client_id) = (subject.clone(), client_id.clone());
        self.read(move |c| consents::read(c, &subject, &client_id)).await
    }

    async fn save_consent(&self, consent: ConsentRecord) -> Result<()> {
        self.write(move |c| consents::save(c, &consent)).await
    }

    async fn consents_of(&self, subject: &Subject) -> Result<Vec<ConsentRecord>> {
        let subject = subject.clone();
        self.read(move |c| consents::of(c, &subject)).await
    }

    async fn withdraw_consent(&self, subject: &Subject, client_id: &ClientId, now: UnixTime) -> Result<()> {
        let (subject, client_id) = (subject.clone(), client_id.clone());
        self.write(move |c| consents::withdraw(c, &subject, &client_id, now)).await
    }

    async fn insert_device(&self, device: DeviceRecord) -> Result<bool> {
        self.write(move |c| devices::insert(c, &device)).await
    }

    async fn device_by_user_code(&self, user_code: &str) -> Result<Option<DeviceRecord>> {
        let user_code = user_code.to_owned();
        self.read(move |c| devices::by_user_code(c, &user_code)).await
    }

    async fn decide_device(&self, user_code: &str, state: DeviceState, now: UnixTime) -> Result<bool> {
        let user_code = user_code.to_owned();
        self.write(move |c| devices::decide(c, &user_code, &state, now)).await
    }

    async fn poll_device(&self, digest: Digest, now: UnixTime) -> Result<Poll> {
        self.write(move |c| devices::poll(c, digest, now)).await
    }

    async fn redeem_device(
        &self,
        digest: Digest,
        grant: GrantRecord,
        refresh: Option<NewRefresh>,
    ) -> Result<Redemption> {
        self.write(move |c| devices::redeem(c, digest, &grant, refresh.as_ref())).await
    }

    async fn take_duty(&self, duty: Duty, holder: Holder, now: UnixTime, until: UnixTime) -> Result<bool> {
        self.write(move |c| once::take_duty(c, duty, holder, (now, until))).await
    }

    async fn sweep(&self, now: UnixTime, limit: u32) -> Result<u64> {
        self.write(move |c| sweep::sweep(c, now, limit)).await
    }
}
