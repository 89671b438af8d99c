//! Manifests on disk: which files are read, in which order, and what happens when one cannot be.

use nauthera_api::manifests::{Listing, Manifests};
use nauthera_core::codes::Code;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const CLIENT: &str = include_str!("fixtures/client.yaml");

fn client(name: &str) -> String {
    CLIENT.replace("name: web", &format!("name: {name}"))
}

fn folder(files: &[(&str, String)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (path, text) in files {
        write(folder.path(), path, text);
    }
    folder
}

fn write(folder: &Path, path: &str, text: impl AsRef<[u8]>) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn read(folder: &TempDir) -> Manifests {
    Manifests::read(&[folder.path().to_path_buf()])
}

fn paths(manifests: &Manifests) -> Vec<&str> {
    manifests.files().iter().map(|file| &*file.path).collect()
}

fn codes(manifests: &Manifests) -> Vec<Code> {
    manifests.findings().iter().map(|found| found.finding.code).collect()
}

#[test]
fn folders_are_read_sorted_with_the_folders_in_them() {
    let folder = folder(&[
        ("teams/shop/web.yaml", client("web")),
        ("teams/shop.yml", client("shop")),
        ("a.json", "{}".into()),
        ("README.md", "# Not a manifest".into()),
        ("z.yaml", client("z")),
    ]);
    let manifests = read(&folder);
    assert_eq!(paths(&manifests), ["a.json", "teams/shop/web.yaml", "teams/shop.yml", "z.yaml"]);
    assert_eq!(manifests.inventory().clients.len(), 3);
    assert!(manifests.findings().is_empty() && !manifests.is_incomplete());
}

#[test]
fn hidden_files_and_folders_are_left_out() {
    let folder = folder(&[
        (".nauthera/secrets/x.yaml", "not: [yaml".into()),
        (".git/config.yaml", "not: [yaml".into()),
        (".hidden.yaml", "not: [yaml".into()),
        ("web.yaml", client("web")),
    ]);
    assert_eq!(paths(&read(&folder)), ["web.yaml"]);
}

#[test]
fn an_empty_folder_has_nothing_to_say() {
    let folder = folder(&[]);
    let manifests = read(&folder);
    assert!(manifests.findings().is_empty() && manifests.files().is_empty() && !manifests.is_incomplete());
}

#[test]
fn several_paths_are_shown_as_they_were_given() {
    let folder = folder(&[("a/web.yaml", client("web")), ("b/notes.txt", client("notes"))]);
    let given = [folder.path().join("a"), folder.path().join("b/notes.txt")];
    let manifests = Manifests::read(&given);
    let shown: Vec<PathBuf> = paths(&manifests).into_iter().map(PathBuf::from).collect();
    assert_eq!(shown, [given[0].join("web.yaml"), given[1].clone()]);
    assert_eq!(manifests.inventory().clients.len(), 2);
}

#[test]
fn a_file_that_is_given_twice_is_read_once() {
    let folder = folder(&[("a/web.yaml", client("web"))]);
    let a = folder.path().join("a");
    let manifests =
        Manifests::read(&[folder.path().into(), a.clone(), a.join("web.yaml"), a.join("../a/web.yaml")]);
    assert_eq!((manifests.files().len(), codes(&manifests)), (1, vec![]));
}

#[test]
fn a_path_that_is_not_there_is_told() {
    let folder = folder(&[("web.yaml", client("web"))]);
    let manifests = Manifests::read(&[folder.path().into(), folder.path().join("absent")]);
    assert_eq!(codes(&manifests), [Code::FileUnreadable]);
    assert!(manifests.findings()[0].finding.message.ends_with("absent is not there"));
    assert!(manifests.inventory().incomplete);
    assert_eq!(manifests.inventory().clients.len(), 1);
}

#[test]
fn a_file_that_vanishes_before_it_is_read_is_told_and_hides_nothing_else() {
    let folder = folder(&[("a.yaml", client("a")), ("b.yaml", client("b"))]);
    let listing = Listing::of(&[folder.path().into()]);
    fs::remove_file(folder.path().join("a.yaml")).unwrap();
    let manifests = Manifests::load(&listing);
    assert_eq!(codes(&manifests), [Code::FileUnreadable]);
    assert_eq!(manifests.findings()[0].finding.message, "a.yaml is not there");
    assert_eq!(manifests.files()[manifests.findings()[0].at.unwrap().file].path, "a.yaml");
    assert!(manifests.inventory().incomplete);
    assert_eq!(manifests.inventory().clients.len(), 1);
}

#[test]
fn text_that_is_not_utf_8_is_told_at_its_byte() {
    let folder = folder(&[]);
    write(folder.path(), "latin.yaml", b"a: b\nname: L\xe4den\n");
    write(folder.path(), "wide.yaml", b"\xff\xfea\0:\0");
    let manifests = read(&folder);
    assert_eq!(codes(&manifests), [Code::FileUnreadable; 2]);
    let found = &manifests.findings()[0];
    let at = found.at.unwrap();
    assert_eq!((at.span.line, at.span.column, &*found.finding.message), (2, 8, "latin.yaml is not UTF-8"));
    assert_eq!(&manifests.files()[at.file].text[at.span.range()], "\u{fffd}");
    assert_eq!(manifests.findings()[1].finding.message, "wide.yaml is UTF-16");
}

#[test]
fn ten_megabytes_are_refused_without_being_parsed() {
    let folder = folder(&[("web.yaml", client("web"))]);
    write(folder.path(), "large.yaml", vec![b'['; 10 << 20]);
    let manifests = read(&folder);
    assert_eq!(codes(&manifests), [Code::FileTooLarge]);
    assert!(manifests.inventory().incomplete);
    assert_eq!(manifests.inventory().clients.len(), 1);
}

#[test]
fn links_as_kubernetes_mounts_make_them_are_followed_once() {
    let folder = folder(&[("..2024_01_01/web.yaml", client("web"))]);
    symlink("..2024_01_01", folder.path().join("..data")).unwrap();
    symlink("..data/web.yaml", folder.path().join("web.yaml")).unwrap();
    assert_eq!(paths(&read(&folder)), ["web.yaml"]);
}

#[test]
fn links_in_a_circle_and_links_to_what_is_read_anyway_end() {
    let folder = folder(&[("a/web.yaml", client("web"))]);
    symlink("..", folder.path().join("a/up")).unwrap();
    symlink("a", folder.path().join("b")).unwrap();
    symlink("a/web.yaml", folder.path().join("0.yaml")).unwrap();
    let manifests = read(&folder);
    assert_eq!((paths(&manifests), codes(&manifests)), (vec!["a/web.yaml"], vec![]));
}

#[test]
fn links_to_nothing_are_told() {
    let folder = folder(&[]);
    symlink("nowhere.yaml", folder.path().join("web.yaml")).unwrap();
    symlink("nowhere", folder.path().join("notes")).unwrap();
    assert_eq!(codes(&read(&folder)), [Code::FileUnreadable]);
}

#[test]
fn what_is_no_regular_file_is_not_waited_for() {
    let folder = folder(&[]);
    let _listener = std::os::unix::net::UnixListener::bind(folder.path().join("socket.yaml")).unwrap();
    let manifests = read(&folder);
    assert_eq!(codes(&manifests), [Code::FileUnreadable]);
    assert!(manifests.findings()[0].finding.message.contains("not a regular file"));
}

#[test]
fn thousands_of_files_are_read_with_their_faults_in_order() {
    let folder = TempDir::new().unwrap();
    for number in 0..2_000 {
        let text = client(&format!("c{number}"));
        let text = if number % 500 == 3 { text.replace("type: web", "type: webb") } else { text };
        write(folder.path(), &format!("{:02}/{number:04}.yaml", number % 40), text);
    }
    let manifests = read(&folder);
    assert_eq!(manifests.inventory().clients.len(), 2_000);
    let told: Vec<&str> =
        manifests.findings().iter().map(|found| &*manifests.files()[found.at.unwrap().file].path).collect();
    assert_eq!(told, ["03/0003.yaml", "03/1003.yaml", "23/0503.yaml", "23/1503.yaml"]);
}

#[test]
fn a_namespace_has_its_own_name_as_a_label_as_in_every_cluster() {
    let written = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: a, kubernetes.io/metadata.name: lie}}\n";
    let inventory = read(&folder(&[("ns.yaml", written.into())])).inventory();
    let labels: Vec<(&str, &str)> = inventory.namespaces["shop"].iter().map(|(k, v)| (&**k, &**v)).collect();
    assert_eq!(labels, [("kubernetes.io/metadata.name", "shop"), ("team", "a")]);
}

#[test]
fn objects_that_name_no_namespace_are_in_the_one_that_is_said() {
    let homeless = CLIENT.replace("  namespace: shop\n", "");
    let secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: own}\n";
    let folder = folder(&[("a.yaml", format!("{homeless}\n{secret}"))]);
    let listing = Listing::of(&[folder.path().to_owned()]).in_namespace("stage");
    let manifests = Manifests::load(&listing);
    let clients: Vec<String> = manifests.inventory().clients.keys().map(ToString::to_string).collect();
    let secrets: Vec<String> = manifests.secrets().keys().map(ToString::to_string).collect();
    assert_eq!((clients, secrets), (vec!["stage/web".to_owned()], vec!["stage/own".to_owned()]));
}
