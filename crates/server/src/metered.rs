//! The store with a meter on it: each step is counted and timed, and has a span where a request is traced. It decides nothing.

use crate::metrics::{Outcome, Step, StepMeters};
use crate::spans;
use async_trait::async_trait;
use nauthera_core::facts::{
    CodeRecord, ConsentRecord, DeviceRecord, DeviceState, Digest, FamilyRecord, GrantId, GrantRecord,
    LogoutDelivery, PushedRecord, SessionRecord, Subject,
};
use nauthera_core::names::ClientId;
use nauthera_core::time::{Clock, UnixTime};
use nauthera_store::limits::LimitStore;
use nauthera_store::{
    Duty, Holder, Issued, Load, LogoutClaim, LogoutQueue, NewCode, NewRefresh, Poll, Redemption, Result,
    Rotation, SessionStart, Store, Turn,
};
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument;

/// A store with a meter.
pub struct Metered {
    store: Arc<dyn Store>,
    meters: Arc<StepMeters>,
    clock: Arc<dyn Clock>,
    backend: &'static str,
}

/// A step under way. Dropped before it has ended, it counts as abandoned: who waited is gone.
struct Running<'a> {
    of: &'a Metered,
    step: Step,
    began: Duration,
    outcome: Outcome,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let took = self.of.clock.monotonic().saturating_sub(self.began);
        self.of.meters.done(self.step, self.outcome, took);
    }
}

impl Metered {
    /// Puts a meter on a store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, meters: Arc<StepMeters>, clock: Arc<dyn Clock>) -> Self {
        let backend = store.load().backend;
        Self { store, meters, clock, backend }
    }

    async fn step<T>(&self, step: Step, work: impl Future<Output = Result<T>>) -> Result<T> {
        let began = self.clock.monotonic();
        let mut running = Running { of: self, step, began, outcome: Outcome::Abandoned };
        let span = spans::store(step.name(), self.backend);
        let outcome = work.instrument(span.clone()).await;
        running.outcome = Outcome::of(&outcome);
        if outcome.is_err() {
            span.record("otel.status_code", "ERROR");
        }
        outcome
    }
}

#[async_trait]
impl Store for Metered {
    fn load(&self) -> Load {
        self.store.load()
    }

    fn limits(&self) -> Option<&dyn LimitStore> {
        self.store.limits()
    }

    async fn ping(&self) -> Result<()> {
        self.step(Step::Ping, self.store.ping()).await
    }

    async fn insert_pushed(&self, pushed: PushedRecord) -> Result<()> {
        self.step(Step::InsertPushed, self.store.insert_pushed(pushed)).await
    }

    async fn pushed(&self, digest: Digest) -> Result<Option<PushedRecord>> {
        self.step(Step::Pushed, self.store.pushed(digest)).await
    }

    async fn spend_pushed(&self, digest: Digest) -> Result<bool> {
        self.step(Step::SpendPushed, self.store.spend_pushed(digest)).await
    }

    async fn insert_code(&self, new: NewCode) -> Result<Issued> {
        self.step(Step::InsertCode, self.store.insert_code(new)).await
    }

    async fn code(&self, digest: Digest) -> Result<Option<CodeRecord>> {
        self.step(Step::Code, self.store.code(digest)).await
    }

    async fn redeem_code(
        &self,
        digest: Digest,
        grant: GrantRecord,
        refresh: Option<NewRefresh>,
        now: UnixTime,
    ) -> Result<Redemption> {
        self.step(Step::RedeemCode, self.store.redeem_code(digest, grant, refresh, now)).await
    }

    async fn grant(&self, id: GrantId) -> Result<Option<GrantRecord>> {
        self.step(Step::Grant, self.store.grant(id)).await
    }

    async fn revoke_grant(&self, id: GrantId, now: UnixTime) -> Result<()> {
        self.step(Step::RevokeGrant, self.store.revoke_grant(id, now)).await
    }

    async fn refresh(&self, grant: GrantId) -> Result<Option<(FamilyRecord, GrantRecord)>> {
        self.step(Step::Refresh, self.store.refresh(grant)).await
    }

    async fn rotate_refresh(&self, turn: Turn, now: UnixTime) -> Result<Rotation> {
        self.step(Step::RotateRefresh, self.store.rotate_refresh(turn, now)).await
    }

    async fn extend_grant(&self, id: GrantId, expires_at: UnixTime) -> Result<()> {
        self.step(Step::ExtendGrant, self.store.extend_grant(id, expires_at)).await
    }

    async fn revoke_token(&self, jti: Digest, expires_at: UnixTime) -> Result<()> {
        self.step(Step::RevokeToken, self.store.revoke_token(jti, expires_at)).await
    }

