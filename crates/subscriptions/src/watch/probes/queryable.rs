//! When questions to a view see probes: asked as a caller with `min_positions` asks, partition by
//! partition from the moment a probe arrives, so that one that is late does not hide another.

use super::Probes;
use super::ways::{One, Ways};
use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::ports::Questions;
use lienthong_contract::time::now_millis;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// How long one question may wait.
const LIMIT: Duration = Duration::from_secs(1);
/// How much longer its answer may take before it counts as none.
const PATIENCE: Duration = Duration::from_secs(1);
/// Pause after a question that was refused.
const AGAIN: Duration = Duration::from_millis(250);
/// Blocks whose probes may wait to be seen, per view and partition; beyond it the oldest are lost.
const MOST: usize = 1_024;

/// Probes that arrived together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// Offset of the last of them.
    pub offset: u64,
    /// When they arrived here.
    pub at: Instant,
    /// They.
    pub those: Vec<One>,
}

/// Asks one view for the probes of one partition.
pub struct Asker {
    view: &'static str,
    /// The partition.
    pub partition: u32,
    waiting: Mutex<VecDeque<Arrived>>,
    more: Notify,
    /// The view has seen one since the start; before that nothing is lost.
    open: AtomicBool,
}

impl Asker {
    /// It has nothing to ask for.
    pub fn new(view: &'static str, partition: u32) -> Self {
        Self {
            view,
            partition,
            waiting: Mutex::default(),
            more: Notify::new(),
            open: AtomicBool::new(false),
        }
    }

    /// Asks for these, too.
    pub fn push(&self, arrived: Arrived, ways: &mut Ways) {
        let mut waiting = self.waiting();
        waiting.push_back(arrived);
        let surplus = waiting.len().saturating_sub(MOST);
        let surplus: Vec<_> = waiting.drain(..surplus).collect();
        drop(waiting);
        surplus.iter().for_each(|arrived| self.lose(arrived, ways));
        self.more.notify_one();
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Arrived>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn first(&self) -> Option<(u64, Instant)> {
        let waiting = self.waiting();
        waiting.front().map(|arrived| (arrived.offset, arrived.at))
    }

    fn lose(&self, arrived: &Arrived, ways: &mut Ways) {
        if self.open.load(Ordering::Relaxed) {
            let view = self.view;
            arrived
                .those
                .iter()
                .for_each(|one| ways.not_queryable(view, one));
        }
    }

    /// Questions see everything up to an offset.
    fn reach(&self, offset: u64, ways: &mut Ways) {
        let (now, now_ms) = (Instant::now(), now_millis());
        self.open.store(true, Ordering::Relaxed);
        for arrived in self.take_out(&|arrived| arrived.offset <= offset) {
            for one in &arrived.those {
                ways.queryable(self.view, one, now, now_ms);
            }
        }
    }

    /// Takes out those that have waited too long.
    fn expire(&self, ways: &mut Ways) {
        let now = Instant::now();
        let lost_after = ways.lost_after();
        let late = |arrived: &Arrived| now.duration_since(arrived.at) >= lost_after;
        let late = self.take_out(&late);
        late.iter().for_each(|arrived| self.lose(arrived, ways));
    }

    /// The first ones, as long as it is so.
    fn take_out(&self, is_so: &dyn Fn(&Arrived) -> bool) -> Vec<Arrived> {
        let mut waiting = self.waiting();
        let count = waiting.iter().take_while(|arrived| is_so(arrived)).count();
        waiting.drain(..count).collect()
    }
}

/// Asks until it is aborted.
pub async fn run(asker: Arc<Asker>, questions: Arc<dyn Questions>, probes: Arc<Probes>) {
    loop {
        let Some((offset, at)) = asker.first() else {
            asker.more.notified().await;
            continue;
        };
        let lost_at = at + probes.ways().lost_after();
        let position = [Position {
            partition: asker.partition,
            offset,
        }];
        let asked = timeout(
            LIMIT + PATIENCE,
            questions.wait_for(asker.view, &position, LIMIT),
        );
        tokio::select! {
            answer = asked => match answer {
                Ok(Ok(())) => asker.reach(offset, &mut probes.ways()),
                Ok(Err(_)) | Err(_) => sleep(AGAIN).await,
            },
            () = sleep_until(lost_at) => {}
        }
        asker.expire(&mut probes.ways());
    }
}
