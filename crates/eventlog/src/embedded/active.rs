//! The segment that is written: begun, lengthened with zeros, filled in groups.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::disk::{Disk, DiskFile, remove_if_there, write_zeros};
use super::index::SparseIndex;
use super::locks;
use super::partition::Partition;
use super::segment::{Segment, segment_path};

/// Zeros written ahead at a time where no spare was ready.
const CHUNK_BYTES: u64 = 1024 * 1024;
/// Name of the file of zeros in a partition's directory.
pub(super) const SPARE_NAME: &str = "spare";
/// Name of a segment that is being begun without a spare; removed at opening like all `.tmp`.
const HALF_DONE_NAME: &str = "next.tmp";

/// The segment that is written and its file. Only the partition's writer has it.
pub(super) struct Active {
    pub(super) segment: Arc<Segment>,
    file: Arc<dyn DiskFile>,
    /// Committed bytes.
    len: u64,
    /// Bytes of the file that are committed or known to be zero.
    prepared: u64,
}

impl Active {
    /// Goes on with a segment whose file is zero after the committed bytes.
    pub(super) fn resume(segment: Arc<Segment>, file: Arc<dyn DiskFile>) -> io::Result<Self> {
        let len = segment.extent().bytes;
        let prepared = file.len()?;
        Ok(Self {
            segment,
            file,
            len,
            prepared,
        })
    }

    /// Begins the segment of the partition's end: durable, readable and empty. The one before it
    /// ends here, whatever its file still holds.
    pub(super) fn begin(partition: &Partition, chunk: u64) -> io::Result<Self> {
        let base = partition.progress.borrow().end;
        let path = segment_path(&partition.dir, base);
        let disk = partition.disk.as_ref();
        remove_if_there(disk, &path.with_extension("index"))?;
        let spare = locks::lock(&partition.spare).take();
        let (file, prepared, made_as) = match spare {
            Some((file, len)) => (file, len, SPARE_NAME),
            None => {
                let path = partition.dir.join(HALF_DONE_NAME);
                (create_zeroed(disk, &path, chunk)?, chunk, HALF_DONE_NAME)
            }
        };
        // An empty segment of the same base is replaced at one stroke, so that there always is one.
        disk.rename(&partition.dir.join(made_as), &path)?;
        disk.sync_dir(&partition.dir)?;
        let segment = Arc::new(Segment::new(&partition.dir, SparseIndex::new(base)));
        list(partition, &segment);
        Ok(Self {
            segment,
            file,
            len: 0,
            prepared,
        })
    }

    /// Committed bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Makes sure that the next `bytes` fall on zeros, up to the segment's size where there is a
    /// choice. A failure leaves the segment as it was.
    pub(super) fn prepare(&mut self, bytes: u64, segment_bytes: u64) -> io::Result<()> {
        let needed = self.len + bytes;
        if needed <= self.prepared {
            return Ok(());
        }
        let ahead = (self.prepared + CHUNK_BYTES).min(segment_bytes);
        let to = needed.max(ahead);
        write_zeros(self.file.as_ref(), self.prepared, to)?;
        self.prepared = to;
        Ok(())
    }

    /// Writes frames after the committed ones and makes them durable. After a failure nothing is
    /// known of what the file holds beyond [`Active::len`]: this segment must not be written again.
    pub(super) fn write(&mut self, frames: &[u8]) -> io::Result<()> {
        self.file.write_at(frames, self.len)?;
        self.file.sync_data()?;
        self.len += frames.len() as u64;
        Ok(())
    }
}

/// Bytes a segment begins with where no spare is ready.
pub(super) fn first_chunk(segment_bytes: u64) -> u64 {
    CHUNK_BYTES.min(segment_bytes)
}

/// A new, durable file of zeros in place of what has the name.
pub(super) fn create_zeroed(
    disk: &dyn Disk,
    path: &Path,
    bytes: u64,
) -> io::Result<Arc<dyn DiskFile>> {
    remove_if_there(disk, path)?;
    let file = disk.create(path)?;
    let filled = write_zeros(file.as_ref(), 0, bytes).and_then(|()| file.sync_all());
    if let Err(error) = filled {
        // Gives back the space it took; the next attempt removes it otherwise.
        let _ = disk.remove(path);
        return Err(error);
    }
    Ok(file)
}

/// Makes a segment the last one, in place of an empty one with the same base.
fn list(partition: &Partition, segment: &Arc<Segment>) {
    let mut segments = locks::write(&partition.segments);
    if segments.last().is_some_and(|s| s.base == segment.base) {
        segments.pop();
    }
    segments.push(Arc::clone(segment));
}
