//! How many pods may be down at once when nodes are drained: one, where there are several. One replica has no budget, since it could
//! only hold up the drain.

use super::metadata::{owned, selector};
use super::{Facts, Server};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

pub(super) fn budget(server: &Server<'_>, facts: &Facts) -> Option<PodDisruptionBudget> {
    let replicas = server.replicas().or(facts.scaled_to).unwrap_or(1);
    (replicas > 1).then(|| PodDisruptionBudget {
        metadata: owned(server),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(selector(server.object)),
            // A pod that does not come up by itself keeps no node from being drained.
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".into()),
            ..PodDisruptionBudgetSpec::default()
        }),
        ..PodDisruptionBudget::default()
    })
}
