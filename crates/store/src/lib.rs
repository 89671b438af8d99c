//! Durable facts behind one protocol-shaped trait. Every method is one atomic step: what must happen once is decided
//! by the database in a single statement or transaction, before anything is minted. What a fact means, and whether it
//! still counts, is `nauthera-core`'s to say; SQL is nobody's but this crate's. Beside the facts stand limits, which replicas share
//! and may lose.

mod columns;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod limits;
mod location;
mod logouts;
pub mod portable;
pub mod postgres;
pub mod redis;
pub mod sqlite;

pub use location::Location;
pub use logouts::{LogoutClaim, LogoutQueue};

use async_trait::async_trait;
use nauthera_core::facts::{
    CodeRecord, ConsentRecord, DeviceRecord, DeviceState, Digest, FamilyRecord, GrantId, GrantRecord,
    LoginEvent, LogoutDelivery, PushedRecord, SessionRecord, Subject,
};
use nauthera_core::names::ClientId;
use nauthera_core::time::{Seconds, UnixTime};

/// Why a step was not done. Nothing half-done is left behind.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, is locked, or its disk is full: the same step may succeed in a moment.
    /// Answered with 503 and `Retry-After`.
    #[error("the database is away: {0}")]
    Unavailable(String),
    /// The database answered with something that this release does not understand.
    #[error("the database holds what this release cannot read: {0}")]
    Corrupt(String),
}

/// What became of a code that was presented for redemption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redemption {
    /// This call took it; the grant (and refresh token) now exist.
    Won,
    /// It was taken before, or does not exist any more. What the first redemption of a code produced is revoked now.
    AlreadyRedeemed,
}

/// What became of a refresh token that was presented for rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// This call rotated it; the successor is the current one now.
    Won,
    /// It is not the current one any more, or has expired: this is how its family and grant stand now.
    Lost(Box<(FamilyRecord, GrantRecord)>),
    /// The family does not exist (any more), or its grant is revoked.
    Gone,
}

impl Rotation {
    /// A rotation that changed nothing, by how family and grant stand.
    fn of(found: Option<(FamilyRecord, GrantRecord)>) -> Self {
        match found {
            Some((_, grant)) if grant.revoked_at.is_some() => Self::Gone,
            Some(found) => Self::Lost(Box::new(found)),
            None => Self::Gone,
        }
    }
}

/// What a device that polls is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Poll {
    /// Polled no sooner than allowed: how far the authorization has come. The poll time is noted.
    Counted(DeviceRecord),
    /// Polled too soon: the interval has been raised by five seconds (RFC 8628 §3.5).
    TooSoon(DeviceRecord),
    /// No such device code.
    Unknown,
}

/// A refresh token to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRefresh {
    /// Digest of the token.
    pub digest: Digest,
    /// Not to be used from then on.
    pub expires_at: UnixTime,
}

/// A refresh token's turn to be followed by another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The grant that it was made for.
    pub grant: GrantId,
    /// Digest of the token.
    pub presented: Digest,
    /// Its successor.
    pub successor: NewRefresh,
    /// The successor's value, encrypted.
    pub sealed_successor: Vec<u8>,
    /// Until when the grant is to last now; `None` where it lasts long enough as it is.
    pub grant_until: Option<UnixTime>,
}

/// What is stored by one successful authorization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCode {
    /// The code.
    pub code: CodeRecord,
    /// The pushed request that it answers, which is spent by this.
    pub pushed: Option<Digest>,
}

/// What an authorization came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Issued {
    /// The code is stored.
    Stored,
    /// The pushed request had been answered before; nothing was stored.
    PushedSpent,
}

/// How a session begins or goes on at a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionStart {
    /// A new session. One of another person in the same browser ends.
    New {
        /// The session.
        session: SessionRecord,
        /// The session of the same browser that ends by this, by its `sid`.
        replaces: Option<String>,
    },
    /// The same person logged in again: the session keeps its `sid` and gets a new cookie value.
    Renewed {
        /// Digest of the old cookie value.
        old: Digest,
        /// Digest of the new one.
        new: Digest,
        /// The login.
        login: LoginEvent,
        /// The new end of the session.
        expires_at: UnixTime,
    },
}

/// What one process at a time does for all that share a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Duty {
    /// Removing what has ended.
    Sweep,
}

