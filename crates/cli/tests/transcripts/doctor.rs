//! `nauthera doctor`: an installation that is well, and each way in which it is not.

use crate::run::{output, stderr, stdout};
use crate::serving::{Folder, SERVER};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, UNIX_EPOCH};

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
fn a_server_that_serves_another_snapshot_is_an_error() {
    let installation = Installation::new();
    let _running = installation.serve();
    let robot = crate::serving::ROBOT.replace("robot", "android");
    installation.folder.write("android.yaml", &robot);
    installation
        .folder
        .command(&["compile", "manifests", "--data", "data", "-o", "other.json"])
        .output()
        .unwrap();
    let output = installation
        .folder
        .command(&["doctor", "--snapshot", "other.json", "--admin-listen", &installation.admin])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    let found = bad(&output).join("\n");
    assert!(found.contains("it serves revision ") && found.contains(", the Snapshot is "), "{found}");
}

const YEAR_4000: u64 = 64_060_588_800;

/// A folder with pairs of certificates and keys, and what the doctor says of them.
struct Pairs(Folder);

impl Pairs {
    fn new() -> Self {
        let pairs = Self(Folder::new(&[]));
        pairs.write("tls", YEAR_4000);
        pairs.write("other", YEAR_4000);
        pairs
    }

    /// A certificate that ends so many seconds after 1970.
    fn write(&self, name: &str, end: u64) {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut about = rcgen::CertificateParams::new(["login.example".to_owned()]).unwrap();
        about.not_before = rcgen::date_time_ymd(2020, 1, 1);
        about.not_after = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(end);
        std::fs::write(self.0.at(&format!("{name}.crt")), about.self_signed(&key).unwrap().pem()).unwrap();
        std::fs::write(self.0.at(&format!("{name}.key")), key.serialize_pem()).unwrap();
    }

    /// The weight and text of each finding about TLS.
    fn judged(&self, certificate: &str, key: &str, issuer: &str, more: &[&str]) -> String {
        let mut all = vec!["doctor", "--tls-cert", certificate, "--tls-key", key, "--issuer", issuer];
        all.extend(["--admin-listen", "none", "--format", "json"]);
        all.extend(more);
        let output = self.0.command(&all).output().unwrap();
        let told: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
        let tls = told.as_array().unwrap().iter().filter(|finding| finding["check"] == "tls");
        let lines = tls.map(|finding| {
            format!("{}: {}", finding["weight"].as_str().unwrap(), finding["message"].as_str().unwrap())
        });
        lines.collect::<Vec<_>>().join("; ")
    }
}

#[test]
fn certificates_are_judged_as_clients_would() {
    let pairs = Pairs::new();
    let trusted = pairs.judged("tls.crt", "tls.key", "https://login.example:1", &["--ca", "tls.crt"]);
    assert!(trusted.contains("ok: it is login.example's"), "{trusted}");
    assert!(trusted.contains("more days, until 4000-01-01T00:00:00Z"), "{trusted}");
    let unknown = pairs.judged("tls.crt", "tls.key", "https://login.example:1", &[]);
    assert!(unknown.contains("clients would refuse it for login.example"), "{unknown}");
    let elsewhere = pairs.judged("tls.crt", "tls.key", "https://other.example:1", &["--ca", "tls.crt"]);
    assert!(elsewhere.contains("clients would refuse it for other.example"), "{elsewhere}");
    let mismatch = pairs.judged("tls.crt", "other.key", "https://login.example:1", &[]);
    assert!(mismatch.contains("other.key"), "{mismatch}");
}

#[test]
fn a_certificate_that_ends_is_told_before_it_does() {
    let pairs = Pairs::new();
    pairs.write("gone", 1_609_459_200);
    let gone = pairs.judged("gone.crt", "gone.key", "https://login.example:1", &["--ca", "gone.crt"]);
    assert!(gone.contains("error: it ended at 2021-01-01T00:00:00Z"), "{gone}");
    // What was just written was written now.
    let now = std::fs::metadata(pairs.0.at("tls.crt")).unwrap().modified().unwrap();
    let now = now.duration_since(UNIX_EPOCH).unwrap().as_secs();
    pairs.write("soon", now + 3 * 86_400 + 3_600);
    let soon = pairs.judged("soon.crt", "soon.key", "https://login.example:1", &["--ca", "soon.crt"]);
    assert!(soon.contains("warning: it ends in 3 days, at "), "{soon}");
}

#[test]
fn nothing_to_check_is_no_well_being() {
    let output = output(&["doctor"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("there is nothing to check"), "{}", stderr(&output));
}
