//! The table of limits, judged without a server.

use super::*;
use nauthera_core::limits::Kind;

#[test]
fn every_limit_has_a_name_of_its_own() {
    let mut names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), RULES.len());
    assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
}

#[test]
fn the_paper_names_every_limit_and_no_other() {
    let paper = include_str!("../../../../docs/limits.md");
    let named = paper.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let named: Vec<&str> = named.map(|(name, _)| name).collect();
    assert_eq!(named, RULES.map(|rule| rule.name));
}

#[test]
fn no_limit_lets_anybody_wait_for_longer_than_a_minute() {
    for rule in RULES {
        assert!(rule.numbers().longest <= 60_000_000, "{}", rule.name);
    }
}

#[test]
fn no_wait_outlasts_what_is_remembered() {
    // So that what is over for the sweeper is over for who waits.
    for rule in RULES {
        let numbers = rule.numbers();
        for beyond in 1..=40 {
            let ahead = numbers.free + (beyond - 1) * numbers.step + 1;
            assert!(numbers.wait(ahead) <= ahead, "{} at {beyond}", rule.name);
        }
    }
}

#[test]
fn a_burst_and_what_is_remembered_of_it_are_bounded() {
    for rule in RULES {
        let remembered = rule.numbers().most / 1_000_000;
        let most = match rule.kind {
            Kind::Growing { .. } => 3_600,
            Kind::Steady { .. } => 300,
        };
        assert!(remembered <= most, "{}: {remembered} s", rule.name);
    }
}
