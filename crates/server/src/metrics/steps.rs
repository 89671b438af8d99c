//! Steps of the store: each by its name and outcome, their times by kind.

use super::labels::{KindLabels, StepLabels};
use nauthera_store::StoreError;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::time::Duration;

/// What kind of step it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It changes nothing.
    Read,
    /// It changes something.
    Write,
    /// It is done for nobody's request.
    Chore,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Chore];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Chore => "chore",
        }
    }
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Ok,
    /// The database is away.
    Unavailable,
    /// The database holds what this release cannot read.
    Corrupt,
    /// Nobody waited for its end.
    Abandoned,
}

impl Outcome {
    const ALL: [Self; 4] = [Self::Ok, Self::Unavailable, Self::Corrupt, Self::Abandoned];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unavailable => "unavailable",
            Self::Corrupt => "corrupt",
            Self::Abandoned => "abandoned",
        }
    }

    /// Of a result.
    pub const fn of<T>(result: &Result<T, StoreError>) -> Self {
        match result {
            Ok(_) => Self::Ok,
            Err(StoreError::Unavailable(_)) => Self::Unavailable,
            Err(StoreError::Corrupt(_)) => Self::Corrupt,
        }
    }
}

macro_rules! steps {
    ($($variant:ident = $name:literal, $kind:ident;)+) => {
        /// A step of [`nauthera_store::Store`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Step { $(#[doc = concat!("`", $name, "`.")] $variant),+ }

        impl Step {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name: the method's.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// Its kind.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind),+ }
            }
        }
    };
}

steps! {
    Ping = "ping", Write;
    InsertPushed = "insert_pushed", Write;
    Pushed = "pushed", Read;
    SpendPushed = "spend_pushed", Write;
    InsertCode = "insert_code", Write;
    Code = "code", Read;
    RedeemCode = "redeem_code", Write;
    Grant = "grant", Read;
    RevokeGrant = "revoke_grant", Write;
    Refresh = "refresh", Read;
    RotateRefresh = "rotate_refresh", Write;
    ExtendGrant = "extend_grant", Write;
    RevokeToken = "revoke_token", Write;
    IsTokenRevoked = "is_token_revoked", Read;
    RememberAssertion = "remember_assertion", Write;
    StartSession = "start_session", Write;
    Session = "session", Read;
    TouchSession = "touch_session", Write;
    EndSession = "end_session", Write;
    EndSessionsOf = "end_sessions_of", Write;
    SessionsOf = "sessions_of", Read;
    ClaimLogouts = "claim_logouts", Chore;
    FinishLogout = "finish_logout", Chore;
    PutOffLogout = "put_off_logout", Chore;
    LogoutQueue = "logout_queue", Chore;
    TrimLogouts = "trim_logouts", Chore;
    Consent = "consent", Read;
    SaveConsent = "save_consent", Write;
    ConsentsOf = "consents_of", Read;
    WithdrawConsent = "withdraw_consent", Write;
    InsertDevice = "insert_device", Write;
    DeviceByUserCode = "device_by_user_code", Read;
    DecideDevice = "decide_device", Write;
    PollDevice = "poll_device", Write;
    RedeemDevice = "redeem_device", Write;
    TakeDuty = "take_duty", Chore;
    Sweep = "sweep", Chore;
}

/// What is counted of steps, held so that no step looks it up.
pub struct StepMeters {
    outcomes: Vec<[Counter; 4]>,
    seconds: [Histogram; 3],
}

impl StepMeters {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let steps = Family::<StepLabels, Counter>::default();
        let seconds =
            Family::<KindLabels, Histogram>::new_with_constructor(|| Histogram::new(super::BUCKETS));
        registry.register("store_steps", "Steps in the database by name and outcome", steps.clone());
        registry.register(
            "store_step_duration_seconds",
            "Time of a step in the database by kind",
            seconds.clone(),
        );
        let outcomes = Step::ALL.iter().map(|step| {
            Outcome::ALL.map(|outcome| {
                let labels = StepLabels { step: step.name(), outcome: outcome.as_str() };
                steps.get_or_create_owned(&labels)
            })
        });
        let seconds = Kind::ALL.map(|kind| seconds.get_or_create_owned(&KindLabels { kind: kind.as_str() }));
        Self { outcomes: outcomes.collect(), seconds }
    }

    /// Counts a step.
    pub fn done(&self, step: Step, outcome: Outcome, took: Duration) {
        if let Some(counter) = self.outcomes.get(step as usize).and_then(|all| all.get(outcome as usize)) {
            counter.inc();
        }
        if let Some(seconds) = self.seconds.get(step.kind() as usize) {
            seconds.observe(took.as_secs_f64());
        }
    }
}
