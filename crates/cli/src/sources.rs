//! What `check` and `plan` look at: manifests of files, the objects of a cluster, or the one laid over the other as applying them would.
//! Of a finding on an object of the cluster its name stands where a file's place would.

use crate::args::{ClusterArgs, Source};
use crate::cluster::{self, Read};
use crate::output::Cases;
use crate::paths::must_be_readable;
use anyhow::Result;
use nauthera_api::manifests::{Listing, Manifests};
use nauthera_core::codes::Code;
use nauthera_core::finding::{Finding, Place};
use nauthera_core::inventory::{Inventory, Object};
use nauthera_core::names::{Kind, ObjectKey, ObjectRef};
use nauthera_core::spec::ServerSpec;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Manifests, and the cluster under them where one is asked for.
pub struct Sources {
    /// What stands in files.
    pub manifests: Manifests,
    /// What is in the cluster.
    pub cluster: Option<Read>,
    /// May servers call private addresses? Neither manifests nor cluster say so: the operator's flags do.
    pub private_fetch: bool,
}

impl Sources {
    /// Reads them all. The cluster comes first, since it knows the namespace of manifests that name none.
    ///
    /// # Errors
    /// A path that cannot be read, or a cluster that cannot be reached.
    pub fn read(sources: &[Source], args: &ClusterArgs) -> Result<Self> {
        let paths: Vec<PathBuf> = sources.iter().filter_map(Source::path).map(Into::into).collect();
        must_be_readable(&paths)?;
        let cluster = if sources.contains(&Source::Cluster) { Some(cluster::read_all(args)?) } else { None };
        let home = cluster.as_ref().map(|read| read.home.as_str()).or(args.namespace.as_deref());
        let private_fetch = args.allow_private_fetch;
        Ok(Self { manifests: read_files(&paths, home), cluster, private_fetch })
    }

    /// The facts: manifests over the cluster's.
    pub fn inventory(&self) -> Inventory {
        let mut inventory = self.held();
        inventory.lay_over(self.manifests.inventory());
        Inventory { private_fetch: self.private_fetch, ..inventory }
    }

    /// The cluster's facts alone.
    fn held(&self) -> Inventory {
        self.cluster.as_ref().map(|read| read.survey.inventory.clone()).unwrap_or_default()
    }

    /// What reading found, and what was found since, with the places.
    pub fn cases(&self, since: impl IntoIterator<Item = Finding>) -> Cases {
        Cases::over(&self.manifests, self.findings(), since.into_iter().chain(self.other_issuers()))
    }

    /// Servers whose issuer is another one in the cluster, where it never changes: the API server would refuse the manifest.
    fn other_issuers(&self) -> Vec<Finding> {
        let Some(read) = &self.cluster else { return Vec::new() };
        let Inventory { servers, .. } = self.manifests.inventory();
        let differ = |(name, object): (ObjectRef, Object<ServerSpec>)| {
            let held = read.survey.inventory.servers.get(&name)?.spec.as_ref()?;
            let written = object.spec?;
            (held.issuer_url != written.issuer_url).then(|| {
                let message = format!("AuthServer `{name}` is there with the issuer `{}`", held.issuer_url);
                Finding::new(Code::RuleViolation, message)
                    .at(Place::field(Kind::AuthServer, &name, "issuerUrl"), "another one here")
                    .note("issuerUrl is immutable, since every token carries it: the API server refuses this manifest")
                    .help("make a new AuthServer instead, or write the issuer that is there")
            })
        };
        servers.into_iter().filter_map(differ).collect()
    }

    fn findings(&self) -> Option<&BTreeMap<ObjectKey, Vec<Finding>>> {
        self.cluster.as_ref().map(|read| &read.survey.findings)
    }
}

/// Reads files; objects that name no namespace are in `home`.
pub fn read_files(paths: &[PathBuf], home: Option<&str>) -> Manifests {
    let listing = Listing::of(paths);
    Manifests::load(&match home {
        Some(home) => listing.in_namespace(home),
        None => listing,
    })
}
