//! What a partition's writer, readers and keeper share.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};

use tokio::sync::watch;

use super::disk::{Disk, DiskFile};
use super::locks;
use super::queue::Queue;
use super::scan::{Scan, Stop};
use super::segment::Segment;
use super::tail::Tail;
use crate::{Bounds, ReadError};

/// One partition of an open log.
pub(super) struct Partition {
    pub(super) id: u32,
    pub(super) dir: PathBuf,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) queue: Queue,
    /// Oldest first, the active one last; never empty.
    pub(super) segments: RwLock<Vec<Arc<Segment>>>,
    pub(super) tail: Mutex<Tail>,
    pub(super) progress: watch::Sender<Progress>,
    pub(super) spare: Mutex<Spare>,
    /// Held by whoever seals or removes segments.
    pub(super) upkeep: Mutex<()>,
}

/// How far a partition has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    /// Next offset to be written; all below is durable and readable.
    pub(super) end: u64,
    /// Nothing more will be written.
    pub(super) closed: bool,
}

/// The file of zeros that is to become the next segment.
#[derive(Default)]
pub(super) enum Spare {
    /// None, and none on the way.
    #[default]
    Missing,
    /// The keeper was asked for one.
    Ordered,
    /// It is there: durable, and zero over its whole length in bytes.
    Ready(Arc<dyn DiskFile>, u64),
}

impl Spare {
    /// The file and its length if it is there; then there is none any more.
    pub(super) fn take(&mut self) -> Option<(Arc<dyn DiskFile>, u64)> {
        match std::mem::take(self) {
            Self::Ready(file, len) => Some((file, len)),
            other => {
                *self = other;
                None
            }
        }
    }
}

impl Partition {
    /// The offsets it holds.
    pub(super) fn bounds(&self) -> Bounds {
        // The start first: it never passes an end that is read after it.
        let start = self.start();
        Bounds {
            start,
            end: self.progress.borrow().end,
        }
    }

    /// First offset kept.
    pub(super) fn start(&self) -> u64 {
        locks::read(&self.segments).first().map_or(0, |s| s.base)
    }

    /// How many segments there are, and the committed bytes in them.
    pub(super) fn kept(&self) -> (usize, u64) {
        let segments = locks::read(&self.segments);
        let bytes = segments.iter().map(|s| s.extent().bytes).sum();
        (segments.len(), bytes)
    }

    /// The segment in whose stretch an offset lies; `None` before the start.
    pub(super) fn segment_with(&self, offset: u64) -> Option<Arc<Segment>> {
        let segments = locks::read(&self.segments);
        let after = segments.partition_point(|s| s.base <= offset);
        segments.get(after.checked_sub(1)?).cloned()
    }

    /// The segment that is written.
    pub(super) fn active(&self) -> Option<Arc<Segment>> {
        locks::read(&self.segments).last().cloned()
    }

    /// That an offset may be read from here, the end included.
    pub(super) fn check_in_range(&self, asked: u64) -> Result<(), ReadError> {
        let Bounds { start, end } = self.bounds();
        if (start..=end).contains(&asked) {
            return Ok(());
        }
        Err(ReadError::OutOfRange {
            partition: self.id,
            asked,
            start,
            end,
        })
    }

    /// A scan whose next frame is that of `offset`, which must be below the end. Blocking.
    pub(super) fn scan_from(&self, offset: u64) -> Result<(Arc<Segment>, Scan), ReadError> {
        self.check_in_range(offset)?;
        let Some(segment) = self.segment_with(offset) else {
            return Err(self.io_error(io::Error::other("no segment holds the offset")));
        };
        let file = self.disk.open(&segment.path).map_err(|e| {
            // Retention may have taken the segment since.
            self.check_in_range(offset)
                .err()
                .unwrap_or_else(|| self.io_error(e))
        })?;
        let entry = locks::read(&segment.index).before_offset(offset);
        let mut scan = Scan::new(file, entry.position, entry.offset, segment.extent());
        while scan.offset() < offset {
            match scan.next() {
                Ok(Some(_)) => {}
                Ok(None) => return Err(self.corrupt(&segment, &scan, GAP)),
                Err(stop) => return Err(self.scan_error(&segment, &scan, stop)),
            }
        }
        Ok((segment, scan))
    }

    /// What a scan's stop within the committed part means.
    pub(super) fn scan_error(&self, segment: &Segment, scan: &Scan, stop: Stop) -> ReadError {
        match stop {
            Stop::Io(source) => self.io_error(source),
            Stop::Bad(what) => self.corrupt(segment, scan, what),
            Stop::Nothing => self.corrupt(segment, scan, "zeros where a record should be"),
        }
    }

    /// The error for a place that does not verify.
    pub(super) fn corrupt(&self, segment: &Segment, scan: &Scan, what: &'static str) -> ReadError {
        ReadError::Corrupt {
            partition: self.id,
            offset: scan.offset(),
            path: segment.path.clone(),
            what,
        }
    }

    /// A failure of the file system while reading.
    pub(super) fn io_error(&self, source: io::Error) -> ReadError {
        ReadError::Io {
            partition: self.id,
            source: Arc::new(source),
        }
    }

    /// First kept offset recorded at or after `recorded_ms`, else the end. Blocking.
    pub(super) fn offset_at(&self, recorded_ms: i64) -> Result<u64, ReadError> {
        let end = self.progress.borrow().end;
        let segments = locks::read(&self.segments).clone();
        for segment in segments {
            let (late_enough, entry) = {
                let index = locks::read(&segment.index);
                let late_enough = segment.damaged || index.latest_ms >= recorded_ms;
                (late_enough, index.before_time(recorded_ms))
            };
            if !late_enough {
                continue;
            }
            let mut scan = match self.scan_from(entry.offset) {
                Ok((_, scan)) => scan,
                // Retention has just taken it.
                Err(ReadError::OutOfRange { .. }) => continue,
                Err(error) => return Err(error),
            };
            loop {
                match scan.next() {
                    Ok(Some(frame)) if frame.recorded_ms >= recorded_ms => {
                        return Ok(frame.offset.min(end));
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(stop) => return Err(self.scan_error(&segment, &scan, stop)),
                }
            }
        }
        Ok(end)
    }
}

/// A segment that ends before the next one begins.
pub(super) const GAP: &str = "the segment ends before the next one begins";
