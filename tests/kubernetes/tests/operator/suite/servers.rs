//! What is made of an AuthServer, and what is put back.

use super::{Platform, SOON, ready, secret_value};
use nauthera_test_kubernetes::kubectl::{get, kubectl};
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::wait::wait_for;
use std::time::Duration;

#[tokio::test]
async fn a_server_runs_and_serves_what_is_published() {
    let platform = Platform::ready("server").await;
    let server = get(&["authserver", "main", "-n", platform.name()]).unwrap();
    let index = get(&["configmap", "nauthera-main-snapshot", "-n", platform.name()]).unwrap();
    let index: serde_json::Value =
        serde_json::from_str(index["data"]["index.json"].as_str().unwrap()).unwrap();
    assert_eq!(server["status"]["revision"], index["revision"]);
    assert_eq!(server["status"]["replicas"], 1);
    assert_eq!(server["status"]["signingKeys"][0]["algorithm"], "ES256");
    for name in ["nauthera-main-digest-key", "nauthera-main-signing-keys"] {
        let secret = get(&["secret", name, "-n", platform.name()]).unwrap();
        assert!(secret["metadata"]["ownerReferences"].is_null(), "{name} outlives its AuthServer");
    }
    // Log and audit are one stream of JSON, whoever reads it.
    let log = ["logs", "-l", "auth.nauthera.io/server=main", "--tail=-1", "-n", platform.name()];
    let log = kubectl(log).unwrap().worked().unwrap();
    assert!(log.contains("ready https://"), "{log}");
    for line in log.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}

#[tokio::test]
async fn what_somebody_changes_of_it_is_put_back_and_what_is_as_it_should_be_is_not_written() {
    let platform = Platform::ready("drift").await;
    let child = "nauthera-main";
    let service = || get(&["service", child, "-n", platform.name()]);
    let before = service().unwrap();
    let patch = r#"{"spec":{"selector":{"auth.nauthera.io/server":"another"}}}"#;
    kubectl(["patch", "service", child, "-n", platform.name(), "-p", patch]).unwrap().worked().unwrap();
    let mended = async || Ok((service()?["spec"]["selector"] == before["spec"]["selector"]).then_some(()));
    wait_for("the Service's selector", SOON, mended).await.unwrap();
    kubectl(["delete", "networkpolicy", child, "-n", platform.name()]).unwrap().worked().unwrap();
    let back = async || Ok(get(&["networkpolicy", child, "-n", platform.name()]).ok());
    wait_for("the NetworkPolicy", SOON, back).await.unwrap();
    // A label of somebody else's is left alone.
    kubectl(["label", "service", child, "-n", platform.name(), "team=other"]).unwrap().worked().unwrap();
    let version = service().unwrap()["metadata"]["resourceVersion"].clone();
    platform.wait("authpolicy", "baseline").await;
    assert_eq!(service().unwrap()["metadata"]["resourceVersion"], version);
    assert_eq!(service().unwrap()["metadata"]["labels"]["team"], "other");
}

#[tokio::test]
async fn what_somebody_adds_to_a_list_of_it_goes_again() {
    let platform = Platform::ready("added").await;
    let deployment = || get(&["deployment", "nauthera-main", "-n", platform.name()]);
    let patch = r#"{"spec":{"template":{"spec":{"containers":[{"name":"beside","image":"machine"}]}}}}"#;
    let words = ["patch", "deployment", "nauthera-main", "-n", platform.name(), "-p", patch];
    kubectl(words).unwrap().worked().unwrap();
    let alone = async || {
        let deployment = deployment()?;
        let containers = deployment["spec"]["template"]["spec"]["containers"].clone();
        let names: Vec<_> =
            containers.as_array().into_iter().flatten().map(|one| one["name"].clone()).collect();
        if names == ["nauthera"] { Ok(Some(deployment)) } else { anyhow::bail!("{names:?}") }
    };
    let mended = wait_for("the server's container alone", SOON, alone).await.unwrap();
    platform.wait("authserver", "main").await;
    let generation = deployment().unwrap()["metadata"]["generation"].clone();
    assert_eq!(generation, mended["metadata"]["generation"], "it is at rest");
}

#[tokio::test]
async fn a_snapshot_that_somebody_deletes_or_edits_is_published_again() {
    let platform = Platform::ready("published").await;
    let index = || -> anyhow::Result<serde_json::Value> {
        let map = get(&["configmap", "nauthera-main-snapshot", "-n", platform.name()])?;
        Ok(serde_json::from_str(map["data"]["index.json"].as_str().unwrap_or_default())?)
    };
    let before = index().unwrap();
    let head = before["head"].as_str().unwrap().to_owned();
    let again = async || {
        let now = index()?;
        get(&["configmap", &head, "-n", platform.name()])?;
        Ok((now["revision"] == before["revision"]).then_some(()))
    };
    let breaks: [&[&str]; 3] = [
        &["delete", "configmap", "nauthera-main-snapshot"],
        &["delete", "configmap", &head],
        &[
            "patch",
            "configmap",
            "nauthera-main-snapshot",
            "--type=merge",
            "-p",
            r#"{"data":{"index.json":"{}"}}"#,
        ],
    ];
    for words in breaks {
        kubectl(words.iter().chain(&["-n", platform.name()])).unwrap().worked().unwrap();
        // Far sooner than anything is looked at by the clock.
        wait_for("the Snapshot", Duration::from_secs(15), again).await.unwrap();
    }
    platform.wait("authserver", "main").await;
}

#[tokio::test]
async fn a_digest_key_that_is_deleted_is_put_back_as_it_was() {
    let platform = Platform::ready("digest").await;
    let shop = Namespace::new("shop").unwrap();
    platform.client(&shop, "till", "");
    ready(shop.name(), "authclient", "till").await;
    let key = || get(&["secret", "nauthera-main-digest-key", "-n", platform.name()]);
    let plain = || secret_value(shop.name(), "till-client-secret", "client_secret").unwrap();
    let (before, secret) = (key().unwrap(), plain());
    kubectl(["delete", "secret", "nauthera-main-digest-key", "-n", platform.name()])
        .unwrap()
        .worked()
        .unwrap();
    let back = async || Ok(key().ok().filter(|now| now["metadata"]["uid"] != before["metadata"]["uid"]));
    let after = wait_for("the digest key", SOON, back).await.unwrap();
    assert_eq!(after["data"], before["data"]);
    // With another one the client's secret would be taken for one that somebody edited.
    platform.client(&shop, "other", "");
    ready(shop.name(), "authclient", "other").await;
    assert_eq!(plain(), secret);
}

#[tokio::test]
async fn a_server_is_ready_when_its_pods_are_as_its_newest_edit_asks() {
    let platform = Platform::ready("edit").await;
    let edit = r#"{"spec":{"podTemplate":{"env":[{"name":"NAUTHERA_LOG","value":"debug"}]}}}"#;
    let name = platform.name();
    kubectl(["patch", "authserver", "main", "-n", name, "--type=merge", "-p", edit])
        .unwrap()
        .worked()
        .unwrap();
    // As people wait: without a look at anything else.
    let wait = ["wait", "--for=condition=Ready", "authserver/main", "--timeout=90s", "-n", name];
    kubectl(wait).unwrap().worked().unwrap();
    let pods = get(&["pods", "-l", "auth.nauthera.io/server=main", "-n", name]).unwrap();
    let asks = |pod: &&serde_json::Value| pod["spec"]["containers"][0]["env"].to_string().contains("debug");
    let pods = pods["items"].as_array().unwrap();
    assert!(pods.iter().filter(asks).count() == 1, "{pods:?}");
}
