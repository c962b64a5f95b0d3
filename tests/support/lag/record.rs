//! The truth of the log: when each record was recorded, read from the log itself.

use crate::kill::Fault;
use lienthong_contract::probe::is_probe;
use lienthong_eventlog::EventLog;
use std::collections::BTreeMap;

/// When the records of a partition were recorded.
#[derive(Debug, Default)]
struct Partition {
    /// Offset of the first.
    begin: u64,
    /// Milliseconds since the Unix epoch; none: a probe, which is no event.
    recorded_ms: Vec<Option<i64>>,
}

/// Every record of the log that was ever read.
#[derive(Debug, Default)]
pub struct Records {
    partitions: BTreeMap<u32, Partition>,
}

impl Records {
    /// Reads what came since it was read last. To be called before anything is removed.
    ///
    /// # Errors
    /// If the log does not read, or something was removed unread.
    pub async fn read(&mut self, log: &dyn EventLog) -> Result<(), Fault> {
        for number in 0..log.partitions() {
            let bounds = log.bounds(number).await?;
            let known = self.partitions.entry(number).or_insert(Partition {
                begin: bounds.start,
                recorded_ms: Vec::new(),
            });
            let mut next = known.begin + known.recorded_ms.len() as u64;
            let mut reader = log.reader(number, next).await?;
            while next < bounds.end {
                for stored in reader.next(10_000).await? {
                    let is_event = !is_probe(&stored.record.key);
                    let recorded_ms = is_event.then_some(stored.record.recorded_ms);
                    known.recorded_ms.push(recorded_ms);
                    next = stored.offset + 1;
                }
            }
        }
        Ok(())
    }

    /// When an event was recorded; none: it is not known, or a probe.
    pub fn recorded_ms(&self, partition: u32, offset: u64) -> Option<i64> {
        let known = self.partitions.get(&partition)?;
        let at = usize::try_from(offset.checked_sub(known.begin)?).ok()?;
        known.recorded_ms.get(at).copied().flatten()
    }

    /// Seconds from when the first event in `from..end` was recorded until `at_ms`; 0 if there is
    /// none.
    pub fn lag_s(&self, partition: u32, from: u64, end: u64, at_ms: f64) -> f64 {
        let mut times = (from..end).map(|offset| self.recorded_ms(partition, offset));
        let first = times.find_map(|recorded_ms| recorded_ms);
        first.map_or(0.0, |recorded_ms| {
            ((at_ms - recorded_ms as f64) / 1e3).max(0.0)
        })
    }

    /// Every event: partition, offset, recorded time.
    pub fn events(&self) -> impl Iterator<Item = (u32, u64, i64)> {
        self.partitions.iter().flat_map(|(number, known)| {
            let times = (known.begin..).zip(&known.recorded_ms);
            times.filter_map(|(offset, time)| time.map(|time| (*number, offset, time)))
        })
    }

    /// Records and, among them, probes.
    pub fn counts(&self) -> (usize, usize) {
        let times = || {
            self.partitions
                .values()
                .flat_map(|known| &known.recorded_ms)
        };
        (
            times().count(),
            times().filter(|time| time.is_none()).count(),
        )
    }
}
