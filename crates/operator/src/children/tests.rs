//! Children as they are applied, each case as one YAML text to read; and what holds for all of them.

use super::*;
use nauthera_api::objects::judge;
use nauthera_core::names::Kind;
use nauthera_core::spec::ServerSpec;
use serde_json::{Value, json};
use std::sync::Arc;

struct World {
    object: ObjectRef,
    spec: Arc<AuthServerSpec>,
    issuer: IssuerUrl,
    facts: Facts,
}

impl World {
    fn of(spec: Value) -> Self {
        let object = json!({ "metadata": { "name": "main", "namespace": "auth" }, "spec": spec });
        let judged = judge(Kind::AuthServer, &object).unwrap();
        assert_eq!(judged.findings, []);
        let Some(nauthera_api::objects::Spec::Server(read)) = judged.spec else { panic!("not a server") };
        let ServerSpec { issuer_url, .. } = (*read).clone();
        Self {
            object: judged.key.object,
            spec: judged.workload.unwrap(),
            issuer: issuer_url,
            facts: Facts {
                image: "registry.example/nauthera:0.1.0".into(),
                operator_namespace: Some("nauthera-system".into()),
                has_http_routes: true,
                has_certificates: true,
                ..Facts::default()
            },
        }
    }

    fn children(&self) -> Children {
        let server =
            Server { object: &self.object, uid: "uid-of-main", spec: &self.spec, issuer: &self.issuer };
        children(&server, &self.facts)
    }

    fn yaml(&self) -> String {
        let objects = self.children().to_apply().unwrap();
        let texts = objects.iter().map(|object| serde_saphyr::to_string(object).unwrap());
        texts.collect::<Vec<_>>().join("---\n")
    }

    fn deployment(&self) -> Value {
        serde_json::to_value(self.children().deployment).unwrap()
    }
}

fn minimal() -> Value {
    json!({ "issuerUrl": "https://id.example" })
}

fn postgres() -> Value {
    json!({
        "issuerUrl": "https://id.example",
        "database": { "postgres": { "urlSecretRef": { "name": "database" } } },
        "replicas": 3,
    })
}

fn with(mut spec: Value, field: &str, value: Value) -> Value {
    spec[field] = value;
    spec
}

fn everything() -> Value {
    let mut spec = with(postgres(), "image", json!("registry.example/own:1"));
    spec["resources"] = json!({ "requests": { "cpu": "100m" }, "limits": { "memory": "256Mi" } });
    spec["podTemplate"] = json!({
        "labels": { "team": "platform" },
        "annotations": { "mesh.example/inject": "true" },
        "nodeSelector": { "pool": "auth" },
        "affinity": { "podAntiAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": [{
            "topologyKey": "kubernetes.io/hostname",
            "labelSelector": { "matchLabels": { "auth.nauthera.io/server": "main" } },
        }] } },
        "tolerations": [{ "key": "dedicated", "operator": "Exists" }],
        "topologySpreadConstraints": [{
            "maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway",
        }],
        "priorityClassName": "high",
        "imagePullSecrets": [{ "name": "registry" }],
        "env": [{ "name": "NAUTHERA_TRUSTED_PROXIES", "value": "10.0.0.0/8" }],
    });
    spec
}

#[test]
fn a_minimal_server_has_one_pod_and_a_volume() {
    insta::assert_snapshot!(World::of(minimal()).yaml());
}

#[test]
fn a_server_with_postgresql_has_replicas_and_a_budget() {
    insta::assert_snapshot!(World::of(postgres()).yaml());
}

#[test]
fn a_server_with_a_tls_secret_serves_https() {
    let spec = with(minimal(), "tls", json!({ "certSecretRef": { "name": "id-example" } }));
    insta::assert_snapshot!(World::of(spec).yaml());
}

#[test]
fn a_server_with_cert_manager_asks_for_a_certificate() {
    let issuer =
        json!({ "certManager": { "issuerRef": { "name": "letsencrypt", "kind": "ClusterIssuer" } } });
    insta::assert_snapshot!(World::of(with(minimal(), "tls", issuer)).yaml());
}

#[test]
fn a_server_behind_an_ingress() {
    let spec = json!({
        "issuerUrl": "https://id.example/tenant",
        "expose": { "ingress": {
            "className": "nginx", "tlsSecretRef": { "name": "id-example" }, "annotations": { "a.example/b": "c" },
        } },
    });
    insta::assert_snapshot!(World::of(spec).yaml());
}

