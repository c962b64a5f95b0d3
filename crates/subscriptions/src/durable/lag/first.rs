//! The first event of a partition that a subscription wants and has not taken up, found by looking
//! on from where it stands. What was looked through is not looked through again.

use crate::filter::Filter;
use crate::source::Blocks;
use lienthong_eventlog::{ReadError, Unread};
use std::ops::Range;
use std::time::Duration;
use tokio::time::timeout;

/// Blocks that one look reads at most, of a partition.
const BLOCKS: usize = 32;
/// Longest wait for one that is durable to become readable.
const PATIENCE: Duration = Duration::from_millis(250);

/// What was found of one partition.
#[derive(Debug, Clone, Default)]
pub struct First {
    /// Looking began here.
    begin: u64,
    /// Before this nothing is wanted; what lies here is `found`.
    next: u64,
    found: Option<Unread>,
    /// Everything up to `next` was recorded before this, about: what follows is not older. Known
    /// once something was looked at.
    passed_ms: Option<i64>,
    /// When the event at an offset was recorded, which was looked up.
    looked_up: Option<Unread>,
}

/// What a look says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// The first wanted event.
    pub found: Option<Unread>,
    /// Before this everything is taken up or not wanted.
    pub next: u64,
    /// There is more to be looked through than one look does: it may be so old at most. None: all
    /// was looked through.
    pub oldest_ms: Option<i64>,
    /// Retention removed these before they were read.
    pub lost: Option<Range<u64>>,
    /// Why it cannot be looked further.
    pub blocked: Option<String>,
}

impl First {
    /// Looks on from `position`, where the subscription stands, to `end`; `start` is the first
    /// offset that the log keeps.
    pub async fn look(
        &mut self,
        blocks: &dyn Blocks,
        partition: u32,
        filter: &Filter,
        position: u64,
        kept: Range<u64>,
    ) -> Look {
        if position < self.begin {
            // It was moved back.
            (self.begin, self.next) = (position, position);
            (self.found, self.passed_ms) = (None, None);
        }
        let is_taken = self.found.is_some_and(|found| found.offset < position);
        if is_taken || position > self.next {
            (self.begin, self.next, self.found) = (position, position, None);
        }
        let mut look = Look::default();
        if position < kept.start {
            look.lost = Some(position..kept.start);
            if self.next < kept.start {
                (self.next, self.found) = (kept.start, None);
            }
        }
        let mut left = BLOCKS;
        while self.found.is_none() && self.next < kept.end && left > 0 && look.blocked.is_none() {
            left -= 1;
            let is_readable = self.look_at_block(blocks, partition, filter, &mut look);
            if !is_readable.await {
                break;
            }
        }
        look.found = self.found;
        look.next = self.next;
        if self.found.is_none() && self.next < kept.end {
            look.oldest_ms = self.passed_ms;
        }
        look
    }

    /// Looks through the next block. False: the end is durable and not readable yet, so the rest is
    /// for the next look.
    async fn look_at_block(
        &mut self,
        blocks: &dyn Blocks,
        partition: u32,
        filter: &Filter,
        look: &mut Look,
    ) -> bool {
        match timeout(PATIENCE, blocks.block(partition, self.next)).await {
            Ok(Ok(Some(block))) => {
                let entries = block.from(self.next);
                let wanted = entries.iter().find(|entry| filter.holds(&entry.facets));
                self.found = wanted.map(|entry| Unread {
                    offset: entry.offset,
                    recorded_ms: entry.recorded_ms,
                });
                self.next = wanted.map_or(block.next, |entry| entry.offset);
                let last = entries.last().map(|entry| entry.recorded_ms);
                self.passed_ms = last.or(self.passed_ms);
            }
            Ok(Ok(None)) => return false,
            Ok(Err(ReadError::OutOfRange { asked, start, .. })) if asked < start => {
                look.lost = Some(asked..start);
                self.next = start;
            }
            Ok(Err(error)) => look.blocked = Some(format!("the log cannot be read: {error}")),
            Err(_) => look.blocked = Some("the log does not answer".to_owned()),
        }
        true
    }

    /// The same if it was looked up before.
    pub fn known_ms(&self, offset: u64) -> Option<i64> {
        let known = self.looked_up.filter(|known| known.offset == offset)?;
        Some(known.recorded_ms)
    }

    /// When the event at an offset was recorded; none: it cannot be read now, or is gone.
    pub async fn recorded_ms(
        &mut self,
        blocks: &dyn Blocks,
        partition: u32,
        offset: u64,
    ) -> Option<i64> {
        if let Some(known) = self.known_ms(offset) {
            return Some(known);
        }
        let block = timeout(PATIENCE, blocks.block(partition, offset)).await;
        let block = block.ok()?.ok()??;
        let entry = block.from(offset).first();
        let entry = entry.filter(|entry| entry.offset == offset)?;
        let recorded_ms = entry.recorded_ms;
        self.looked_up = Some(Unread {
            offset,
            recorded_ms,
        });
        Some(recorded_ms)
    }
}
