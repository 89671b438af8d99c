//! `kubernetes_service_account`: a projected ServiceAccount token, sent as a client assertion with the client's id beside it. A cluster
//! that the Snapshot names has signed it, for this issuer alone and for one of the client's ServiceAccounts. It may be sent again
//! until it expires: a kubelet gives the same token for most of an hour.

use crate::assertion::{Jws, Times};
use crate::http::Context;
use nauthera_core::oauth::client_auth::Presented;
use nauthera_core::snapshot::Row;
use nauthera_core::spec::IssuerKeys;
use serde::Deserialize;

#[derive(Deserialize)]
struct Claimed {
    iss: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    aud: Audience,
    #[serde(flatten)]
    times: Times,
}

/// Kubernetes writes a list, also of one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    List(Vec<String>),
}

impl Audience {
    /// Is it for this issuer, and for nobody who could send it on?
    fn is_only(&self, issuer: &str) -> bool {
        match self {
            Self::One(one) => one == issuer,
            Self::List(list) => matches!(list.as_slice(), [one] if one == issuer),
        }
    }
}

/// Does a token prove that whoever sends it runs as one of the client's ServiceAccounts?
pub(crate) async fn proves(context: &Context, row: &Row, presented: &Presented<'_>) -> bool {
    // The token's subject is an account, not a client: which client it is for, the request must say.
    let Presented::Assertion(Some(_), token) = presented else { return false };
    claims(context, row, token).await.is_some_and(|claims| is_for_us(context, &claims, row))
}

async fn claims(context: &Context, row: &Row, token: &str) -> Option<Claims> {
    let jws = Jws::read(token)?;
    let claimed: Claimed = jws.unverified()?;
    let head = &context.serving.snapshot.head;
    let cluster = head.service_accounts.iter().find(|cluster| *cluster.issuer == *claimed.iss)?;
    if !cluster.namespaces.contains(&row.object.namespace) {
        return None;
    }
    let set = match &cluster.keys {
        IssuerKeys::Jwks(_) => context.serving.cluster_keys(&cluster.issuer)?,
        IssuerKeys::JwksUri(_) | IssuerKeys::Discovery => {
            context.app.jwks.get_cluster(cluster, jws.kid(), context.now).await?
        }
    };
    jws.claims(&set)
}

fn is_for_us(context: &Context, claims: &Claims, row: &Row) -> bool {
    let account = row.authentication.subjects.iter().any(|subject| **subject == *claims.sub);
    claims.aud.is_only(context.serving.issuer().as_str()) && claims.times.hold(context.now) && account
}