#[test]
fn a_server_behind_a_gateway() {
    let route = json!({ "httpRoute": {
        "parentRefs": [{ "name": "public", "namespace": "gateways", "sectionName": "https" }],
        "annotations": { "a.example/b": "c" },
    } });
    insta::assert_snapshot!(World::of(with(minimal(), "expose", route)).yaml());
}

#[test]
fn everything_of_a_pod_that_can_be_set() {
    insta::assert_snapshot!(World::of(everything()).yaml());
}

#[test]
fn replicas_are_not_sent_where_nobody_asks() {
    let mut spec = postgres();
    spec.as_object_mut().unwrap().remove("replicas");
    let mut world = World::of(spec);
    assert_eq!(world.deployment().pointer("/spec/replicas"), None);
    assert!(world.children().disruption.is_none());
    world.facts.scaled_to = Some(4);
    assert_eq!(world.deployment().pointer("/spec/replicas"), None);
    assert!(world.children().disruption.is_some());
}

#[test]
fn sqlite_has_one_replica_whatever_an_autoscaler_says() {
    let mut world = World::of(minimal());
    world.facts.scaled_to = Some(4);
    assert_eq!(world.deployment().pointer("/spec/replicas"), Some(&json!(1)));
    assert!(world.children().disruption.is_none());
}

#[test]
fn pods_meet_the_restricted_level() {
    for spec in [minimal(), postgres(), everything()] {
        let deployment = World::of(spec).deployment();
        let pod = deployment.pointer("/spec/template/spec").unwrap();
        assert_eq!(pod.pointer("/securityContext/runAsNonRoot"), Some(&json!(true)));
        assert!(pod.pointer("/securityContext/runAsUser").unwrap().as_i64().unwrap() > 0);
        assert_eq!(pod.pointer("/securityContext/seccompProfile/type"), Some(&json!("RuntimeDefault")));
        for field in ["hostNetwork", "hostPID", "hostIPC"] {
            assert_eq!(pod.get(field), None);
        }
        let container = pod.pointer("/containers/0/securityContext").unwrap();
        assert_eq!(container["allowPrivilegeEscalation"], json!(false));
        assert_eq!(container["readOnlyRootFilesystem"], json!(true));
        assert_eq!(container["capabilities"], json!({ "drop": ["ALL"] }));
        for volume in pod["volumes"].as_array().unwrap() {
            let allowed = ["secret", "projected", "emptyDir", "persistentVolumeClaim"];
            assert!(allowed.iter().any(|kind| volume.get(kind).is_some()), "{volume}");
        }
    }
}

#[test]
fn the_selector_finds_the_pods_whatever_labels_are_added() {
    let deployment = World::of(everything()).deployment();
    let selected = deployment.pointer("/spec/selector/matchLabels").unwrap().as_object().unwrap();
    let labels = deployment.pointer("/spec/template/metadata/labels").unwrap();
    assert!(selected.iter().all(|(key, value)| labels.get(key) == Some(value)));
}

#[test]
fn everything_but_what_holds_state_goes_with_the_server() {
    let world = World::of(with(minimal(), "expose", json!({ "ingress": {} })));
    for object in world.children().to_apply().unwrap() {
        let kind = object.types.as_ref().unwrap().kind.clone();
        let owners = object.metadata.owner_references.unwrap_or_default();
        if kind == "PersistentVolumeClaim" {
            assert_eq!(owners, []);
            let mark = object.metadata.annotations.unwrap()[names::OWNER_ANNOTATION].clone();
            assert_eq!(mark, "AuthServer auth/main");
        } else {
            assert_eq!((owners[0].uid.as_str(), owners[0].controller), ("uid-of-main", Some(true)), "{kind}");
            // Foreground deletion waits for nothing of ours.
            assert_eq!(owners[0].block_owner_deletion, None);
        }
    }
}

