//! `docs/conditions.md`: what the conditions of each kind say, and every reason that they and Events carry.

use super::{GENERATED, WIDTH};
use crate::output::wrapped;
use nauthera_operator::status::reasons;
use std::fmt::Write;

/// The whole document.
pub fn all() -> String {
    let mut text = format!("{GENERATED} crates/operator/src/status/reasons.rs. -->\n");
    text.push_str(INTRODUCTION);
    text.push_str("\n## Reasons\n\n");
    text.push_str(&wrapped(
        "A reason is never renamed. Where a diagnostic is the cause, the reason is the name of its code, which \
         [Diagnostics](diagnostics.md) explains: `NoPolicy` of `Compliant=False` is NA0101. The others are these.",
        WIDTH,
    ));
    text.push_str("\n\n| reason | stands in | means |\n| --- | --- | --- |\n");
    for (reason, kinds, meaning) in reasons::ALL {
        writeln!(text, "| {reason} | {kinds} | {meaning} |").ok();
    }
    text
}

const INTRODUCTION: &str = include_str!("conditions.md");
