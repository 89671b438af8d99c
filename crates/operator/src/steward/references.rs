//! What an AuthServer names and its pods cannot start, or not fully serve, without: Secrets of its namespace with the keys that are
//! needed. They are nobody's of ours, so they are not watched but looked at now and then, and their values are not kept.

use super::Steward;
use crate::children::{SecretKey, required};
use crate::cluster::{Fault, has_key, secrets_of};
use crate::status::{Unresolved, reasons};
use k8s_openapi::api::core::v1::Secret;
use nauthera_core::codes::Code;
use nauthera_core::names::{Kind, ObjectRef};
use std::collections::BTreeMap;
use std::time::Duration;

/// How often it is looked while everything is there, and while something is not.
const EVERY: [Duration; 2] = [Duration::from_secs(30), Duration::from_secs(5)];

/// Keys of Secrets, with the field that names each.
pub(super) type Named = BTreeMap<SecretKey, &'static str>;

impl Steward {
    /// Notes which Secrets are missing; how long until it is looked again. That it cannot be looked holds nothing else up.
    pub(super) async fn references(&mut self) -> Duration {
        let now = self.context.clock.monotonic();
        let (generation, named) = self.named();
        if now >= self.references_due || self.references_of != named {
            let [rest, soon] = EVERY;
            let missing = match self.missing(&named).await {
                Err(fault) if fault.is_refusal() => Ok(vec![unasked(&self.server, &fault)]),
                other => other,
            };
            if let Err(fault) = &missing {
                tracing::debug!(server = %self.server, %fault, "the Secrets that it names cannot be looked for");
                if !std::mem::replace(&mut self.references_failed, true) {
                    // The next try may know; nothing is said of this edit until then.
                    self.references_due = now.saturating_add(soon);
                    return soon;
                }
            }
            self.references_failed = missing.is_err();
            let all_there = missing.as_ref().is_ok_and(Vec::is_empty);
            self.references_due = now.saturating_add(if all_there { rest } else { soon });
            self.references_of = named;
            let mut notes = self.standing.notes();
            if let Ok(missing) = missing
                && notes.missing_secrets != missing
            {
                notes.missing_secrets = missing;
                self.context.news.ring();
            }
        }
        let mut notes = self.standing.notes();
        if notes.looked != generation {
            notes.looked = generation;
            drop(notes);
            self.context.news.ring();
        }
        self.references_due.saturating_sub(now)
    }

    /// The Secrets that the manifest names, each key with the field that names it, and the edit that is.
    fn named(&self) -> (i64, Named) {
        let manifest = self.context.shared.with(|index| {
            let manifest = index.manifest(Kind::AuthServer, &self.server)?;
            Some((manifest.generation, manifest.workload.clone(), manifest.secrets.clone()))
        });
        let Some((generation, workload, authorities)) = manifest else { return (0, Named::new()) };
        let Some(spec) = workload else { return (generation, Named::new()) };
        let authorities =
            authorities.iter().map(|named| (SecretKey::of(named, ""), "serviceAccountIssuers.caSecretRef"));
        (generation, required(&spec).into_iter().chain(authorities).collect())
    }

    async fn missing(&self, named: &Named) -> Result<Vec<Unresolved>, Fault> {
        let names = named.keys().map(|named| named.name.as_str());
        let there = secrets_of(&self.context.client, &self.server.namespace, names).await?;
        let unresolved = |(named, field): (&SecretKey, &&'static str)| {
            let secret = there.get(named.name.as_str()).and_then(Option::as_ref);
            unresolved(&self.server, named, field, secret)
        };
        let mut missing: Vec<Unresolved> = named.iter().filter_map(unresolved).collect();
        // A Secret that is missing lacks each of its keys.
        missing.dedup();
        Ok(missing)
    }
}

/// What is said where nobody may look for the Secrets that it names.
fn unasked(server: &ObjectRef, fault: &Fault) -> Unresolved {
    let message = format!(
        "whether the Secrets that it names are there in {} is not known: {fault}; whoever runs the operator grants it the right",
        server.namespace
    );
    Unresolved { reason: Code::SecretMissing.reason(), message }
}

/// What is wrong with a Secret that a field names, if anything.
fn unresolved(
    server: &ObjectRef,
    named: &SecretKey,
    field: &str,
    there: Option<&Secret>,
) -> Option<Unresolved> {
    let SecretKey { name, key } = named;
    let namespace = &server.namespace;
    let Some(secret) = there else {
        let message = format!(
            "Secret {namespace}/{name}, which {field} names, is not there; platform makes it, or mends the name"
        );
        return Some(Unresolved { reason: Code::SecretMissing.reason(), message });
    };
    (!has_key(secret, key)).then(|| {
        let message =
            format!("Secret {namespace}/{name}, which {field} names, has no key {key}; platform adds it");
        Unresolved { reason: reasons::KEY_MISSING, message }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::ByteString;

    #[test]
    fn a_secret_that_is_not_there_and_one_without_the_key_are_told_apart() {
        let server = ObjectRef::new("auth", "main");
        let named = SecretKey { name: "db".into(), key: "url".into() };
        let of =
            |there: Option<&Secret>| unresolved(&server, &named, "database.postgres.urlSecretRef", there);
        let secret = |key: &str| Secret {
            data: Some([(key.to_owned(), ByteString(Vec::new()))].into()),
            ..Secret::default()
        };
        assert_eq!(of(Some(&secret("url"))), None);
        assert_eq!(of(Some(&secret("URL"))).unwrap().reason, "KeyMissing");
        assert_eq!(of(Some(&Secret::default())).unwrap().reason, "KeyMissing");
        let missing = of(None).unwrap();
        assert_eq!(missing.reason, "SecretMissing");
        assert!(
            missing
                .message
                .starts_with("Secret auth/db, which database.postgres.urlSecretRef names, is not there")
        );
    }
}