#[test]
fn kinds_that_the_cluster_lacks_are_told_and_left_out() {
    let mut spec = with(minimal(), "tls", json!({ "certManager": { "issuerRef": { "name": "x" } } }));
    spec["expose"] = json!({ "httpRoute": { "parentRefs": [{ "name": "public" }] } });
    let mut world = World::of(spec);
    world.facts.has_certificates = false;
    world.facts.has_http_routes = false;
    let children = world.children();
    let missing: Vec<_> =
        children.missing.iter().map(|missing| (missing.kind.kind(), missing.field)).collect();
    assert_eq!(missing, [("Certificate", "tls.certManager"), ("HTTPRoute", "expose.httpRoute")]);
    assert!(children.certificate.is_none() && children.http_route.is_none());
    // What the cluster does not know has no rests either.
    let kinds: Vec<_> = children.unwanted(&world.facts).into_iter().map(ChildKind::kind).collect();
    assert_eq!(kinds, ["PodDisruptionBudget", "Ingress"]);
}

#[test]
fn what_is_no_longer_asked_for_is_a_rest() {
    let kinds = |spec| {
        let world = World::of(spec);
        let unwanted = world.children().unwanted(&world.facts);
        unwanted.into_iter().map(ChildKind::kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(minimal()), ["PodDisruptionBudget", "Ingress", "HTTPRoute", "Certificate"]);
    assert_eq!(kinds(postgres()), ["Ingress", "HTTPRoute", "Certificate"]);
    assert_eq!(kinds(with(postgres(), "expose", json!({ "ingress": {} }))), ["HTTPRoute", "Certificate"]);
}

#[test]
fn an_issuer_that_is_an_address_has_no_host_in_routes_and_an_address_in_its_certificate() {
    let mut spec = json!({ "issuerUrl": "https://192.0.2.7" });
    spec["tls"] = json!({ "certManager": { "issuerRef": { "name": "x" } } });
    spec["expose"] = json!({ "ingress": {} });
    let children = World::of(spec).children();
    assert_eq!(children.certificate.unwrap().data["spec"]["ipAddresses"], json!(["192.0.2.7"]));
    let rules = children.ingress.unwrap().spec.unwrap().rules.unwrap();
    assert_eq!(rules[0].host, None);
}

#[test]
fn other_secrets_are_found_by_name_and_key_once_each() {
    let mut world = World::of(minimal());
    let key = |name: &str, key: &str| SecretKey { name: name.into(), key: key.into() };
    world.facts.secrets = vec![key("ldap", "password"), key("ca", "ca.crt"), key("ldap", "password")];
    let deployment = world.deployment();
    let volumes = deployment.pointer("/spec/template/spec/volumes").unwrap().as_array().unwrap();
    let secrets = volumes.iter().find(|volume| volume["name"] == "secrets").unwrap();
    let paths: Vec<_> = secrets["projected"]["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| source["secret"]["items"][0]["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["ca/ca.crt", "ldap/password"]);
}

#[test]
fn what_a_server_cannot_start_without_is_known_by_key_and_field() {
    let tls = json!({ "certSecretRef": { "name": "id-example" } });
    let world = World::of(with(postgres(), "tls", tls));
    let told: Vec<_> =
        required(&world.spec).into_iter().map(|(key, field)| (key.name, key.key, field)).collect();
    let is = |name: &str, key: &str, field| (name.to_owned(), key.to_owned(), field);
    assert_eq!(
        told,
        [
            is("database", "url", "database.postgres.urlSecretRef"),
            is("id-example", "tls.crt", "tls.certSecretRef"),
            is("id-example", "tls.key", "tls.certSecretRef"),
        ]
    );
    assert_eq!(required(&World::of(minimal()).spec), []);
}

#[test]
fn a_cluster_of_ipv6_is_listened_to() {
    let mut world = World::of(minimal());
    world.facts.ipv6 = true;
    let deployment = world.deployment();
    let arguments = deployment.pointer("/spec/template/spec/containers/0/args").unwrap().to_string();
    assert!(arguments.contains("--listen=[::]:8080"), "{arguments}");
}

#[test]
fn an_operator_outside_the_cluster_is_let_in_by_no_namespace() {
    let mut world = World::of(minimal());
    world.facts.operator_namespace = None;
    let policy = serde_json::to_value(world.children().network_policy).unwrap();
    assert_eq!(policy.pointer("/spec/ingress/1/from").unwrap().as_array().unwrap().len(), 1);
}

#[test]
fn equal_facts_make_equal_bytes() {
    assert_eq!(World::of(everything()).yaml(), World::of(everything()).yaml());
}
