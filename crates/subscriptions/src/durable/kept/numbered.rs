//! Which numbers a record of progress gives to which events.

use super::Ignored;
use lienthong_contract::pb::subscription::v1::entry::Progress;
use lienthong_eventlog::Position;

/// An event and its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// The number.
    pub sequence: u64,
    /// Where the event lies.
    pub position: Position,
    /// Hash of its case.
    pub case: u64,
    /// When the number was given, milliseconds since the epoch.
    pub given_ms: i64,
}

/// The events that a record gives numbers to, in order. Whether the shape of a record holds follows
/// from the record and the number of partitions alone, so that whoever looks a number up agrees
/// with the fold.
///
/// # Errors
/// Why the record has no effect.
pub fn numbered(progress: &Progress, partitions: usize) -> Result<Vec<Numbered>, Ignored> {
    let within = |partition: u32| (partition as usize) < partitions;
    if !progress.read.iter().all(|read| within(read.partition)) {
        return Err(Ignored::Malformed("it read a partition that there is not"));
    }
    if !progress.settled.chunks(2).all(is_range) {
        return Err(Ignored::Malformed("it settles what is no range"));
    }
    let mut all = Vec::with_capacity(progress.given.iter().map(|run| run.cases.len()).sum());
    for run in &progress.given {
        if !within(run.partition) || run.offsets.len() != run.cases.len() {
            return Err(Ignored::Malformed("it gives what is no event"));
        }
        let mut offset: u64 = 0;
        for (place, (distance, case)) in run.offsets.iter().zip(&run.cases).enumerate() {
            offset = match offset.checked_add(*distance) {
                Some(next) if place == 0 || *distance > 0 => next,
                _ => return Err(Ignored::Malformed("its offsets do not rise")),
            };
            all.push(Numbered {
                sequence: progress.first_sequence.saturating_add(all.len() as u64),
                position: Position {
                    partition: run.partition,
                    offset,
                },
                case: *case,
                given_ms: progress.given_ms,
            });
        }
    }
    if all.is_empty() == (progress.first_sequence > 0) {
        return Err(Ignored::Malformed(
            "its first number is not that of an event",
        ));
    }
    Ok(all)
}

fn is_range(pair: &[u64]) -> bool {
    matches!(pair, [first, length] if *first > 0 && *length > 0 && first.checked_add(*length).is_some())
}
