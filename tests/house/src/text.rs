//! Rules that can be judged from one file's name and text alone.
//!
//! Each rule is a function from a file to its findings, so that it can be shown to fail. Which files there are is
//! left to [`crate::files`]; what the compiler and clippy already deny is left to them, save what would switch them
//! off.

use crate::files::SourceFile;

/// The longest a file of code may be, in lines.
pub const MAX_LINES: usize = 500;
/// The longest a function may be, in lines. In Rust clippy counts them.
pub const MAX_FUNCTION: usize = 60;

/// Names that say nothing about what is inside.
const VAGUE: &[&str] = &["util", "utils", "common", "commons", "helper", "helpers", "misc"];
/// Files that people write and machines run.
const CODE: &[&str] = &["rs", "sh", "js", "mjs", "cjs", "ts", "py", "go"];
/// Spellings that silence a lint without giving a reason. Written in parts, or this file would be a finding itself.
const SILENCERS: &[&str] = &[concat!("#[", "allow("), concat!("#![", "allow("), concat!("todo", "!(")];
/// Spellings that leave a test out of a run.
const SKIPS: &[&str] = &[
    concat!("#[", "ignore"),
    concat!("test", ".skip"),
    concat!("test", ".only"),
    concat!("test", ".todo"),
    concat!("it", ".skip("),
    concat!("it", ".only("),
    concat!("describe", ".skip"),
    concat!("describe", ".only"),
    concat!("pytest", ".skip"),
    concat!("pytest", ".xfail"),
    concat!("mark", ".skip"),
    concat!("mark", ".xfail"),
    concat!("import", "orskip"),
    concat!("unittest", ".skip"),
    concat!("t", ".Skip"),
];
/// Words that mark unfinished work.
const UNFINISHED: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];
/// First folders of paths that only exist on somebody's machine.
const MACHINES: &[&str] = &["work", "root", "home", "Users"];
/// Hosts of package registries: which one is used is set on the machine, not in the tree.
const REGISTRIES: &[&str] = &[
    concat!("registry.", "npmjs.org"),
    concat!("registry.", "yarnpkg.com"),
    concat!("pypi.", "org/simple"),
    concat!("files.", "pythonhosted.org"),
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("proxy.", "golang.org"),
    concat!("sum.", "golang.org"),
    concat!("deb.", "debian.org"),
    concat!("security.", "debian.org"),
];
/// The one place that Rust packages may come from.
const CRATES: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// A file of code is short enough to be held in one's head.
#[must_use]
pub fn too_long(file: &SourceFile) -> Vec<String> {
    let lines = file.text.lines().count();
    let too_long = CODE.contains(&file.extension()) && lines > MAX_LINES;
    if too_long { vec![format!("{}: {lines} lines, at most {MAX_LINES}", file.path)] } else { Vec::new() }
}

