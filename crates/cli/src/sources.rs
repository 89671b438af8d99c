//! What `check` and `plan` look at: manifests of files, the objects of a cluster, or the one laid over the other as applying them would.
//! Of a finding on an object of the cluster its name stands where a file's place would.

use crate::args::{ClusterArgs, Source};
use crate::cluster::{self, Read};
use crate::output::Cases;
use crate::paths::must_be_readable;
use anyhow::Result;
use nauthera_api::manifests::{Listing, Manifests};
use nauthera_core::finding::Finding;
use nauthera_core::inventory::Inventory;
use nauthera_core::names::ObjectKey;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Manifests, and the cluster under them where one is asked for.
pub struct Sources {
    /// What stands in files.
    pub manifests: Manifests,
    /// What is in the cluster.
    pub cluster: Option<Read>,
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
        Ok(Self { manifests: read_files(&paths, home), cluster })
    }

    /// The facts: manifests over the cluster's.
    pub fn inventory(&self) -> Inventory {
        let mut inventory = self.held();
        inventory.lay_over(self.manifests.inventory());
        inventory
    }

    /// The cluster's facts alone.
    fn held(&self) -> Inventory {
        self.cluster.as_ref().map(|read| read.survey.inventory.clone()).unwrap_or_default()
    }

    /// What reading found, and what was found since, with the places.
    pub fn cases(&self, since: impl IntoIterator<Item = Finding>) -> Cases {
        Cases::over(&self.manifests, self.findings(), since)
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
