//! How a server is reached from outside: by what the cluster knows, and once it knows it.

use super::{Platform, SOON, condition, of};
use nauthera_test_kubernetes::definitions::of_others;
use nauthera_test_kubernetes::kubectl::{get, kubectl};
use nauthera_test_kubernetes::wait::wait_for;
use serde_json::Value;

fn expose(platform: &Platform, how: &str) {
    patch(platform, &format!(r#"{{"expose":{how}}}"#));
}

fn patch(platform: &Platform, spec: &str) {
    let patch = format!(r#"{{"spec":{spec}}}"#);
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

/// Waits until a server says that the cluster lacks a kind for this field.
async fn lacks(platform: &Platform, field: &str) {
    let told = async || {
        let server = get(&["authserver", "main", "-n", platform.name()])?;
        let said = of(&server, "ResolvedRefs");
        let waits =
            said["reason"] == "KindMissing" && said["message"].as_str().unwrap_or_default().contains(field);
        if waits { Ok(Some(())) } else { anyhow::bail!("{said}") }
    };
    wait_for(&format!("{field} waits"), SOON, told).await.unwrap();
}

#[tokio::test]
async fn a_route_waits_for_a_cluster_that_knows_routes() {
    let platform = Platform::ready("route").await;
    expose(&platform, r#"{"httpRoute":{"parentRefs":[{"name":"edge","namespace":"gateways"}]}}"#);
    lacks(&platform, "expose.httpRoute").await;
    of_others(&["httproutes.gateway.networking.k8s.io"]).unwrap();
    let route = child(&platform, "httproute").await;
    assert_eq!(route["spec"]["parentRefs"][0]["name"], "edge", "{route}");
    assert_eq!(route["spec"]["hostnames"][0], format!("{}.example", platform.name()), "{route}");
    platform.wait("authserver", "main").await;

    // What the Gateway API itself refuses is told, in its words; the route that is there stays, and so does what is served.
    expose(&platform, r#"{"httpRoute":{"parentRefs":[{"name":"edge"},{"name":"edge"}]}}"#);
    let server = condition(platform.name(), "authserver", "main", "ResolvedRefs", "False").await;
    let said = of(&server, "ResolvedRefs");
    assert_eq!(said["reason"], "PartRefused", "{said}");
    let message = said["message"].as_str().unwrap();
    assert!(
        message.contains("HTTPRoute nauthera-main") && message.contains("sectionName must be unique"),
        "{said}"
    );
    assert_eq!(of(&server, "Ready")["status"], "False");
    assert_eq!(child(&platform, "httproute").await["spec"], route["spec"]);
    expose(
        &platform,
        r#"{"httpRoute":{"parentRefs":[{"name":"edge","sectionName":"a"},{"name":"edge","sectionName":"b"}]}}"#,
    );
    platform.wait("authserver", "main").await;
}

#[tokio::test]
async fn a_certificate_waits_for_a_cluster_that_knows_certificates() {
    let platform = Platform::ready("certificate").await;
    patch(&platform, r#"{"tls":{"certManager":{"issuerRef":{"name":"internal","kind":"ClusterIssuer"}}}}"#);
    lacks(&platform, "tls.certManager").await;
    of_others(&["certificates.cert-manager.io"]).unwrap();
    let certificate = child(&platform, "certificate.cert-manager.io").await;
    assert_eq!(certificate["spec"]["dnsNames"][0], format!("{}.example", platform.name()), "{certificate}");
    assert_eq!(certificate["spec"]["issuerRef"]["kind"], "ClusterIssuer", "{certificate}");
}
