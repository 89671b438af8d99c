//! `nauthera up`: what is said of one edit after the other, and what is kept.

use crate::run::{stderr, stdout};
use crate::serving::{Folder, POLICY, ROBOT, SERVER};
use std::fs;
use std::net::TcpListener;

const ISSUER: &str = "ready http://127.0.0.1:8080";
const GOES_ON: &str = "what was served before goes on until this is mended";
const MENDED: &str = "goes on unchanged";

/// A policy that is not accepted.
fn faulty() -> String {
    POLICY.replace("15m", "15x")
}

#[test]
fn a_file_that_cannot_be_read_and_then_can_is_said_and_warnings_are_not_repeated() {
    let folder = Folder::of_three_teams();
    let up = folder.up(&[]);
    up.prints(ISSUER);
    folder.write("half.yaml", "a: [");
    up.says(GOES_ON, 1);
    folder.remove("half.yaml");
    up.says("mended: revision ", 1).says(MENDED, 1);
    folder.write("policy.yaml", &faulty());
    up.says("error[NA0406]", 1);
    folder.write("policy.yaml", POLICY);
    up.says(MENDED, 2);
    folder.write("robot.yaml", &ROBOT.replace("type: service", "type: servise"));
    up.says("error[NA0007]: `type`", 1);
    folder.write("robot.yaml", ROBOT);
    up.says(MENDED, 3);
    assert_eq!(up.times("warning[NA0203]"), 1, "{}", up.said());
}

#[test]
fn a_client_that_is_away_for_a_moment_keeps_its_secret() {
    let folder = Folder::of_three_teams();
    let up = folder.up(&[]);
    up.prints(ISSUER);
    let secret = folder.plain_secret();
    folder.remove("robot.yaml");
    up.says("shop/robot (removed)", 1);
    assert_eq!(folder.plain_secret(), secret);
    folder.write("robot.yaml", ROBOT);
    up.says("shop/robot (added)", 1);
    assert_eq!(folder.plain_secret(), secret);
    // A restart in between changes nothing of it.
    folder.remove("robot.yaml");
    up.says("shop/robot (removed)", 2);
    up.stop();
    let up = folder.up(&[]);
    up.prints(ISSUER);
    folder.write("robot.yaml", ROBOT);
    up.says("shop/robot (added)", 1);
    assert_eq!(folder.plain_secret(), secret);
}

#[test]
fn a_client_without_its_name_is_not_taken_for_a_deletion() {
    let folder = Folder::of_three_teams();
    let up = folder.up(&[]);
    up.prints(ISSUER);
    let secret = folder.plain_secret();
    for half in ["  name:\n", "  name: [robot]\n", ""] {
        let before = up.times(MENDED);
        folder.write("robot.yaml", &ROBOT.replace("  name: robot\n", half));
        up.says(GOES_ON, before + 1);
        folder.write("robot.yaml", ROBOT);
        up.says(MENDED, before + 1);
    }
    assert_eq!((folder.plain_secret(), up.times("served  revision")), (secret, 0));
}

#[test]
fn a_look_that_fails_is_repeated_until_it_succeeds() {
    let folder = Folder::of_three_teams();
    let up = folder.up(&[]);
    up.prints(ISSUER);
    // What is served can be kept nowhere, as on a full disk.
    let kept = folder.at("data/snapshot.json");
    fs::remove_file(&kept).unwrap();
    fs::create_dir(&kept).unwrap();
    folder.write("policy.yaml", &POLICY.replace("15m", "5m"));
    up.says("snapshot.json cannot be written", 1)
        .says("what was served before goes on; this is tried again", 1);
    assert_eq!(up.times("served  revision"), 0, "{}", up.said());
    fs::remove_dir(&kept).unwrap();
    up.says("served  revision", 1);
    assert_eq!(up.times("snapshot.json cannot be written"), 1, "{}", up.said());
    assert!(fs::read_to_string(kept).unwrap().contains("\"5m\""));
}

#[test]
fn a_data_folder_among_the_manifests_is_none_of_them() {
    let folder = Folder::of_three_teams();
    let inside = ["--data", "manifests/kept"];
    let up = folder.up_in(&inside);
    up.prints(ISSUER);
    // Written as a manifest that would be a second server.
    fs::write(folder.manifests().join("kept/copy.yaml"), SERVER.replace("name: main", "name: other"))
        .unwrap();
    folder.write("policy.yaml", &POLICY.replace("15m", "5m"));
    up.says("served  revision", 1);
    assert_eq!(up.times("error[NA0011]"), 0, "{}", up.said());
}

#[test]
fn a_secret_that_is_deleted_by_hand_is_there_again_by_itself() {
    let folder = Folder::of_three_teams();
    let up = folder.up(&[]);
    up.prints(ISSUER);
    let secret = folder.plain_secret();
    fs::remove_file(folder.secret("client_secret")).unwrap();
    up.says("served  revision", 1);
    assert_ne!(folder.plain_secret(), secret);
}

