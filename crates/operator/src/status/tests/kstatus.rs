//! The rules of kstatus (`sigs.k8s.io/cli-utils`) for objects of kinds that it does not know, as its documentation says them. The real
//! library judges the same states on the test cluster.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

#[derive(Debug, PartialEq, Eq)]
pub enum Kstatus {
    InProgress,
    Failed,
    Current,
}

pub fn judge(generation: i64, observed: i64, conditions: &[Condition]) -> Kstatus {
    let is = |kind: &str, status: &str| {
        conditions.iter().any(|condition| condition.type_ == kind && condition.status == status)
    };
    if observed != generation {
        return Kstatus::InProgress;
    }
    if is("Reconciling", "True") {
        return Kstatus::InProgress;
    }
    if is("Stalled", "True") {
        return Kstatus::Failed;
    }
    if is("Ready", "False") || is("Ready", "Unknown") {
        return Kstatus::InProgress;
    }
    Kstatus::Current
}
