//! The manifests of the papers: every one that README and docs print is judged by the binary, those of one page together, as a
//! reader would copy them. What a page shows to be beyond policy, or wrong, it says in a comment before the manifest: `<!-- check: NA0203 -->`.

use crate::run::{output, stderr, stdout};
use nauthera_house::files::SourceFile;
use nauthera_house::papers::{papers, yaml_blocks};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What a block has that is a manifest of ours, whole or not.
const KINDS: [&str; 4] = ["kind: AuthClient", "kind: AuthPolicy", "kind: AuthServer", "kind: UserStore"];

/// The codes that a page says its manifests have.
fn declared(text: &str) -> BTreeSet<String> {
    let comments = text.split("<!-- check: ").skip(1).filter_map(|rest| rest.split_once(" -->"));
    comments.flat_map(|(codes, _)| codes.split(' ').map(str::to_owned)).collect()
}

/// The codes that `check` finds, but for what another page may hold.
fn found(page: &Path) -> BTreeSet<String> {
    let output = output(&["check", "--format", "json", page.to_str().unwrap()]);
    let report: Value =
        serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    let findings = report["findings"].as_array().unwrap().iter();
    let counts =
        findings.filter(|finding| ["error", "violation"].contains(&finding["weight"].as_str().unwrap()));
    counts.map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_manifest_of_the_papers_is_good_and_within_policy() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("papers");
    fs::remove_dir_all(&folder).ok();
    let mut pages = 0;
    for SourceFile { path, text } in papers().unwrap() {
        let name = path.replace('/', "-");
        let page = folder.join(&name);
        for (line, block) in yaml_blocks(&text) {
            let whole = block.contains("apiVersion: ");
            let ours = KINDS.iter().any(|kind| block.contains(kind));
            assert!(whole || !ours, "{name}:{line}: a manifest without its apiVersion cannot be copied");
            if whole {
                fs::create_dir_all(&page).unwrap();
                fs::write(page.join(format!("line-{line}.yaml")), block).unwrap();
            }
        }
        if page.exists() {
            pages += 1;
            assert_eq!(found(&page), declared(&text), "run: nauthera check {}", page.display());
        } else {
            assert_eq!(declared(&text), BTreeSet::new(), "{name} has no manifests");
        }
    }
    assert!(pages >= 6, "only {pages} pages with manifests are found");
}

#[test]
fn the_codes_of_a_page_are_those_of_all_its_comments() {
    let text = "a\n<!-- check: NA0203 NA0105 -->\nb\n<!-- check: NA0105 -->\n";
    assert_eq!(declared(text).into_iter().collect::<Vec<_>>(), ["NA0105", "NA0203"]);
}
