//! What the webhook answers. Judging is pure, in [`judge`]; the HTTPS server and its certificate are the runtime's.

mod answer;
mod client;
mod effects;
mod judge;

pub use answer::Answer;
pub use judge::{Request, View, judge};

#[cfg(test)]
mod tests;
