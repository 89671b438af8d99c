//! The node: pods run our binary, reach a database of the tests and the API server, and say what they say in their logs.

use nauthera_test_kubernetes::database;
use nauthera_test_kubernetes::kubectl::{apply, get, kubectl};
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::wait::{PATIENCE, wait_for};

/// Runs a command in a pod of an image and answers its logs once it has ended well.
async fn run(namespace: &Namespace, image: &str, command: &[&str], more: &str) -> String {
    let words: Vec<String> = command.iter().map(|word| serde_json::to_string(word).unwrap()).collect();
    let words = words.join(", ");
    let pod = format!(
        "
apiVersion: v1
kind: Pod
metadata: {{name: pod}}
spec:
  restartPolicy: Never
  securityContext: {{runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532}}
  containers:
    - name: main
      image: {image}
      args: [{words}]
      securityContext: {{readOnlyRootFilesystem: true, allowPrivilegeEscalation: false}}
{more}"
    );
    apply(namespace.name(), &pod).unwrap().worked().unwrap();
    let ended = async || {
        let pod = get(&["pod", "pod", "-n", namespace.name()])?;
        let phase = pod["status"]["phase"].as_str().unwrap_or_default().to_owned();
        Ok(["Succeeded", "Failed"].contains(&phase.as_str()).then_some(phase))
    };
    let phase = wait_for("the pod's end", PATIENCE, ended).await.unwrap();
    let logs = kubectl(["logs", "pod", "-n", namespace.name()]).unwrap().worked().unwrap();
    assert_eq!(phase, "Succeeded", "{logs}");
    logs
}

#[tokio::test]
async fn a_pod_runs_our_binary() {
    let namespace = Namespace::new("binary").unwrap();
    let logs = run(&namespace, "nauthera:test", &["version"], "").await;
    assert!(logs.starts_with("nauthera "), "{logs}");
}

#[tokio::test]
async fn a_pod_reaches_a_database_of_the_tests() {
    let namespace = Namespace::new("database").unwrap();
    let url = database::database().unwrap();
    let statement = "CREATE TABLE seen (at text); INSERT INTO seen VALUES ('from a pod')";
    run(&namespace, "machine", &["psql", &url, "--no-psqlrc", "--quiet", "--command", statement], "").await;
    let name = url.rsplit('/').next().unwrap();
    let seen = database::shared().unwrap().sql(name, "SELECT at FROM seen").unwrap();
    assert_eq!(seen.trim(), "from a pod");
}

#[tokio::test]
async fn a_pod_finds_the_api_server_by_name_and_logs_in_with_its_token() {
    let namespace = Namespace::new("token").unwrap();
    let script = r#"cd /var/run/secrets/kubernetes.io/serviceaccount &&
        curl --silent --show-error --cacert ca.crt -H "Authorization: Bearer $(cat token)" \
        https://kubernetes.default.svc/api/v1/namespaces/default"#;
    let logs = run(&namespace, "machine", &["sh", "-c", script], "").await;
    let user = format!("system:serviceaccount:{}:default", namespace.name());
    assert!(logs.contains(&user) && logs.contains("Forbidden"), "{logs}");
}

#[tokio::test]
async fn a_service_leads_to_ready_pods_by_its_name() {
    let namespace = Namespace::new("service").unwrap();
    let objects = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: machine
          command: [python3, -m, http.server, '8080', --directory, /etc/web]
          ports: [{name: http, containerPort: 8080}]
          readinessProbe: {httpGet: {path: /greeting, port: http}, periodSeconds: 1}
          volumeMounts: [{name: web, mountPath: /etc/web}]
      volumes: [{name: web, configMap: {name: web}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {greeting: good day}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: http}]
";
    apply(namespace.name(), objects).unwrap().worked().unwrap();
    let ready =
        ["wait", "--for=condition=Available", "--timeout=60s", "deployment/web", "-n", namespace.name()];
    kubectl(ready).unwrap().worked().unwrap();
    let url = format!("http://web.{}.svc/greeting", namespace.name());
    let logs = run(&namespace, "machine", &["curl", "--silent", "--show-error", "--fail", &url], "").await;
    assert_eq!(logs.trim(), "good day");
}

#[tokio::test]
async fn an_image_that_nobody_named_cannot_be_pulled() {
    let namespace = Namespace::new("image").unwrap();
    kubectl(["run", "pod", "--image=nowhere/nothing", "-n", namespace.name()]).unwrap().worked().unwrap();
    let refused = async || {
        let pod = get(&["pod", "pod", "-n", namespace.name()])?;
        let reason =
            pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"].as_str().map(str::to_owned);
        Ok(reason.filter(|reason| reason.contains("Pull")))
    };
    wait_for("a refused pull", PATIENCE, refused).await.unwrap();
}
