//! Who may know what a token is (RFC 7662): its own client, and resource servers of its audience.

use crate::names::Audience;
use crate::snapshot::Row;

/// May this client introspect a token of that client and audience? Public clients never; whoever asks, the answer for a token that is
/// not theirs is the same as for none.
#[must_use]
pub fn may_introspect(row: &Row, token_client: &str, audience: &str) -> bool {
    row.client_type.is_confidential()
        && (row.client_id.as_str() == token_client
            || row.introspects.iter().any(|a: &Audience| a.as_str() == audience))
}
