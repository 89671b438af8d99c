//! Audit: one JSON line for each security event, with request id, revision, client, subject and policies; never a token, code,
//! secret or password. Lines go through a bounded buffer to a writer of their own; a line that finds no room or cannot be written is
//! counted, and no request waits for one. What there is to say stands in [`Event`] and [`Field`]; how it is told to others, in [`schema`].

mod event;
mod field;
mod line;
pub mod schema;
mod writer;

pub use event::{Event, Reasons, Shape};
pub use field::Field;

use crate::http::Context;
use crate::keys::Maintained;
use crate::serving::Serving;
use line::Line;
use nauthera_core::facts::GrantId;
use nauthera_core::grant::GrantType;
use nauthera_core::names::ClientId;
use nauthera_core::snapshot::{Row, SecretDigest};
use nauthera_core::time::UnixTime;
use std::io::Write;
use std::sync::Arc;
use writer::Writer;

/// So many clients whose secrets changed at once have a line of their own; the others are counted in one.
const MOST_TOLD: usize = 100;
/// The version of the schema. Within one, events and fields are only added.
pub const VERSION: u8 = 1;
/// Bytes that may wait to be written.
const ROOM: usize = 4 * 1_024 * 1_024;
/// More than most lines have.
const USUAL_LENGTH: usize = 1_024;

/// Where audit lines go.
#[derive(Clone)]
pub struct Audit {
    writer: Option<Arc<Writer>>,
}

/// What became of the lines so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lines that were written.
    pub written: u64,
    /// Lines that found no room.
    pub crowded_out: u64,
    /// Lines that could not be written.
    pub refused: u64,
}

/// What an event is about, beside its name.
#[derive(Debug, Clone, Copy, Default)]
pub struct About<'a> {
    /// The client; one that is not known is not named.
    pub row: Option<&'a Row>,
    /// The client of a record whose client is perhaps not served any more.
    pub client_id: Option<&'a ClientId>,
    /// The person's subject.
    pub subject: Option<&'a str>,
    /// Why; one of the words of the event's [`Reasons`].
    pub reason: Option<&'static str>,
    /// How a client came by tokens.
    pub grant_type: Option<GrantType>,
    /// What codes and tokens belong to.
    pub grant_id: Option<GrantId>,
    /// Scopes, joined.
    pub scope: Option<&'a str>,
    /// The access token's audience.
    pub audience: Option<&'a str>,
    /// What was handed out.
    pub tokens: &'a [&'static str],
    /// The access token's id.
    pub jti: Option<&'a str>,
    /// The session.
    pub sid: Option<&'a str>,
    /// How many sessions.
    pub sessions: Option<u64>,
    /// How often something was tried.
    pub attempts: Option<u32>,
    /// The status of an answer.
    pub status: Option<u16>,
}

impl Audit {
    /// Writes nothing.
    #[must_use]
    pub const fn nowhere() -> Self {
        Self { writer: None }
    }

