//! An AuthServer with a policy and a client, looked after by an operator of its own.

use nauthera_test_kubernetes::account::{Account, Way};
use nauthera_test_kubernetes::component::answering;
use nauthera_test_kubernetes::kubectl::{apply, get};
use nauthera_test_kubernetes::manifests;
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::objects::{SOON, ready, secret_value};
use nauthera_test_kubernetes::operator::{Operator, prepare};
use nauthera_test_kubernetes::proxy::Proxy;
use nauthera_test_kubernetes::tokens::{Credentials, Load, token};
use nauthera_test_kubernetes::wait::wait_for;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The port of a server's pod, and that of its Service.
const PORTS: (u16, u16) = (8_080, 80);

/// The namespaces of one test, and who looks after them.
pub struct Site {
    pub platform: Namespace,
    pub shop: Namespace,
    pub proxy: Proxy,
    account: Account,
    purpose: String,
}

impl Site {
    /// Makes namespaces, with an AuthServer `main`, a policy `baseline` and a client `till`, and nobody yet who looks after them.
    pub async fn new(purpose: &str) -> Self {
        Self::with(purpose, "  signing: {algorithm: ES256}").await
    }

    /// The same, with this in the spec of the AuthServer.
    pub async fn with(purpose: &str, server: &str) -> Self {
        prepare().unwrap();
        let platform = Namespace::new(purpose).unwrap();
        let shop = Namespace::new(&format!("{purpose}-shop")).unwrap();
        let name = platform.name().to_owned();
        let account = Account::operator_of(&name, &[platform.name(), shop.name()]).unwrap();
        let proxy = Proxy::start().unwrap();
        let site = Self { platform, shop, proxy, account, purpose: purpose.to_owned() };
        let manifest = manifests::server(&name, server);
        apply(site.platform.name(), &manifest).unwrap().worked().unwrap();
        site.policy("baseline", "15m");
        site.client("till", "");
        site
    }

    /// A policy with this ceiling.
    pub fn policy(&self, name: &str, ceiling: &str) {
        let manifest = manifests::policy(name, &format!("  token: {{accessTokenTTL: {ceiling}}}"));
        apply(self.platform.name(), &manifest).unwrap().worked().unwrap();
    }

    /// A client in the shop's namespace.
    pub fn client(&self, name: &str, more: &str) {
        let said = apply(self.shop.name(), &self.client_manifest(name, more));
        said.unwrap().worked().unwrap();
    }

    /// The manifest of a client of this server.
    pub fn client_manifest(&self, name: &str, more: &str) -> String {
        manifests::client(name, self.platform.name(), "orders:read", more)
    }

    /// The account of its operators looks after this namespace too.
    pub fn also(&self, namespace: &Namespace) {
        self.account.bind("nauthera-operator", namespace.name()).unwrap();
    }

    /// An operator of its namespaces, with more flags.
    pub fn operator(&self, name: &str, flags: &[&str]) -> Operator {
        self.start(name, self.account.kubeconfig(&Way::direct().unwrap()).unwrap(), flags)
    }

    /// The same, behind the proxy.
    pub fn behind(&self, name: &str, flags: &[&str]) -> Operator {
        self.start(name, self.account.kubeconfig(&self.proxy.way()).unwrap(), flags)
    }

    fn start(&self, name: &str, kubeconfig: PathBuf, flags: &[&str]) -> Operator {
        let scope = ["--namespace", self.platform.name(), "--namespace", self.shop.name()];
        let flags: Vec<&str> = scope.into_iter().chain(flags.iter().copied()).collect();
        Operator::start(&format!("{}-{name}", self.purpose), &kubeconfig, &flags).unwrap()
    }

    /// What the names of its operators begin with.
    pub fn purpose(&self) -> &str {
        &self.purpose
    }

    /// The index of what is published, with its version.
    pub fn published(&self) -> (Value, Value) {
        let index = get(&["configmap", "nauthera-main-snapshot", "-n", self.platform.name()]).unwrap();
        (index["metadata"]["resourceVersion"].clone(), index["data"].clone())
    }

    /// Waits until all of it is Ready.
    pub async fn ready(&self) {
        ready(self.platform.name(), "authserver", "main").await.unwrap();
        ready(self.platform.name(), "authpolicy", "baseline").await.unwrap();
        ready(self.shop.name(), "authclient", "till").await.unwrap();
    }

    /// The address of the server's Service.
    pub fn service(&self) -> SocketAddr {
        let service = get(&["service", "nauthera-main", "-n", self.platform.name()]).unwrap();
        address(&service["spec"]["clusterIP"], PORTS.1)
    }

    /// The addresses of the server's ready pods.
    pub fn pods(&self) -> Vec<SocketAddr> {
        let labelled = ["pods", "-l", "auth.nauthera.io/server=main", "-n", self.platform.name()];
        let pods = get(&labelled).unwrap()["items"].as_array().cloned().unwrap_or_default();
        let is_ready = |pod: &&Value| {
            let conditions = pod["status"]["conditions"].as_array();
            let mut conditions = conditions.into_iter().flatten();
            conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
        };
        pods.iter().filter(is_ready).map(|pod| address(&pod["status"]["podIP"], PORTS.0)).collect()
    }

    /// What the client reads in its Secret.
    pub fn credentials(&self, client: &str) -> Credentials {
        let secret = format!("{client}-client-secret");
        let value = |key| secret_value(self.shop.name(), &secret, key).unwrap();
        Credentials { id: value("client_id"), secret: value("client_secret") }
    }

    /// An application that asks for tokens from now on.
    pub fn load(&self) -> Load {
        Load::start(self.service(), &self.credentials("till")).unwrap()
    }

    /// Edits the policy, and waits until every pod serves that.
    pub async fn edit_is_served(&self, minutes: u64) {
        self.policy("baseline", &format!("{minutes}m"));
        let client = self.credentials("till");
        let served = async || {
            let pods = self.pods();
            for pod in &pods {
                let lasts = token(*pod, &client).await?["expires_in"].clone();
                anyhow::ensure!(lasts == minutes * 60, "{pod} says {lasts}");
            }
            Ok((!pods.is_empty()).then_some(()))
        };
        wait_for("the edited policy at every replica", SOON, served).await.unwrap();
        self.ready().await;
    }

    /// Nothing was asked by way of the proxy that the shipped roles do not allow.
    pub fn nothing_was_forbidden(&self) {
        let forbidden = self.proxy.forbidden();
        assert!(forbidden.is_empty(), "{forbidden:?}");
    }
}

fn address(ip: &Value, port: u16) -> SocketAddr {
    SocketAddr::new(ip.as_str().unwrap().parse().unwrap(), port)
}

/// The process of a server: its id, found by the index that it follows.
pub fn server_processes(namespace: &str) -> Vec<u32> {
    let index = format!("--snapshot-configmaps={namespace}/nauthera-main-snapshot");
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let words = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = words.split(|byte| *byte == 0).collect();
        if words.contains(&index.as_bytes()) {
            found.push(pid);
        }
    }
    found
}

impl Site {
    /// The same as [`Site::edit_is_served`], once the API server takes writes again.
    pub async fn edit_when_it_answers(&self, minutes: u64) {
        answering().await.unwrap();
        self.edit_is_served(minutes).await;
    }
}
