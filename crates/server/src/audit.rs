//! Audit: one JSON line for each security event, with request id, revision, client, subject and policies; never a token, code,
//! secret or password. Lines go through a bounded buffer to a writer of their own; a line that finds no room is counted, and no
//! request waits for one.

mod writer;

use crate::http::{Context, RequestId};
use crate::keys::Maintained;
use crate::serving::Serving;
use nauthera_core::snapshot::{Row, SecretDigest};
use nauthera_core::time::UnixTime;
use serde::Serialize;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use writer::Writer;

/// So many clients whose secrets changed at once have a line of their own; the others are counted in one.
const MOST_TOLD: usize = 100;
/// More than most lines have.
const USUAL_LENGTH: usize = 768;

/// Where audit lines go.
#[derive(Clone)]
pub struct Audit {
    writer: Option<Arc<Writer>>,
    lost: Arc<AtomicU64>,
}

#[derive(Serialize)]
struct Line<'a> {
    v: u8,
    time: i64,
    event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shown")]
    request_id: Option<RequestId>,
    revision: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Policies::is_empty")]
    policies: Policies<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<std::net::IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<&'a str>,
}

struct Policies<'a>(Option<&'a Row>);

impl Policies<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_none_or(|row| row.policies.is_empty())
    }
}

impl Serialize for Policies<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Name<'a>(&'a nauthera_core::snapshot::PolicyMark);
        impl Serialize for Name<'_> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&format_args!("{}@{}", self.0.policy, self.0.generation))
            }
        }
        serializer.collect_seq(self.0.iter().flat_map(|row| row.policies.iter()).map(Name))
    }
}

/// What an event is about, beside its name.
#[derive(Debug, Clone, Copy, Default)]
pub struct About<'a> {
    /// The client; one that is not known is not named.
    pub row: Option<&'a Row>,
    /// The person's subject.
    pub subject: Option<&'a str>,
    /// A word or sentence; never anything secret.
    pub detail: Option<&'a str>,
    /// Scopes granted.
    pub scope: Option<&'a str>,
    /// The token's id.
    pub jti: Option<&'a str>,
}

impl Audit {
    /// Writes nothing.
    #[must_use]
    pub fn nowhere() -> Self {
        Self { writer: None, lost: Arc::default() }
    }

    /// Writes lines to `out` on a thread of its own.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn to(out: Box<dyn Write + Send>) -> std::io::Result<Self> {
        Ok(Self { writer: Some(Arc::new(Writer::start(out)?)), lost: Arc::default() })
    }

    /// Lines that found no room.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Notes an event of a request.
    pub fn event(&self, context: &Context, event: &str, about: &About<'_>) {
        if self.writer.is_none() {
            return;
        }
        self.send(&Line {
            v: 1,
            time: context.now.0,
            event,
            request_id: Some(context.id),
            revision: &context.serving.revision_text,
            client_id: about.row.map(|row| row.client_id.as_str()),
            subject: about.subject,
            policies: Policies(about.row),
            peer: Some(context.peer.0),
            detail: about.detail,
            scope: about.scope,
            jti: about.jti,
        });
    }

    /// Notes an event that no request caused.
    pub fn alone(&self, serving: &Serving, event: &str, about: &About<'_>, now: UnixTime) {
        self.send(&Line {
            v: 1,
            time: now.0,
            event,
            request_id: None,
            revision: &serving.revision_text,
            client_id: about.row.map(|row| row.client_id.as_str()),
            subject: about.subject,
            policies: Policies(about.row),
            peer: None,
            detail: about.detail,
            scope: about.scope,
            jti: about.jti,
        });
    }

    /// Notes that a Snapshot is served.
    pub fn snapshot_applied(&self, serving: &Serving, now: UnixTime) {
        let detail = format!("{} clients", serving.snapshot.clients.len());
        self.server_event(serving, "snapshot_applied", &detail, now);
    }

    /// Notes what happened to signing keys.
    pub fn keys_changed(&self, serving: &Serving, done: &Maintained, now: UnixTime) {
        for (what, kids) in [
            ("made", &done.made),
            ("retired", &done.retired),
            ("removed", &done.removed),
            ("taken over", &done.taken),
        ] {
            for kid in kids {
                self.server_event(serving, "signing_key", &format!("{what} {kid}"), now);
            }
        }
    }

    /// Notes which clients' secrets are others than they were: made, ending, or ended.
    pub fn client_secrets_changed(&self, before: &Serving, serving: &Serving, now: UnixTime) {
        if self.writer.is_none() {
            return;
        }
        let clients = serving.snapshot.clients.iter();
        let mut changed = clients.filter_map(|(id, row)| {
            let last = before.snapshot.clients.get(id).filter(|last| !Arc::ptr_eq(last, row))?;
            secret_change(&last.secrets, &row.secrets).map(|change| (row, change))
        });
        for (row, detail) in changed.by_ref().take(MOST_TOLD) {
            self.about_server(serving, "client_secret", (Some(row), &detail), now);
        }
        if let more @ 1.. = changed.count() {
            self.server_event(serving, "client_secret", &format!("and of {more} more clients"), now);
        }
    }

    fn server_event(&self, serving: &Serving, event: &str, detail: &str, now: UnixTime) {
        self.about_server(serving, event, (None, detail), now);
    }

    fn about_server(
        &self,
        serving: &Serving,
        event: &str,
        (row, detail): (Option<&Row>, &str),
        now: UnixTime,
    ) {
        self.send(&Line {
            v: 1,
            time: now.0,
            event,
            request_id: None,
            revision: &serving.revision_text,
            client_id: row.map(|row| row.client_id.as_str()),
            subject: None,
            policies: Policies(row),
            peer: None,
            detail: Some(detail),
            scope: None,
            jti: None,
        });
    }

    fn send(&self, line: &Line<'_>) {
        let Some(writer) = &self.writer else { return };
        let mut bytes = Vec::with_capacity(USUAL_LENGTH);
        if serde_json::to_writer(&mut bytes, line).is_err() {
            return;
        }
        bytes.push(b'\n');
        if !writer.take(&bytes) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What became of a client's secrets, in numbers; `None` when nothing did.
fn secret_change(before: &[SecretDigest], now: &[SecretDigest]) -> Option<String> {
    let of = |all: &[SecretDigest], digest| all.iter().find(|secret| secret.digest == digest).cloned();
    let made = now.iter().filter(|secret| of(before, secret.digest).is_none()).count();
    let ended = before.iter().filter(|secret| of(now, secret.digest).is_none()).count();
    let ends = |secret: &&SecretDigest| {
        of(before, secret.digest).is_some_and(|last| last.not_after != secret.not_after)
    };
    let ending = now.iter().filter(ends).count();
    (made + ended + ending > 0).then(|| format!("{made} made, {ending} ending, {ended} ended"))
}

fn shown<S: serde::Serializer>(id: &Option<RequestId>, serializer: S) -> Result<S::Ok, S::Error> {
    match id {
        Some(id) => serializer.collect_str(id),
        None => serializer.serialize_none(),
    }
}
