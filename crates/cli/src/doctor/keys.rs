//! Keys: is there one that signs, does somebody rotate them, can others read them?

use super::{Finding, Findings};
use nauthera_core::spec::SigningSettings;
use nauthera_core::time::{Seconds, UnixTime};
use nauthera_server::keys::{FileKeys, KeyRing};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A rotation may be so late before it is told.
const LATE: Seconds = Seconds::hours(24);

/// The key ids that are published, and what was seen.
pub fn check(folder: &Path, signing: Option<&SigningSettings>, now: UnixTime) -> (Vec<String>, Vec<Finding>) {
    let mut findings = Findings::of("keys");
    private(&mut findings, folder);
    digest_key(&mut findings, folder);
    let kids = match KeyRing::open(Box::new(FileKeys::in_folder(folder))) {
        Ok(ring) => signing_keys(&mut findings, &ring, signing, now),
        Err(error) => {
            findings.error(
                error.to_string(),
                "restore the file from a backup: tokens cannot be signed without it",
            );
            Vec::new()
        }
    };
    (kids, findings.all)
}

fn private(findings: &mut Findings, folder: &Path) {
    let open = ["signing-keys.json", "digest.key"]
        .iter()
        .find(|name| std::fs::metadata(folder.join(name)).is_ok_and(|metadata| metadata.mode() & 0o007 != 0));
    if let Some(name) = open {
        findings.warning(
            format!("{} can be read by everybody on this machine", folder.join(name).display()),
            format!("chmod 600 {}", folder.join(name).display()),
        );
    }
}

fn digest_key(findings: &mut Findings, folder: &Path) {
    let path = folder.join("digest.key");
    match std::fs::read(&path) {
        Ok(bytes) if bytes.len() == 32 => findings.ok("the digest key is there"),
        Ok(bytes) => findings.error(
            format!("{} holds {} bytes, not 32", path.display(), bytes.len()),
            "restore it from a backup: clients' secrets are checked with it",
        ),
        Err(error) => findings.error(
            format!("{}: {error}", path.display()),
            "copy the digest key with which the Snapshot was compiled: clients' secrets are checked with it",
        ),
    }
}

fn signing_keys(
    findings: &mut Findings,
    ring: &KeyRing,
    signing: Option<&SigningSettings>,
    now: UnixTime,
) -> Vec<String> {
    let keys = ring.load();
    match keys.signing(now) {
        None => findings.error(
            "no key signs now",
            "start `nauthera server` with write access to the folder once, or restore the keys from a backup",
        ),
        Some(key) => {
            let (kid, times) = (&key.stored.kid, &key.stored.times);
            let days = now.since(times.active_from).get() / 86_400;
            findings.ok(format!("{kid} ({}) has signed for {days} days", times.algorithm));
            if let Some(settings) = signing {
                let due = times.active_from.plus(settings.rotation_interval);
                if due.plus(LATE) < now {
                    findings.warning(
                        "the next key is overdue",
                        "let one server write the folder of keys, or see why what keeps the mounted Secret does not run",
                    );
                }
            }
        }
    }
    keys.iter().map(|key| key.kid.clone()).collect()
}
