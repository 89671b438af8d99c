//! The small commands, each of which prints one thing.

use crate::run::{output, output_with_stdin, stderr, stdout, transcript};
use serde_json::Value;

#[test]
fn the_version_with_commit_and_target() {
    let printed: Value = serde_json::from_slice(&output(&["version", "--format", "json"]).stdout).unwrap();
    assert_eq!(printed["version"], env!("CARGO_PKG_VERSION"));
    assert!(!printed["commit"].as_str().unwrap().is_empty());
    let target = printed["target"].as_str().unwrap();
    assert!(target.contains(std::env::consts::ARCH), "{target}");
    let human = stdout(&output(&["version"]));
    assert!(human.starts_with(&format!("nauthera {}\n", env!("CARGO_PKG_VERSION"))), "{human}");
    assert!(human.contains(target));
}

#[test]
fn the_four_definitions() {
    let yaml = stdout(&output(&["crds"]));
    assert_eq!(yaml.matches("kind: CustomResourceDefinition").count(), 4);
    let list: Value = serde_json::from_slice(&output(&["crds", "--format", "json"]).stdout).unwrap();
    let kinds: Vec<&str> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|crd| crd["spec"]["names"]["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["AuthServer", "AuthPolicy", "UserStore", "AuthClient"]);
}

#[test]
fn a_password_from_stdin_becomes_a_hash_of_its_own_salt() {
    let hash = || stdout(&output_with_stdin(&["hash-password"], "correct horse\n"));
    let (one, other) = (hash(), hash());
    assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && one.ends_with('\n'), "{one}");
    assert_ne!(one, other);
    let json = output_with_stdin(&["hash-password", "--format", "json"], "correct horse");
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert!(json["passwordHash"].as_str().unwrap().starts_with("$argon2id$"));
}

#[test]
fn an_empty_password_is_refused() {
    let output = output_with_stdin(&["hash-password"], "\n");
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""));
    assert_eq!(stderr(&output), "error: the password is empty: nobody could log in with it\n");
}

#[test]
fn the_hash_of_a_password_is_taken_by_check() {
    let hash = stdout(&output_with_stdin(&["hash-password"], "correct horse"));
    let folder = tempfile::tempdir().unwrap();
    let store = format!(
        "apiVersion: auth.nauthera.io/v1alpha1\nkind: UserStore\nmetadata:\n  namespace: identity\n  name: people\n\
         spec:\n  type: static\n  users:\n    - username: ada\n      passwordHash: {hash}"
    );
    std::fs::write(folder.path().join("people.yaml"), store).unwrap();
    let text = transcript(&["check", folder.path().to_str().unwrap()]);
    assert!(
        text.ends_with("checked 0 servers, 0 policies, 0 clients, 1 person: nothing found\n--- exit 0\n"),
        "{text}"
    );
}

#[test]
fn completion_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = stdout(&output(&["completion", shell]));
        assert!(script.contains("hash-password") && script.contains("deny-warnings"), "{shell}");
    }
}

#[test]
fn the_reference_has_every_command_and_flag() {
    let document = stdout(&output(&["reference", "cli"]));
    for command in [
        "up",
        "check",
        "plan",
        "explain",
        "compile",
        "server",
        "crds",
        "hash-password",
        "completion",
        "version",
    ] {
        assert!(document.contains(&format!("## nauthera {command}\n")), "{command}");
    }
    assert!(document.contains("| `--console ADDRESS` | `NAUTHERA_CONSOLE` | `127.0.0.1:8081` |"));
    assert!(!document.contains("## nauthera reference"));
}

#[test]
fn the_reference_has_every_kind_and_field() {
    let document = stdout(&output(&["reference", "resources"]));
    for (kind, field) in [
        ("AuthServer", "signing.rotationInterval"),
        ("UserStore", "users[].username"),
        ("AuthPolicy", "token.accessTokenTTL"),
        ("AuthClient", "redirectUris"),
    ] {
        let section = document.split(&format!("### {kind} spec\n")).nth(1).unwrap();
        let section = section.split("\n### ").next().unwrap();
        assert!(section.contains(&format!("| `{field}` | ")), "{kind} {field}");
    }
    let without_words = document.lines().filter(|line| line.starts_with("| `") && line.ends_with("|  |"));
    assert_eq!(without_words.collect::<Vec<_>>(), Vec::<&str>::new());
}
