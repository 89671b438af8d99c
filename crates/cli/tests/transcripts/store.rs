//! `nauthera store`: a database brought up to date, checked and copied by hand.

use crate::run::{stderr, stdout};
use crate::serving::Folder;
use std::process::Output;

fn store(folder: &Folder, arguments: &[&str]) -> Output {
    let all: Vec<&str> = std::iter::once(&"store").chain(arguments).copied().collect();
    folder.command(&all).output().unwrap()
}

fn done(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    stdout(output)
}

#[test]
fn a_database_is_made_checked_and_copied() {
    let folder = Folder::new(&[]);
    let url = nauthera_test_postgres::database().unwrap();
    assert!(
        done(&store(&folder, &["migrate", "sqlite:a.db"])).contains("sqlite:a.db: the schema is up to date")
    );
    assert!(done(&store(&folder, &["migrate", &url])).contains("the schema is up to date"));
    let checked = done(&store(&folder, &["check", "sqlite:a.db"]));
    assert!(
        checked.starts_with("sqlite:a.db can be served\n") && checked.contains("0  sessions"),
        "{checked}"
    );
    let copied = done(&store(&folder, &["copy", "sqlite:a.db", &url]));
    assert!(copied.starts_with("copied sqlite:a.db to postgres://127.0.0.1/"), "{copied}");
    let told = done(&store(&folder, &["check", &url, "--format", "json"]));
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["facts"].as_array().unwrap().len(), 10);
    std::fs::write(folder.at("url"), format!("{url}\n")).unwrap();
    assert!(done(&store(&folder, &["check", "file:url"])).contains("can be served"));
}

#[test]
fn what_is_not_there_or_not_ours_is_told_and_left_alone() {
    let folder = Folder::new(&[]);
    std::fs::write(folder.at("other.db"), "this is no database at all, only a text").unwrap();
    for (arguments, want) in [
        (&["check", "sqlite:none.db"] as &[&str], "none.db is not there"),
        (&["copy", "sqlite:none.db", "sqlite:b.db"], "none.db is not there"),
        (&["check", "sqlite:other.db"], "sqlite:other.db cannot be opened"),
        (&["check", "file:none"], "none"),
        (&["check", "postgres://u:hunter2@127.0.0.1:1/d"], "postgres://127.0.0.1/d cannot be opened"),
        (&["check", "postgres://u:hunter2@db.example/d?sslmode=prefer"], "sslmode=verify-full"),
        (&["check", "mysql://h/d"], "write sqlite:PATH"),
    ] {
        let output = store(&folder, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stdout(&output));
        assert!(stderr(&output).contains(want), "{arguments:?}: {}", stderr(&output));
        assert!(!stderr(&output).contains("hunter2"), "{}", stderr(&output));
    }
    assert!(!folder.at("none.db").exists() && !folder.at("b.db").exists());
    let text = std::fs::read_to_string(folder.at("other.db")).unwrap();
    assert_eq!(text, "this is no database at all, only a text");
}

#[test]
fn a_copy_fills_nothing_that_is_in_use_unless_it_goes_on() {
    let folder = Folder::new(&[]);
    let url = nauthera_test_postgres::database().unwrap();
    done(&store(&folder, &["migrate", &url]));
    done(&store(&folder, &["migrate", "sqlite:a.db"]));
    let consent = "INSERT INTO consents VALUES ('s', 'shop.web', '[\"openid\"]', '[]', 1)";
    let name = url.rsplit('/').next().unwrap();
    nauthera_test_postgres::shared().unwrap().sql(name, consent).unwrap();
    let refused = store(&folder, &["copy", "sqlite:a.db", &url]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("holds 1 facts already"), "{}", stderr(&refused));
    done(&store(&folder, &["copy", &url, "sqlite:a.db"]));
    done(&store(&folder, &["copy", &url, "sqlite:a.db", "--resume"]));
    let checked = done(&store(&folder, &["check", "sqlite:a.db"]));
    assert!(checked.contains("1  consents"), "{checked}");
}
