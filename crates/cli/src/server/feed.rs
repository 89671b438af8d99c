//! Where a server has its Snapshot from: a file that is looked at, or the ConfigMaps of its namespace. Of the latter the last good one
//! is kept on disk, so that a restart while the API server is away serves.

use crate::background::Background;
use crate::data::private_folder;
use anyhow::{Context, Result, bail};
use nauthera_core::names::ObjectRef;
use nauthera_core::snapshot::{Revision, Snapshot};
use nauthera_operator::cluster::connect;
use nauthera_operator::follow::{Followed, follow, server_of};
use nauthera_server::keys::write_private;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How often a file is looked at: mounted files change behind a link, where no watch sees it.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Snapshots that wait to be applied.
const WAITING: usize = 4;

/// A Snapshot with its revision.
pub type Served = (Revision, Arc<Snapshot>);

/// Where the Snapshot comes from.
pub enum Feed {
    /// A file.
    File {
        /// Its path.
        path: PathBuf,
        /// What was seen of it last.
        stamp: Stamp,
        /// Where it is read.
        background: Arc<Background>,
    },
    /// ConfigMaps.
    Maps {
        /// What comes of them.
        news: mpsc::Receiver<Followed>,
        /// Where the last good one is kept.
        cache: Option<PathBuf>,
        /// Where that is written.
        background: Arc<Background>,
        /// Who follows them.
        following: JoinHandle<()>,
    },
}

/// What is seen of a file without reading it.
pub type Stamp = Option<(std::time::SystemTime, u64, u64)>;

impl Feed {
    /// A file.
    pub fn file(path: &Path, background: Arc<Background>) -> Self {
        Self::File { path: path.to_owned(), stamp: None, background }
    }

    /// The ConfigMaps of this index.
    pub async fn maps(index: &ObjectRef, cache: Option<&Path>, background: Arc<Background>) -> Result<Self> {
        let Some(server) = server_of(index) else {
            bail!(
                "{index} is no index of a Snapshot: give NAMESPACE/nauthera-NAME-snapshot of an AuthServer NAME"
            );
        };
        if let Some(folder) = cache {
            private_folder(folder)?;
        }
        let (client, _) = connect().await?;
        let (out, news) = mpsc::channel(WAITING);
        let following = tokio::spawn(follow(client, server, out));
        let cache = cache.map(|folder| folder.join("snapshot.json"));
        Ok(Self::Maps { news, cache, background, following })
    }

    /// The Snapshot to begin with. ConfigMaps are waited for, unless a good one was kept.
    pub async fn first(&mut self) -> Result<Served> {
        match self {
            Self::File { path, stamp, .. } => {
                *stamp = stamp_of(path);
                read(path)
            }
            Self::Maps { cache, .. } => {
                if let Some(path) = cache.as_deref().filter(|path| path.exists()) {
                    match read(path) {
                        Ok(kept) => {
                            tracing::info!(revision = %kept.0.short(), "serving what was served last, until something newer is read");
                            return Ok(kept);
                        }
                        Err(error) => {
                            tracing::warn!(
                                error = format!("{error:#}"),
                                "what was served last is passed over"
                            );
                        }
                    }
                }
                loop {
                    match self.next().await {
                        Some(Ok(first)) => return Ok(first),
                        Some(Err(why)) => {
                            tracing::warn!(why, "there is no Snapshot to serve yet: it is waited for")
                        }
                        None => bail!("the ConfigMaps of the Snapshot are not followed any more"),
                    }
                }
            }
        }
    }

    /// The next Snapshot, or why what was found cannot be served; `None` where nothing more will come.
    pub async fn next(&mut self) -> Option<Result<Served, String>> {
        match self {
            Self::File { path, stamp, background } => {
                let mut every = tokio::time::interval(LOOK_EVERY);
                loop {
                    every.tick().await;
                    let now = stamp_of(path);
                    if now != *stamp {
                        *stamp = now;
                        let path = path.clone();
                        let outcome = background.run(move || read(&path)).await.flatten();
                        return Some(outcome.map_err(|error| format!("{error:#}")));
                    }
                }
            }
            Self::Maps { news, cache, background, .. } => loop {
                match news.recv().await? {
                    Followed::Snapshot(unpacked) => {
                        let snapshot = Arc::new(unpacked.snapshot);
                        if let Some(path) = cache {
                            let (path, kept) = (path.clone(), snapshot.clone());
                            background.run(move || keep(&path, &kept)).await.ok();
                        }
                        return Some(Ok((unpacked.revision, snapshot)));
                    }
                    Followed::Refused(why) => return Some(Err(why)),
                    Followed::Unreachable(why) => {
                        tracing::warn!(why, "the Snapshot cannot be followed: what is served goes on");
                    }
                }
            },
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        if let Self::Maps { following, .. } = self {
            following.abort();
        }
    }
}

/// Keeps what is served; where that fails a restart needs the API server, and nothing else is lost.
fn keep(path: &Path, snapshot: &Snapshot) {
    if let Err(error) = write_private(path, &snapshot.to_bytes()) {
        tracing::error!(path = %path.display(), %error, "the last good Snapshot cannot be kept");
    }
}

fn read(path: &Path) -> Result<Served> {
    let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let snapshot =
        Snapshot::from_bytes(&bytes).with_context(|| format!("{} cannot be served", path.display()))?;
    Ok((snapshot.revision(), Arc::new(snapshot)))
}

fn stamp_of(path: &Path) -> Stamp {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
}
