//! Three replicas of `nauthera server` on one PostgreSQL, behind a proxy that leads each connection to the next of them.
//!
//! It owns the processes, the proxy and the requests that the tests send. What must hold when one of them dies, or when the
//! database does, stands in `tests/`.

pub mod calls;
pub mod cluster;
pub mod load;
pub mod proxy;
pub mod receiver;
pub mod replica;
