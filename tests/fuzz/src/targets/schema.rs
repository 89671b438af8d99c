//! The schema and its CEL rules on any object, not only on those that look like ours: judging ends, says a bounded number of
//! things about places that can be pointed at, and what it accepts it accepts again as it would be stored.

use crate::{Target, Verdict};
use anyhow::ensure;
use nauthera_api::schema::{Judgement, Schemas};
use nauthera_api::yaml;
use nauthera_core::codes::Code;
use nauthera_core::finding::Severity;
use nauthera_core::names::Kind;
use serde_json::Value;

pub(super) const TARGET: Target = Target { name: "schema", check, longest: 8_192, rounds: 400 };

/// More than all rules of a kind and all that is told of its structure could ever say.
const MOST: usize = 400;

fn check(data: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(data) else { return Ok(()) };
    let Ok(documents) = yaml::parse(text) else { return Ok(()) };
    for document in documents.iter().take(4) {
        let json = document.root.to_json();
        for kind in Kind::ALL {
            judge(kind, json.clone())?;
        }
    }
    Ok(())
}

fn judge(kind: Kind, mut object: Value) -> Verdict {
    let schema = Schemas::ours().of(kind);
    let told = schema.judge(&mut object);
    ensure!(told.len() <= MOST, "{kind}: {} things are told", told.len());
    for judgement in &told {
        let Judgement { code, pointer, message, .. } = judgement;
        ensure!(pointer.is_empty() || pointer.starts_with('/'), "{kind}: {pointer:?} is no pointer");
        ensure!(!message.is_empty(), "{kind}: nothing is said of {pointer:?}");
        // A rule's own words are a sentence of ours; only one that could not be evaluated is quoted.
        let failed = *code == Code::RuleViolation && message.starts_with("the rule `");
        ensure!(!failed, "{kind}: {message}");
    }
    if !accepted(&told) {
        return Ok(());
    }
    let mut stored = object.clone();
    let again = schema.judge(&mut stored);
    ensure!(accepted(&again), "{kind}: accepted, and refused as it is stored: {again:?}");
    ensure!(stored == object, "{kind}: what is stored changes when it is judged again");
    Ok(())
}

fn accepted(told: &[Judgement]) -> bool {
    told.iter().all(|judgement| judgement.severity != Severity::Error)
}
