//! Which step comes next.

use super::digests::{KeyedDigest, add};
use super::pace::next_rotation;
use super::record::{Handled, Mark, Pending, Record};
use super::settle::{begin, settle};
use crate::names::{ClientId, ObjectRef};
use crate::policy::DEFAULT_OVERLAP;
use crate::snapshot::SecretDigest;
use crate::spec::Rotation;
use crate::time::{Seconds, UnixTime};

/// A revocation waits so long for replicas that do not answer; then what was leaked ends, whoever serves.
const REVOKED_WITHIN: Seconds = Seconds::minutes(1);

/// What is known of a client when a step is chosen. Whoever acts reads the Secret first and then the record, and writes each with
/// the `resourceVersion` that it has read. In this order a Secret that nobody wrote meanwhile means that no digest went out of
/// the record which its reader may still write; an actor that wakes up late is refused by one of the two.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The AuthClient.
    pub client: &'a ObjectRef,
    /// Its `metadata.uid`.
    pub owner: &'a str,
    /// The server that it is registered with.
    pub server: &'a ObjectRef,
    /// The id that it is served under.
    pub client_id: &'a ClientId,
    /// What it needs.
    pub need: Need,
    /// The Secret that is written for it.
    pub found: Found,
    /// The digest of the random secret that this actor has made for this client and not yet put into the Secret.
    pub held: Option<KeyedDigest>,
    /// The digest that this actor has put into the Secret last.
    pub put: Option<KeyedDigest>,
    /// Do all ready replicas serve what the record says? True where there is no ready replica.
    pub live: bool,
    /// How its secrets rotate, where a policy says so.
    pub rotation: Option<&'a Rotation>,
    /// The value of the annotation `auth.nauthera.io/rotate`.
    pub rotate: Option<&'a str>,
    /// The value of the annotation `auth.nauthera.io/revoke`.
    pub revoke: Option<&'a str>,
    /// The time.
    pub now: UnixTime,
}

/// What a client needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// No secret.
    Nothing,
    /// A secret that is made for it.
    Made,
    /// The one that it brings (`existingSecretRef`), as it is now; `None` when it cannot be used.
    Brought(Option<KeyedDigest>),
}

/// The Secret that is written for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It is not there.
    Absent,
    /// This AuthClient controls it, by uid.
    Ours {
        /// The digest of its `client_secret`, where it has one.
        holds: Option<KeyedDigest>,
        /// The mark of the last [`Step::Fence`] in it.
        fence: Option<Mark>,
    },
    /// Nobody controls it, as after a restore.
    Ownerless {
        /// The digest of its `client_secret`, where it has one.
        holds: Option<KeyedDigest>,
        /// Does it say what the Secret of a client without a secret of ours would say, and nothing else?
        says_all: bool,
    },
    /// Another object controls it.
    Foreign,
}

impl Found {
    pub(super) const fn holds(self) -> Option<KeyedDigest> {
        match self {
            Self::Ours { holds, .. } | Self::Ownerless { holds, .. } => holds,
            Self::Absent | Self::Foreign => None,
        }
    }
}

/// The one thing to do now. After each, everything is read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Make 256 random bits, hold them, and ask again with their digest.
    MakeSecret,
    /// Write the record with the `resourceVersion` that was read, and publish.
    WriteRecord(Box<Record>),
    /// Wait until every ready replica serves what the record says.
    WaitUntilLive,
    /// Put the secret that is held into the Secret, with the `resourceVersion` that was read; where the Secret was absent, create
    /// it. What else the Secret says is written with it, and the mark of a [`Step::Fence`] is taken out.
    WriteSecret(KeyedDigest),
    /// Write this mark into the Secret, with the `resourceVersion` that was read, and leave its `client_secret`; where the Secret
    /// was absent, create it without one. Whoever still means to write an older attempt is refused from then on.
    Fence(Mark),
    /// Take the Secret over: it is ownerless, and its secret is one of this client's, or it is what this client's Secret would be.
    Adopt,
    /// Do nothing before then: the Secret was lost too often of late.
    WaitUntil(UnixTime),
    /// The Secret is another's, and stays as it is.
    Conflict,
    /// The secret that the client brings cannot be used; it goes on with what it brought last.
    Missing,
    /// All is as it should be.
    Done {
        /// When to look again although nothing changed.
        next: Option<UnixTime>,
    },
}

impl Facts<'_> {
    /// What the annotations ask for now.
    pub(super) fn asked(&self) -> Handled {
        Handled { rotate: self.rotate.map(Mark::of), revoke: self.revoke.map(Mark::of) }
    }

    pub(super) fn overlap(&self) -> Seconds {
        self.rotation.map_or(DEFAULT_OVERLAP, |rotation| rotation.overlap)
    }
}