#[test]
fn a_secret_that_is_deleted_or_edited_is_there_again_after_the_next_look() {
    let folder = Folder::of_three_teams();
    let up = folder.up(&[]);
    up.prints(ISSUER);
    let secret = folder.plain_secret();
    fs::rename(folder.at("data/secrets/shop"), folder.at("gone")).unwrap();
    folder.write("note.yaml", "a: 1");
    up.says("served  revision", 1);
    assert_ne!(folder.plain_secret(), secret, "by hand it is replaced, and the old one ends later");
    assert_eq!(fs::read_to_string(folder.secret("issuer")).unwrap(), "http://127.0.0.1:8080");
    fs::write(folder.secret("issuer"), "https://elsewhere.example").unwrap();
    let wide = ROBOT.replace("[read, write]", "[read]");
    folder.write("robot.yaml", &wide);
    up.says("served  revision", 2);
    assert_eq!(fs::read_to_string(folder.secret("issuer")).unwrap(), "http://127.0.0.1:8080");
}

#[test]
fn a_path_that_is_not_there_at_start_is_an_error() {
    let folder = Folder::new(&[]);
    let output = folder.command(&["up", "nosuch", "--console", "none"]).output().unwrap();
    assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()));
    assert_eq!(stderr(&output), "error: nosuch cannot be read: No such file or directory (os error 2)\n");
}

#[test]
fn a_path_that_vanishes_later_is_said_once_and_may_come_back() {
    let folder = Folder::of_three_teams();
    let up = folder.up(&[]);
    up.prints(ISSUER);
    fs::rename(folder.manifests(), folder.at("away")).unwrap();
    up.says("manifests is not there", 1).says(GOES_ON, 1);
    fs::rename(folder.at("away"), folder.manifests()).unwrap();
    up.says(MENDED, 1);
    folder.write("robot.yaml", &ROBOT.replace("[read, write]", "[read]"));
    up.says("served  revision", 1);
    assert_eq!((up.times("manifests is not there"), up.times(GOES_ON)), (1, 1), "{}", up.said());
}

#[test]
fn a_server_that_is_not_there_yet_is_waited_for() {
    let folder = Folder::of_three_teams();
    let up = folder.up(&["--server", "identity/later"]);
    up.says("AuthServer `identity/later` is not there", 1).says("nothing can be served yet", 1);
    let other = SERVER.replace("name: main", "name: later").replace("8080", "8090");
    folder.write("later.yaml", &other);
    up.prints("ready http://127.0.0.1:8090");
    assert_eq!(up.times("is not there\n"), 1, "{}", up.said());
}

#[test]
fn servers_that_come_and_go_leave_what_is_served() {
    let folder = Folder::of_three_teams();
    let up = folder.up(&[]);
    up.prints(ISSUER);
    folder.write("second.yaml", &SERVER.replace("name: main", "name: other").replace("8080", "8090"));
    up.says("error[NA0011]: there are several AuthServers: identity/main, identity/other", 1)
        .says(GOES_ON, 1);
    folder.remove("second.yaml");
    up.says(MENDED, 1);
    folder.remove("server.yaml");
    up.says("error[NA0011]: there is no AuthServer here", 1).says(GOES_ON, 2);
    assert_eq!(up.times("error[NA0102]"), 0, "{}", up.said());
    folder.write("server.yaml", SERVER);
    up.says(MENDED, 2);
    for name in ["server.yaml", "policy.yaml", "robot.yaml"] {
        folder.remove(name);
    }
    up.says(GOES_ON, 3);
    assert!(folder.secret("client_secret").exists());
}

#[test]
fn an_issuer_that_leads_elsewhere_is_said_with_the_address() {
    let folder = Folder::of_three_teams();
    let up = folder.up(&[]);
    up.prints(ISSUER).says("listening on 127.0.0.1:", 1);
    up.says("and not where the issuer http://127.0.0.1:8080 leads; --issuer http://127.0.0.1:", 1);
    let folder =
        Folder::new(&[("server.yaml", &SERVER.replace("http://127.0.0.1:8080", "https://id.example.com"))]);
    let up = folder.up(&[]);
    up.prints("ready https://id.example.com").says("listening on 127.0.0.1:", 1);
    assert_eq!(up.times("--issuer"), 0, "{}", up.said());
}

#[test]
fn another_issuer_is_said_and_printed() {
    let folder = Folder::of_three_teams();
    let up = folder.up(&[]);
    up.prints(ISSUER);
    folder.write("server.yaml", &SERVER.replace("8080", "8090"));
    up.prints("ready http://127.0.0.1:8090");
    up.says(
        "the issuer is http://127.0.0.1:8090 now, and no longer http://127.0.0.1:8080: clients and sessions",
        1,
    );
}

#[test]
fn what_changed_is_named() {
    let folder = Folder::of_three_teams();
    let up = folder.up(&[]);
    up.prints(ISSUER);
    let more: Vec<String> =
        (1..=4).map(|number| ROBOT.replace("name: robot", &format!("name: robot-{number}"))).collect();
    folder.write("more.yaml", &more.join("---\n"));
    up.says("seen: shop/robot-1 (added), shop/robot-2 (added), shop/robot-3 (added) and 1 more", 1);
}

#[test]
fn a_port_that_is_taken_is_said_before_anything_else() {
    let folder = Folder::of_three_teams();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = folder.command(&["up", "manifests", "--listen", &address]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let start = format!("error: {address} cannot be listened on; give another address with --listen: ");
    assert!(stderr(&output).starts_with(&start), "{}", stderr(&output));
    let output = folder
        .command(&["up", "manifests", "--listen", "127.0.0.1:0", "--console", &address])
        .output()
        .unwrap();
    assert!(stderr(&output).contains("give another address with --console: "), "{}", stderr(&output));
}
