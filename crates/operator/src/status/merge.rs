//! A status as it should be, merged with the one that is there: times of conditions move only when their status does, and an equal
//! status is not written.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;
use nauthera_api::v1alpha1::{AuthClientStatus, AuthPolicyStatus, AuthServerStatus, UserStoreStatus};
use nauthera_core::time::UnixTime;

/// A status with conditions.
pub trait HasConditions: Clone + PartialEq {
    /// Its conditions.
    fn conditions(&self) -> &[Condition];
    /// Its conditions, to be changed.
    fn conditions_mut(&mut self) -> &mut [Condition];
    /// The edit that it speaks of.
    fn observed_generation(&self) -> i64;
}

macro_rules! has_conditions {
    ($($status:ty),+) => {
        $(impl HasConditions for $status {
            fn conditions(&self) -> &[Condition] {
                &self.conditions
            }
            fn conditions_mut(&mut self) -> &mut [Condition] {
                &mut self.conditions
            }
            fn observed_generation(&self) -> i64 {
                self.observed_generation
            }
        })+
    };
}
has_conditions!(AuthClientStatus, AuthPolicyStatus, AuthServerStatus, UserStoreStatus);

/// The status to write, or `None` when the one that is there says the same. A condition keeps its time as long as its status is the
/// same; a message or reason that changes moves nothing.
#[must_use]
pub fn merge<S: HasConditions>(old: Option<&S>, mut wanted: S, now: UnixTime) -> Option<S> {
    let now = Time(Timestamp::from_second(now.0).unwrap_or_default());
    for condition in wanted.conditions_mut() {
        let before = old.and_then(|old| old.conditions().iter().find(|other| other.type_ == condition.type_));
        condition.last_transition_time = match before.filter(|before| before.status == condition.status) {
            Some(before) => before.last_transition_time.clone(),
            None => now.clone(),
        };
    }
    (old != Some(&wanted)).then_some(wanted)
}

/// A point in time as Kubernetes writes it.
pub(super) fn time(at: UnixTime) -> Option<Time> {
    Timestamp::from_second(at.0).ok().map(Time)
}
