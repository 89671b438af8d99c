//! The HTTP edge: routes, limits, headers, and the one place where errors become answers.

mod answer;
mod arriving;
mod context;
mod cookies;
mod form;
mod forwarded;
mod router;

pub use answer::{Failure, PageFailure, cors, json, page, redirect};
pub(crate) use arriving::Arriving;
pub use context::{Context, PeerAddress, RequestId};
pub use cookies::{clear_cookie, read_cookie, set_cookie, set_lasting_cookie};
pub use form::{Form, read_form};
pub use forwarded::{Network, TrustedProxies};
pub use router::{Endpoint, Service};

/// The largest body that is read, in bytes.
pub const LARGEST_BODY: usize = 64 * 1_024;
