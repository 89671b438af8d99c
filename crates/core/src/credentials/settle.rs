//! How a digest gets into a record, and what becomes of the others once the Secret has it.

use super::digests::{KeyedDigest, MOST_LIVE, end};
use super::record::{Mark, Pending, Record};
use super::step::{Facts, Found, Step};
use crate::snapshot::SecretDigest;
use crate::time::Seconds;

/// Clocks of replicas may be so far behind. A secret is of use to nobody before it is known, so nothing is lost by it.
const SKEW: Seconds = Seconds::minutes(5);

/// A secret that was put back by hand is replaced sooner than this.
const REPLACED_WITHIN: Seconds = Seconds::minutes(10);

/// Lets a new digest count, beside what counts already.
///
/// # Errors
/// [`Step::Fence`], where a digest has to give way that somebody may still put into the Secret; [`Step::MakeSecret`], where the one
/// that is held is not new.
pub(super) fn begin(
    next: &mut Record,
    held: KeyedDigest,
    revokes: bool,
    facts: &Facts<'_>,
) -> Result<(), Step> {
    put_back(next, facts);
    // It was given up by somebody else meanwhile.
    if next.lists(held) {
        return Err(Step::MakeSecret);
    }
    while next.secrets.len() >= MOST_LIVE {
        make_room(next, held, facts)?;
    }
    let not_before = facts.now.minus(SKEW);
    next.secrets.push(SecretDigest { digest: held.0, not_before, not_after: None });
    next.pending = Some(Pending { digest: held, since: facts.now, revokes });
    Ok(())
}

/// Somebody has put an old secret back, or the Secret was read before it was replaced: what applications may read now does not end
/// before they can read another. What the record calls current stays so in both cases.
fn put_back(next: &mut Record, facts: &Facts<'_>) {
    let holds = facts.found.holds().map(|digest| digest.0);
    let read = next.secrets.iter_mut().filter(|secret| Some(secret.digest) == holds);
    for end in read.filter_map(|secret| secret.not_after.as_mut()) {
        *end = facts.now.plus(REPLACED_WITHIN).max(*end);
    }
}

/// Takes one digest away: the one that ends first, else an attempt that was given up.
fn make_room(next: &mut Record, held: KeyedDigest, facts: &Facts<'_>) -> Result<(), Step> {
    let in_secret = facts.found.holds().map(|digest| digest.0);
    let pending = next.pending.map(|pending| pending.digest.0);
    let current = next.current.map(|digest| digest.0);
    let free = |secret: &&SecretDigest| Some(secret.digest) != in_secret;
    let ending = next.secrets.iter().filter(free).filter(|secret| secret.not_after.is_some());
    if let Some(ending) = ending.min_by_key(|secret| secret.not_after).map(|secret| secret.digest) {
        next.secrets.retain(|secret| secret.digest != ending);
        return Ok(());
    }
    let given_up = next.secrets.iter().filter(free);
    let given_up = given_up
        .map(|secret| secret.digest)
        .find(|digest| Some(*digest) != pending && Some(*digest) != current);
    if let Some(given_up) = given_up {
        // The mark names the attempt that the record has now. Whoever made the one that gives way has read the Secret before the
        // mark stood in it: since then the record says that another one is pending.
        let mark = Mark::of([held.0, pending.unwrap_or_default()].concat());
        let fenced = matches!(facts.found, Found::Ours { fence: Some(fence), .. } if fence == mark);
        if !fenced {
            return Err(Step::Fence(mark));
        }
        next.secrets.retain(|secret| secret.digest != given_up);
        return Ok(());
    }
    // What is left beside the current and the pending one was put back by hand.
    let put_back = next.secrets.iter().position(|secret| secret.not_after.is_some()).unwrap_or_default();
    next.secrets.drain(put_back..=put_back);
    Ok(())
}

/// The Secret has this digest: all others end an overlap later. So do attempts that were given up: one of them may have been read
/// before the Secret was lost again.
pub(super) fn settle(next: &mut Record, holds: KeyedDigest, facts: &Facts<'_>) {
    next.current = Some(holds);
    next.written_at = Some(facts.now);
    next.brought = false;
    if let Some(Pending { digest, revokes: true, .. }) = next.pending {
        if digest == holds {
            next.secrets.retain(|secret| secret.digest == holds.0);
            next.pending = None;
        }
        // Another attempt was there first, and may be what is to be revoked: the pending one follows it.
        return;
    }
    next.pending = None;
    let others = next.secrets.iter_mut().filter(|secret| secret.digest != holds.0);
    end(others, facts.now.plus(facts.overlap()));
}
