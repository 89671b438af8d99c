//! Signing keys of several replicas: in one folder that they share, or mounted and kept by somebody else.

use nauthera_core::grant::SigningAlgorithm;
use nauthera_core::oauth::keyring::KeyTimes;
use nauthera_core::spec::SigningSettings;
use nauthera_core::time::{Seconds, UnixTime};
use nauthera_server::keys::{FileKeys, KeyError, KeyRing, KeyStore, SigningKey, StoredKey, Turn};
use std::collections::BTreeSet;
use std::path::Path;

const DAY: i64 = 86_400;
const LIFETIMES: (Seconds, Seconds) = (Seconds::hours(1), Seconds::hours(12));

/// Keys as a mounted Secret shows them.
struct Mounted(FileKeys);

impl KeyStore for Mounted {
    fn turn(&self) -> Result<Turn, KeyError> {
        Ok(Turn::Theirs)
    }

    fn load(&self) -> Result<Vec<StoredKey>, KeyError> {
        self.0.load()
    }

    fn save(&self, _: &[StoredKey]) -> Result<(), KeyError> {
        panic!("what is mounted is not written")
    }
}

fn settings() -> SigningSettings {
    SigningSettings { algorithm: SigningAlgorithm::Es256, ..SigningSettings::default() }
}

fn replica(folder: &Path) -> KeyRing {
    KeyRing::open(Box::new(FileKeys::in_folder(folder))).unwrap()
}

fn mounted(folder: &Path) -> KeyRing {
    KeyRing::open(Box::new(Mounted(FileKeys::in_folder(folder)))).unwrap()
}

fn published(ring: &KeyRing) -> BTreeSet<String> {
    ring.load().iter().map(|key| key.kid.clone()).collect()
}

fn signing(ring: &KeyRing, now: i64) -> String {
    ring.load().signing(UnixTime(now)).unwrap().stored.kid.clone()
}

#[test]
fn replicas_that_start_together_share_their_first_key() {
    let folder = tempfile::tempdir().unwrap();
    let rings: Vec<KeyRing> = std::thread::scope(|scope| {
        let start = || {
            let ring = replica(folder.path());
            ring.maintain(&settings(), LIFETIMES, UnixTime(0)).unwrap();
            ring
        };
        let all: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
        all.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for ring in &rings {
        assert_eq!(published(ring).len(), 1);
        assert_eq!(published(ring), published(&rings[0]));
    }
}

#[test]
fn no_replica_signs_with_a_key_that_another_does_not_publish() {
    let folder = tempfile::tempdir().unwrap();
    let rings = [replica(folder.path()), replica(folder.path()), mounted(folder.path())];
    rings[0].maintain(&settings(), LIFETIMES, UnixTime(0)).unwrap();
    // Each looks every few seconds, at moments of its own; a rotation and a half go by.
    for step in 0..(45 * DAY / 600) {
        let now = step * 600;
        for (n, ring) in rings.iter().enumerate() {
            if step == 0 || (step + n as i64) % 3 == 0 {
                ring.maintain(&settings(), LIFETIMES, UnixTime(now)).unwrap();
            }
        }
        for ring in &rings {
            let kid = signing(ring, now);
            assert!(rings.iter().all(|other| published(other).contains(&kid)), "at {now}");
        }
    }
    assert!(!published(&rings[0]).is_empty());
}

#[test]
fn a_key_that_another_made_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (replica(folder.path()), replica(folder.path()));
    let made = one.maintain(&settings(), LIFETIMES, UnixTime(0)).unwrap();
    let taken = other.maintain(&settings(), LIFETIMES, UnixTime(5)).unwrap();
    assert_eq!(
        (made.made, taken.taken),
        (published(&one).into_iter().collect(), published(&one).into_iter().collect())
    );
}

#[test]
fn mounted_keys_are_followed_and_never_made() {
    let folder = tempfile::tempdir().unwrap();
    assert!(
        mounted(folder.path()).maintain(&settings(), LIFETIMES, UnixTime(0)).is_err(),
        "there is none yet"
    );
    let keeper = FileKeys::in_folder(folder.path());
    let key = |active_from| {
        let times = KeyTimes {
            algorithm: SigningAlgorithm::Es256,
            active_from: UnixTime(active_from),
            retired_at: None,
            longest_token: Seconds::hours(1),
        };
        SigningKey::generate(times).unwrap().stored
    };
    let (first, second) = (key(0), key(DAY));
    keeper.save(std::slice::from_ref(&first)).unwrap();
    let ring = mounted(folder.path());
    ring.maintain(&settings(), LIFETIMES, UnixTime(10)).unwrap();
    keeper.save(&[first.clone(), second.clone()]).unwrap();
    let report = ring.maintain(&settings(), LIFETIMES, UnixTime(20)).unwrap();
    assert_eq!(report.taken, std::slice::from_ref(&second.kid));
    assert_eq!(signing(&ring, 20), first.kid);
    assert_eq!(signing(&ring, DAY), second.kid);
    // A file that lost its keys ends nothing: the held ones go on.
    keeper.save(&[]).unwrap();
    assert!(ring.maintain(&settings(), LIFETIMES, UnixTime(30)).is_err());
    assert_eq!(signing(&ring, 30), first.kid);
}
