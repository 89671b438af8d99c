//! How a server is reached from outside: by what the cluster knows, and once it knows it.

use super::{Platform, SOON, of};
use nauthera_test_kubernetes::kubectl::{get, kubectl, with_input};
use nauthera_test_kubernetes::wait::wait_for;
use serde_json::Value;

/// Just enough of the Gateway API for a route to be kept.
const ROUTES: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: httproutes.gateway.networking.k8s.io
  annotations: {api-approved.kubernetes.io: 'unapproved, for a test'}
spec:
  group: gateway.networking.k8s.io
  scope: Namespaced
  names: {kind: HTTPRoute, listKind: HTTPRouteList, plural: httproutes, singular: httproute}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";

fn expose(platform: &Platform, how: &str) {
    let patch = format!(r#"{{"spec":{{"expose":{how}}}}}"#);
    let words = ["patch", "authserver", "main", "-n", platform.name(), "--type=merge", "-p", &patch];
    kubectl(words).unwrap().worked().unwrap();
}

async fn child(platform: &Platform, kind: &str) -> Value {
    let ask = async || get(&[kind, "nauthera-main", "-n", platform.name()]).map(Some);
    wait_for(&format!("the {kind}"), SOON, ask).await.unwrap()
}

#[tokio::test]
async fn an_ingress_is_made_for_the_issuers_host_and_goes_when_nobody_wants_it() {
    let platform = Platform::ready("ingress").await;
    expose(&platform, r#"{"ingress":{"className":"public","tlsSecretRef":{"name":"web"}}}"#);
    let ingress = child(&platform, "ingress").await;
    let host = format!("{}.example", platform.name());
    assert_eq!(ingress["spec"]["rules"][0]["host"], host, "{ingress}");
    assert_eq!(ingress["spec"]["tls"][0]["secretName"], "web", "{ingress}");
    expose(&platform, "null");
    let gone = async || Ok(get(&["ingress", "nauthera-main", "-n", platform.name()]).is_err().then_some(()));
    wait_for("the Ingress's end", SOON, gone).await.unwrap();
}

#[tokio::test]
async fn a_route_waits_for_a_cluster_that_knows_routes() {
    let platform = Platform::ready("route").await;
    expose(&platform, r#"{"httpRoute":{"parentRefs":[{"name":"edge","namespace":"gateways"}]}}"#);
    let told = async || {
        let server = get(&["authserver", "main", "-n", platform.name()])?;
        let said = of(&server, "ResolvedRefs");
        if said["reason"] == "KindMissing" { Ok(Some(said)) } else { anyhow::bail!("{said}") }
    };
    let said = wait_for("a route that waits", SOON, told).await.unwrap();
    assert!(said["message"].as_str().unwrap().contains("expose.httpRoute"), "{said}");
    with_input(["apply", "-f", "-"], ROUTES).unwrap().worked().unwrap();
    let route = child(&platform, "httproute").await;
    assert_eq!(route["spec"]["parentRefs"][0]["name"], "edge", "{route}");
    assert_eq!(route["spec"]["hostnames"][0], format!("{}.example", platform.name()), "{route}");
    platform.wait("authserver", "main").await;
}
