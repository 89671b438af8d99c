//! Which replicas of a server are there, and what each of them serves: found through the EndpointSlices of its Service, and asked on
//! their admin ports. Servers need no right to write anything for it.

mod answers;
mod poll;

pub use answers::{Live, Pod, Replicas, SaidOfStore};
pub use poll::{Poller, Polling};