/// No function in Go is longer than clippy allows one in Rust. gofmt puts the first and the last line of each at the margin.
#[must_use]
pub fn too_long_function(file: &SourceFile) -> Vec<String> {
    if file.extension() != "go" {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut open: Option<(usize, &str)> = None;
    for (line, number) in file.text.lines().zip(1..) {
        if line.starts_with("func ") && line.ends_with('{') {
            open = Some((number, line));
        } else if line == "}"
            && let Some((first, head)) = open.take()
        {
            let lines = number - first + 1;
            if lines > MAX_FUNCTION {
                findings
                    .push(format!("{}:{first}: {lines} lines, at most {MAX_FUNCTION}: {head}", file.path));
            }
        }
    }
    findings
}

/// No file, folder or module is named after nothing.
#[must_use]
pub fn vague_name(file: &SourceFile) -> Vec<String> {
    let stem = |part: &str| part.split('.').next().unwrap_or(part).to_ascii_lowercase();
    let mut findings = Vec::new();
    if file.path.split('/').any(|part| VAGUE.contains(&stem(part).as_str())) {
        findings.push(format!("{}: the name does not say what is inside", file.path));
    }
    if file.extension() == "rs" {
        let vague = |line: &str| declared_module(line).is_some_and(|name| VAGUE.contains(&name));
        findings.extend(lines_where(file, vague, "a module whose name does not say what is inside"));
    }
    findings
}

/// The name in `mod NAME` or `pub(crate) mod NAME`, if the line declares a module.
fn declared_module(line: &str) -> Option<&str> {
    let (before, after) = line.trim().split_once("mod ")?;
    let declares = before.is_empty() || (before.starts_with("pub") && before.ends_with(' '));
    declares.then(|| after.trim_end_matches([' ', ';', '{']))
}

/// No lint is silenced without a reason.
#[must_use]
pub fn silenced(file: &SourceFile) -> Vec<String> {
    if file.extension() != "rs" {
        return Vec::new();
    }
    lines_where(
        file,
        |line| contains_any(line, SILENCERS),
        "use #[expect(.., reason = \"..\")], or finish it",
    )
}

/// No test is left out of a run.
#[must_use]
pub fn skipped(file: &SourceFile) -> Vec<String> {
    if !CODE.contains(&file.extension()) {
        return Vec::new();
    }
    lines_where(file, |line| contains_any(line, SKIPS), "a test that does not run proves nothing")
}

/// Nothing is marked as unfinished. Prose (Markdown) may speak of such marks.
#[must_use]
pub fn unfinished(file: &SourceFile) -> Vec<String> {
    if matches!(file.extension(), "md" | "lock") || file.path.ends_with("package-lock.json") {
        return Vec::new();
    }
    lines_where(file, |line| UNFINISHED.iter().any(|word| has_word(line, word)), "a mark of unfinished work")
}

/// No path that only exists on one machine.
#[must_use]
pub fn machine_path(file: &SourceFile) -> Vec<String> {
    lines_where(
        file,
        |line| MACHINES.iter().any(|folder| has_absolute(line, folder)),
        "a path of one machine",
    )
}

/// No host of a package registry, and no setting or lock file that pins one.
#[must_use]
pub fn registry_host(file: &SourceFile) -> Vec<String> {
    let name = file.path.rsplit('/').next().unwrap_or(&file.path);
    let mut findings = lines_where(file, |line| contains_any(line, REGISTRIES), "a package registry's host");
    let pins = |line: &str| pins_registry(name, line.trim());
    findings.extend(lines_where(file, pins, "a lock file or setting that says where packages come from"));
    findings
}

fn pins_registry(name: &str, line: &str) -> bool {
    match name {
        "package-lock.json" => line.starts_with("\"resolved\": \"http"),
        ".npmrc" => line.starts_with("registry") || line.contains(":registry"),
        "Cargo.lock" => line.starts_with("source = ") && !line.contains(CRATES),
        "config.toml" => line.starts_with("replace-with"),
        _ if name.starts_with("requirements") => {
            ["-i ", "-f ", "--index-url", "--extra-index-url", "--find-links", "--trusted-host"]
                .iter()
                .any(|option| line.starts_with(option))
        }
        _ => false,
    }
}

fn lines_where(file: &SourceFile, wrong: impl Fn(&str) -> bool, why: &str) -> Vec<String> {
    let numbered = file.text.lines().zip(1..);
    numbered
        .filter(|(line, _)| wrong(line))
        .map(|(line, number)| format!("{}:{number}: {why}: {}", file.path, line.trim()))
        .collect()
}

fn contains_any(line: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| line.contains(part))
}

/// Whether `word` stands in `line` with no letter, digit or underscore at either side.
fn has_word(line: &str, word: &str) -> bool {
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(in_word) && !after.is_some_and(in_word)
    })
}

