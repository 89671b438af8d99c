//! The console's own redirect URIs: added to a compiled Snapshot in memory, so that a try comes back here. No manifest, no file and no
//! other carrier ever has them.

use super::guard::Own;
use nauthera_core::snapshot::{Row, Snapshot};
use nauthera_core::uri::RedirectUri;
use std::net::SocketAddr;
use std::sync::Arc;

/// The Snapshot with the callback of the console at this address added to each client that redirects, and the page to which its
/// logouts lead. All other rows stay shared.
#[must_use]
pub fn with_callback(snapshot: &Arc<Snapshot>, address: SocketAddr) -> Arc<Snapshot> {
    let own = Own::at(address);
    let (callback, ended) = (own.callback(), own.ended());
    let clients = snapshot.clients.iter().map(|(id, row)| {
        let row =
            if row.client_type.redirects() { Arc::new(added(row, &callback, &ended)) } else { row.clone() };
        (id.clone(), row)
    });
    Arc::new(Snapshot { head: snapshot.head.clone(), clients: clients.collect() })
}

fn added(row: &Row, callback: &str, ended: &str) -> Row {
    let mut row = row.clone();
    for (uris, own) in [(&mut row.redirect_uris, callback), (&mut row.post_logout_redirect_uris, ended)] {
        let known = uris.iter().any(|uri| uri.as_str() == own);
        uris.extend(RedirectUri::try_from(own.to_owned()).ok().filter(|_| !known));
    }
    row
}