    async fn is_token_revoked(&self, jti: Digest) -> Result<bool> {
        self.step(Step::IsTokenRevoked, self.store.is_token_revoked(jti)).await
    }

    async fn remember_assertion(&self, jti: Digest, expires_at: UnixTime) -> Result<bool> {
        self.step(Step::RememberAssertion, self.store.remember_assertion(jti, expires_at)).await
    }

    async fn start_session(&self, start: SessionStart, now: UnixTime) -> Result<bool> {
        self.step(Step::StartSession, self.store.start_session(start, now)).await
    }

    async fn session(&self, digest: Digest) -> Result<Option<SessionRecord>> {
        self.step(Step::Session, self.store.session(digest)).await
    }

    async fn touch_session(&self, digest: Digest, now: UnixTime) -> Result<()> {
        self.step(Step::TouchSession, self.store.touch_session(digest, now)).await
    }

    async fn end_session(&self, subject: &Subject, sid: &str, now: UnixTime) -> Result<bool> {
        self.step(Step::EndSession, self.store.end_session(subject, sid, now)).await
    }

    async fn end_sessions_of(&self, subject: &Subject, except: Option<&str>, now: UnixTime) -> Result<u64> {
        self.step(Step::EndSessionsOf, self.store.end_sessions_of(subject, except, now)).await
    }

    async fn sessions_of(&self, subject: &Subject) -> Result<Vec<SessionRecord>> {
        self.step(Step::SessionsOf, self.store.sessions_of(subject)).await
    }

    async fn claim_logouts(&self, claim: LogoutClaim, now: UnixTime) -> Result<Vec<LogoutDelivery>> {
        self.step(Step::ClaimLogouts, self.store.claim_logouts(claim, now)).await
    }

    async fn finish_logout(&self, delivery: &LogoutDelivery) -> Result<bool> {
        self.step(Step::FinishLogout, self.store.finish_logout(delivery)).await
    }

    async fn put_off_logout(&self, delivery: &LogoutDelivery, until: UnixTime) -> Result<bool> {
        self.step(Step::PutOffLogout, self.store.put_off_logout(delivery, until)).await
    }

    async fn logout_queue(&self) -> Result<LogoutQueue> {
        self.step(Step::LogoutQueue, self.store.logout_queue()).await
    }

    async fn trim_logouts(&self, most: u32, limit: u32) -> Result<u64> {
        self.step(Step::TrimLogouts, self.store.trim_logouts(most, limit)).await
    }

    async fn consent(&self, subject: &Subject, client_id: &ClientId) -> Result<Option<ConsentRecord>> {
        self.step(Step::Consent, self.store.consent(subject, client_id)).await
    }

    async fn save_consent(&self, consent: ConsentRecord) -> Result<()> {
        self.step(Step::SaveConsent, self.store.save_consent(consent)).await
    }

    async fn consents_of(&self, subject: &Subject) -> Result<Vec<ConsentRecord>> {
        self.step(Step::ConsentsOf, self.store.consents_of(subject)).await
    }

    async fn withdraw_consent(&self, subject: &Subject, client_id: &ClientId, now: UnixTime) -> Result<()> {
        self.step(Step::WithdrawConsent, self.store.withdraw_consent(subject, client_id, now)).await
    }

    async fn insert_device(&self, device: DeviceRecord) -> Result<bool> {
        self.step(Step::InsertDevice, self.store.insert_device(device)).await
    }

    async fn device_by_user_code(&self, user_code: &str) -> Result<Option<DeviceRecord>> {
        self.step(Step::DeviceByUserCode, self.store.device_by_user_code(user_code)).await
    }

    async fn decide_device(&self, user_code: &str, state: DeviceState, now: UnixTime) -> Result<bool> {
        self.step(Step::DecideDevice, self.store.decide_device(user_code, state, now)).await
    }

    async fn poll_device(&self, digest: Digest, now: UnixTime) -> Result<Poll> {
        self.step(Step::PollDevice, self.store.poll_device(digest, now)).await
    }

    async fn redeem_device(
        &self,
        digest: Digest,
        grant: GrantRecord,
        refresh: Option<NewRefresh>,
    ) -> Result<Redemption> {
        self.step(Step::RedeemDevice, self.store.redeem_device(digest, grant, refresh)).await
    }

    async fn take_duty(&self, duty: Duty, holder: Holder, now: UnixTime, until: UnixTime) -> Result<bool> {
        self.step(Step::TakeDuty, self.store.take_duty(duty, holder, now, until)).await
    }

    async fn sweep(&self, now: UnixTime, limit: u32) -> Result<u64> {
        self.step(Step::Sweep, self.store.sweep(now, limit)).await
    }
}
