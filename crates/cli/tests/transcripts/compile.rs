//! `nauthera compile`: what is written, where, and what is never written over.

use crate::run::{stderr, stdout};
use crate::serving::{Folder, POLICY, ROBOT, SERVER};
use std::fs;
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::process::{Command, Output, Stdio};

/// The exit code of the three teams' folder: one client asks beyond policy.
const VIOLATION: Option<i32> = Some(1);
/// The robot, which asks for nothing beyond policy.
fn modest() -> String {
    ROBOT.replace("[read, write]", "[read]")
}

const WARM: [&str; 4] = ["compile", "manifests", "--data", "data"];

fn compile(folder: &Folder, more: &[&str]) -> Output {
    let all: Vec<&str> = WARM.iter().chain(more).copied().collect();
    folder.command(&all).output().unwrap()
}

fn clients(bytes: &[u8]) -> usize {
    let snapshot: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    snapshot["clients"].as_array().unwrap().len()
}

#[test]
fn a_bare_file_name_is_written_here() {
    let folder = Folder::of_three_teams();
    let output = compile(&folder, &["-o", "snap.json"]);
    assert_eq!(output.status.code(), VIOLATION, "{}", stderr(&output));
    assert!(stderr(&output).contains("snap.json: 1 client, revision "), "{}", stderr(&output));
    assert_eq!(clients(&fs::read(folder.at("snap.json")).unwrap()), 1);
}

