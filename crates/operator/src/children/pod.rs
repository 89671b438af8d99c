//! The pods of a server. They meet the restricted Pod Security level whatever the manifest says: nothing that it can set reaches the
//! security context, the volumes or the command.

use super::metadata::labels;
use super::volumes::{Mounted, volumes};
use super::{Facts, Server};
use crate::names::{
    self, ADMIN_PORT, ADMIN_PORT_NAME, CONTAINER, DATA_DIR, DATABASE_URL_FILE, KEYS_DIR, SECRETS_DIR,
    SERVING_PORT_NAME, SNAPSHOT_CACHE_DIR, TLS_DIR, USER,
};
use k8s_openapi::api::core::v1::{
    Capabilities, Container, ContainerPort, EnvVar, HTTPGetAction, LocalObjectReference, PodSecurityContext,
    PodSpec, PodTemplateSpec, Probe, ResourceRequirements, SeccompProfile, SecurityContext,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use nauthera_api::v1alpha1::{PodTemplate, Resources};
use std::collections::BTreeMap;

/// The variable that says in what form the log is.
const LOG_FORMAT: &str = "NAUTHERA_LOG_FORMAT";
/// How long a pod serves on when it is told to stop: the time in which every balancer has seen it.
const DRAIN: &str = "10s";
/// When a pod that does not stop by itself is killed, in seconds: after the drain, and the requests under way.
const GRACE: i64 = 45;

pub(super) fn template(server: &Server<'_>, facts: &Facts) -> PodTemplateSpec {
    let asked = server.spec.pod_template.clone().unwrap_or_default();
    let PodTemplate {
        labels: more_labels,
        annotations,
        node_selector,
        affinity,
        tolerations,
        topology_spread_constraints,
        priority_class_name,
        image_pull_secrets,
        env,
    } = asked;
    let (volumes, mounts) =
        volumes(server, facts).into_iter().map(|Mounted { volume, mount }| (volume, mount)).unzip();
    let container =
        Container { env: Some(environment(env)), volume_mounts: Some(mounts), ..container(server, facts) };
    let pulls = image_pull_secrets.into_iter().map(|secret| LocalObjectReference { name: secret.name });
    PodTemplateSpec {
        metadata: Some(ObjectMeta {
            // Ours win: the selector must go on finding its pods.
            labels: Some(more_labels.into_iter().chain(labels(server.object)).collect()),
            annotations: some_map(annotations),
            ..ObjectMeta::default()
        }),
        spec: Some(PodSpec {
            affinity,
            automount_service_account_token: Some(true),
            containers: vec![container],
            enable_service_links: Some(false),
            image_pull_secrets: some(pulls.collect()),
            node_selector: some_map(node_selector),
            priority_class_name,
            security_context: Some(pod_security()),
            service_account_name: Some(server.name()),
            termination_grace_period_seconds: Some(GRACE),
            tolerations: some(tolerations),
            topology_spread_constraints: some(topology_spread_constraints),
            volumes: Some(volumes),
            ..PodSpec::default()
        }),
    }
}

/// What the manifest asks for; beside the audit, which is JSON, the log is too, unless it asks for another form.
fn environment(mut asked: Vec<EnvVar>) -> Vec<EnvVar> {
    if !asked.iter().any(|variable| variable.name == LOG_FORMAT) {
        let json = EnvVar { name: LOG_FORMAT.into(), value: Some("json".into()), value_from: None };
        asked.push(json);
    }
    asked
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

fn some_map(map: BTreeMap<String, String>) -> Option<BTreeMap<String, String>> {
    Some(map).filter(|map| !map.is_empty())
}

fn container(server: &Server<'_>, facts: &Facts) -> Container {
    let port = |name: &str, port| ContainerPort {
        name: Some(name.to_owned()),
        container_port: port,
        protocol: Some("TCP".into()),
        ..ContainerPort::default()
    };
    Container {
        name: CONTAINER.into(),
        image: Some(server.spec.image.clone().unwrap_or_else(|| facts.image.clone())),
        args: Some(arguments(server, facts)),
        ports: Some(vec![port(SERVING_PORT_NAME, server.serving_port()), port(ADMIN_PORT_NAME, ADMIN_PORT)]),
        resources: server.spec.resources.as_ref().map(resources),
        security_context: Some(container_security()),
        // A server that starts with ten thousand clients and a cold disk has two minutes.
        startup_probe: Some(Probe {
            period_seconds: Some(1),
            failure_threshold: Some(120),
            ..probe("/healthz")
        }),
        liveness_probe: Some(Probe {
            period_seconds: Some(10),
            failure_threshold: Some(6),
            ..probe("/healthz")
        }),
        readiness_probe: Some(Probe {
            period_seconds: Some(2),
            failure_threshold: Some(2),
            ..probe("/readyz")
        }),
        ..Container::default()
    }
}

fn probe(path: &str) -> Probe {
    let http_get = HTTPGetAction {
        path: Some(path.to_owned()),
        port: IntOrString::String(ADMIN_PORT_NAME.into()),
        scheme: Some("HTTP".into()),
        ..HTTPGetAction::default()
    };
    Probe { http_get: Some(http_get), timeout_seconds: Some(3), ..Probe::default() }
}

/// The command of `nauthera server`. Flags win over environment variables, so that `podTemplate.env` can set what is not said here
/// (`NAUTHERA_TRUSTED_PROXIES`, `NAUTHERA_REDIS`) and change nothing that is.
fn arguments(server: &Server<'_>, facts: &Facts) -> Vec<String> {
    let every = if facts.ipv6 { "[::]" } else { "0.0.0.0" };
    let index = names::index(&server.object.name);
    let (database, cache) = match server.spec.database.postgres {
        Some(_) => (format!("file:{DATABASE_URL_FILE}"), SNAPSHOT_CACHE_DIR.to_owned()),
        None => (format!("sqlite:{DATA_DIR}/nauthera.db"), format!("{DATA_DIR}/snapshot")),
    };
    let mut flags = vec![
        ("--snapshot-configmaps", format!("{}/{index}", server.object.namespace)),
        ("--snapshot-cache", cache),
        ("--listen", format!("{every}:{}", server.serving_port())),
        ("--admin-listen", format!("{every}:{ADMIN_PORT}")),
        ("--database", database),
        ("--keys", KEYS_DIR.to_owned()),
        ("--drain", DRAIN.to_owned()),
    ];
    flags.extend((!facts.secrets.is_empty()).then(|| ("--secrets", SECRETS_DIR.to_owned())));
    if server.has_tls() {
        flags.push(("--tls-cert", format!("{TLS_DIR}/tls.crt")));
        flags.push(("--tls-key", format!("{TLS_DIR}/tls.key")));
    }
    let flags = flags.into_iter().map(|(flag, value)| format!("{flag}={value}"));
    ["server".to_owned()].into_iter().chain(flags).collect()
}

fn resources(asked: &Resources) -> ResourceRequirements {
    let Resources { requests, limits } = asked.clone();
    ResourceRequirements {
        requests: Some(requests).filter(|map| !map.is_empty()),
        limits: Some(limits).filter(|map| !map.is_empty()),
        claims: None,
    }
}

fn pod_security() -> PodSecurityContext {
    PodSecurityContext {
        run_as_non_root: Some(true),
        run_as_user: Some(USER),
        run_as_group: Some(USER),
        fs_group: Some(USER),
        fs_group_change_policy: Some("OnRootMismatch".into()),
        seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".into(), localhost_profile: None }),
        ..PodSecurityContext::default()
    }
}

fn container_security() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities { add: None, drop: Some(vec!["ALL".into()]) }),
        privileged: Some(false),
        read_only_root_filesystem: Some(true),
        run_as_non_root: Some(true),
        run_as_user: Some(USER),
        ..SecurityContext::default()
    }
}
