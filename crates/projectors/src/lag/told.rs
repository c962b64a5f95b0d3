//! What was seen of a follower as the message that operators and metrics get.

use super::trail::Seen;
use lienthong_contract::pb::operations::v1::{Outlook, ViewLag};
use lienthong_domain::lag::{Condition, Status, Window};
use lienthong_eventlog::{Bounds, Retention, Unread};
use lienthong_telemetry::owners;
use lienthong_telemetry::projection::Reading;
use lienthong_telemetry::stage::Stage;

/// A follower and the log at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// The next offset to be processed.
    pub next: u64,
    /// What the log holds; its end is not before `next`.
    pub bounds: Bounds,
    /// The first event not yet processed.
    pub first: Option<Unread>,
    /// When, milliseconds since the Unix epoch.
    pub now_ms: i64,
}

/// Parked keys.
#[derive(Debug, Clone, Copy, Default)]
pub struct ParkedKeys {
    /// How many.
    pub count: u64,
    /// When the oldest was recorded, milliseconds since the Unix epoch.
    pub oldest_ms: Option<i64>,
}

/// What is told of a follower.
pub struct Told<'a> {
    /// The view's name and the partition.
    pub place: (&'static str, u32),
    /// What was seen of it.
    pub look: Look,
    /// Its last samples, this one among them.
    pub window: &'a Window,
    /// What is known beside them.
    pub condition: Condition,
    /// What the log keeps.
    pub retention: Retention,
    /// What is parked.
    pub parked: ParkedKeys,
    /// The stage that is the cause when it is not current.
    pub stage: Stage,
}

impl Look {
    /// Milliseconds since the first event not yet processed was recorded; 0: there is none.
    pub fn lag_ms(&self) -> i64 {
        let waited = self.first.map(|first| self.now_ms - first.recorded_ms);
        waited.unwrap_or(0).max(0)
    }

    /// As the window takes it.
    pub fn seen(&self) -> Seen {
        Seen {
            end: self.bounds.end,
            lag_ms: self.lag_ms(),
        }
    }
}

impl Told<'_> {
    /// The message.
    pub fn message(self) -> ViewLag {
        let (status, reason) = self.window.judge(&self.condition);
        let look = self.look;
        let outlook = self.window.outlook();
        let headroom = look.first.and_then(|first| {
            let rate = outlook.in_per_second;
            self.retention
                .headroom_seconds(first, look.bounds, rate, look.now_ms)
        });
        let waiting = look.bounds.end.saturating_sub(look.next);
        let (stage, owner) = blamed(status, self.stage);
        ViewLag {
            view: self.place.0.to_owned(),
            partition: self.place.1,
            next_offset: look.next,
            log_end_offset: look.bounds.end,
            lag_events: look.first.map_or(0, |_| waiting),
            lag_seconds: look.lag_ms() as f64 / 1_000.0,
            status: status.name().to_owned(),
            reason,
            outlook: Some(Outlook {
                in_per_second: outlook.in_per_second,
                out_per_second: outlook.out_per_second,
                // Who stands still does not arrive, whatever it did before.
                eta_seconds: outlook.eta_seconds.filter(|_| status != Status::Stalled),
                headroom_seconds: headroom,
                window_seconds: outlook.covered_seconds,
            }),
            stage,
            owner,
            parked: self.parked.count,
            parked_oldest_seconds: age_seconds(self.parked.oldest_ms, look.now_ms),
        }
    }
}

/// The stage that is the cause, and whose it is.
pub fn blamed(status: Status, stage: Stage) -> (String, String) {
    let owners = owners::get();
    let (stage, owner) = match (status, stage) {
        (Status::Current, _) => return Default::default(),
        (Status::Lost, _) | (_, Stage::Log) => (Stage::Log, &owners.log),
        (_, stage) => (stage, &owners.projectors),
    };
    (stage.name().to_owned(), owner.clone())
}

/// Seconds since then; 0: there was nothing.
pub fn age_seconds(since_ms: Option<i64>, now_ms: i64) -> f64 {
    since_ms.map_or(0.0, |since_ms| (now_ms - since_ms).max(0) as f64 / 1_000.0)
}

/// The lag as metrics show it.
pub fn reading(lag: &ViewLag) -> Reading {
    let outlook = lag.outlook.unwrap_or_default();
    let status = Status::from_name(&lag.status).unwrap_or(Status::Stalled);
    Reading {
        lag_seconds: lag.lag_seconds,
        lag_events: lag.lag_events,
        status: status.number(),
        eta_seconds: outlook.eta_seconds,
        in_per_second: outlook.in_per_second,
        out_per_second: outlook.out_per_second,
        headroom_seconds: outlook.headroom_seconds,
        parked: lag.parked,
        parked_oldest_seconds: lag.parked_oldest_seconds,
    }
}
