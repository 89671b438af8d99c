//! The two sides of a plan: manifests against manifests, or manifests laid over a cluster against the cluster as it is.

use crate::args::{PlanArgs, Source};
use crate::cluster::{self, Read};
use crate::output::{self, Cases, Ui};
use crate::paths::must_be_readable;
use crate::sources::{Sources, read_files};
use anyhow::{Result, bail};
use nauthera_api::manifests::Manifests;
use nauthera_core::inventory::Inventory;
use nauthera_core::names::Kind;
use nauthera_operator::survey::{Part, Survey};
use std::path::Path;

/// Both sides, read.
pub struct Sides {
    pub old: Inventory,
    pub new: Inventory,
    /// The new side's manifests, and the cluster where one was read.
    pub sources: Sources,
}

impl Sides {
    /// Reads them.
    ///
    /// # Errors
    /// A side that cannot be read in full: what the change does cannot be told then.
    pub fn read(args: &PlanArgs, ui: &Ui) -> Result<Self> {
        let private_fetch = args.cluster.allow_private_fetch;
        let sides = Self::read_both(args, ui)?;
        let judged = |side: Inventory| Inventory { private_fetch, ..side };
        Ok(Self { old: judged(sides.old), new: judged(sides.new), ..sides })
    }

    fn read_both(args: &PlanArgs, ui: &Ui) -> Result<Self> {
        let private_fetch = args.cluster.allow_private_fetch;
        match (&args.old, &args.new) {
            (Source::Cluster, Source::Cluster) => {
                bail!(
                    "OLD and NEW are both the cluster: name manifests for one of them (./cluster for a folder of that name)"
                )
            }
            (Source::Path(old), Source::Path(new)) => {
                must_be_readable(&[old.clone(), new.clone()])?;
                let home = args.cluster.namespace.as_deref();
                let sides = [(old, "OLD"), (new, "NEW")].map(|(path, side)| in_full(path, side, home, ui));
                let [old, new] = sides;
                let (old, new) = (old?, new?);
                Ok(Self {
                    old: old.inventory(),
                    new: new.inventory(),
                    sources: Sources { manifests: new, cluster: None, private_fetch },
                })
            }
            (Source::Cluster, Source::Path(new)) => {
                let (read, manifests) = beside(args, new, "NEW", ui)?;
                let new = over(&read.survey, &manifests, args.prune);
                let old = read.survey.inventory.clone();
                Ok(Self { old, new, sources: Sources { manifests, cluster: Some(read), private_fetch } })
            }
            (Source::Path(old), Source::Cluster) => {
                let (read, manifests) = beside(args, old, "OLD", ui)?;
                let old = over(&read.survey, &manifests, args.prune);
                let new = read.survey.inventory.clone();
                Ok(Self {
                    old,
                    new,
                    sources: Sources { manifests: Manifests::default(), cluster: Some(read), private_fetch },
                })
            }
        }
    }
}

/// Reads manifests. A side that cannot be read in full has no meaning here.
fn in_full(path: &Path, side: &str, home: Option<&str>, ui: &Ui) -> Result<Manifests> {
    let manifests = read_files(&[path.to_owned()], home);
    if manifests.is_incomplete() {
        for case in Cases::of(&manifests, []).iter() {
            ui.say(&format!("{}\n", output::render(&manifests, case)));
        }
        bail!("{side} ({}) cannot be read in full, so what the change does cannot be told", path.display());
    }
    Ok(manifests)
}

/// Reads the cluster in full, and the manifests on the other side.
fn beside(args: &PlanArgs, path: &Path, side: &str, ui: &Ui) -> Result<(Read, Manifests)> {
    must_be_readable(&[path.to_owned()])?;
    let read = cluster::read_all(&args.cluster)?;
    let missing: Vec<String> = read
        .survey
        .unread
        .iter()
        .filter(|unread| unread.part.is_needed())
        .map(|unread| format!("{unread}: {}", unread.why))
        .collect();
    if !missing.is_empty() {
        bail!(
            "{} may not be read as far as a plan needs it; bind the ClusterRole nauthera-security or nauthera-platform in the \
             cluster to who plans; what may not be listed: {}",
            read.name,
            missing.join("; ")
        );
    }
    let manifests = in_full(path, side, Some(&read.home), ui)?;
    if !args.prune {
        let path = path.display();
        ui.say(&format!("note: {path} is laid over the cluster: what it lacks stays as it is (--prune takes it for deleted)"));
    }
    Ok((read, manifests))
}

/// Manifests as they would be in the cluster: over its objects, or, pruned, in place of all of them.
fn over(survey: &Survey, manifests: &Manifests, prune: bool) -> Inventory {
    let mut inventory = survey.inventory.clone();
    inventory.lay_over(manifests.inventory());
    if prune {
        let Inventory { servers, policies, stores, clients, .. } = manifests.inventory();
        inventory.servers.retain(|name, _| servers.contains_key(name));
        inventory.policies.retain(|name, _| policies.contains_key(name));
        inventory.clients.retain(|name, _| clients.contains_key(name));
        // Those that may not be read are not known to be there.
        let known = survey.unread_of(Part::Objects(Kind::UserStore)).next().is_none();
        inventory.stores.retain(|name, _| !known || stores.contains_key(name));
    }
    inventory
}
