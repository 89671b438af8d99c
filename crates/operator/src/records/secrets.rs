//! Writing the Secrets of applications, each with the `resourceVersion` that was read; one that is not there is created. A Secret that
//! another one controls is never touched.

use super::FENCE_ANNOTATION;
use super::plan::{Due, Entry};
use super::shards::data_of;
use crate::cluster::{Fault, call, put};
use crate::context::Context;
use crate::index::Source;
use crate::keys::note;
use crate::lease::Term;
use crate::secrets::{Claim, Owner, secret, take_added};
use k8s_openapi::api::core::v1::Secret;
use kube::api::Api;
use nauthera_core::credentials::KeyedDigest;
use nauthera_core::names::ObjectRef;
use nauthera_core::uri::IssuerUrl;
use std::sync::Arc;
use zeroize::Zeroizing;

/// One Secret to write.
pub struct Work<'a> {
    /// Whose.
    pub entry: &'a Entry,
    /// What for.
    pub due: &'a Due,
    /// The secret that is held for it.
    pub held: Option<&'a Zeroizing<String>>,
    /// The version of the Secret by which the step was chosen; `None` where it was absent.
    pub version: Option<Arc<str>>,
}

/// Writes the Secrets of one server's clients.
pub struct Writer<'a> {
    /// What every worker shares.
    pub context: &'a Arc<Context>,
    /// The server.
    pub server: &'a ObjectRef,
    /// Its issuer.
    pub issuer: &'a IssuerUrl,
    /// Only while this lasts.
    pub term: &'a Term,
}

impl Writer<'_> {
    /// Writes one.
    ///
    /// # Errors
    /// [`Fault`]; after a conflict the index knows what is there.
    pub async fn write(&self, work: &Work<'_>) -> Result<(), Fault> {
        if let Due::Look(name) = work.due {
            return self.look(name).await;
        }
        let Some(name) = work.entry.secret() else { return Ok(()) };
        let api: Api<Secret> = Api::namespaced(self.context.client.clone(), &name.namespace);
        let outcome = match &work.version {
            None => self.create(&api, work).await,
            Some(version) => self.replace(&api, work, version).await,
        };
        self.context.metrics.wrote("secret", outcome.as_ref().map_or_else(Fault::category, |()| "ok"));
        if let Err(Fault::Conflict) = outcome {
            // What is there is known from now on: also one without our label, of which no watch tells.
            match call(api.get_opt(&name.name)).await? {
                Some(there) => note(self.context, Source::ClientSecrets, &there),
                None => self.context.shared.with(|index| index.forget_secret(&name)),
            }
        }
        outcome
    }

    async fn look(&self, name: &ObjectRef) -> Result<(), Fault> {
        let api: Api<Secret> = Api::namespaced(self.context.client.clone(), &name.namespace);
        match call(api.get_opt(&name.name)).await? {
            Some(there) => note(self.context, Source::ClientSecrets, &there),
            None => self.context.shared.with(|index| index.forget_secret(name)),
        }
        Ok(())
    }

    async fn create(&self, api: &Api<Secret>, work: &Work<'_>) -> Result<(), Fault> {
        let application = work.entry.application(self.server, self.issuer);
        let plain = match work.due {
            Due::Secret(digest) => Some(self.held(work, *digest)?),
            // There is nothing to take over, and a secret that is lost is made by a step of its own.
            Due::Adopt => return Err(Fault::Conflict),
            Due::Record | Due::Fence(_) | Due::Refresh | Due::Look(_) => None,
        };
        let mut made = secret(&application, plain);
        if let Due::Fence(mark) = work.due {
            let annotations = made.metadata.annotations.get_or_insert_default();
            annotations.insert(FENCE_ANNOTATION.into(), mark.to_string());
        }
        self.term.check()?;
        note(self.context, Source::ClientSecrets, &put(api, &made).await?);
        Ok(())
    }

    async fn replace(&self, api: &Api<Secret>, work: &Work<'_>, version: &str) -> Result<(), Fault> {
        let name = work.entry.spec.secret.name_for(&work.entry.client);
        let there = call(api.get(&name)).await.map_err(|fault| match fault {
            Fault::NotFound => Fault::Conflict,
            other => other,
        })?;
        let claimed = Owner::of(&there.metadata).claim(&work.entry.uid);
        let may = claimed == Claim::Ours || (claimed == Claim::Nobodys && *work.due == Due::Adopt);
        if there.metadata.resource_version.as_deref() != Some(version) || !may {
            return Err(Fault::Conflict);
        }
        let data = data_of(&there);
        let kept = self.kept(work, |key| data.get(key).cloned());
        let plain = match work.due {
            Due::Secret(digest) => Some(self.held(work, *digest)?),
            _ => kept.as_deref().map(String::as_str),
        };
        let written =
            merged(there, secret(&work.entry.application(self.server, self.issuer), plain), work.due);
        self.term.check()?;
        note(self.context, Source::ClientSecrets, &put(api, &written).await?);
        Ok(())
    }

    /// The secret that the Secret has and keeps, under the key that it was found with: that may be renamed since.
    fn kept(
        &self,
        work: &Work<'_>,
        value: impl Fn(&str) -> Option<Zeroizing<Vec<u8>>>,
    ) -> Option<Zeroizing<String>> {
        if !work.entry.row.authentication.method.uses_secret() || work.entry.spec.existing_secret.is_some() {
            return None;
        }
        let name = work.entry.secret()?;
        let content = self.context.shared.with(|index| index.secret(&name)?.content.clone())?;
        String::from_utf8(value(&content.secret_key)?.to_vec()).ok().map(Zeroizing::new)
    }

    fn held<'a>(&self, work: &Work<'a>, digest: KeyedDigest) -> Result<&'a str, Fault> {
        let key = self.context.shared.with(|index| index.digest_key(self.server));
        let held = work.held.filter(|plain| key.is_some_and(|key| KeyedDigest::of(&key, plain) == digest));
        held.map(|plain| plain.as_str()).ok_or(Fault::Conflict)
    }
}

/// What is there with everything that should be: labels and annotations of others stay, and nothing else does: what the
/// template added and does not any more goes.
fn merged(there: Secret, wanted: Secret, due: &Due) -> Secret {
    let mut metadata = there.metadata;
    metadata.managed_fields = None;
    take_added(&mut metadata);
    metadata.labels.get_or_insert_default().extend(wanted.metadata.labels.unwrap_or_default());
    let annotations = metadata.annotations.get_or_insert_default();
    annotations.extend(wanted.metadata.annotations.unwrap_or_default());
    if let Due::Fence(mark) = due {
        annotations.insert(FENCE_ANNOTATION.into(), mark.to_string());
    }
    metadata.owner_references = wanted.metadata.owner_references;
    // The type of a Secret never changes; one that was restored keeps its own.
    Secret { metadata, type_: there.type_, data: wanted.data, ..Secret::default() }
}
