//! The snapshots of one partition of one view, in a folder that all instances share:
//! `<dir>/<view>/<partition>-of-<partitions>/<next offset>.snapshot`.
//!
//! A folder on a shared file system rather than a compacted topic: a snapshot is a bulk file of up
//! to hundreds of megabytes that is read at most once. As records it would go through the brokers'
//! page cache, where it pushes out what readers follow, and every row would be bound by the largest
//! message that the topic takes. A folder is what every operator can mount, list, copy and expire.
//! Nothing is asked of its consistency: a snapshot is a cache, proven by its digest and against the
//! log before it counts, and without one the view is made again from the log.
//!
//! Several instances may write at once: each writes under a name of its own, synced, and gives it
//! the final name when it is whole.

use crate::checkpoint::{self, Owner};
use crate::snapshot::{self, Error};
use crate::store::Store;
use crate::views::State;
use lienthong_domain::status::Mappings;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tracing::{info, warn};

/// So many snapshots of a partition stay, those written last.
const KEPT: usize = 2;
/// An unfinished snapshot that nobody has written to for so long was left by an instance that died.
const ABANDONED: Duration = Duration::from_secs(3_600);
const SUFFIX: &str = ".snapshot";
const UNFINISHED: &str = ".unfinished";

/// The folder of one partition of one view.
#[derive(Debug, Clone)]
pub struct Folder {
    dir: PathBuf,
    owner: Owner,
    every: Duration,
}

/// A snapshot in its folder.
struct Listed {
    path: PathBuf,
    next: u64,
    modified: SystemTime,
}

impl Folder {
    /// The folder under `dir`, the folder of all snapshots; made when a snapshot is written. A
    /// snapshot is due when the last is older than `every`.
    pub fn new(dir: &Path, every: Duration, owner: Owner) -> Self {
        let (partition, partitions) = (owner.partition, owner.partitions);
        let dir = dir
            .join(owner.view.name())
            .join(format!("{partition}-of-{partitions}"));
        Self { dir, owner, every }
    }

    /// How old the last snapshot may become.
    pub fn every(&self) -> Duration {
        self.every
    }

    /// Whether there is a snapshot that stands at offset `next` or after it, unproven.
    pub fn reaches(&self, next: u64) -> bool {
        let listed = self.list().unwrap_or_default();
        listed.iter().any(|snapshot| snapshot.next >= next)
    }

    /// The furthest state that proves itself under these status tables and `fits` the log, if it
    /// stands after offset `after`. What does not count is warned of and left where it is.
    pub fn load(
        &self,
        after: u64,
        tables: &Mappings,
        fits: &dyn Fn(&State) -> Result<(), String>,
    ) -> Option<State> {
        let mut listed = match self.list() {
            Ok(listed) => listed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                self.warn(&self.dir, &error.to_string());
                return None;
            }
        };
        listed.retain(|snapshot| snapshot.next > after);
        listed.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.next));
        listed.iter().find_map(|snapshot| {
            let loaded = self.load_one(snapshot, tables, fits);
            loaded
                .map_err(|reason| self.warn(&snapshot.path, &reason))
                .ok()
        })
    }

    fn load_one(
        &self,
        snapshot: &Listed,
        tables: &Mappings,
        fits: &dyn Fn(&State) -> Result<(), String>,
    ) -> Result<State, String> {
        let mut store = snapshot::open(&snapshot.path).map_err(|error| error.to_string())?;
        let state = checkpoint::load(store.as_mut(), self.owner, tables);
        let state = state
            .map_err(|unproven| unproven.to_string())?
            .ok_or("it holds no rows")?;
        if state.next != snapshot.next {
            return Err(format!("it stands at offset {}", state.next));
        }
        fits(&state)?;
        info!(
            view = self.owner.view.name(),
            partition = self.owner.partition,
            next = state.next,
            "the view goes on from a snapshot"
        );
        Ok(state)
    }

    /// Writes the committed rows of a store, whose checkpoint stands at `next`, and removes what
    /// is no longer needed. Blocks.
    ///
    /// # Errors
    /// [`Error`]; then nothing has changed.
    pub fn write(&self, store: &mut dyn Store, next: u64) -> Result<(), Error> {
        fs::create_dir_all(&self.dir)?;
        let mut unfinished = tempfile::Builder::new()
            .prefix(&format!(".{next}-"))
            .suffix(UNFINISHED)
            // As any file: who may read it is the umask's word.
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(&self.dir)?;
        snapshot::write(store, unfinished.as_file_mut())?;
        unfinished.as_file().sync_all()?;
        let path = self.dir.join(format!("{next}{SUFFIX}"));
        unfinished.persist(&path).map_err(|refused| refused.error)?;
        File::open(&self.dir)?.sync_all()?;
        self.expire(&path);
        Ok(())
    }

    /// Removes all but the last written, of which `written` is one. By the time of writing rather
    /// than by offset: snapshots of a log that was replaced stand further and are worth nothing.
    fn expire(&self, written: &Path) {
        let mut others = self.list().unwrap_or_default();
        others.retain(|snapshot| snapshot.path != written);
        others.sort_by_key(|snapshot| std::cmp::Reverse((snapshot.modified, snapshot.next)));
        let old = others.iter().skip(KEPT - 1);
        for path in old.map(|snapshot| &snapshot.path).chain(&self.abandoned()) {
            match fs::remove_file(path) {
                // Another instance may tidy up at the same time.
                Err(error) if error.kind() != io::ErrorKind::NotFound => warn!(
                    file = %path.display(), %error,
                    "an old snapshot could not be removed; remove it by hand"
                ),
                _ => {}
            }
        }
    }

    fn list(&self) -> io::Result<Vec<Listed>> {
        let mut listed = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(SUFFIX));
            if let Some(next) = number.and_then(|number| number.parse().ok())
                && let Ok(metadata) = entry.metadata()
            {
                listed.push(Listed {
                    path: entry.path(),
                    next,
                    modified: metadata.modified()?,
                });
            }
        }
        Ok(listed)
    }

    fn abandoned(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(&self.dir) else {
            return Vec::new();
        };
        let old = |entry: &fs::DirEntry| {
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            let age = modified.ok().and_then(|modified| modified.elapsed().ok());
            age.is_some_and(|age| age > ABANDONED)
        };
        let unfinished = |entry: &fs::DirEntry| {
            let name = entry.file_name();
            name.to_str().is_some_and(|name| name.ends_with(UNFINISHED))
        };
        entries
            .flatten()
            .filter(|entry| unfinished(entry) && old(entry))
            .map(|entry| entry.path())
            .collect()
    }

    fn warn(&self, path: &Path, reason: &str) {
        warn!(
            view = self.owner.view.name(),
            partition = self.owner.partition,
            file = %path.display(),
            reason,
            "a snapshot does not count; the view goes on from an older one or from the log"
        );
    }
}

#[cfg(test)]
#[path = "snapshots_tests.rs"]
mod tests;