/// Whether `/folder/` stands in `line` as the start of a path, not as a part of a longer path, a URL or a variable.
fn has_absolute(line: &str, folder: &str) -> bool {
    let start = format!("/{folder}/");
    let continues =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '}' | ')' | '~' | '*' | '>');
    line.match_indices(&start).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(continues)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_file_of_exactly_the_limit_passes_and_one_line_more_does_not() {
        assert_eq!(too_long(&file("a.rs", &"\n".repeat(MAX_LINES))), Vec::<String>::new());
        assert_eq!(too_long(&file("a.rs", &"\n".repeat(MAX_LINES + 1))).len(), 1);
        assert_eq!(too_long(&file("a.lock", &"\n".repeat(MAX_LINES + 1))), Vec::<String>::new());
    }

    #[test]
    fn a_long_function_in_go_is_found_by_its_first_line() {
        let function =
            |lines: usize| format!("type a struct {{\n}}\n\nfunc b() {{\n{}}}\n", "\n".repeat(lines - 2));
        let findings = too_long_function(&file("a.go", &function(MAX_FUNCTION + 1)));
        assert_eq!(findings, ["a.go:4: 61 lines, at most 60: func b() {"]);
        assert_eq!(too_long_function(&file("a.go", &function(MAX_FUNCTION))), Vec::<String>::new());
    }

    #[test]
    fn vague_names_are_found_in_paths_and_modules() {
        assert_eq!(vague_name(&file("crates/core/src/utils.rs", "")).len(), 1);
        assert_eq!(vague_name(&file("tests/common/mod.rs", "")).len(), 1);
        assert_eq!(vague_name(&file("a.rs", "pub(crate) mod helpers {\n")).len(), 1);
        assert_eq!(vague_name(&file("a.rs", "mod utilities;\n// a mod utils\n")), Vec::<String>::new());
    }

    #[test]
    fn a_silenced_lint_is_found_with_its_line() {
        let findings = silenced(&file("a.rs", &format!("fn a() {{}}\n{}dead_code)]\n", SILENCERS[0])));
        assert_eq!(findings.len(), 1);
        assert!(findings[0].starts_with("a.rs:2: "), "{findings:?}");
        assert_eq!(silenced(&file("a.rs", "#[expect(dead_code, reason = \"\")]\n")), Vec::<String>::new());
    }

    #[test]
    fn each_way_to_skip_a_test_is_found() {
        for skip in SKIPS {
            assert_eq!(skipped(&file("a.py", &format!("{skip}\n"))).len(), 1, "{skip}");
        }
    }

    #[test]
    fn marks_of_unfinished_work_are_whole_words_and_may_stand_in_prose() {
        let mark = UNFINISHED[0];
        assert_eq!(unfinished(&file("a.css", &format!("/* {mark}: later */\n"))).len(), 1);
        assert_eq!(unfinished(&file("a.md", &format!("{mark}\n"))), Vec::<String>::new());
        assert_eq!(
            unfinished(&file("a.sh", &format!("mktemp a.{0}{0}\n", UNFINISHED[2]))),
            Vec::<String>::new()
        );
    }

    #[test]
    fn machine_paths_are_found_and_parts_of_other_paths_are_not() {
        for folder in MACHINES {
            assert_eq!(machine_path(&file("a.md", &format!("see `/{folder}/ada/x`\n"))).len(), 1);
        }
        let fine = "https://shop.example/home/ and $HOME/work/x and ./home/x\n";
        assert_eq!(machine_path(&file("a.md", fine)), Vec::<String>::new());
    }

    #[test]
    fn registry_hosts_are_found_anywhere() {
        let text = format!("image: https://{}/x\n", REGISTRIES[0]);
        assert_eq!(registry_host(&file("a.yaml", &text)).len(), 1);
    }

    #[test]
    fn lock_files_and_settings_that_pin_a_registry_are_found() {
        let pinned = [
            ("tests/x/package-lock.json", "      \"resolved\": \"https://mirror.example/a.tgz\",\n"),
            ("tests/x/.npmrc", "registry=https://mirror.example/\n"),
            ("tests/x/requirements.txt", "--index-url https://mirror.example/\n"),
            (".cargo/config.toml", "replace-with = \"mirror\"\n"),
            ("Cargo.lock", "source = \"git+https://mirror.example/x\"\n"),
        ];
        for (path, text) in pinned {
            assert_eq!(registry_host(&file(path, text)).len(), 1, "{path}");
        }
        let fine = format!("source = \"{CRATES}\"\n");
        assert_eq!(registry_host(&file("Cargo.lock", &fine)), Vec::<String>::new());
    }
}
