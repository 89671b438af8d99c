//! The life of a client's secret: made, rotated, rebuilt, revoked, and at no moment one that its application reads and the server
//! refuses. A [`Record`] says which digests count; it is state, kept by its carrier, and the plain secret is in the
//! application's Secret alone.
//!
//! [`next`] looks at a record and at [`Facts`] and says the one [`Step`] to take now. Whoever acts takes it, reads again, and
//! asks again, so it may die between any two steps and another goes on. For two that act at once, one of them asleep for hours,
//! see [`Facts`]: what is read first and what is written with which `resourceVersion` matters.

mod digests;
mod pace;
mod record;
mod settle;
mod shard;
mod step;

pub use digests::{KeyedDigest, MOST_LIVE, add};
pub use pace::next_rotation;
pub use record::{Handled, Mark, Pending, Rebuilds, Record};
pub use shard::{BadRecords, Bucket, RecordShard};
pub use step::{Facts, Found, Need, Step, next};

#[cfg(test)]
mod tests;
