//! An operator of a test's own, for its namespaces alone: it is stopped and started as the test likes.

use nauthera_test_kubernetes::cluster::{Cluster, binary};
use nauthera_test_kubernetes::definitions;
use nauthera_test_kubernetes::kubectl::with_input;
use nauthera_test_kubernetes::wait::wait_for;
use std::fs::OpenOptions;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A busy machine takes its time.
pub const SOON: Duration = Duration::from_secs(180);
/// Where a debug build says that it is ready.
const ADMIN: &str = "127.0.0.1:8082";

/// A running operator. Dropped, it is killed.
pub struct Operator {
    child: Child,
}

/// What the cluster needs before: our definitions, and volumes.
pub fn prepare() {
    definitions::apply().unwrap();
    let class = "
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: local
  annotations: {storageclass.kubernetes.io/is-default-class: \"true\"}
provisioner: kubernetes.io/host-path
";
    with_input(["apply", "-f", "-"], class).unwrap().worked().unwrap();
}

impl Operator {
    /// Starts one for these namespaces, and waits until it has listed them.
    pub async fn start(namespaces: &[&str]) -> Self {
        let cluster = Cluster::here().unwrap();
        let log = cluster.directory().join("operator-scale.log");
        let log = OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut command = Command::new(binary().unwrap());
        command.args(["operator", "--server-image", "nauthera:test", "--admin-listen", ADMIN]);
        command.args(["--namespace", &namespaces.join(",")]);
        command.env("KUBECONFIG", cluster.kubeconfig()).env("NAUTHERA_LOG", "info");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let operator = Self { child };
        let ready = async || {
            let asked =
                Command::new("curl").args(["-sf", "-m", "5", &format!("http://{ADMIN}/readyz")]).output()?;
            Ok(asked.status.success().then_some(()))
        };
        wait_for("the operator", SOON, ready).await.unwrap();
        operator
    }

    /// Stops it as a rollout does, and waits for its end.
    pub fn stop(mut self) {
        let sent = Command::new("kill").args(["-s", "TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert!(self.child.wait().unwrap().success(), "it ends well");
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
