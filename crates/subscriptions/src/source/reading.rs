//! One sequential reading of a partition: records become blocks, repeats left out.

use super::repeats::Window;
use super::shared::Shared;
use super::{Block, WINDOW, build, wire};
use lienthong_eventlog::{ReadError, Reader, StoredRecord};

/// Records asked of the log at once where it has as many.
const BATCH: usize = 1_024;

/// A place in a partition. The window is there once repeats had to be looked for.
pub(super) struct Reading {
    partition: u32,
    reader: Box<dyn Reader>,
    window: Option<Window>,
}

/// What to do at the end of the partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AtEnd {
    /// Wait for more.
    Wait,
    /// Answer with nothing.
    Return,
}

impl Reading {
    pub(super) async fn open(
        shared: &Shared,
        partition: u32,
        from: u64,
    ) -> Result<Self, ReadError> {
        Ok(Self {
            partition,
            reader: shared.log.reader(partition, from).await?,
            window: None,
        })
    }

    pub(super) fn partition(&self) -> u32 {
        self.partition
    }

    /// The next offset to be read.
    pub(super) fn position(&self) -> u64 {
        self.reader.position()
    }

    /// The next blocks. Not cancel-safe: once the future is dropped the reading is of no use.
    pub(super) async fn blocks(
        &mut self,
        shared: &Shared,
        at_end: AtEnd,
    ) -> Result<Vec<Block>, ReadError> {
        let records = match at_end {
            AtEnd::Wait => self.reader.next(BATCH).await?,
            AtEnd::Return => self.reader.poll_now(BATCH).await?,
        };
        let mut repeats = Vec::new();
        for run in records.chunk_by(|a, b| a.offset / WINDOW == b.offset / WINDOW) {
            repeats.extend(self.repeats(shared, run).await?);
        }
        let reference = shared.reference.now();
        Ok(build::build(self.partition, &records, &repeats, &reference))
    }

    /// The offsets of repeats among the records of one chunk.
    async fn repeats(
        &mut self,
        shared: &Shared,
        records: &[StoredRecord],
    ) -> Result<Vec<u64>, ReadError> {
        let (Some(first), Some(last)) = (records.first(), records.last()) else {
            return Ok(Vec::new());
        };
        let range = first.offset..last.offset + 1;
        let state = &shared.partitions[self.partition as usize];
        let found = &state.repeats;
        let at_it = |window: &Window| window.next() == range.start;
        let mut window = match self.window.take_if(|window| at_it(window)) {
            Some(window) => window,
            None => {
                if let Some(known) = found.of(range.clone()) {
                    return Ok(known);
                }
                // One at a time: those that wait find what the first found out.
                let _turn = state.looking_back.lock().await;
                if let Some(known) = found.of(range.clone()) {
                    return Ok(known);
                }
                look_back(shared, self.partition, range.start).await?
            }
        };
        let repeats = see(&mut window, records);
        found.tell(range, &repeats);
        self.window = Some(window);
        Ok(repeats)
    }
}

/// Sees records that follow what the window has seen; the offsets of repeats.
fn see(window: &mut Window, records: &[StoredRecord]) -> Vec<u64> {
    let records = records.iter();
    let repeats = records.filter(|record| window.see(wire::fingerprint(&record.record)));
    repeats.map(|record| record.offset).collect()
}

/// A window that has seen what repeats at `offset` and after it are repeats of, as far as
/// retention left it.
async fn look_back(shared: &Shared, partition: u32, offset: u64) -> Result<Window, ReadError> {
    loop {
        let kept = shared.log.bounds(partition).await?.start;
        let from = Window::looks_back_to(offset).max(kept).min(offset);
        match look_from(shared, partition, from, offset).await {
            // Retention was quicker; what it took there is nothing to find.
            Err(ReadError::OutOfRange { start, .. }) if start > from => {}
            seen => return seen,
        }
    }
}

/// A window that has seen everything from one offset to another.
async fn look_from(
    shared: &Shared,
    partition: u32,
    from: u64,
    offset: u64,
) -> Result<Window, ReadError> {
    let mut window = Window::new(from);
    if from == offset {
        return Ok(window);
    }
    let mut reader = shared.log.reader(partition, from).await?;
    let found = &shared.partitions[partition as usize].repeats;
    while window.next() < offset {
        let left = (offset - window.next()).min(BATCH as u64);
        let records = reader.poll_now(left as usize).await?;
        if records.is_empty() {
            let what = format!("records before offset {offset} are not there");
            return Err(ReadError::Unavailable { partition, what });
        }
        for run in records.chunk_by(|a, b| a.offset / WINDOW == b.offset / WINDOW) {
            let start = window.next();
            let repeats = see(&mut window, run);
            // Of the chunk before, not all that came before it was seen.
            if start / WINDOW == offset / WINDOW {
                found.tell(start..window.next(), &repeats);
            }
        }
        tokio::task::coop::consume_budget().await;
    }
    Ok(window)
}
