//! What is remembered of how a lane follows the log.

use super::waiting::Waiting;
use lienthong_domain::lag::{Sample, Window};
use lienthong_eventlog::Unread;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// What rates and status are told of.
pub const WINDOW_MS: i64 = 10_000;
/// No moment: nothing was recorded after it.
const NEVER: i64 = i64::MAX;

/// What is remembered of how a lane follows the log.
pub struct Trail {
    window: Mutex<Window>,
    waiting: Mutex<Waiting>,
    /// When the follower stood at the log's end last, by [`moment_ms`].
    touched_ms: AtomicI64,
    /// When the lag was known last and what it was, milliseconds by [`moment_ms`].
    known: Mutex<(i64, i64)>,
    /// What was recorded from then on came while the lane followed, milliseconds since the Unix
    /// epoch.
    live_from_ms: AtomicI64,
}

impl Default for Trail {
    fn default() -> Self {
        Self {
            window: Mutex::new(Window::new(WINDOW_MS)),
            waiting: Mutex::default(),
            touched_ms: AtomicI64::new(i64::MIN),
            known: Mutex::new((moment_ms(), 0)),
            live_from_ms: AtomicI64::new(NEVER),
        }
    }
}

/// What a look tells the window.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// The log's end.
    pub end: u64,
    /// Milliseconds since the first event not yet processed was recorded; 0: there is none.
    pub lag_ms: i64,
}

/// Milliseconds by a clock that only runs forward, of which only differences mean something.
pub fn moment_ms() -> i64 {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let began = *BEGAN;
    let now = Instant::now();
    now.saturating_duration_since(began).as_millis() as i64
}

impl Trail {
    /// The observer's sample: the window goes on with it. `next` tells where the follower stands
    /// now.
    pub fn push(&self, seen: Seen, next: &dyn Fn() -> u64) -> Window {
        let mut window = held(&self.window);
        self.sample(&mut window, seen, next());
        window.clone()
    }

    /// The window as it would go on with this sample.
    pub fn with(&self, seen: Seen, next: &dyn Fn() -> u64) -> Window {
        let window = held(&self.window);
        let mut window = window.clone();
        self.sample(&mut window, seen, next());
        window
    }

    /// The window as it is.
    pub fn window(&self) -> Window {
        held(&self.window).clone()
    }

    fn sample(&self, window: &mut Window, seen: Seen, next: u64) {
        if let Some(touched_ms) = self.touched_ms() {
            window.touch_end(touched_ms);
        }
        window.push(seen.sample(next));
    }

    /// The follower stood at the log's end then, by [`moment_ms`].
    pub fn touch_end_at(&self, at_ms: i64) {
        self.touched_ms.fetch_max(at_ms, Ordering::AcqRel);
    }

    /// How long ago it stood there last, in milliseconds; none: never.
    pub fn at_end_ms_ago(&self) -> Option<u64> {
        let touched_ms = self.touched_ms()?;
        u64::try_from(moment_ms() - touched_ms).ok()
    }

    /// When it stood there last, by [`moment_ms`]; none: never.
    fn touched_ms(&self) -> Option<i64> {
        let touched_ms = self.touched_ms.load(Ordering::Acquire);
        (touched_ms != i64::MIN).then_some(touched_ms)
    }

    /// What is known of the records that wait.
    pub fn waiting(&self) -> Waiting {
        *held(&self.waiting)
    }

    /// Another knowledge of the records that wait.
    pub fn set_waiting(&self, waiting: Waiting) {
        *held(&self.waiting) = waiting;
    }

    /// The first event from `next` on, if it is known.
    pub fn event(&self, next: u64) -> Option<Unread> {
        self.waiting().event(next)
    }

    /// The lag is known now.
    pub fn set_known(&self, lag_ms: i64) {
        *held(&self.known) = (moment_ms(), lag_ms);
    }

    /// The most that the lag can be, in milliseconds: what it was, and the time since.
    pub fn at_most_ms(&self) -> i64 {
        let (known_ms, lag_ms) = *held(&self.known);
        (moment_ms() - known_ms).max(0) + lag_ms
    }

    /// The lane follows from now on: what is recorded later comes while it does.
    pub fn set_live(&self, now_ms: i64) {
        self.live_from_ms.store(now_ms, Ordering::Release);
    }

    /// Whether an event was recorded while the lane followed.
    pub fn is_live(&self, recorded_ms: i64) -> bool {
        recorded_ms >= self.live_from_ms.load(Ordering::Acquire)
    }
}

impl Seen {
    /// Made while the window is held: where the follower stands and the moment come in the order in
    /// which samples do, so that one who looked slowly does not make it stand back.
    fn sample(self, next: u64) -> Sample {
        let end = self.end.max(next);
        Sample {
            at_ms: moment_ms(),
            next,
            end,
            lag_ms: self.lag_ms,
            was_at_end: next >= end,
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
