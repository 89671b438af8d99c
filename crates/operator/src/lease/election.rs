//! Who leads, judged without a clock of its own: client-go's algorithm. A lease that somebody else holds counts until it has not been
//! seen to change for as long as it lasts, by this process's own monotonic clock; clocks of machines are never compared. What is
//! written carries the `resourceVersion` that was read, so of two that try at once one is refused.

use std::time::Duration;

/// How long a lease lasts, how long its holder tries to renew it, and how often both sides look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// How long others wait after the last renewal that they saw.
    pub lease: Duration,
    /// How long after its last renewal the holder still leads. Shorter than the lease.
    pub renew_within: Duration,
    /// How often it is looked at.
    pub retry: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(10),
            renew_within: Duration::from_secs(7),
            retry: Duration::from_secs(1),
        }
    }
}

/// A lease as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// Which write of it.
    pub resource_version: String,
    /// Who holds it; empty when it was released.
    pub holder: String,
    /// How long it lasts by its own word; a shorter one of another version is honoured.
    pub lasts: Option<Duration>,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// There is no lease: make one.
    Create,
    /// Take it over, or renew it: write it with this `resourceVersion`.
    Replace {
        /// What was read.
        resource_version: String,
        /// Was it held by this process already?
        renewal: bool,
    },
    /// Somebody else holds it.
    Wait,
}

/// One candidate's view.
#[derive(Debug)]
pub struct Election {
    me: String,
    timing: Timing,
    observed: Option<(Seen, Duration)>,
    renewed: Option<Duration>,
}

impl Election {
    /// A candidate with a name that no other has.
    #[must_use]
    pub const fn new(me: String, timing: Timing) -> Self {
        Self { me, timing, observed: None, renewed: None }
    }

    /// Who this candidate is.
    #[must_use]
    pub fn me(&self) -> &str {
        &self.me
    }

    /// Judges what was read.
    pub fn judge(&mut self, seen: Option<Seen>, now: Duration) -> Move {
        let Some(seen) = seen else {
            self.observed = None;
            return Move::Create;
        };
        let since = match &self.observed {
            Some((known, since)) if known.resource_version == seen.resource_version => *since,
            _ => now,
        };
        self.observed = Some((seen.clone(), since));
        let renewal = seen.holder == self.me;
        let lasts = seen.lasts.map_or(self.timing.lease, |lasts| lasts.min(self.timing.lease));
        if !renewal && !seen.holder.is_empty() && now < since.saturating_add(lasts) {
            self.renewed = None;
            return Move::Wait;
        }
        Move::Replace { resource_version: seen.resource_version, renewal }
    }

    /// The write went through; `sent` is when it was begun, so that others never count on it for longer than this one does.
    pub const fn won(&mut self, sent: Duration) {
        self.renewed = Some(sent);
    }

    /// The write was refused since another one was faster: whoever it is, it is looked at again.
    pub fn refused(&mut self) {
        // A holder that is refused may have written itself, without hearing of it: it leads until its time is over.
        self.observed = None;
    }

    /// Does this candidate lead at this time?
    #[must_use]
    pub fn leads(&self, now: Duration) -> bool {
        self.renewed.is_some_and(|renewed| now < renewed.saturating_add(self.timing.renew_within))
    }

    /// Until when it leads, if nothing more is heard.
    #[must_use]
    pub fn leads_until(&self) -> Option<Duration> {
        self.renewed.map(|renewed| renewed.saturating_add(self.timing.renew_within))
    }

    /// Gives it up.
    pub const fn release(&mut self) {
        self.renewed = None;
    }
}
