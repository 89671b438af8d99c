//! Everything that takes kinds of others, installed with their own definitions: the webhook with a certificate of cert-manager's, and what
//! the Prometheus operator looks for. What cert-manager and its injector do is done by hand here: the Secret, and the
//! authority in the configuration.

use super::rendered::OTHERS;
use super::teams::Teams;
use super::{Release, authorities, chart, restricted};
use nauthera_test_kubernetes::definitions::of_others;
use nauthera_test_kubernetes::kubectl::{get, kubectl};
use nauthera_test_kubernetes::objects::SOON;
use nauthera_test_kubernetes::wait::wait_for;
use std::path::Path;
use std::process::Command;

/// Makes a certificate for the webhook's Service that is its own authority, and the Secret with it.
fn issue(namespace: &str, folder: &Path) {
    let name = format!("nauthera-webhook.{namespace}.svc");
    let [key, certificate] =
        ["tls.key", "tls.crt"].map(|name| folder.join(name).to_str().unwrap().to_owned());
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
    openssl.args(["-days", "1", "-subj", "/CN=webhook", "-addext", &format!("subjectAltName=DNS:{name}")]);
    let made = openssl.args(["-keyout", &key, "-out", &certificate]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (key, certificate) = (format!("--key={key}"), format!("--cert={certificate}"));
    let words = ["create", "secret", "tls", "nauthera-webhook-tls", &key, &certificate, "-n", namespace];
    kubectl(words).unwrap().worked().unwrap();
}

#[tokio::test]
async fn the_webhook_presents_a_certificate_that_others_issue_and_leaves_its_authority_to_them() {
    of_others(&OTHERS).unwrap();
    let (home, teams, folder) = (restricted("system"), Teams::new(), tempfile::tempdir().unwrap());
    issue(home.name(), folder.path());
    let settings = [
        "webhook.certManager.enabled=true",
        "webhook.certManager.issuerRef.name=internal",
        "monitoring.scrape.enabled=true",
        "monitoring.alerts.enabled=true",
        "monitoring.dashboard.enabled=true",
    ];
    let _release = Release::install(&home, chart(), &settings);
    let asked = get(&["certificate.cert-manager.io", "nauthera-webhook", "-n", home.name()]).unwrap();
    assert_eq!(asked["spec"]["secretName"], "nauthera-webhook-tls");
    assert_eq!(asked["spec"]["dnsNames"][0], format!("nauthera-webhook.{}.svc", home.name()));

    let scraped = get(&["servicemonitor,podmonitor,prometheusrule", "-n", home.name()]).unwrap();
    assert_eq!(scraped["items"].as_array().unwrap().len(), 4, "{scraped}");

    teams.apply();
    teams.wait_until_ready();
    assert!(authorities().is_null(), "it is the injector's");
    let secret = get(&["secret", "nauthera-webhook-tls", "-n", home.name()]).unwrap();
    let patch = serde_json::json!([{
        "op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": secret["data"]["tls.crt"],
    }]);
    let words =
        ["patch", "validatingwebhookconfiguration", "nauthera", "--type=json", "-p", &patch.to_string()];
    kubectl(words).unwrap().worked().unwrap();
    let warned = async || {
        let said = teams.client("greedy", "payroll:read", "--dry-run=server");
        Ok(said.stderr.contains("payroll:read").then_some(()))
    };
    wait_for("a warning", SOON, warned).await.unwrap();
    assert_eq!(authorities(), secret["data"]["tls.crt"]);
}
