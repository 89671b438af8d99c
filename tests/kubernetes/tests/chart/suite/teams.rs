//! What three teams apply to an installation, and what must outlive it.

use super::restricted;
use nauthera_test_kubernetes::kubectl::{Said, apply, get, kubectl, with_input};
use nauthera_test_kubernetes::manifests;
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::objects::{SOON, secret_value};
use nauthera_test_kubernetes::wait::wait_for;
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

/// A server with a policy in one namespace, and an application in another.
pub struct Teams {
    pub identity: Namespace,
    pub shop: Namespace,
}

impl Teams {
    pub fn new() -> Self {
        Self { identity: restricted("identity"), shop: restricted("shop") }
    }

    /// Applies what they have.
    pub fn apply(&self) {
        let server = manifests::server(self.identity.name(), "  signing: {algorithm: ES256}");
        let all = server + &manifests::policy("baseline", "");
        apply(self.identity.name(), &all).unwrap().worked().unwrap();
        let said = self.client("till", "orders:read", "--dry-run=none").worked().unwrap();
        assert!(said.contains("created"), "{said}");
    }

    /// Applies a client that asks for a scope; `how` is a word more for kubectl.
    pub fn client(&self, name: &str, scope: &str, how: &str) -> Said {
        let manifest = manifests::client(name, self.identity.name(), scope, "");
        let words = ["apply", "--validate=strict", how, "--namespace", self.shop.name(), "-f", "-"];
        with_input(words, &manifest).unwrap()
    }

    /// Waits as people do.
    pub fn wait_until_ready(&self) {
        for (namespace, kinds) in [(&self.identity, "authserver,authpolicy"), (&self.shop, "authclient")] {
            let timeout = format!("--timeout={}s", SOON.as_secs());
            let wait = ["wait", "--for=condition=Ready", kinds, "--all", &timeout, "-n", namespace.name()];
            kubectl(wait).unwrap().worked().unwrap();
        }
    }

    /// A key of the application's Secret.
    pub fn secret(&self, key: &str) -> String {
        secret_value(self.shop.name(), "till-client-secret", key).unwrap()
    }

    /// Asks for a token as the application does, past the gateway that an issuer by https has in front of it.
    pub fn token(&self) -> anyhow::Result<Value> {
        let service = get(&["service", "nauthera-main", "-n", self.identity.name()])?;
        let address = service["spec"]["clusterIP"].as_str().unwrap_or_default().to_owned();
        let (issuer, endpoint) = (self.secret("issuer"), self.secret("token_endpoint"));
        let url = endpoint.replace(&issuer, &format!("http://{address}"));
        let user = format!("{}:{}", self.secret("client_id"), self.secret("client_secret"));
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail-with-body", "--max-time", "5", "--user", &user]);
        curl.args(["--data", "grant_type=client_credentials", &url]);
        let output = curl.output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "{url}: {text}{said}");
        Ok(serde_json::from_str(&text)?)
    }

    /// Waits until the application gets a token; one whose lifetime is the server's own.
    pub async fn get_a_token(&self) {
        let ask = async || Ok(Some(self.token()?));
        let token = wait_for("a token", SOON, ask).await.unwrap();
        assert_eq!(token["scope"], "orders:read", "{token}");
    }

    /// Everything that an upgrade and an uninstall leave as it is: objects and Secrets by their uid, pods of servers with their
    /// restarts, and what the application's Secret says.
    pub fn what_stays(&self) -> BTreeSet<String> {
        let mut all: BTreeSet<String> = [format!("client_secret {}", self.secret("client_secret"))].into();
        let kinds = "authserver,authpolicy,authclient,secret,deployment,service,serviceaccount,role,pod,pvc";
        for namespace in [&self.identity, &self.shop] {
            for object in get(&[kinds, "-n", namespace.name()]).unwrap()["items"].as_array().unwrap() {
                let (kind, metadata) = (&object["kind"], &object["metadata"]);
                let restarts = &object["status"]["containerStatuses"][0]["restartCount"];
                all.insert(format!("{kind} {} {} {restarts}", metadata["name"], metadata["uid"]));
            }
        }
        all
    }
}
