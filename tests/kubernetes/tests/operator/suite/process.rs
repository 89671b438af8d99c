//! The operator as a process.

use nauthera_test_kubernetes::cluster::{Cluster, binary};
use nauthera_test_kubernetes::definitions;
use nauthera_test_kubernetes::kubectl::with_input;
use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// The operator that all tests of this process share. It ends with the cluster.
pub fn operator() -> &'static Operator {
    static SHARED: OnceLock<Operator> = OnceLock::new();
    SHARED.get_or_init(|| {
        prepare();
        Operator::start("shared", &[])
    })
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

/// A running operator.
pub struct Operator {
    child: Child,
}

impl Operator {
    /// Starts one; its log is beside those of the cluster.
    pub fn start(name: &str, flags: &[&str]) -> Self {
        let cluster = Cluster::here().unwrap();
        let log = File::create(cluster.directory().join(format!("operator-{name}.log"))).unwrap();
        let mut command = Command::new(binary().unwrap());
        command
            .args(["operator", "--server-image", "nauthera:test", "--admin-listen", "127.0.0.1:0"])
            .args(flags);
        command.env("KUBECONFIG", cluster.kubeconfig()).env("NAUTHERA_LOG", "info");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        Self { child }
    }

    /// Sends a signal.
    #[expect(dead_code, reason = "tests of faults come with the faults")]
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
