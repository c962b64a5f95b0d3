//! What the observer keeps of one subscription: what was found in the log, and the window.

use super::WINDOW_MS;
use super::first::{First, Look};
use super::log::Known;
use super::standing::{Live, Standing};
use crate::filter::Filter;
use crate::source::Blocks;
use lienthong_domain::lag::{Sample, Window};
use lienthong_eventlog::Unread;
use std::ops::Range;

/// What is kept from one look to the next.
pub struct Tracker {
    /// Of the life of the name that is tracked.
    pub incarnation: u64,
    filter: Filter,
    firsts: Vec<First>,
    /// Samples of the last seconds.
    pub window: Window,
    /// Events that came back from parked cases: they were taken for processed, and did not rewind.
    released: u64,
    last: Option<Counted>,
}

/// What the window counts, before it is put right.
#[derive(Debug, Clone, Copy)]
struct Counted {
    at_ms: i64,
    position: u64,
    processed: u64,
}

/// What one look found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// When the first event was recorded that is wanted and not settled; none: there is none.
    pub oldest_ms: Option<i64>,
    /// That event is numbered: it is with a consumer, or waits for one.
    pub is_numbered: bool,
    /// Not everything was looked through: it is as old as this at most.
    pub is_at_most: bool,
    /// Events and records that wait.
    pub waiting: u64,
    /// Records that were not taken up, from the first wanted one on.
    pub unread: u64,
    /// Retention removed these before they were read.
    pub lost: Option<Range<u64>>,
    /// Why the log could not be looked at.
    pub blocked: Option<String>,
    /// Seconds until retention removes the first of them.
    pub headroom_seconds: Option<f64>,
    position: u64,
    processed: u64,
    end: u64,
}

impl Tracker {
    /// Nothing was looked at yet.
    pub fn new(incarnation: u64, filter: Filter) -> Self {
        Self {
            incarnation,
            filter,
            firsts: Vec::new(),
            window: Window::new(WINDOW_MS),
            released: 0,
            last: None,
        }
    }

    /// Looks where it stands now.
    pub async fn look(
        &mut self,
        blocks: &dyn Blocks,
        log: &Known,
        standing: &Standing,
        live: Option<&Live>,
        now_ms: i64,
    ) -> Found {
        let mut found = Found {
            blocked: log.silent.clone(),
            waiting: standing.waiting + live.map_or(0, |live| live.unnumbered),
            ..Found::default()
        };
        let settled_later = found.waiting;
        self.firsts
            .resize_with(standing.positions.len(), First::default);
        let ends = blocks.ends();
        for (partition, first) in (0_u32..).zip(&mut self.firsts) {
            let number = partition as usize;
            let known = log.partitions.get(number);
            let end = ends.get(number).copied().unwrap_or(0);
            let end = known.map_or(end, |known| known.bounds.end.max(end));
            let start = known.map_or(0, |known| known.bounds.start);
            let read = live.and_then(|live| live.positions.get(number)).copied();
            let position = standing.positions[number].max(read.unwrap_or(0));
            // One that does not answer is waited for once, not for each partition.
            let answers = found.blocked.is_none();
            let readable = if answers { end } else { 0 };
            let look = first
                .look(blocks, partition, &self.filter, position, start..readable)
                .await;
            let waiting = match standing.first_waiting.get(&partition) {
                None => None,
                Some((offset, given_ms)) => {
                    let recorded = match answers && look.blocked.is_none() {
                        true => first.recorded_ms(blocks, partition, *offset).await,
                        false => first.known_ms(*offset),
                    };
                    // What cannot be read any more was recorded before it got its number.
                    Some((*offset, recorded.unwrap_or(*given_ms)))
                }
            };
            let unnumbered = live.and_then(|live| live.first_unnumbered.get(&partition));
            let mine = waiting.into_iter().chain(unnumbered.copied());
            let mine = mine.map(|(offset, recorded_ms)| Unread {
                offset,
                recorded_ms,
            });
            let firsts = mine.chain(look.found);
            let oldest = firsts.min_by_key(|event| event.offset);
            if let (Some(event), Some(known)) = (oldest, known) {
                let (bounds, keeps) = (known.bounds, known.retention);
                let left = keeps.headroom_seconds(event, bounds, known.in_per_second, now_ms);
                let both = found.headroom_seconds.into_iter().chain(left);
                found.headroom_seconds = both.reduce(f64::min);
            }
            let numbered = waiting.map(|(offset, _)| offset);
            let is_numbered = oldest.is_some_and(|event| Some(event.offset) == numbered);
            found.take(oldest, is_numbered, look, end, now_ms);
        }
        found.waiting += found.unread;
        found.processed = found.position.saturating_sub(settled_later);
        found
    }

    /// Puts what was found into the window. A look that began before the last one and ended after it
    /// counts as of that one: to the window a clock that runs back is another story.
    pub fn sample(&mut self, found: &Found, began_ms: i64) {
        let now_ms = match self.last {
            Some(last) if last.at_ms - began_ms < WINDOW_MS => began_ms.max(last.at_ms),
            _ => began_ms,
        };
        if let Some(last) = self.last
            && found.processed < last.processed
            && found.position >= last.position
        {
            self.released += last.processed - found.processed;
        }
        let lag_ms = found.lag_ms(now_ms);
        // Nothing that waits now did so at the look before.
        let is_new = self
            .last
            .is_some_and(|last| found.oldest_ms.is_some_and(|oldest| oldest >= last.at_ms));
        self.window.push(Sample {
            at_ms: now_ms,
            next: found.processed + self.released,
            end: found.end + self.released,
            lag_ms,
            was_at_end: (found.waiting == 0 || is_new) && found.blocked.is_none(),
        });
        self.last = Some(Counted {
            at_ms: now_ms,
            position: found.position,
            processed: found.processed,
        });
    }
}

impl Found {
    /// Adds one partition, of which the first event that is wanted and not settled is `oldest`.
    fn take(
        &mut self,
        oldest: Option<Unread>,
        is_numbered: bool,
        look: Look,
        end: u64,
        now_ms: i64,
    ) {
        let is_unfinished = look.found.is_none() && look.next < end;
        let at_most = is_unfinished.then(|| look.oldest_ms.unwrap_or(now_ms));
        let oldest_ms = oldest.map(|event| event.recorded_ms).or(at_most);
        if let Some(oldest_ms) = oldest_ms
            && self.oldest_ms.is_none_or(|known| oldest_ms < known)
        {
            self.oldest_ms = Some(oldest_ms);
            self.is_numbered = is_numbered;
            self.is_at_most = oldest.is_none();
        }
        self.unread += end.saturating_sub(look.next);
        self.position += look.next;
        self.end += end.max(look.next);
        self.lost = self.lost.take().or(look.lost);
        self.blocked = self.blocked.take().or(look.blocked);
    }

    /// Milliseconds since the oldest was recorded; 0: there is none.
    pub fn lag_ms(&self, now_ms: i64) -> i64 {
        self.oldest_ms
            .map_or(0, |oldest_ms| now_ms.saturating_sub(oldest_ms).max(0))
    }
}
