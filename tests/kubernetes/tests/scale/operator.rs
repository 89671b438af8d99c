//! An operator of a test's own, for its namespaces alone: it is stopped and started as the test likes.

use nauthera_test_kubernetes::cluster::Cluster;
use nauthera_test_kubernetes::operator::Operator;
use nauthera_test_kubernetes::wait::wait_for;
use std::process::Command;
use std::time::Duration;

/// A busy machine takes its time.
pub const SOON: Duration = Duration::from_secs(180);
/// Where it says that it is ready.
const ADMIN: &str = "127.0.0.1:8082";

/// Starts one for these namespaces, and waits until it has listed them.
pub async fn start(namespaces: &[&str]) -> Operator {
    let kubeconfig = Cluster::here().unwrap().kubeconfig();
    let flags = ["--namespace", &namespaces.join(",")];
    let operator = Operator::start_at(ADMIN, "scale", &kubeconfig, &flags).unwrap();
    let ready = async || {
        let asked =
            Command::new("curl").args(["-sf", "-m", "5", &format!("http://{ADMIN}/readyz")]).output()?;
        Ok(asked.status.success().then_some(()))
    };
    wait_for("the operator", SOON, ready).await.unwrap();
    operator
}
