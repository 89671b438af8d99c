//! The provider that the server's own tests talk to, with the rules that each of its answers is held to: the very files of those
//! tests, and of them what a target needs.

#[path = "../../../crates/server/tests/support/audit.rs"]
mod audit;
#[path = "../../../crates/server/tests/support/browser.rs"]
mod browser;
#[path = "../../../crates/server/tests/support/calls.rs"]
mod calls;
#[path = "../../../crates/server/tests/support/clock.rs"]
mod clock;
#[path = "../../../crates/server/tests/support/jose.rs"]
mod jose;
#[path = "../../../crates/server/tests/support/manifests.rs"]
mod manifests;
#[path = "../../../crates/server/tests/support/reply.rs"]
mod reply;
#[path = "../../../crates/server/tests/support/requests.rs"]
mod requests;
#[path = "../../../crates/server/tests/support/rules.rs"]
mod rules;
#[path = "../../../crates/server/tests/support/world.rs"]
mod world;

pub use browser::{Browser, Form};
pub use calls::{Call, assertion, assertion_claims};
pub use jose::{claims_of, client_key, header_of, raw_jws, verified};
pub use manifests::{ADA, API, GRACE, LEDGER, SLOTH, object, secret_of, shop_client};
pub use reply::Reply;
pub use requests::{Authorize, CHALLENGE, Tokens, VERIFIER, challenge_of};
pub use world::{HTTPS, LOOPBACK, Setup, TENANT, World};