#[test]
fn a_frozen_server_of_which_nothing_is_known_writes_nothing() {
    let folder = Folder::of_three_teams();
    assert_eq!(compile(&folder, &["-o", "snap.json"]).status.code(), VIOLATION);
    let good = fs::read(folder.at("snap.json")).unwrap();
    folder.write("policy.yaml", &POLICY.replace("15m", "15x"));
    for more in [
        &["--data", "fresh", "-o", "snap.json"] as &[&str],
        &["--data", "fresh", "-o", "snap.json"],
        &["--data", "fresh", "--print"],
        &["--no-credentials", "-o", "snap.json"],
    ] {
        let all: Vec<&str> = ["compile", "manifests"].iter().chain(more).copied().collect();
        let output = folder.command(&all).output().unwrap();
        assert_eq!((output.status.code(), stdout(&output)), (Some(1), String::new()), "{more:?}");
        assert!(
            stderr(&output).contains("nothing is written: its server is frozen, and "),
            "{}",
            stderr(&output)
        );
        assert_eq!(fs::read(folder.at("snap.json")).unwrap(), good, "{more:?}");
    }
    let output = compile(&folder, &["-o", "snap.json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read(folder.at("snap.json")).unwrap(), good, "what was published before goes on");
    folder.write("policy.yaml", POLICY);
    folder.write("half.yaml", "a: [");
    let output = folder.command(&["compile", "manifests", "--data", "other", "--print"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let why = "nothing is written: not everything can be read, and other has nothing of what was served before; \
               mend what is reported, or give the folder of the earlier run with --data\n";
    assert!(stderr(&output).ends_with(why), "{}", stderr(&output));
}

#[test]
fn a_link_is_followed_and_stays() {
    let folder = Folder::of_three_teams();
    fs::create_dir(folder.at("deep")).unwrap();
    symlink("deep/real.json", folder.at("link.json")).unwrap();
    for _ in 0..2 {
        assert_eq!(compile(&folder, &["-o", "link.json"]).status.code(), VIOLATION);
        assert!(folder.at("link.json").is_symlink());
        assert_eq!(clients(&fs::read(folder.at("deep/real.json")).unwrap()), 1);
    }
}

#[test]
fn a_pipe_is_written_to_and_stays() {
    let folder = Folder::of_three_teams();
    let pipe = folder.at("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reading = pipe.clone();
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        fs::File::open(reading).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    });
    let output = compile(&folder, &["-o", "pipe"]);
    assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo(), "{}", stderr(&output));
    assert_eq!(output.status.code(), VIOLATION, "{}", stderr(&output));
    assert_eq!(clients(&reader.join().unwrap()), 1);
}

#[test]
fn stdout_can_be_named() {
    let folder = Folder::of_three_teams();
    for name in ["-", "/dev/stdout"] {
        let output = compile(&folder, &["-o", name]);
        assert_eq!((output.status.code(), clients(&output.stdout)), (VIOLATION, 1), "{}", stderr(&output));
    }
    assert!(!folder.at("-").exists());
    assert_eq!(compile(&folder, &["-o", "-", "--print"]).status.code(), Some(2));
}

#[test]
fn several_servers_are_a_finding() {
    let folder = Folder::of_three_teams();
    folder.write("other.yaml", &SERVER.replace("name: main", "name: other").replace("8080", "8090"));
    for more in [&["-o", "snap.json"] as &[&str], &["-o", "snap.json", "--no-credentials"]] {
        let output = compile(&folder, more);
        assert_eq!(output.status.code(), Some(1));
        let said = stderr(&output);
        assert!(
            said.contains("error[NA0011]: there are several AuthServers: identity/main, identity/other"),
            "{said}"
        );
        assert!(said.contains("help: pick one with --server NAMESPACE/NAME"), "{said}");
    }
    assert!(!folder.at("snap.json").exists());
    assert_eq!(compile(&folder, &["--server", "identity/main", "--print"]).status.code(), VIOLATION);
    let output = compile(&folder, &["--server", "a/b", "--print", "--no-credentials"]);
    // Aligned as a finding with a place is.
    let said = "error[NA0011]: AuthServer `a/b` is not there\n  |\n  = note: there is identity/main, identity/other\n";
    assert!(stderr(&output).contains(said), "{}", stderr(&output));
}

#[test]
fn a_path_that_cannot_be_read_is_two_for_every_command() {
    let folder = Folder::of_three_teams();
    let locked = folder.at("locked.yaml");
    fs::write(&locked, "a: 1").unwrap();
    fs::set_permissions(&locked, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    // One user may read everything.
    let may_read = fs::File::open(&locked).is_ok();
    for path in ["nosuch", "locked.yaml"].into_iter().filter(|path| *path == "nosuch" || !may_read) {
        for arguments in [
            &["compile", path, "--print"] as &[&str],
            &["compile", path, "--print", "--no-credentials"],
            &["check", path],
            &["check", "manifests", path],
            &["plan", "manifests", path],
            &["explain", "shop/robot", path],
            &["up", path, "--console", "none"],
            &["server", "--snapshot", path, "--database", "sqlite:x.db", "--keys", "keys"],
        ] {
            let output = folder.command(arguments).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            assert!(stderr(&output).contains(&format!("{path} cannot be read: ")), "{}", stderr(&output));
        }
    }
}

#[test]
fn a_reader_that_goes_away_changes_no_exit_code() {
    let folder = Folder::of_three_teams();
    for (arguments, code) in [(&["--print"] as &[&str], 1), (&["-o", "-"], 1)] {
        let all: Vec<&str> = WARM.iter().chain(arguments).copied().collect();
        let mut child = folder.command(&all).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(code));
    }
}

#[test]
fn a_snapshot_holds_no_secret_and_is_served_with_its_own_digest_key_only() {
    let folder = Folder::of_three_teams();
    assert_eq!(compile(&folder, &["-o", "snap.json"]).status.code(), VIOLATION);
    let written = fs::read_to_string(folder.at("snap.json")).unwrap();
    assert!(!written.contains(&folder.plain_secret()));
    let serve = ["server", "--snapshot", "snap.json", "--database", "sqlite:n.db", "--keys", "elsewhere"];
    let output = folder.command(&serve).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("elsewhere/digest.key is not there: copy the one"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_violation_is_found_and_what_is_within_policy_is_not() {
    let folder = Folder::of_three_teams();
    let more = ["--no-credentials", "--print"];
    for more in [&["--print"] as &[&str], &more] {
        folder.write("robot.yaml", ROBOT);
        let output = compile(&folder, more);
        assert_eq!(output.status.code(), VIOLATION, "{}", stderr(&output));
        assert!(stderr(&output).contains("warning[NA0203]"), "{}", stderr(&output));
        folder.write("robot.yaml", &modest());
        assert_eq!(compile(&folder, more).status.code(), Some(0));
    }
}

#[test]
fn machines_are_told_what_was_written_and_what_was_found() {
    let folder = Folder::of_three_teams();
    let told = |more: &[&str]| {
        let output = compile(&folder, more);
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), document)
    };
    let (code, document) = told(&["-o", "snap.json", "--format", "json"]);
    assert_eq!(code, VIOLATION);
    assert_eq!((&document["written"], &document["clients"]), (&true.into(), &1.into()));
    assert_eq!(
        (&document["authServer"], &document["counts"]["violations"]),
        (&"identity/main".into(), &1.into())
    );
    assert_eq!((&document["findings"][0]["code"], document.get("snapshot")), (&"NA0203".into(), None));
    let (_, printed) = told(&["--print", "--format", "json"]);
    assert_eq!(printed["snapshot"]["clients"].as_array().unwrap().len(), 1);
    assert_eq!(printed["revision"], document["revision"]);
    folder.remove("server.yaml");
    let (code, document) = told(&["-o", "none.json", "--format", "json"]);
    assert_eq!((code, &document["written"], document.get("revision")), (Some(1), &false.into(), None));
    assert!(!folder.at("none.json").exists());
    let output = compile(&folder, &["-o", "-", "--format", "json"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}

#[test]
fn keys_at_a_private_address_are_compiled_only_where_they_may_be_fetched() {
    let keys = "  authentication: {method: private_key_jwt, jwksUri: 'https://10.0.0.1/keys'}\n";
    let folder =
        Folder::new(&[("server.yaml", SERVER), ("policy.yaml", POLICY), ("robot.yaml", &(modest() + keys))]);
    let output = compile(&folder, &["--print"]);
    assert!(stderr(&output).contains("error[NA0110]"), "{}", stderr(&output));
    assert_eq!((output.status.code(), clients(&output.stdout)), (Some(1), 0));
    for more in [
        &["--print", "--allow-private-fetch"] as &[&str],
        &["--print", "--allow-private-fetch", "--no-credentials"],
    ] {
        let output = compile(&folder, more);
        assert_eq!((output.status.code(), clients(&output.stdout)), (Some(0), 1), "{}", stderr(&output));
    }
}

#[test]
fn a_snapshot_that_does_not_decode_is_said_once() {
    let folder = Folder::new(&[]);
    fs::write(folder.at("bad.json"), "{\"format\": 1, \"heads\": {}}").unwrap();
    let server = ["server", "--snapshot", "bad.json", "--database", "sqlite:x.db", "--keys", "keys"];
    let output = folder.command(&server).output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("bad.json cannot be served: the Snapshot does not decode: "), "{said}");
    assert_eq!(said.matches("heads").count(), 1, "{said}");
}
