//! Grants that were refreshed here lately, by what never changes of them: whom they are about and what was authorised. With that
//! a rotation is judged without a question to the database, and the one statement that rotates is asked whether all that may
//! have changed still holds. So what is kept here never makes a token count that does not: it only saves a read.
//!
//! It is bounded by number and by size, and what was not used for long goes first.

use nauthera_core::facts::{Authorization, GrantId, GrantRecord};
use nauthera_core::time::UnixTime;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Parts with a lock each.
const SHARDS: usize = 8;
/// Grants that one half of a part holds: 8,192 in all.
const MOST: usize = 8_192 / SHARDS / 2;
/// Bytes that one half of a part holds, about: 16 MiB in all.
const MOST_BYTES: usize = (16 << 20) / SHARDS / 2;
/// A grant that is larger is not kept.
const LARGEST: usize = MOST_BYTES / 16;
/// How much larger a grant is in memory than what it is written as, about.
const IN_MEMORY: usize = 4;

/// What never changes of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// What it stands for.
    pub authorization: Authorization,
    /// When it ends; it may have been put off since.
    pub expires_at: UnixTime,
}

impl From<GrantRecord> for Known {
    fn from(grant: GrantRecord) -> Self {
        Self { authorization: grant.authorization, expires_at: grant.expires_at }
    }
}

#[derive(Default)]
struct Half {
    grants: HashMap<GrantId, (Arc<Known>, usize)>,
    bytes: usize,
}

/// What was used since the halves changed places, and what was used before.
#[derive(Default)]
struct Shard {
    young: Half,
    old: Half,
}

impl Shard {
    /// Forgets a grant; until when it was known to last.
    fn forget(&mut self, id: GrantId) -> Option<UnixTime> {
        let halves = [&mut self.young, &mut self.old];
        let found = halves.into_iter().find_map(|half| {
            let (known, size) = half.grants.remove(&id)?;
            half.bytes -= size;
            Some(known)
        });
        found.map(|known| known.expires_at)
    }

    fn keep(&mut self, id: GrantId, known: Arc<Known>, size: usize) {
        if self.young.grants.len() >= MOST || self.young.bytes + size > MOST_BYTES {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.bytes += size;
        self.young.grants.insert(id, (known, size));
    }

    fn get(&mut self, id: GrantId) -> Option<Arc<Known>> {
        if let Some((known, _)) = self.young.grants.get(&id) {
            return Some(known.clone());
        }
        let (known, size) = self.old.grants.remove(&id)?;
        self.old.bytes -= size;
        self.keep(id, known.clone(), size);
        Some(known)
    }
}

/// Grants that were refreshed here lately.
#[derive(Default)]
pub struct KnownGrants {
    shards: [Mutex<Shard>; SHARDS],
}

impl KnownGrants {
    fn shard<T>(&self, id: GrantId, work: impl FnOnce(&mut Shard) -> T) -> Option<T> {
        let number = id.0.iter().fold(0, |sum, byte| sum ^ usize::from(*byte)) % SHARDS;
        let shard = self.shards.get(number)?;
        Some(work(&mut shard.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// What is known of a grant that has not ended.
    #[must_use]
    pub fn get(&self, id: GrantId, now: UnixTime) -> Option<Arc<Known>> {
        self.shard(id, |shard| {
            let known = shard.get(id)?;
            if known.expires_at > now {
                return Some(known);
            }
            shard.forget(id);
            None
        })?
    }

    /// Keeps it for a while. An end that was put off stays put off, whoever is late with an older one.
    pub fn keep(&self, id: GrantId, mut known: Known) {
        let Ok(written) = serde_json::to_vec(&known.authorization) else { return };
        let size = written.len() * IN_MEMORY + size_of::<Known>();
        if size > LARGEST {
            return;
        }
        self.shard(id, |shard| {
            known.expires_at = shard.forget(id).map_or(known.expires_at, |end| end.max(known.expires_at));
            shard.keep(id, Arc::new(known), size);
        });
    }

    /// Forgets it: it was heard that it is over.
    pub fn forget(&self, id: GrantId) {
        self.shard(id, |shard| shard.forget(id));
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let of = |shard: &Mutex<Shard>| {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.young.grants.len() + shard.old.grants.len()
        };
        self.shards.iter().map(of).sum()
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nauthera_core::facts::{ClaimsRequest, LoginEvent, PersonRef};
    use nauthera_core::names::{Audience, ClientId, ObjectRef};

    const NOW: UnixTime = UnixTime(1_000);

    fn id(n: u32) -> GrantId {
        GrantId(u128::from(n).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835).to_be_bytes())
    }

    fn known(resources: usize) -> Known {
        let resources = (0..resources).map(|n| Audience::parse(&format!("https://{n}.example")).unwrap());
        let authorization = Authorization {
            client_id: ClientId::parse("shop.spa").unwrap(),
            person: PersonRef::new(ObjectRef::new("platform", "people"), "ada"),
            login: LoginEvent { auth_time: NOW, amr: vec!["pwd".into()] },
            sid: Some("sid".into()),
            scopes: Vec::new(),
            resources: resources.collect(),
            claims: ClaimsRequest::default(),
            acr: None,
        };
        Known { authorization, expires_at: UnixTime(2_000) }
    }

    #[test]
    fn a_grant_is_known_until_it_ends_or_is_forgotten() {
        let grants = KnownGrants::default();
        assert_eq!(grants.get(id(1), NOW), None);
        grants.keep(id(1), known(0));
        grants.keep(id(2), known(1));
        assert_eq!(grants.get(id(1), NOW).as_deref(), Some(&known(0)));
        assert_eq!(grants.get(id(2), NOW).as_deref(), Some(&known(1)));
        grants.forget(id(1));
        assert_eq!(grants.get(id(1), NOW), None);
        assert_eq!(grants.get(id(2), UnixTime(2_000)), None);
        assert!(grants.is_empty());
    }

    #[test]
    fn what_is_kept_again_replaces_what_was_there() {
        let grants = KnownGrants::default();
        grants.keep(id(1), known(0));
        grants.keep(id(1), Known { expires_at: UnixTime(3_000), ..known(0) });
        grants.keep(id(1), known(0));
        assert_eq!(grants.len(), 1);
        assert!(grants.get(id(1), UnixTime(2_500)).is_some(), "its end was put off");
    }

    #[test]
    fn however_many_come_few_are_kept_and_the_used_ones_stay() {
        let grants = KnownGrants::default();
        grants.keep(id(0), known(0));
        for n in 1..100_000 {
            grants.keep(id(n), known(0));
            assert!(grants.get(id(0), NOW).is_some(), "{n}");
        }
        assert!((4_096..=8_192).contains(&grants.len()), "{}", grants.len());
        assert_eq!(grants.get(id(1), NOW), None);
    }

    #[test]
    fn however_large_they_are_little_is_kept() {
        let grants = KnownGrants::default();
        for n in 0..3_000 {
            grants.keep(id(n), known(400));
        }
        let each = serde_json::to_vec(&known(400).authorization).unwrap().len() * IN_MEMORY;
        assert!(grants.len() * each <= 16 << 20 && grants.len() > 100, "{} of {each}", grants.len());
        let before = grants.len();
        grants.keep(id(9_999), known(100_000));
        assert_eq!(grants.len(), before, "one that is larger than its share is not kept");
    }
}
