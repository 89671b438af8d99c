//! `nauthera doctor`: an installation that is well, and each way in which it is not.

use crate::run::{output, stderr, stdout};
use crate::serving::{Folder, SERVER};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Output, Stdio};

/// A compiled installation, whose issuer is a port of its own.
struct Installation {
    folder: Folder,
    listen: String,
    admin: String,
}

/// A server that runs.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn free() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

impl Installation {
    fn new() -> Self {
        let (listen, admin) = (free(), free());
        let folder = Folder::of_three_teams();
        folder.write("server.yaml", &SERVER.replace("127.0.0.1:8080", &listen));
        let compiled = folder.command(&["compile", "manifests", "--data", "data", "-o", "snapshot.json"]);
        let compiled = { compiled }.output().unwrap();
        assert!(folder.at("snapshot.json").is_file(), "{}", stderr(&compiled));
        Self { folder, listen, admin }
    }

    fn arguments(&self) -> Vec<&str> {
        vec![
            "--snapshot",
            "snapshot.json",
            "--database",
            "sqlite:nauthera.db",
            "--keys",
            "data/keys",
            "--admin-listen",
            &self.admin,
        ]
    }

    fn serve(&self) -> Running {
        let mut all = vec!["server", "--listen", &self.listen, "--audit", "none"];
        all.extend(self.arguments());
        let mut child = self.folder.command(&all).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.starts_with("ready ")));
        std::thread::spawn(move || lines.for_each(drop));
        Running(child)
    }

    fn doctor(&self, more: &[&str]) -> Output {
        let mut all = vec!["doctor"];
        all.extend(self.arguments());
        all.extend(more);
        self.folder.command(&all).output().unwrap()
    }
}

/// Lines of the findings that are not well; each says what to do.
fn bad(output: &Output) -> Vec<String> {
    let text = stdout(output);
    let lines: Vec<&str> = text.lines().collect();
    let bad =
        lines.iter().enumerate().filter(|(_, line)| line.starts_with("error") || line.starts_with("warning"));
    bad.map(|(n, line)| {
        assert!(lines.get(n + 1).is_some_and(|next| next.contains("= help:")), "{text}");
        (*line).to_owned()
    })
    .collect()
}

#[test]
fn an_installation_that_is_well() {
    let installation = Installation::new();
    let _running = installation.serve();
    let output = installation.doctor(&[]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    let nobody = "nobody can log in";
    assert!(bad(&output).iter().all(|line| line.contains(nobody)), "{text}");
    for part in ["snapshot", "keys", "database", "issuer", "server"] {
        assert!(text.lines().any(|line| line.starts_with("ok") && line.contains(part)), "{part}: {text}");
    }
    let told = installation.doctor(&["--format", "json"]);
    let told: serde_json::Value = serde_json::from_str(&stdout(&told)).unwrap();
    assert!(told.as_array().unwrap().iter().all(|finding| finding["weight"] != "error"));
}

#[test]
fn what_is_wrong_is_told_with_what_to_do() {
    let installation = Installation::new();
    let running = installation.serve();
    // Another Snapshot than the one that is served, a digest key that is cut short, keys that everybody reads.
    let robot = crate::serving::ROBOT.replace("robot", "android");
    installation.folder.write("android.yaml", &robot);
    let other = ["compile", "manifests", "--data", "data", "-o", "other.json"];
    installation.folder.command(&other).output().unwrap();
    let keys = installation.folder.at("data/keys");
    std::fs::write(keys.join("digest.key"), "short").unwrap();
    std::process::Command::new("chmod").arg("644").arg(keys.join("signing-keys.json")).status().unwrap();
    let output = installation.doctor(&["--snapshot", "other.json"]);
    // The later flag counts; clap takes one only.
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    std::fs::rename(installation.folder.at("other.json"), installation.folder.at("snapshot.json")).unwrap();
    let output = installation.doctor(&[]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    let found = bad(&output).join("\n");
    for want in ["digest.key holds 5 bytes, not 32", "can be read by everybody"] {
        assert!(found.contains(want), "{want}: {found}");
    }
    drop(running);
    std::fs::remove_file(installation.folder.at("nauthera.db")).unwrap();
    std::fs::write(installation.folder.at("snapshot.json"), "{}").unwrap();
    let output = installation.doctor(&["--issuer", &format!("http://{}", installation.listen)]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    let found = bad(&output).join("\n");
    for want in ["cannot be served", "nauthera.db is not there", "is not reached", "no server answers at"] {
        assert!(found.contains(want), "{want}: {found}");
    }
}

#[test]
fn certificates_are_judged_as_clients_would() {
    let folder = Folder::new(&[]);
    let made = rcgen::generate_simple_self_signed(["login.example".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["login.example".to_owned()]).unwrap();
    std::fs::write(folder.at("tls.crt"), made.cert.pem()).unwrap();
    std::fs::write(folder.at("tls.key"), made.signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.at("other.key"), other.signing_key.serialize_pem()).unwrap();
    let judged = |key: &str, issuer: &str, more: &[&str]| {
        let mut all = vec!["doctor", "--tls-cert", "tls.crt", "--tls-key", key, "--issuer", issuer];
        all.extend(["--admin-listen", "none", "--format", "json"]);
        all.extend(more);
        let told: serde_json::Value =
            serde_json::from_str(&stdout(&folder.command(&all).output().unwrap())).unwrap();
        let tls = told.as_array().unwrap().iter().filter(|finding| finding["check"] == "tls").cloned();
        tls.map(|finding| finding["message"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join("; ")
    };
    let trusted = judged("tls.key", "https://login.example:1", &["--ca", "tls.crt"]);
    assert!(trusted.contains("it is login.example's"), "{trusted}");
    let unknown = judged("tls.key", "https://login.example:1", &[]);
    assert!(unknown.contains("clients would refuse it for login.example"), "{unknown}");
    let elsewhere = judged("tls.key", "https://other.example:1", &["--ca", "tls.crt"]);
    assert!(elsewhere.contains("clients would refuse it for other.example"), "{elsewhere}");
    let mismatch = judged("other.key", "https://login.example:1", &[]);
    assert!(mismatch.contains("other.key"), "{mismatch}");
}

#[test]
fn nothing_to_check_is_no_well_being() {
    let output = output(&["doctor"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("there is nothing to check"), "{}", stderr(&output));
}
