//! A client whose manifest cannot be used any more: its last good settings, read back from its published row, are judged
//! by today's policies, and nothing of them is ever widened.

use super::ids::is_default;
use crate::grant::Consent;
use crate::names::ObjectRef;
use crate::snapshot::Row;
use crate::spec::{ClientSpec, SecretTemplate, TtlRequest};
use std::sync::Arc;

/// What a published row asks for, so that it can be judged again. Never wider than the row.
pub fn as_asked(row: &Row, server: &ObjectRef) -> ClientSpec {
    let confidential = row.client_type.is_confidential();
    let account = |subject: &Arc<str>| subject.rsplit(':').next().map(Into::into);
    ClientSpec {
        display_name: Some(row.display_name.clone()),
        server: server.clone(),
        client_type: row.client_type,
        redirect_uris: row.redirect_uris.clone(),
        post_logout_redirect_uris: row.post_logout_redirect_uris.clone(),
        back_channel_logout_uri: row.back_channel_logout_uri.clone(),
        scopes: row.scopes.clone(),
        audiences: row.audiences.clone(),
        introspects: row.introspects.clone(),
        grant_types: Some(row.grants),
        method: Some(row.authentication.method).filter(|_| confidential),
        service_accounts: row.authentication.subjects.iter().filter_map(account).collect(),
        keys: row.authentication.keys.clone(),
        token: TtlRequest {
            access: Some(row.token.access),
            refresh: Some(row.token.refresh),
            id: Some(row.token.id),
        },
        allowed_groups: None,
        secret: SecretTemplate::default(),
        existing_secret: None,
        client_id: Some(row.client_id.clone()).filter(|id| !is_default(id, &row.object)),
    }
}

/// What today's policies leave of a row, and no wider than it was: scopes that were withheld stay withheld, and what policies
/// demanded then is demanded still, since nobody can tell what of it the client demanded itself.
pub fn never_wider(now: Row, last: &Row) -> Row {
    let consent = match (now.consent, last.consent) {
        (Consent::Trusted, Consent::Trusted) => Consent::Trusted,
        (Consent::Required, _) | (_, Consent::Required) => Consent::Required,
    };
    let mut groups = [now.allowed_groups, last.allowed_groups.clone()].concat();
    groups.sort();
    groups.dedup();
    Row {
        withheld_scopes: last.withheld_scopes.iter().cloned().chain(now.withheld_scopes).collect(),
        require_pkce: now.require_pkce || last.require_pkce,
        require_par: now.require_par || last.require_par,
        max_age: now.max_age.into_iter().chain(last.max_age).min(),
        allowed_groups: groups,
        consent,
        ..now
    }
}
