//! Finds out, at opening, what a partition holds.
//!
//! ```text
//! sealed   [ index verifies and ends where the next begins ]   not read
//! sealed   [ else: scanned whole, index written again      ]   damage shows when it is read
//! active   [ covered by its index ][ scanned ][ cut ]
//!                                             ^ the end: the first place that does not verify
//! ```
//! Cutting is right for what was never acknowledged, and only that can be there after a crash: an
//! acknowledged record was synced. What an index covers was synced, too; if its file is shorter the
//! log is damaged and is not opened.

use std::path::Path;
use std::sync::Arc;

use tracing::{error, warn};

use super::active::{Active, SPARE_NAME, create_zeroed, first_chunk};
use super::disk::{Disk, DiskFile, read_whole, remove_if_there};
use super::error::OpenError;
use super::index::SparseIndex;
use super::scan::{BLOCK_BYTES, Scan, Stop};
use super::segment::{Extent, Segment, base_of, segment_path};

/// What a partition holds.
pub(super) struct Recovered {
    /// Oldest first, the active one last.
    pub(super) segments: Vec<Arc<Segment>>,
    /// The active one, ready to be written.
    pub(super) active: Active,
    /// Next offset to be written.
    pub(super) end: u64,
    /// Bytes of the active segment that its index file covers.
    pub(super) indexed_bytes: u64,
}

/// Recovers a partition; an empty directory becomes an empty partition.
pub(super) fn recover(
    disk: &dyn Disk,
    partition: u32,
    dir: &Path,
    segment_bytes: u64,
) -> Result<Recovered, OpenError> {
    let failed = |source| OpenError::io(dir, source);
    let bases = tidy(disk, dir).map_err(failed)?;
    let Some((last, sealed)) = bases.split_last() else {
        return begin(disk, dir, segment_bytes).map_err(failed);
    };
    let ends = bases.iter().skip(1);
    let mut segments = Vec::with_capacity(bases.len());
    for (base, end) in sealed.iter().zip(ends) {
        let segment = recover_sealed(disk, partition, dir, *base, *end).map_err(failed)?;
        segments.push(Arc::new(segment));
    }
    let (segment, file, indexed_bytes) = recover_active(disk, partition, dir, *last)?;
    let segment = Arc::new(segment);
    let end = segment.extent().next_offset;
    segments.push(Arc::clone(&segment));
    Ok(Recovered {
        segments,
        active: Active::resume(segment, file).map_err(failed)?,
        end,
        indexed_bytes,
    })
}

/// Whether a partition's directory holds records; `None` if it has not even a segment.
pub(super) fn holds_records(disk: &dyn Disk, dir: &Path) -> std::io::Result<Option<bool>> {
    let names = disk.list(dir)?;
    let Some(last) = names.iter().filter_map(|n| base_of(n, "seg")).max() else {
        return Ok(None);
    };
    let mut length = [0; 4];
    disk.open(&segment_path(dir, last))?
        .read_at(&mut length, 0)?;
    Ok(Some(last > 0 || length != [0; 4]))
}

/// Removes what a crash left half done; the base offsets of the segments, in order.
fn tidy(disk: &dyn Disk, dir: &Path) -> std::io::Result<Vec<u64>> {
    let names = disk.list(dir)?;
    let mut bases: Vec<u64> = names.iter().filter_map(|n| base_of(n, "seg")).collect();
    bases.sort_unstable();
    for name in &names {
        let orphan = base_of(name, "index").is_some_and(|b| bases.binary_search(&b).is_err());
        if orphan || name == SPARE_NAME || name.ends_with(".tmp") {
            remove_if_there(disk, &dir.join(name))?;
        }
    }
    Ok(bases)
}

fn begin(disk: &dyn Disk, dir: &Path, segment_bytes: u64) -> std::io::Result<Recovered> {
    let file = create_zeroed(disk, &segment_path(dir, 0), first_chunk(segment_bytes))?;
    disk.sync_dir(dir)?;
    let segment = Arc::new(Segment::new(dir, SparseIndex::new(0)));
    Ok(Recovered {
        segments: vec![Arc::clone(&segment)],
        active: Active::resume(segment, file)?,
        end: 0,
        indexed_bytes: 0,
    })
}

