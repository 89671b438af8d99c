//! Who the person is: people written in manifests today, directories behind the same door later. Passwords are hashed in a
//! bounded pool, at one cost for every name, and failed attempts are slowed down, never locked out for good.

mod directory;
mod password;
mod pool;
pub mod throttle;

pub use directory::{Directory, LoginError, Person};
pub use password::hash_password;
pub use pool::HashPool;
