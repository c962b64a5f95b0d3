//! A segment: a stretch of a partition in one file, named by the offset of its first record.
//!
//! ```text
//! 00000000000000000000.seg  sealed, cut to its length   .index beside it
//! 00000000000000181022.seg  sealed                      .index
//! 00000000000000362100.seg  active, zeros ahead         .index of a first part, perhaps
//! spare                     zeros, to become the next active one
//! ```
//! A segment ends where the next one begins: whatever lies after that in its file is not part of
//! the log.

use std::path::{Path, PathBuf};
use std::sync::RwLock;

use super::disk::{Disk, write_whole};
use super::index::SparseIndex;
use super::locks;

/// A segment as readers, the writer and the keeper see it.
pub(super) struct Segment {
    /// Offset of its first record.
    pub(super) base: u64,
    /// Its file.
    pub(super) path: PathBuf,
    /// What is committed of it. Grows while it is the active one.
    pub(super) index: RwLock<SparseIndex>,
    /// Whether a part of it did not verify at opening, so that the index knows only what is before.
    pub(super) damaged: bool,
}

/// How far a segment can be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// Committed bytes.
    pub(super) bytes: u64,
    /// Offset after the last record.
    pub(super) next_offset: u64,
}

impl Segment {
    /// A sound segment in a partition's directory.
    pub(super) fn new(dir: &Path, index: SparseIndex) -> Self {
        Self {
            base: index.base,
            path: segment_path(dir, index.base),
            index: RwLock::new(index),
            damaged: false,
        }
    }

    /// How far it can be read at this moment.
    pub(super) fn extent(&self) -> Extent {
        let index = locks::read(&self.index);
        Extent {
            bytes: index.covered,
            next_offset: index.next_offset,
        }
    }

    /// Writes the index beside the segment. Only ever of committed records.
    pub(super) fn write_index(&self, disk: &dyn Disk) -> std::io::Result<()> {
        let bytes = locks::read(&self.index).to_bytes();
        write_whole(disk, &self.path.with_extension("index"), &bytes)
    }
}

/// The file of the segment that begins at `base`.
pub(super) fn segment_path(dir: &Path, base: u64) -> PathBuf {
    dir.join(format!("{base:020}.seg"))
}

/// The base offset in the name of a segment's (`seg`) or an index's (`index`) file.
pub(super) fn base_of(name: &str, extension: &str) -> Option<u64> {
    let digits = name.strip_suffix(extension)?.strip_suffix('.')?;
    if digits.len() != 20 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}
