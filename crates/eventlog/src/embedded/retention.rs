//! Lets old segments go, by age and by size. Only whole, sealed segments, oldest first; a reader
//! behind the new start is told so.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use super::disk::remove_if_there;
use super::locks;
use super::partition::Partition;
use super::segment::Segment;

/// What is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Limits {
    /// Segments whose latest recorded time is older than this go.
    pub(super) age: Option<Duration>,
    /// The oldest go while the partition's committed bytes exceed this.
    pub(super) bytes: Option<u64>,
}

/// Removes what a partition need not keep at `now_ms` (milliseconds since the Unix epoch); how many
/// segments went.
pub(super) fn enforce(partition: &Partition, limits: &Limits, now_ms: i64) -> usize {
    let _upkeep = locks::lock(&partition.upkeep);
    let mut gone = 0;
    while let Some(segment) = take_oldest(partition, limits, now_ms) {
        gone += 1;
        if let Err(error) = remove(partition, &segment) {
            // It is back after the next opening; removing a later one would leave a gap.
            warn!(partition = partition.id, base = segment.base, %error, "an old segment could not be removed");
            break;
        }
    }
    if gone > 0 {
        info!(
            partition = partition.id,
            segments = gone,
            start = partition.start(),
            "old segments were removed"
        );
    }
    gone
}

/// Takes the oldest segment out of the list if it need not be kept.
fn take_oldest(partition: &Partition, limits: &Limits, now_ms: i64) -> Option<Arc<Segment>> {
    let mut segments = locks::write(&partition.segments);
    let (oldest, later) = segments.split_first()?;
    if later.is_empty() {
        return None;
    }
    let (latest_ms, bytes) = {
        let index = locks::read(&oldest.index);
        (index.latest_ms, index.covered)
    };
    let too_old = limits.age.is_some_and(|age| {
        let age_ms = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        latest_ms < now_ms.saturating_sub(age_ms)
    });
    let too_much = limits.bytes.is_some_and(|limit| {
        let kept: u64 = later.iter().map(|s| s.extent().bytes).sum();
        kept + bytes > limit
    });
    (too_old || too_much).then(|| segments.remove(0))
}

/// Durable before the next one goes, so that a crash leaves no gap.
fn remove(partition: &Partition, segment: &Segment) -> io::Result<()> {
    let disk = partition.disk.as_ref();
    remove_if_there(disk, &segment.path.with_extension("index"))?;
    remove_if_there(disk, &segment.path)?;
    disk.sync_dir(&partition.dir)
}
