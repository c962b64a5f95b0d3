//! What lies before the start: on from the file, or up to eight weeks back, at low priority.

use super::file::{self, Saved};
use super::{FORGOTTEN_MS, Sources, State};
use lienthong_contract::pb::subscription::v1::{Start, start};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_contract::time::{from_millis, now_millis};
use lienthong_eventlog::ReadError;
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::{Instant, interval, sleep};

/// How often the rhythms are written down; what a crash loses is read again.
const KEEP_EVERY: Duration = Duration::from_secs(300);
/// Pause before what failed is tried again.
const PAUSE: Duration = Duration::from_secs(2);
/// Rests of so many times what reading a block took: live readers come first.
const RESTS: u32 = 4;

/// Reads what lies before the start, then writes the rhythms down every few minutes.
pub(super) async fn learn_and_keep(sources: &Sources) -> Infallible {
    let keeps = async {
        let mut times = interval(KEEP_EVERY);
        times.tick().await;
        loop {
            times.tick().await;
            sources.write().await;
        }
    };
    let ((), never) = tokio::join!(sources.learn_history(), keeps);
    never
}

impl Sources {
    async fn learn_history(&self) {
        let until: Vec<u64> = self.state().live.iter().map(|live| live.next).collect();
        let positions = self.begin().await;
        self.state().history = Some(positions.clone());
        for (partition, (from, until)) in (0..).zip(positions.into_iter().zip(until)) {
            self.read_history(partition, from, until).await;
        }
        let mut state = self.state();
        state.history = None;
        state.relearn();
    }

    /// Where to read from.
    async fn begin(&self) -> Vec<u64> {
        if let Some(saved) = file::read(self.file.clone()).await {
            let start = Start {
                place: Some(start::Place::Token(saved.token.clone())),
            };
            match self.place(&start).await {
                Ok(positions) => {
                    saved.put(&mut self.state());
                    return positions;
                }
                // It is of this log, which has forgotten more than was read.
                Err(error) if error.reason == Reason::PositionGone => {
                    saved.put(&mut self.state());
                }
                Err(error) => tracing::warn!(%error,
                    "the file of rhythms is of another log; they are read from this one"),
            }
        }
        let eight_weeks_ago = from_millis(now_millis() - FORGOTTEN_MS);
        let start = Start {
            place: Some(start::Place::Time(eight_weeks_ago)),
        };
        // A time that is in range is a place of every log.
        self.place(&start).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "rhythms are learned from now on");
            self.state().live.iter().map(|live| live.next).collect()
        })
    }

    /// A place, asked for until the log answers.
    async fn place(&self, start: &Start) -> Result<Vec<u64>, Failure> {
        loop {
            match self.blocks.place(start).await {
                Err(error) if error.reason == Reason::LogUnavailable => sleep(PAUSE).await,
                place => return place,
            }
        }
    }

    async fn read_history(&self, partition: u32, mut next: u64, until: u64) {
        while next < until {
            let began = Instant::now();
            match self.blocks.block(partition, next).await {
                Ok(Some(block)) => {
                    self.take_history(&block, next);
                    next = block.next;
                    self.went_on(partition, next);
                    sleep(began.elapsed() * RESTS).await;
                }
                Err(ReadError::OutOfRange { asked, start, .. }) if asked < start => next = start,
                Ok(None) | Err(_) => sleep(PAUSE).await,
            }
        }
    }

    fn went_on(&self, partition: u32, next: u64) {
        let mut state = self.state();
        let positions = state.history.as_mut();
        if let Some(position) = positions.and_then(|all| all.get_mut(partition as usize)) {
            *position = next;
        }
    }

    /// Writes the rhythms down, with the place up to which they were read.
    pub(super) async fn write(&self) {
        let Some(path) = self.file.clone() else {
            return;
        };
        let (positions, mut saved) = {
            let state = self.state();
            let Some(positions) = read_up_to(&state) else {
                return;
            };
            (positions, Saved::of(&state))
        };
        match self.blocks.token(&positions).await {
            Ok(token) => saved.token = token,
            Err(error) => {
                tracing::warn!(%error, "the rhythms of sources are not written down");
                return;
            }
        }
        file::write(path, saved).await;
    }
}

/// Everything before these positions is in the state; none: it is not known yet where to begin.
fn read_up_to(state: &State) -> Option<Vec<u64>> {
    match &state.history {
        Some(positions) if positions.is_empty() => None,
        Some(positions) => Some(positions.clone()),
        None => Some(state.live.iter().map(|live| live.next).collect()),
    }
}