    /// Writes lines to `out` on a thread of its own.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn to(out: Box<dyn Write + Send>) -> std::io::Result<Self> {
        Self::bounded(out, ROOM)
    }

    /// The same, with room for so many bytes of lines that wait.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn bounded(out: Box<dyn Write + Send>, room: usize) -> std::io::Result<Self> {
        Ok(Self { writer: Some(Arc::new(Writer::start(out, room)?)) })
    }

    /// What became of the lines so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.writer.as_ref().map(|writer| writer.counts()).unwrap_or_default()
    }

    /// Notes an event of a request.
    pub fn event(&self, context: &Context, event: Event, about: &About<'_>) {
        let Some(writer) = &self.writer else { return };
        let line = about.line(event, &context.serving, context.now);
        send(writer, &Line { request_id: Some(context.id), peer: Some(context.peer.0), ..line });
    }

    /// Notes an event that no request caused.
    pub fn alone(&self, serving: &Serving, event: Event, about: &About<'_>, now: UnixTime) {
        let Some(writer) = &self.writer else { return };
        send(writer, &about.line(event, serving, now));
    }

    /// Notes that a Snapshot is served.
    pub fn snapshot_applied(&self, serving: &Serving, now: UnixTime) {
        let Some(writer) = &self.writer else { return };
        let line = Line::new(Event::SnapshotApplied, &serving.revision_text, now);
        send(writer, &Line { clients: Some(serving.snapshot.clients.len()), ..line });
    }

    /// Notes that a Snapshot was refused, and this one goes on.
    pub fn snapshot_refused(&self, held: &Serving, now: UnixTime) {
        let Some(writer) = &self.writer else { return };
        send(writer, &Line::new(Event::SnapshotRefused, &held.revision_text, now));
    }

    /// Notes which clients' secrets are others than they were: made, ending, or ended.
    pub fn client_secrets_changed(&self, before: &Serving, serving: &Serving, now: UnixTime) {
        let Some(writer) = &self.writer else { return };
        let clients = serving.snapshot.clients.iter();
        let mut changed = clients.filter_map(|(id, row)| {
            let last = before.snapshot.clients.get(id).filter(|last| !Arc::ptr_eq(last, row))?;
            Change::of(&last.secrets, &row.secrets).map(|change| (row, change))
        });
        for (row, change) in changed.by_ref().take(MOST_TOLD) {
            let line = Line::new(Event::ClientSecretChanged, &serving.revision_text, now).of(row);
            let (added, ending) = (Some(change.added), Some(change.ending));
            let removed = Some(change.removed);
            let told =
                Line { secrets_added: added, secrets_ending: ending, secrets_removed: removed, ..line };
            send(writer, &told);
        }
        if let more @ 1.. = changed.count() {
            let line = Line::new(Event::MoreClientSecretsChanged, &serving.revision_text, now);
            send(writer, &Line { clients: Some(more), ..line });
        }
    }

    /// Notes what happened to signing keys.
    pub fn keys_changed(&self, serving: &Serving, done: &Maintained, now: UnixTime) {
        let Some(writer) = &self.writer else { return };
        let [made, retired, removed, taken_over] = field::ACTIONS;
        for (action, kids) in [
            (made, &done.made),
            (retired, &done.retired),
            (removed, &done.removed),
            (taken_over, &done.taken),
        ] {
            for kid in kids {
                let line = Line::new(Event::SigningKeyChanged, &serving.revision_text, now);
                send(writer, &Line { action: Some(action), kid: Some(kid), ..line });
            }
        }
    }
}

impl<'a> About<'a> {
    /// A line of this event with all of it.
    fn line(&self, event: Event, serving: &'a Serving, now: UnixTime) -> Line<'a> {
        let line = Line::new(event, &serving.revision_text, now);
        let line = match self.row {
            Some(row) => line.of(row),
            None => Line { client_id: self.client_id.map(ClientId::as_str), ..line },
        };
        Line {
            subject: self.subject,
            reason: self.reason,
            grant_type: self.grant_type,
            grant_id: self.grant_id,
            scope: self.scope,
            audience: self.audience,
            tokens: self.tokens,
            jti: self.jti,
            sid: self.sid,
            sessions: self.sessions,
            attempts: self.attempts,
            status: self.status,
            ..line
        }
    }
}

/// What became of a client's secrets, in numbers.
struct Change {
    added: usize,
    ending: usize,
    removed: usize,
}

impl Change {
    /// `None` when nothing did.
    fn of(before: &[SecretDigest], now: &[SecretDigest]) -> Option<Self> {
        let of = |all: &[SecretDigest], digest| all.iter().find(|secret| secret.digest == digest).cloned();
        let added = now.iter().filter(|secret| of(before, secret.digest).is_none()).count();
        let removed = before.iter().filter(|secret| of(now, secret.digest).is_none()).count();
        let ends = |secret: &&SecretDigest| {
            of(before, secret.digest).is_some_and(|last| last.not_after != secret.not_after)
        };
        let ending = now.iter().filter(ends).count();
        (added + removed + ending > 0).then_some(Self { added, ending, removed })
    }
}

fn send(writer: &Writer, line: &Line<'_>) {
    let mut bytes = Vec::with_capacity(USUAL_LENGTH);
    if serde_json::to_writer(&mut bytes, line).is_err() {
        return;
    }
    bytes.push(b'\n');
    writer.take(&bytes);
}
