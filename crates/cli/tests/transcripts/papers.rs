//! The manifests of the papers: every one that README and docs print is judged by the binary, those of one page together, as a
//! reader would copy them. What a page shows to be beyond policy, or wrong, it says in a comment before the manifest: `<!-- check: NA0203 -->`.

use crate::run::{output, stderr, stdout};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What a block has that is a manifest of ours, whole or not.
const KINDS: [&str; 4] = ["kind: AuthClient", "kind: AuthPolicy", "kind: AuthServer", "kind: UserStore"];

fn tree() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn papers() -> Vec<PathBuf> {
    let mut papers = vec![tree().join("README.md")];
    let mut folders = vec![tree().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                papers.push(path);
            }
        }
    }
    papers.sort();
    papers
}

/// The YAML of a page, each block with the line that it begins at.
fn blocks(text: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (line, number) in text.lines().zip(1..) {
        match &mut open {
            Some(_) if line == "```" => blocks.extend(open.take()),
            Some((_, block)) => *block += &format!("{line}\n"),
            None if line == "```yaml" => open = Some((number + 1, String::new())),
            None => {}
        }
    }
    blocks
}

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
    for paper in papers() {
        let text = fs::read_to_string(&paper).unwrap();
        let name = paper.strip_prefix(tree()).unwrap().to_str().unwrap().replace('/', "-");
        let page = folder.join(&name);
        for (line, block) in blocks(&text) {
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
fn blocks_end_where_their_fences_do() {
    let text =
        "a\n```yaml\nkind: A\n```\n```sh\nls\n```\n<!-- check: NA0203 NA0105 -->\n```yaml\nkind: B\n```\n";
    assert_eq!(blocks(text), [(3, "kind: A\n".to_owned()), (10, "kind: B\n".to_owned())]);
    assert_eq!(declared(text).into_iter().collect::<Vec<_>>(), ["NA0105", "NA0203"]);
}
