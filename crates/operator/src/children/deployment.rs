//! The Deployment of a server. With SQLite one pod owns the volume, so it is recreated; with PostgreSQL a new pod is ready before an old
//! one goes, so that an update refuses nobody.

use super::metadata::{owned, selector};
use super::{Facts, Server, pod};
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// How many old ReplicaSets are kept to roll back to.
const HISTORY: i32 = 3;

pub(super) fn deployment(server: &Server<'_>, facts: &Facts) -> Deployment {
    Deployment {
        metadata: owned(server),
        spec: Some(DeploymentSpec {
            // Left out where nothing is asked: an autoscaler then decides alone.
            replicas: server.replicas(),
            revision_history_limit: Some(HISTORY),
            selector: selector(server.object),
            strategy: Some(strategy(server)),
            template: pod::template(server, facts),
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

fn strategy(server: &Server<'_>) -> DeploymentStrategy {
    if server.spec.database.sqlite.is_some() {
        return DeploymentStrategy { type_: Some("Recreate".into()), rolling_update: None };
    }
    DeploymentStrategy {
        type_: Some("RollingUpdate".into()),
        rolling_update: Some(RollingUpdateDeployment {
            max_unavailable: Some(IntOrString::Int(0)),
            max_surge: Some(IntOrString::Int(1)),
        }),
    }
}
