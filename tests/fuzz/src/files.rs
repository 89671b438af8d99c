//! What stands beside the code: seeds, regressions and dictionaries, found by the name of a target.

use anyhow::Context;
use std::path::{Path, PathBuf};

/// The folder of this crate.
#[must_use]
pub fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The hand-made inputs of a target.
///
/// # Errors
/// When the folder cannot be read.
pub fn seeds(target: &str) -> anyhow::Result<Vec<(PathBuf, Vec<u8>)>> {
    read_all(&home().join("corpus").join(target))
}

/// What was found with a target before; none where nothing was.
///
/// # Errors
/// When the folder is there and cannot be read.
pub fn regressions(target: &str) -> anyhow::Result<Vec<(PathBuf, Vec<u8>)>> {
    let folder = home().join("regressions").join(target);
    if folder.is_dir() { read_all(&folder) } else { Ok(Vec::new()) }
}

fn read_all(folder: &Path) -> anyhow::Result<Vec<(PathBuf, Vec<u8>)>> {
    let unreadable = || format!("{} cannot be read", folder.display());
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(unreadable)? {
        paths.push(entry.with_context(unreadable)?.path());
    }
    // The order of a folder is the machine's; that of the run must not be.
    paths.sort();
    paths.into_iter().map(|path| Ok((path.clone(), std::fs::read(path)?))).collect()
}

/// The words of a target's dictionary; none where it has no dictionary. The form is libFuzzer's: a quoted word a line, with
/// `\\`, `\"` and `\xHH` in it, and `#` before a remark.
///
/// # Errors
/// A line that is none of these.
pub fn words(target: &str) -> anyhow::Result<Vec<Vec<u8>>> {
    let path = home().join("dictionaries").join(format!("{target}.dict"));
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(&path)?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| word(line).with_context(|| format!("{}: {line}", path.display()))).collect()
}

fn word(line: &str) -> Option<Vec<u8>> {
    let quoted = line.get(line.find('"')?..)?.strip_prefix('"')?.strip_suffix('"')?;
    let mut word = Vec::new();
    let mut rest = quoted.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            word.push(byte);
            continue;
        }
        match rest.next()? {
            escaped @ (b'\\' | b'"') => word.push(escaped),
            b'x' => {
                let digits = [rest.next()?, rest.next()?];
                word.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
            }
            _ => return None,
        }
    }
    Some(word)
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn a_dictionary_is_read_as_libfuzzer_reads_it() {
        assert_eq!(word(r#""a b""#).as_deref(), Some(b"a b".as_slice()));
        assert_eq!(word(r#"name="\"\\\x0a""#).as_deref(), Some(b"\"\\\n".as_slice()));
        assert_eq!((word("a"), word(r#""\n""#)), (None, None));
    }
}
