//! Tells the binary what it is built from: the commit, where the tree is a git checkout of its own, and the target.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=NAUTHERA_COMMIT");
    println!("cargo::rerun-if-changed=build.rs");
    let given = env::var("NAUTHERA_COMMIT").ok().filter(|commit| !commit.is_empty());
    let commit = given.or_else(of_checkout).unwrap_or_else(|| "unknown".into());
    println!("cargo::rustc-env=NAUTHERA_COMMIT={commit}");
    println!("cargo::rustc-env=NAUTHERA_TARGET={}", env::var("TARGET").unwrap_or_else(|_| "unknown".into()));
    if is_release() && packs_relocations() {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

fn is_release() -> bool {
    env::var("PROFILE").is_ok_and(|profile| profile == "release")
}

/// Does the C library of this machine read packed relocations (glibc 2.36)? They keep a megabyte of the program, which is read at its
/// start alone, out of memory. A binary runs with the library that it was built with, or a newer one.
fn packs_relocations() -> bool {
    let target = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let native = env::var("HOST").ok().is_some_and(|host| target("TARGET", &host));
    if !(native && target("CARGO_CFG_TARGET_OS", "linux") && target("CARGO_CFG_TARGET_ENV", "gnu")) {
        return false;
    }
    let Ok(output) = Command::new("ldd").arg("--version").output() else { return false };
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.lines().next().and_then(|line| line.rsplit(' ').next()?.trim().strip_prefix("2."));
    version.and_then(|minor| minor.parse::<u32>().ok()).is_some_and(|minor| minor >= 36)
}

/// The commit of the workspace's own checkout. A tree that was unpacked inside another project's checkout has none.
fn of_checkout() -> Option<String> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?);
    let root = here.ancestors().nth(2)?;
    if !root.join(".git").exists() {
        return None;
    }
    // Each commit and each checkout writes a line there.
    if let Some(log) = git(root, &["rev-parse", "--git-path", "logs/HEAD"]) {
        let log = root.join(log);
        if log.exists() {
            println!("cargo::rerun-if-changed={}", log.display());
        }
    }
    git(root, &["rev-parse", "--short=12", "HEAD"])
}

fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned()).filter(|text| !text.is_empty())
}
