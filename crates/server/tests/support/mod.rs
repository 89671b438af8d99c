//! A provider to test against: a real [`App`](nauthera_server::app::App) on a SQLite file, with a clock that tests set, and
//! a small browser before it. Every answer that passes through here is held to the rules that no answer may break.

mod audit;
mod browser;
mod calls;
mod clock;
mod http2;
mod jose;
mod listening;
mod manifests;
mod receiver;
mod reply;
mod requests;
mod rules;
mod tls;
mod wait;
mod world;

pub use browser::{Browser, Form};
pub use calls::{Call, assertion, assertion_claims};
pub use clock::HandClock;
pub use http2::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, Frames, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS,
    literal, request,
};
pub use jose::{claims_of, client_jwks, client_key, header_of, raw_jws, verified};
pub use listening::{GET, Listening, POST, answer, rest, status};
pub use manifests::{ADA, API, GRACE, LEDGER, SLOTH, object, secret_of, shop_client};
pub use receiver::{Answer, Receiver};
pub use reply::Reply;
pub use requests::{Authorize, CHALLENGE, Tokens, VERIFIER, challenge_of};
pub use tls::{BOTH, Mounted};
pub use wait::holds_within;
pub use world::{HTTPS, LOOPBACK, Setup, TENANT, World};