impl Duty {
    /// Its name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sweep => "sweep",
        }
    }
}

/// A process, by a random id of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder(pub [u8; 16]);

/// How a backend stands at one moment, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// What it is: `sqlite` or `postgresql`.
    pub backend: &'static str,
    /// Connections that are open.
    pub open: usize,
    /// Those of them that nobody uses; `None` where that is not known.
    pub idle: Option<usize>,
    /// Connections that may be open.
    pub most: usize,
    /// Steps that wait for one.
    pub waiting: usize,
}

/// Result of a step.
pub type Result<T> = std::result::Result<T, StoreError>;

/// The durable facts. All methods are safe to call concurrently, from several processes on one database too.
/// A record past its `expires_at` may or may not still be returned: callers judge times themselves.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// How it stands now. Asks nobody, and waits for nothing.
    fn load(&self) -> Load;

    /// Is the database there and writable?
    async fn ping(&self) -> Result<()>;

    /// Stores a pushed request. It is kept for an hour beyond `expires_at`, so that a login that began in time can end.
    async fn insert_pushed(&self, pushed: PushedRecord) -> Result<()>;
    /// Reads a pushed request.
    async fn pushed(&self, digest: Digest) -> Result<Option<PushedRecord>>;
    /// Spends a pushed request that is answered with an error; `false` when it was answered before, or is not there.
    async fn spend_pushed(&self, digest: Digest) -> Result<bool>;

    /// Stores a code and spends the pushed request that it answers, both or neither.
    async fn insert_code(&self, new: NewCode) -> Result<Issued>;
    /// Reads a code, redeemed or not.
    async fn code(&self, digest: Digest) -> Result<Option<CodeRecord>>;
    /// Takes a code, once: marks it redeemed and stores grant and refresh token, or finds it redeemed and revokes the
    /// grant that it produced. A code whose session was ended in between is gone.
    async fn redeem_code(
        &self,
        digest: Digest,
        grant: GrantRecord,
        refresh: Option<NewRefresh>,
        now: UnixTime,
    ) -> Result<Redemption>;

    /// Reads a grant.
    async fn grant(&self, id: GrantId) -> Result<Option<GrantRecord>>;
    /// Revokes a grant and with it every token under it. Also of a grant that its code has not produced yet: such a code
    /// is dead afterwards.
    async fn revoke_grant(&self, id: GrantId, now: UnixTime) -> Result<()>;

    /// Reads the family of refresh tokens of a grant, and the grant.
    async fn refresh(&self, grant: GrantId) -> Result<Option<(FamilyRecord, GrantRecord)>>;
    /// Rotates a refresh token, once, and only if at this moment it is the current one of its family, has not expired, and its grant
    /// is not revoked, by the end of its session neither. The successor takes its place, with its value, encrypted, beside it. Raises
    /// the grant's `expires_at` where that is asked.
    async fn rotate_refresh(&self, turn: Turn, now: UnixTime) -> Result<Rotation>;
    /// Raises a grant's `expires_at`, so that it is not swept before a token made under it ends.
    async fn extend_grant(&self, id: GrantId, expires_at: UnixTime) -> Result<()>;

    /// Remembers that a token without a grant (client credentials) was revoked, until it would have ended.
    async fn revoke_token(&self, jti: Digest, expires_at: UnixTime) -> Result<()>;
    /// Was this token revoked?
    async fn is_token_revoked(&self, jti: Digest) -> Result<bool>;
    /// Remembers a client assertion's `jti`, once: `false` when it was there before.
    async fn remember_assertion(&self, jti: Digest, expires_at: UnixTime) -> Result<bool>;

    /// Begins or renews a session at a login. `false` when the session to renew is gone.
    async fn start_session(&self, start: SessionStart, now: UnixTime) -> Result<bool>;
    /// Reads a session by its cookie value's digest.
    async fn session(&self, digest: Digest) -> Result<Option<SessionRecord>>;
    /// Notes that a session was used.
    async fn touch_session(&self, digest: Digest, now: UnixTime) -> Result<()>;
    /// Ends a session (of this subject: nobody ends another's) with its unredeemed codes and those of its grants that do not outlive it.
    /// Every client that got tokens in it is to be told from then on, once. `false` when there is none such.
    async fn end_session(&self, subject: &Subject, sid: &str, now: UnixTime) -> Result<bool>;
    /// Ends all sessions of a person but the one of this `sid`, each as [`Store::end_session`] does; how many ended.
    async fn end_sessions_of(&self, subject: &Subject, except: Option<&str>, now: UnixTime) -> Result<u64>;
    /// A person's sessions, newest first, at most 100.
    async fn sessions_of(&self, subject: &Subject) -> Result<Vec<SessionRecord>>;

    /// Claims deliveries that are due: nobody else gets them before the lease is over, and each counts as one attempt more. A claim
    /// that comes to nothing, because its process died, lapses with the lease.
    async fn claim_logouts(&self, claim: LogoutClaim, now: UnixTime) -> Result<Vec<LogoutDelivery>>;
    /// Takes a delivery out of the queue: its client was told, or is not told any more. `false` when it was out before.
    async fn finish_logout(&self, delivery: &LogoutDelivery) -> Result<bool>;
    /// Puts a delivery off. `false` when its claim had lapsed and another followed, or when it is out.
    async fn put_off_logout(&self, delivery: &LogoutDelivery, until: UnixTime) -> Result<bool>;
    /// How long the queue is.
    async fn logout_queue(&self) -> Result<LogoutQueue>;
    /// Drops the oldest deliveries of each client that has more than `most`, at most `limit` of all; how many.
    async fn trim_logouts(&self, most: u32, limit: u32) -> Result<u64>;

    /// Reads what a person agreed to for a client.
    async fn consent(&self, subject: &Subject, client_id: &ClientId) -> Result<Option<ConsentRecord>>;
    /// Remembers what a person agreed to: the new record replaces the old one.
    async fn save_consent(&self, consent: ConsentRecord) -> Result<()>;
    /// A person's consents, by client id, at most 500.
    async fn consents_of(&self, subject: &Subject) -> Result<Vec<ConsentRecord>>;
    /// Forgets a consent and revokes every grant (and pending code) that the person gave this client.
    async fn withdraw_consent(&self, subject: &Subject, client_id: &ClientId, now: UnixTime) -> Result<()>;

    /// Stores a device authorization. `false` when its user code is in use.
    async fn insert_device(&self, device: DeviceRecord) -> Result<bool>;
    /// Reads a device authorization by the code that a person typed.
    async fn device_by_user_code(&self, user_code: &str) -> Result<Option<DeviceRecord>>;
    /// Decides a pending device authorization, once: `false` when it is not pending any more.
    async fn decide_device(&self, user_code: &str, state: DeviceState, now: UnixTime) -> Result<bool>;
    /// Notes a poll of a device and reads how far its authorization has come.
    async fn poll_device(&self, digest: Digest, now: UnixTime) -> Result<Poll>;
    /// Takes an approved device authorization, once: stores grant and refresh token. What is not approved, or was taken, is
    /// [`Redemption::AlreadyRedeemed`] and changes nothing: a device that polls twice at once keeps what it got.
    async fn redeem_device(
        &self,
        digest: Digest,
        grant: GrantRecord,
        refresh: Option<NewRefresh>,
    ) -> Result<Redemption>;

    /// Takes a duty, or keeps it, until `until`: `false` while it is another holder's. One that is not kept falls to whoever asks
    /// next.
    async fn take_duty(&self, duty: Duty, holder: Holder, now: UnixTime, until: UnixTime) -> Result<bool>;

    /// Removes at most `limit` rows that ended before `now` from each table, and empties as many sealed successors whose grace was
    /// over an hour ago; the number of both. Rows that still matter for a decision
    /// (a redeemed code and a family of refresh tokens until the grant ends, a grant until the session ends whose
    /// clients would be told) stay.
    async fn sweep(&self, now: UnixTime, limit: u32) -> Result<u64>;

    /// Limits that all processes on this database share; `None` where it is one process's own.
    fn limits(&self) -> Option<&dyn limits::LimitStore> {
        None
    }
}

/// How long a pushed request is kept after the time by which it must be opened.
pub const PUSHED_RETENTION: Seconds = Seconds::hours(1);
/// What a device that polls too soon must wait longer, in seconds (RFC 8628 §3.5).
const SLOW_DOWN: u32 = 5;
/// `last_seen_at` is kept to the minute, so that a busy browser costs one write in it.
const SEEN_EVERY: Seconds = Seconds::minutes(1);
