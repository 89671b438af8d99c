//! What people read: links lead somewhere, decision records are numbered and listed, and where the manifests are that readers copy.
//!
//! Whether the words are true is left to reviewers, whether the manifests are good to those who can judge them.

use std::path::Path;

use crate::Outcome;
use crate::files::{self, SourceFile};

/// Where decision records live.
const DECISIONS: &str = "docs/decisions/";
/// The list of them.
const INDEX: &str = "docs/decisions/README.md";

/// The targets of the Markdown links and pictures in `text` that are files of the tree: no URL, no anchor.
#[must_use]
pub fn local_links(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut links = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            links.extend(line.split("](").skip(1).filter_map(target));
        }
    }
    links
}

fn target(after: &str) -> Option<String> {
    let inside = after.split_once(')')?.0;
    let path = inside.split(['#', ' ']).next().unwrap_or_default();
    let elsewhere = path.is_empty() || path.contains("://") || path.starts_with("mailto:");
    (!elsewhere).then(|| path.to_owned())
}

/// The links of a Markdown file that lead to nothing under `root`.
#[must_use]
pub fn dead_links(file: &SourceFile, root: &Path) -> Vec<String> {
    if file.extension() != "md" {
        return Vec::new();
    }
    let folder = root.join(&file.path);
    let folder = folder.parent().unwrap_or(root);
    let dead = local_links(&file.text).into_iter().filter(|link| !folder.join(link).exists());
    dead.map(|link| format!("{}: {link} does not exist", file.path)).collect()
}

/// Decision records that share a number, are named in another way than `NNNN-title.md`, or are not in the index.
#[must_use]
pub fn unlisted_decisions(files: &[SourceFile]) -> Vec<String> {
    let index =
        files.iter().find(|file| file.path == INDEX).map(|file| local_links(&file.text)).unwrap_or_default();
    let names = files.iter().filter_map(|file| file.path.strip_prefix(DECISIONS));
    let mut findings = Vec::new();
    let mut numbers = Vec::new();
    for name in names.filter(|name| *name != "README.md" && *name != "template.md") {
        let number = name.split_once('-').map(|(number, _)| number).filter(|number| is_number(number));
        match number {
            None => findings.push(format!("{DECISIONS}{name}: name it NNNN-title.md")),
            Some(number) if numbers.contains(&number) => {
                findings.push(format!("{number} is taken twice: {name}"))
            }
            Some(number) => numbers.push(number),
        }
        if !index.iter().any(|link| link == name) {
            findings.push(format!("{INDEX} does not list {name}"));
        }
    }
    findings
}

/// README and the pages of `docs`, as files of the tree.
///
/// # Errors
/// When the tree cannot be read.
pub fn papers() -> Outcome<Vec<SourceFile>> {
    let is_paper = |path: &str| path == "README.md" || (path.starts_with("docs/") && path.ends_with(".md"));
    Ok(files::all()?.into_iter().filter(|file| is_paper(&file.path)).collect())
}

/// The YAML of a page, each block with the line that it begins at.
#[must_use]
pub fn yaml_blocks(text: &str) -> Vec<(usize, String)> {
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

fn is_number(text: &str) -> bool {
    text.len() == 4 && text.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn only_links_to_files_are_followed() {
        let text = "[a](a.md) ![p](docs/p.png) [b](https://b.example) [c](#c) [d](d.md#e \"t\")\n```\n[x](x.md)\n```\n";
        assert_eq!(local_links(text), ["a.md", "docs/p.png", "d.md"]);
    }

    #[test]
    fn a_dead_link_is_found() {
        let root = crate::files::root().unwrap();
        let findings = dead_links(&file("README.md", "[a](no/such/file.md) [b](Cargo.toml)"), &root);
        assert_eq!(findings, ["README.md: no/such/file.md does not exist"]);
    }

    #[test]
    fn blocks_end_where_their_fences_do() {
        let text = "a\n```yaml\nkind: A\n```\n```sh\nls\n```\n```yaml\nkind: B\n```\n";
        assert_eq!(yaml_blocks(text), [(3, "kind: A\n".to_owned()), (9, "kind: B\n".to_owned())]);
    }

    #[test]
    fn a_record_that_the_index_lacks_is_found() {
        let index = file(INDEX, "[0001](0001-a.md)");
        let records = [index, file("docs/decisions/0001-a.md", ""), file("docs/decisions/0002-b.md", "")];
        assert_eq!(unlisted_decisions(&records), [format!("{INDEX} does not list 0002-b.md")]);
    }

    #[test]
    fn a_number_taken_twice_and_a_name_without_one_are_found() {
        let index = file(INDEX, "[a](0001-a.md) [b](0001-b.md) [c](c.md)");
        let records = ["0001-a.md", "0001-b.md", "c.md"].map(|name| file(&format!("{DECISIONS}{name}"), ""));
        let files: Vec<SourceFile> = std::iter::once(index).chain(records).collect();
        assert_eq!(unlisted_decisions(&files).len(), 2);
    }
}