/// The step to take now. `record` is what was read of the client's record at its server.
#[must_use]
pub fn next(record: Option<&Record>, facts: &Facts<'_>) -> Step {
    if facts.found == Found::Foreign {
        return Step::Conflict;
    }
    let known = record.filter(|record| record.is_registered(facts));
    let mine = known.filter(|record| *record.owner == *facts.owner);
    if let Found::Ownerless { holds, says_all } = facts.found {
        // Where there is no secret to tell it by, nothing in it is changed or told that anybody may not know.
        if says_all && holds.is_none() && facts.need != Need::Made {
            return Step::Adopt;
        }
        // Only by its secret can it be told whose it is; a record of an older uid then goes on.
        let restored =
            known.filter(|record| facts.need == Need::Made && holds.is_some_and(|holds| record.lists(holds)));
        return match (restored, mine) {
            (None, _) => Step::Conflict,
            (Some(_), Some(_)) => Step::Adopt,
            (Some(record), None) => {
                Step::WriteRecord(Box::new(Record { owner: facts.owner.into(), ..record.clone() }))
            }
        };
    }
    let mut next = mine.cloned().unwrap_or_else(|| Record::new(facts));
    next.secrets.retain(|secret| secret.not_after.is_none_or(|end| facts.now < end));
    let then = match facts.need {
        Need::Nothing => {
            without_secret(&mut next, facts);
            Step::Done { next: None }
        }
        Need::Brought(None) if mine.is_none() => return Step::Missing,
        Need::Brought(None) => Step::Missing,
        Need::Brought(Some(digest)) => {
            brought(&mut next, digest, facts);
            Step::Done { next: next_look(&next, facts) }
        }
        Need::Made => match made(&mut next, facts) {
            Ok(()) => Step::Done { next: next_look(&next, facts) },
            Err(step) => step,
        },
    };
    // Nothing follows from a record that is not yet written.
    if mine != Some(&next) && !matches!(then, Step::MakeSecret | Step::Fence(_) | Step::WaitUntil(_)) {
        return Step::WriteRecord(Box::new(next));
    }
    then
}

fn without_secret(next: &mut Record, facts: &Facts<'_>) {
    *next = Record { rebuilds: next.rebuilds, ..Record::new(facts) };
}

/// A changed value is a rotation: the application has the new one already.
fn brought(next: &mut Record, digest: KeyedDigest, facts: &Facts<'_>) {
    let asked = facts.asked();
    if next.current != Some(digest) || !next.brought || !next.keeps(digest) {
        add(&mut next.secrets, digest.0, facts.overlap(), facts.now);
        next.current = Some(digest);
        next.written_at = Some(facts.now);
        next.brought = true;
        next.pending = None;
    }
    if is_new(asked.revoke, next.handled.revoke) {
        next.secrets.retain(|secret| secret.digest == digest.0);
    }
    next.handled = asked.or(next.handled);
}

/// Is this value one that was not handled last? One that is taken away asks for nothing.
fn is_new(asked: Option<Mark>, handled: Option<Mark>) -> bool {
    asked.is_some() && asked != handled
}

impl Handled {
    /// What is asked, and where nothing is, what was handled last.
    fn or(self, before: Self) -> Self {
        Self { rotate: self.rotate.or(before.rotate), revoke: self.revoke.or(before.revoke) }
    }
}

/// A secret of ours: an error is a step that comes before all is well.
fn made(next: &mut Record, facts: &Facts<'_>) -> Result<(), Step> {
    let (asked, handled) = (facts.asked(), next.handled);
    let revokes = is_new(asked.revoke, handled.revoke);
    let rotates = is_new(asked.rotate, handled.rotate);
    let holds = facts.found.holds().filter(|holds| next.keeps(*holds));
    if let Some(holds) = holds
        && next.current != Some(holds)
    {
        settle(next, holds, facts);
        return Ok(());
    }
    if let Some(pending) = &mut next.pending {
        // The Secret does not have it yet, so it serves what is asked meanwhile too.
        pending.revokes |= revokes;
        let pending = *pending;
        next.handled = asked.or(handled);
        return on_its_way(next, pending, facts);
    }
    let lost = holds.is_none();
    let rebuilds = lost && next.current.is_some() && !next.brought;
    let due = || {
        let written_at = next.written_at?;
        facts.rotation.and_then(|rotation| next_rotation(rotation, facts.client, written_at))
    };
    if !(lost || revokes || rotates || due().is_some_and(|due| due <= facts.now)) {
        next.handled = asked.or(handled);
        return Ok(());
    }
    let allowed = next.rebuilds.not_before(facts.now);
    if rebuilds && !revokes && facts.now < allowed {
        return Err(Step::WaitUntil(allowed));
    }
    let held = facts.held.ok_or(Step::MakeSecret)?;
    if rebuilds {
        next.rebuilds = next.rebuilds.counted(facts.now);
    }
    next.handled = asked.or(handled);
    begin(next, held, revokes, facts)
}

fn on_its_way(next: &mut Record, pending: Pending, facts: &Facts<'_>) -> Result<(), Step> {
    // The Secret had it, and lost it before the record could say so.
    let lost = facts.put == Some(pending.digest);
    let allowed = next.rebuilds.not_before(facts.now);
    if lost && !pending.revokes && facts.now < allowed {
        return Err(Step::WaitUntil(allowed));
    }
    match facts.held {
        None => Err(Step::MakeSecret),
        // Its plain secret died with whoever made it, or is one that the Secret has lost.
        Some(held) if held != pending.digest => {
            if lost {
                next.rebuilds = next.rebuilds.counted(facts.now);
            }
            begin(next, held, pending.revokes, facts)
        }
        Some(held) => {
            let late = pending.revokes && facts.now >= pending.since.plus(REVOKED_WITHIN);
            Err(if facts.live || late { Step::WriteSecret(held) } else { Step::WaitUntilLive })
        }
    }
}

/// When to look again: something ends, or is due.
fn next_look(record: &Record, facts: &Facts<'_>) -> Option<UnixTime> {
    let ends = record.secrets.iter().filter_map(|SecretDigest { not_after, .. }| *not_after).min();
    let due = record.written_at.zip(facts.rotation).and_then(|(written_at, rotation)| {
        if record.brought {
            rotation.max_age.map(|age| written_at.plus(age)).filter(|end| *end > facts.now)
        } else {
            next_rotation(rotation, facts.client, written_at)
        }
    });
    ends.into_iter().chain(due).min()
}
