//! Notices that manifests have changed: by the operating system's word where it gives one, and by looking now and then
//! where it does not (mounted volumes, swapped links).

use nauthera_api::manifests::Listing;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio::sync::mpsc::{Receiver, channel};

/// An editor writes in several steps: a save is over when nothing has happened for so long,
const QUIET: Duration = Duration::from_millis(25);
/// but it is looked at after so long in any case.
const PATIENCE: Duration = Duration::from_millis(120);
/// How often to look without being told.
const LOOK_EVERY: Duration = Duration::from_secs(2);

type Seen = BTreeMap<PathBuf, Option<(SystemTime, u64)>>;

/// Watches one path.
pub struct Watch {
    path: PathBuf,
    told: Receiver<()>,
    seen: Seen,
    _watcher: Option<RecommendedWatcher>,
}

impl Watch {
    /// Starts to watch `path`; what happens below `data` does not count.
    pub fn start(path: &Path, data: &Path) -> Self {
        let (tell, told) = channel(1);
        let ignored = data.canonicalize().unwrap_or_else(|_| data.to_owned());
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let ours = |path: &PathBuf| path.starts_with(&ignored);
            let matters = event.is_ok_and(|event| !event.kind.is_access() && !event.paths.iter().all(ours));
            if matters {
                // A full queue holds the same news already.
                tell.try_send(()).ok();
            }
        });
        let watched = watcher.and_then(|mut watcher| {
            let root = path.canonicalize().unwrap_or_else(|_| path.to_owned());
            // A file is watched through its folder: editors replace files.
            let folder = if root.is_dir() { root.as_path() } else { root.parent().unwrap_or(&root) };
            watcher.watch(folder, RecursiveMode::Recursive).map(|()| watcher)
        });
        if let Err(error) = &watched {
            tracing::warn!(%error, "changes are looked for every 2 s");
        }
        let path = path.to_owned();
        let seen = look(&path);
        Self { path, told, seen, _watcher: watched.ok() }
    }

    /// Waits until something has changed, and until the change is over.
    pub async fn changed(&mut self) {
        loop {
            let told = tokio::time::timeout(LOOK_EVERY, self.told.recv()).await;
            let told = matches!(told, Ok(Some(())));
            if told {
                self.settle().await;
            }
            let seen = look(&self.path);
            if told || seen != self.seen {
                self.seen = seen;
                return;
            }
        }
    }

    async fn settle(&mut self) {
        let quiet = async { while tokio::time::timeout(QUIET, self.told.recv()).await.is_ok() {} };
        tokio::time::timeout(PATIENCE, quiet).await.ok();
    }
}

fn look(path: &Path) -> Seen {
    let listing = Listing::of(&[path.to_owned()]);
    let stamp = |path: &Path| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    listing.paths().map(|path| (path.to_owned(), stamp(path))).collect()
}
