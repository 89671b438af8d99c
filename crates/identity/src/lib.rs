//! Who a person is: directories that know people, passwords and the pool that hashes them, and limits on guessing. What a
//! login means for sessions, consent and tokens is the server's and `nauthera-core`'s; no clock is read and no random
//! number is drawn here.

pub mod attempts;
pub mod directory;
pub mod password;
pub mod pool;
pub mod throttle;

pub use directory::{Directory, LoginError, Person};
pub use password::hash_password;
pub use pool::HashPool;
pub use throttle::LoginThrottle;
