//! Notices that manifests have changed: by the operating system's word where it gives one, and by looking now and then
//! where it does not (mounted volumes, swapped links).

use nauthera_api::manifests::Listing;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
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
    data: PathBuf,
    told: Receiver<()>,
    seen: Seen,
    watcher: Option<RecommendedWatcher>,
    /// The folder that is watched, by what the file system calls it: another one may come in its place.
    watched: Option<(PathBuf, FileId)>,
}

type FileId = (u64, u64);

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
        let path = path.to_owned();
        let data = data.to_owned();
        let seen = look(&path, &data);
        let mut watch = Self { path, data, told, seen, watcher: watcher.ok(), watched: None };
        watch.follow();
        if watch.watched.is_none() {
            tracing::warn!("changes cannot be watched: they are looked for every 2 s");
        }
        watch
    }

    /// Watches the folder that is there now.
    fn follow(&mut self) {
        let Some(watcher) = &mut self.watcher else { return };
        let Some(folder) = folder(&self.path) else { return };
        if self.watched.as_ref() == Some(&folder) {
            return;
        }
        if let Some((gone, _)) = self.watched.take() {
            watcher.unwatch(&gone).ok();
        }
        match watcher.watch(&folder.0, RecursiveMode::Recursive) {
            Ok(()) => self.watched = Some(folder),
            Err(error) => tracing::debug!(%error, "the folder cannot be watched"),
        }
    }

    /// Tells of each change from now on. Whoever listens may look elsewhere meanwhile: nothing that was noticed is lost by that.
    pub fn told(mut self) -> Receiver<()> {
        let (tell, told) = channel(1);
        tokio::spawn(async move {
            loop {
                self.changed().await;
                if tell.send(()).await.is_err() {
                    return;
                }
            }
        });
        told
    }

    /// Waits until something has changed, and until the change is over.
    async fn changed(&mut self) {
        loop {
            let told = tokio::time::timeout(LOOK_EVERY, self.told.recv()).await;
            let told = matches!(told, Ok(Some(())));
            if told {
                self.settle().await;
            }
            self.follow();
            let seen = look(&self.path, &self.data);
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

/// The folder to watch for a path that is there. A file is watched through its folder: editors replace files.
fn folder(path: &Path) -> Option<(PathBuf, FileId)> {
    let root = path.canonicalize().ok()?;
    let folder = if root.is_dir() { root.as_path() } else { root.parent()? };
    let metadata = folder.metadata().ok()?;
    Some((folder.to_owned(), (metadata.dev(), metadata.ino())))
}

fn look(path: &Path, data: &Path) -> Seen {
    let listing = Listing::beside(&[path.to_owned()], data);
    let stamp = |path: &Path| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    listing.paths().map(|path| (path.to_owned(), stamp(path))).collect()
}
