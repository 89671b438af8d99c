//! The consent page: who asks, for what, and on whose behalf.

use super::page;
use super::view::{ClientView, FormTarget, PersonView, ScopeView};

/// The question whether a client may act for a person. Its buttons send `decision` with `allow` or `deny`.
#[derive(Clone, Debug)]
pub struct ConsentPage {
    /// The client that asks.
    pub client: ClientView,
    /// Who is asked.
    pub person: PersonView,
    /// What is asked for.
    pub scopes: Vec<ScopeView>,
    /// The resource indicators asked for (RFC 8707); empty when only this server is meant.
    pub resources: Vec<String>,
    /// The client is native without an https redirect, so other software on the device could pose as it
    /// (RFC 8252 §8.6).
    pub native_warning: bool,
    /// Where the form goes.
    pub form: FormTarget,
}

page!(ConsentPage, ConsentTemplate, "consent.html");
