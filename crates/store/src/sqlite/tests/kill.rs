//! Processes that are killed, and a disk that really refuses: proved on a second process, which is this test binary, started
//! again with [`CHILD`] set.

use super::backend::{impatient, place};
use crate::conformance::samples::{code, counts, digest, grant_id, grant_of, issue, new_refresh, store_code};
use crate::sqlite::{Options, Sqlite};
use crate::{Store, StoreError};
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

/// Set to the database's path in the second process.
const CHILD: &str = "NAUTHERA_STORE_TEST_CHILD";

fn child_path() -> Option<PathBuf> {
    std::env::var_os(CHILD).map(PathBuf::from)
}

/// Starts this binary again for one test, by way of a shell command that ends in `"$@"`.
fn spawn(test: &str, path: &Path, shell: &str) -> (Second, Lines<BufReader<ChildStdout>>) {
    let mut command = Command::new("sh");
    command.args(["-c", shell, "sh"]).arg(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(CHILD, path);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (Second(child), lines)
}

/// The second process; never outlives its test.
struct Second(Child);

impl Drop for Second {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reads words of the second process that begin with `word`, without it.
fn said<'a>(
    lines: &'a mut Lines<BufReader<ChildStdout>>,
    word: &'a str,
) -> impl Iterator<Item = String> + 'a {
    lines.map_while(Result::ok).filter_map(move |line| line.strip_prefix(word).map(str::to_owned))
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

#[tokio::main]
async fn issue_and_acknowledge(path: &Path) {
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(path, &Options::default()).unwrap());
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..8 {
        let store = store.clone();
        callers.spawn(async move {
            for n in 0.. {
                let word = format!("{caller}-{n}");
                issue(&store, &code(&word), &word).await.unwrap();
                say(&format!("ack {word}"));
            }
        });
    }
    callers.join_all().await;
}

#[test]
fn a_killed_process_loses_nothing_that_it_acknowledged() {
    if let Some(path) = child_path() {
        return issue_and_acknowledge(&path);
    }
    let (_folder, path) = place();
    let test = "sqlite::tests::kill::a_killed_process_loses_nothing_that_it_acknowledged";
    let (mut second, mut lines) = spawn(test, &path, "exec \"$@\"");
    let mut acknowledged: Vec<_> = said(&mut lines, "ack ").take(300).collect();
    second.0.kill().unwrap();
    acknowledged.extend(said(&mut lines, "ack "));
    second.0.wait().unwrap();
    assert!(acknowledged.len() >= 300);

    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Sqlite::open(&path, &Options::default()).unwrap();
        for word in &acknowledged {
            assert!(store.grant(grant_id(word)).await.unwrap().is_some(), "{word}");
            assert!(counts(&store, word, word).await.unwrap(), "{word}");
            assert!(store.code(digest(word)).await.unwrap().unwrap().redeemed_at.is_some(), "{word}");
        }
        store.ping().await.unwrap();
    });
}

/// Issues until the disk refuses, then waits until it takes something again.
#[tokio::main]
async fn issue_until_refused(path: &Path) {
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(path, &impatient()).unwrap());
    let mut refused = String::new();
    for n in 0.. {
        let word = format!("w{n}");
        match issue(&store, &code(&word), &word).await {
            Ok(_) => say(&format!("ack {word}")),
            Err(StoreError::Unavailable(_)) => {
                refused = word;
                break;
            }
            Err(error) => panic!("{error}"),
        }
    }
    store.code(digest(&refused)).await.unwrap();
    say(&format!("refused {refused}"));
    while store.ping().await.is_err() {
        tokio::task::yield_now().await;
    }
    let grant = grant_of(&code("resumed"));
    store_code(&store, &code("resumed")).await.unwrap();
    store
        .redeem_code(digest("resumed"), grant, Some(new_refresh("resumed")), grant_of(&code("x")).created_at)
        .await
        .unwrap();
    say("ack resumed");
}

#[test]
fn a_disk_that_refuses_is_survived() {
    if let Some(path) = child_path() {
        return issue_until_refused(&path);
    }
    let (_folder, path) = place();
    // No file of the second process may grow beyond 8 MiB, until the limit is lifted.
    let (mut second, mut lines) = spawn(
        "sqlite::tests::kill::a_disk_that_refuses_is_survived",
        &path,
        "trap '' XFSZ; ulimit -S -f 16384; exec \"$@\"",
    );
    let mut acknowledged = Vec::new();
    for line in lines.by_ref().map_while(Result::ok) {
        match line.split_once(' ') {
            Some(("ack", word)) => acknowledged.push(word.to_owned()),
            Some(("refused", _)) => break,
            _ => {}
        }
    }
    assert!(acknowledged.len() > 50, "{}", acknowledged.len());
    let lifted = Command::new("prlimit")
        .args(["--fsize=unlimited:unlimited", "--pid", &second.0.id().to_string()])
        .status();
    assert!(lifted.unwrap().success());
    assert_eq!(said(&mut lines, "ack ").next().as_deref(), Some("resumed"));
    assert!(second.0.wait().unwrap().success());
    acknowledged.push("resumed".into());

    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Sqlite::open(&path, &Options::default()).unwrap();
        for word in &acknowledged {
            assert!(store.grant(grant_id(word)).await.unwrap().is_some(), "{word}");
            assert!(counts(&store, word, word).await.unwrap(), "{word}");
        }
    });
}
