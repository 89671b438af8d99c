//! Rules for the papers on security: every line of their tables names a test that holds it, and every test that is named is
//! there.
//!
//! A test is named by a link to its file: `[name](../../crates/core/src/names.rs)`. Whether it holds what the line says is left to
//! reviewers.

use crate::files::SourceFile;

/// Where the papers on security live.
const PAPERS: &str = "docs/security/";
/// Extensions of files with tests.
const TESTS: &[&str] = &["rs", "mjs", "py"];
/// Attributes that make a function a test.
const RUST: &[&str] = &["#[test]", "#[tokio::test"];
/// How the suites in Node begin a test.
const NODE: &[&str] = &["proof(", "test("];
/// Where a function is a case that each backend of the store has a test for; the compiler finds one that no list names.
const CASES: &str = "crates/store/src/conformance/";
/// The paper that goes through RFC 9700.
const RFC_9700: &str = "docs/security/rfc9700.md";
/// The sections of RFC 9700 that ask or warn of something, without those that only hold others.
const SECTIONS: &[&str] = &[
    "2.1", "2.1.1", "2.1.2", "2.2.1", "2.2.2", "2.3", "2.4", "2.5", "2.6", "4.1.1", "4.1.2", "4.1.3",
    "4.2.1", "4.2.2", "4.2.3", "4.2.4", "4.3.1", "4.3.2", "4.4.1", "4.4.2", "4.4.2.1", "4.4.2.2", "4.5.1",
    "4.5.2", "4.5.3.1", "4.5.3.2", "4.5.3.3", "4.5.4", "4.6", "4.6.1", "4.7", "4.7.1", "4.8.1", "4.8.2",
    "4.9.1", "4.9.2", "4.9.3", "4.10.1", "4.10.2", "4.10.3", "4.11.1", "4.11.2", "4.12", "4.13", "4.14.1",
    "4.14.2", "4.15", "4.15.1", "4.16", "4.17.1.1", "4.17.1.2", "4.17.1.3", "4.17.2",
];

/// A test as a paper names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The line of the paper.
    pub line: usize,
    /// The name of a function, or the title of a test in Node.
    pub name: String,
    /// Its file, from the root.
    pub path: String,
}

/// Is it one of the papers that these rules are for?
#[must_use]
pub fn is_paper(file: &SourceFile) -> bool {
    file.path.starts_with(PAPERS) && file.extension() == "md"
}

/// The tests that a paper names.
#[must_use]
pub fn named_tests(paper: &SourceFile) -> Vec<Named> {
    let lines = prose(&paper.text);
    lines.iter().flat_map(|(number, line)| named_in(&paper.path, *number, line)).collect()
}

/// Lines of a paper's tables, their heads apart, that name no test.
#[must_use]
pub fn lines_without_a_test(paper: &SourceFile) -> Vec<String> {
    let mut findings = Vec::new();
    let mut row = 0;
    for (number, line) in prose(&paper.text) {
        row = if line.trim_start().starts_with('|') { row + 1 } else { 0 };
        // A table begins with its head and a rule.
        if row > 2 && named_in(&paper.path, number, line).is_empty() {
            findings.push(format!("{}:{number}: the line names no test: {line}", paper.path));
        }
    }
    findings
}

/// Tests that a paper names and that are not in the file to which it links.
#[must_use]
pub fn missing_tests(paper: &SourceFile, files: &[SourceFile]) -> Vec<String> {
    let there = |named: &Named| {
        files.iter().find(|file| file.path == named.path).is_some_and(|file| has_test(file, &named.name))
    };
    let missing = named_tests(paper).into_iter().filter(|named| !there(named));
    missing
        .map(|named| format!("{}:{}: {} has no test {}", paper.path, named.line, named.path, named.name))
        .collect()
}

/// Sections of RFC 9700 to which no line of its paper speaks.
#[must_use]
pub fn missing_sections(files: &[SourceFile]) -> Vec<String> {
    let paper = files.iter().find(|file| file.path == RFC_9700).map(|file| file.text.as_str());
    let lines: Vec<&str> = paper.unwrap_or_default().lines().collect();
    let missing = SECTIONS.iter().filter(|section| {
        let start = format!("| {section} |");
        !lines.iter().any(|line| line.starts_with(&start))
    });
    missing.map(|section| format!("{RFC_9700}: no line speaks to section {section}")).collect()
}

/// The lines outside fenced blocks, with their numbers.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            lines.push((number, line));
        }
    }
    lines
}

fn named_in(paper: &str, number: usize, line: &str) -> Vec<Named> {
    let parts: Vec<&str> = line.split("](").collect();
    let pairs = parts.iter().zip(parts.iter().skip(1));
    let links = pairs.filter_map(|(before, after)| {
        Some((before.rsplit_once('[')?.1.trim_matches('`'), after.split_once(')')?.0))
    });
    let tests = links.filter(|(_, target)| {
        let extension = target.rsplit_once('.').map(|(_, extension)| extension);
        !target.contains("://") && extension.is_some_and(|extension| TESTS.contains(&extension))
    });
    tests
        .map(|(name, target)| Named { line: number, name: name.to_owned(), path: resolved(paper, target) })
        .collect()
}

