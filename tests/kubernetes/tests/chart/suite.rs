//! Installations in namespaces of the restricted Pod Security level, so that the API server itself judges the pods of operator and servers.

mod certificate;
mod failover;
mod lifecycle;
mod manifests;
mod namespaces;
mod rendered;
mod rights;
mod teams;

use nauthera_test_kubernetes::cluster::tree;
use nauthera_test_kubernetes::definitions;
use nauthera_test_kubernetes::helm::helm;
use nauthera_test_kubernetes::kubectl::{Said, get, kubectl};
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::operator::volumes;
use serde_json::Value;
use std::path::PathBuf;

/// The chart as it is shipped.
fn chart() -> PathBuf {
    tree("deploy/helm/nauthera")
}

/// A namespace in which nothing but pods of the restricted level run.
fn restricted(purpose: &str) -> Namespace {
    Namespace::labelled(purpose, &[("pod-security.kubernetes.io/enforce", "restricted")]).unwrap()
}

/// A release of the chart in a namespace. Dropped, it is gone with the definitions and all their objects.
struct Release<'n> {
    home: &'n Namespace,
}

impl<'n> Release<'n> {
    /// Installs it and waits until the operator is ready.
    fn install(home: &'n Namespace, chart: PathBuf, settings: &[&str]) -> Self {
        volumes().unwrap();
        let release = Self { home };
        release.run("install", chart, settings, &[]);
        release
    }

    /// `helm install` or `helm upgrade`, perhaps with more words.
    fn run(&self, verb: &str, chart: PathBuf, settings: &[&str], more: &[&str]) {
        let words = [verb, "nauthera"].map(Into::into).into_iter().chain([chart.into_os_string()]);
        let own = ["--namespace", self.home.name(), "--wait", "--timeout", "120s"].map(Into::into);
        let settings = settings.iter().flat_map(|setting| ["--set".into(), setting.into()]);
        helm(words.chain(own).chain(settings).chain(more.iter().map(Into::into))).unwrap().worked().unwrap();
    }

    fn uninstall(&self) {
        let own = ["--namespace", self.home.name(), "--wait", "--timeout", "120s"];
        helm(["uninstall", "nauthera"].iter().chain(&own)).unwrap().worked().unwrap();
    }

    /// The lines of the operator's log, of all its pods.
    fn log(&self) -> String {
        self.said().worked().unwrap()
    }

    fn said(&self) -> Said {
        let of = ["logs", "-l", "app.kubernetes.io/component=operator", "--tail=-1", "-n", self.home.name()];
        kubectl(of).unwrap()
    }

    /// The operator, as the API server calls it.
    fn user(&self) -> String {
        format!("system:serviceaccount:{}:nauthera-operator", self.home.name())
    }
}

impl Drop for Release<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.tell();
        }
        helm(["uninstall", "nauthera", "--namespace", self.home.name(), "--wait"]).ok();
        forget();
    }
}

impl Release<'_> {
    /// What a reader of a failure wants to know.
    fn tell(&self) {
        let pods = kubectl(["describe", "pods", "-n", self.home.name()]);
        for said in [pods, Ok(kubectl(["get", "nauthera", "-A", "-o", "yaml"]).unwrap())] {
            let said = said.map(|said| said.stdout).unwrap_or_default();
            println!("{said}");
        }
        println!("{}", self.said().stdout);
    }
}

/// Removes the definitions, with all their objects.
fn forget() {
    let names = definitions::NAMES.map(|name| format!("crd/{name}"));
    let words = ["delete", "--ignore-not-found", "--wait", "--timeout=60s"].map(str::to_owned);
    kubectl(words.iter().chain(&names)).unwrap().worked().unwrap();
}

/// What the API server has as the webhook's authorities.
fn authorities() -> Value {
    let configuration = get(&["validatingwebhookconfiguration", "nauthera"]).unwrap();
    configuration["webhooks"][0]["clientConfig"]["caBundle"].clone()
}