/// The segment from `base` to the next one's base, `end`.
fn recover_sealed(
    disk: &dyn Disk,
    partition: u32,
    dir: &Path,
    base: u64,
    end: u64,
) -> std::io::Result<Segment> {
    let path = segment_path(dir, base);
    if let Some(index) = load_index(disk, &path, base)?
        && index.next_offset == end
    {
        return Ok(Segment::new(dir, index));
    }
    let file = disk.open(&path)?;
    let file_len = file.len()?;
    let extent = Extent {
        bytes: file_len,
        next_offset: end,
    };
    let mut index = SparseIndex::new(base);
    match scan_into(&mut index, Arc::clone(&file), extent) {
        None => {
            file.set_len(index.covered)?;
            file.sync_all()?;
            let segment = Segment::new(dir, index);
            segment.write_index(disk)?;
            Ok(segment)
        }
        Some(Stop::Io(source)) => Err(source),
        Some(Stop::Bad(_) | Stop::Nothing) => {
            error!(partition, offset = index.next_offset, path = %path.display(),
                "a sealed segment is damaged; reading it there will fail: restore it from a copy");
            index.next_offset = end;
            index.covered = file_len;
            let mut segment = Segment::new(dir, index);
            segment.damaged = true;
            Ok(segment)
        }
    }
}

/// The last segment: what its index covers, then what verifies, then nothing.
fn recover_active(
    disk: &dyn Disk,
    partition: u32,
    dir: &Path,
    base: u64,
) -> Result<(Segment, Arc<dyn DiskFile>, u64), OpenError> {
    let failed = |source| OpenError::io(dir, source);
    let path = segment_path(dir, base);
    let mut index = load_index(disk, &path, base)
        .map_err(failed)?
        .unwrap_or_else(|| SparseIndex::new(base));
    let file = disk.open(&path).map_err(failed)?;
    let file_len = file.len().map_err(failed)?;
    let indexed_bytes = index.covered;
    if file_len < indexed_bytes {
        return Err(OpenError::Damaged {
            path,
            expected: indexed_bytes,
            found: file_len,
        });
    }
    let extent = Extent {
        bytes: file_len,
        next_offset: u64::MAX,
    };
    if let Some(Stop::Io(source)) = scan_into(&mut index, Arc::clone(&file), extent) {
        return Err(failed(source));
    }
    let used = last_written(file.as_ref(), index.covered, file_len).map_err(failed)?;
    if used > index.covered {
        warn!(
            partition,
            offset = index.next_offset,
            bytes = used - index.covered,
            "records that were not acknowledged before a crash were cut off"
        );
        // Cut rather than overwritten: what lies here can then never come back.
        file.set_len(index.covered).map_err(failed)?;
    }
    // What was found may have been in the system's memory only: it is shown only once durable.
    file.sync_all().map_err(failed)?;
    disk.sync_dir(dir).map_err(failed)?;
    Ok((Segment::new(dir, index), file, indexed_bytes))
}

/// Extends an index by all that verifies; why it ended, or `None` at the end of the extent.
fn scan_into(index: &mut SparseIndex, file: Arc<dyn DiskFile>, extent: Extent) -> Option<Stop> {
    let mut scan = Scan::new(file, index.covered, index.next_offset, extent);
    loop {
        match scan.next() {
            Ok(Some(frame)) => index.push(frame.len() as u64, frame.recorded_ms),
            Ok(None) => return None,
            Err(stop) => return Some(stop),
        }
    }
}

/// Position after the last byte that is not zero, at least `from`.
fn last_written(file: &dyn DiskFile, from: u64, to: u64) -> std::io::Result<u64> {
    let mut last = from;
    let mut at = from;
    let mut block = vec![0; BLOCK_BYTES as usize];
    while at < to {
        let wanted = (to - at).min(BLOCK_BYTES) as usize;
        let read = file.read_at(&mut block[..wanted], at)?;
        if read == 0 {
            break;
        }
        let zeros = block[..read].iter().rev().take_while(|b| **b == 0).count();
        if zeros < read {
            last = at + (read - zeros) as u64;
        }
        at += read as u64;
    }
    Ok(last)
}

fn load_index(disk: &dyn Disk, path: &Path, base: u64) -> std::io::Result<Option<SparseIndex>> {
    let bytes = read_whole(disk, &path.with_extension("index"))?;
    Ok(bytes
        .and_then(|bytes| SparseIndex::from_bytes(&bytes))
        .filter(|index| index.base == base))
}