/// A link's target from the root.
fn resolved(paper: &str, target: &str) -> String {
    let mut parts: Vec<&str> = paper.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

fn has_test(file: &SourceFile, name: &str) -> bool {
    let mut lines = file.text.lines().map(str::trim);
    match file.extension() {
        "rs" => has_rust_test(file, name),
        "mjs" => lines.any(|line| NODE.iter().any(|call| begins(line, call, name))),
        "py" => name.starts_with("test_") && lines.any(|line| declares(line, "def ", name)),
        _ => false,
    }
}

fn has_rust_test(file: &SourceFile, name: &str) -> bool {
    let mut marked = file.path.starts_with(CASES);
    for line in file.text.lines().map(str::trim) {
        if RUST.iter().any(|mark| line.starts_with(mark)) {
            marked = true;
        } else if marked && declares(line, "fn ", name) {
            return true;
        } else if !line.starts_with("#[") && !line.starts_with("//") {
            // Whatever stands between an attribute and a function, the attribute is not the function's.
            marked = file.path.starts_with(CASES);
        }
    }
    false
}

/// Does the line declare a function of this name?
fn declares(line: &str, word: &str, name: &str) -> bool {
    let after = line.split_once(word).and_then(|(_, after)| after.strip_prefix(name));
    after.is_some_and(|rest| rest.starts_with(['(', '<']))
}

/// Does the line begin a test of this title, in quotes of any kind?
fn begins(line: &str, call: &str, title: &str) -> bool {
    let Some(argument) = line.strip_prefix(call) else { return false };
    ['\'', '"', '`'].iter().any(|quote| {
        let inside = argument.strip_prefix(*quote).and_then(|rest| rest.strip_prefix(title));
        inside.is_some_and(|rest| rest.starts_with(*quote))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), text: text.to_owned() }
    }

    fn paper(text: &str) -> SourceFile {
        file("docs/security/a.md", text)
    }

    fn missing(link: &str, tests: SourceFile) -> usize {
        missing_tests(&paper(link), &[tests]).len()
    }

    #[test]
    fn only_papers_on_security_are_judged() {
        assert!(is_paper(&paper("")));
        assert!(!is_paper(&file("docs/cli.md", "")) && !is_paper(&file("docs/security/a.svg", "")));
    }

    #[test]
    fn links_to_files_with_tests_name_tests_and_others_do_not() {
        let text =
            "a [`b_c`](../../crates/x/src/y.rs), [d](e.md)\n```\n[f](g.rs)\n```\n[h](https://h.example/i.py)";
        let named = Named { line: 1, name: "b_c".into(), path: "crates/x/src/y.rs".into() };
        assert_eq!(named_tests(&paper(text)), [named]);
    }

    #[test]
    fn a_line_of_a_table_without_a_test_is_found() {
        let table = "| threat | test |\n| --- | --- |\n";
        let good = format!("{table}| a | [b](c.rs) |\n\n{table}| d | [e](f.py), [g](h.mjs) |\n");
        assert_eq!(lines_without_a_test(&paper(&good)), Vec::<String>::new());
        let findings = lines_without_a_test(&paper(&format!("{good}| i | [j](k.md) |\n")));
        assert_eq!(findings, ["docs/security/a.md:8: the line names no test: | i | [j](k.md) |"]);
    }

    #[test]
    fn a_section_of_the_rfc_that_is_left_out_is_found() {
        let lines = |left_out: &str| {
            let sections = SECTIONS.iter().filter(|section| **section != left_out);
            [file(RFC_9700, &sections.map(|section| format!("| {section} | x |\n")).collect::<String>())]
        };
        assert_eq!(missing_sections(&lines("")), Vec::<String>::new());
        let finding = format!("{RFC_9700}: no line speaks to section 4.4.2");
        assert_eq!(missing_sections(&lines("4.4.2")), [finding]);
        assert_eq!(missing_sections(&[]).len(), SECTIONS.len());
    }

    #[test]
    fn a_function_is_a_test_by_its_attribute() {
        let link = "[holds](../../a.rs)";
        let tests = |text| file("a.rs", text);
        assert_eq!(missing(link, tests("#[test]\nfn holds() {}\n")), 0);
        assert_eq!(
            missing(link, tests("    #[tokio::test]\n    #[expect(x)]\n    async fn holds() {}\n")),
            0
        );
        for other in
            ["fn holds() {}\n", "#[test]\nfn holds_not() {}\n", "#[test]\nfn a() {}\nfn holds() {}\n"]
        {
            assert_eq!(missing(link, tests(other)), 1, "{other}");
        }
        assert_eq!(missing(link, file("b.rs", "#[test]\nfn holds() {}\n")), 1, "another file");
    }

    #[test]
    fn a_case_of_the_stores_conformance_is_a_test() {
        let link = "[holds](../../crates/store/src/conformance/codes.rs)";
        let case = "pub(super) async fn holds(store: S) -> Result<()> {\n";
        assert_eq!(missing(link, file("crates/store/src/conformance/codes.rs", case)), 0);
        assert_eq!(
            missing("[holds](../../crates/store/src/codes.rs)", file("crates/store/src/codes.rs", case)),
            1
        );
    }

    #[test]
    fn tests_in_node_and_python_are_known_by_title_and_name() {
        let node = "proof('it holds', async () => {\n  test(\"so does it\", () => {\n";
        assert_eq!(missing("[it holds](../../a.mjs)", file("a.mjs", node)), 0);
        assert_eq!(missing("[so does it](../../a.mjs)", file("a.mjs", node)), 0);
        assert_eq!(missing("[it hold](../../a.mjs)", file("a.mjs", node)), 1);
        let python = "def test_it(client):\n    pass\ndef helps():\n";
        assert_eq!(missing("[test_it](../../a.py)", file("a.py", python)), 0);
        assert_eq!(missing("[helps](../../a.py)", file("a.py", python)), 1);
    }
}
