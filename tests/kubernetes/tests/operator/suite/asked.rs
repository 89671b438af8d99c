//! `nauthera` as people run it against the cluster: by itself, or as kubectl's plugin.

use nauthera_test_kubernetes::cluster::{Cluster, binary};
use nauthera_test_kubernetes::kubectl::get;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What it said.
pub struct Said {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs it with a kubeconfig.
pub fn nauthera(kubeconfig: &Path, words: &[&str]) -> Said {
    run(Command::new(binary().unwrap()).args(words), kubeconfig)
}

/// Runs it as `kubectl nauthera`.
pub fn plugin(kubeconfig: &Path, words: &[&str]) -> Said {
    let folder = Folder::new("plugin");
    std::os::unix::fs::symlink(binary().unwrap(), folder.path.join("kubectl-nauthera")).unwrap();
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(folder.path.clone()).chain(std::env::split_paths(&paths));
    let mut command = Command::new("kubectl");
    command.arg("nauthera").args(words).env("PATH", std::env::join_paths(paths).unwrap());
    run(&mut command, kubeconfig)
}

fn run(command: &mut Command, kubeconfig: &Path) -> Said {
    let output = command.env("KUBECONFIG", kubeconfig).output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Said { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

/// A folder of manifests.
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// An empty one.
    pub fn new(purpose: &str) -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = Cluster::here().unwrap().directory().join(format!("{purpose}-folder-{number}"));
        std::fs::create_dir(&path).unwrap();
        Self { path }
    }

    /// With a manifest in it.
    pub fn with(self, name: &str, text: &str) -> Self {
        std::fs::write(self.path.join(name), text).unwrap();
        self
    }

    /// With an object of the cluster in it, as it is.
    pub fn with_object(self, kind: &str, name: &str, namespace: &str) -> Self {
        let object = get(&[kind, name, "-n", namespace]).unwrap();
        self.with(&format!("{kind}-{name}.json"), &object.to_string())
    }

    pub fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.path).ok();
    }
}

/// Each object of a namespace with its write, of everything that the operator or a plan could write.
pub fn writes(namespace: &str) -> Vec<(String, Value)> {
    let kinds = "authservers,authpolicies,userstores,authclients,configmaps,secrets,events";
    let list = get(&[kinds, "-n", namespace]).unwrap();
    let items = list["items"].as_array().cloned().unwrap_or_default();
    let of = |item: &Value| {
        let name = format!("{} {}", item["kind"], item["metadata"]["name"]);
        (name, item["metadata"]["resourceVersion"].clone())
    };
    items.iter().map(of).collect()
}
