//! Who a person is: directories that know people, passwords and the pool that hashes them. How often a login may be tried, and what
//! one means for sessions, consent and tokens, is the server's and `nauthera-core`'s; no clock is read and no random number is
//! drawn here.

pub mod directory;
pub mod password;
pub mod pool;

pub use directory::{Directory, LoginError, Person};
pub use password::hash_password;
pub use pool::HashPool;
