//! The test cluster's own parts, without anything of ours: etcd and the API server are killed and held down, come back by themselves, and
//! pods live on.

use super::turns::alone;
use anyhow::{Result, ensure};
use nauthera_test_kubernetes::component::{Component, answering};
use nauthera_test_kubernetes::kubectl::{apply, get, kubectl};
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::wait::{PATIENCE, wait_for};
use serde_json::Value;

/// A pod that writes a line a second would be told from a new one by its container id.
async fn running_pod(namespace: &Namespace) -> Result<Value> {
    let pod = "
apiVersion: v1
kind: Pod
metadata: {name: steady}
spec:
  containers: [{name: main, image: machine, command: [sleep, '1000']}]
";
    apply(namespace.name(), pod)?.worked()?;
    let started = async || {
        let container = container(namespace)?;
        Ok((container["ready"] == true).then_some(container))
    };
    wait_for("the pod", PATIENCE, started).await
}

fn container(namespace: &Namespace) -> Result<Value> {
    Ok(get(&["pod", "steady", "-n", namespace.name()])?["status"]["containerStatuses"][0].clone())
}

/// Kills one and waits until another process of it serves what was there before.
async fn comes_back(component: Component) -> Result<()> {
    let namespace = Namespace::new("killed")?;
    let before = running_pod(&namespace).await?;
    let pid = component.pid()?;
    component.kill()?;
    let another = async || Ok((component.pid()? != pid).then_some(()));
    wait_for("another process", PATIENCE, another).await?;
    answering().await?;
    let after = container(&namespace)?;
    ensure!(after["containerID"] == before["containerID"], "{before}\n{after}");
    ensure!(after["restartCount"] == 0, "{after}");
    Ok(())
}

#[tokio::test]
async fn a_killed_api_server_comes_back_and_pods_live_on() {
    let _turn = alone().await;
    comes_back(Component::ApiServer).await.unwrap();
}

#[tokio::test]
async fn a_killed_etcd_comes_back_with_everything() {
    let _turn = alone().await;
    comes_back(Component::Etcd).await.unwrap();
}

#[tokio::test]
async fn an_api_server_that_is_held_stays_down_until_it_is_let_go() {
    let _turn = alone().await;
    let namespace = Namespace::new("held").unwrap();
    let before = running_pod(&namespace).await.unwrap();
    let hold = Component::ApiServer.hold().await.unwrap();
    for _ in 0..3 {
        let refused =
            kubectl(["get", "--raw", "/readyz", "--request-timeout=2s"]).unwrap().refused().unwrap();
        assert!(refused.contains("refused"), "{refused}");
    }
    drop(hold);
    answering().await.unwrap();
    assert_eq!(container(&namespace).unwrap()["containerID"], before["containerID"]);
}

#[tokio::test]
async fn an_etcd_that_is_held_leaves_an_api_server_that_is_not_ready() {
    let _turn = alone().await;
    let hold = Component::Etcd.hold().await.unwrap();
    let unready = async || {
        let refused = kubectl(["get", "--raw", "/readyz", "--request-timeout=5s"])?.refused()?;
        Ok(refused.contains("etcd").then_some(()))
    };
    wait_for("an API server that says so", PATIENCE, unready).await.unwrap();
    drop(hold);
    answering().await.unwrap();
}
