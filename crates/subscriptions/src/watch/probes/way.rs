//! The way of one instance's probes of one route through one partition.

use lienthong_contract::pb::event::v1::Probe;
use lienthong_contract::pb::operations::v1::ProbeLag;
use lienthong_contract::time::to_millis;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// How long one that is silent is remembered.
const REMEMBERED: Duration = Duration::from_secs(3_600);

/// What is known of a way.
pub struct Way {
    began_ms: i64,
    /// Of the last one that came.
    pub number: u64,
    failed: u64,
    /// When the next one follows; zero: none does.
    every: Duration,
    arrived: Instant,
    /// How long the one before the last took to be durable.
    pub durable: Option<Duration>,
    queryable: BTreeMap<&'static str, f64>,
    delivered: Option<f64>,
    /// Counted since the watch began.
    lost: u64,
    /// Counted as lost because none came; some of these may come yet.
    missed: u64,
    /// What was lost last, by stage, until one arrives there in time.
    trouble: BTreeMap<String, String>,
}

/// How a probe follows the ones before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follows {
    /// It is known, or of an instance that began anew since.
    Known,
    /// It is the next, or the first that is seen.
    Next,
    /// So many before it were never seen, though the log did not refuse them.
    Gap(u64),
}

impl Way {
    /// A way that is seen for the first time.
    pub fn new(probe: &Probe, now: Instant) -> Self {
        Self {
            began_ms: began(probe),
            number: probe.number,
            failed: probe.failed,
            every: Duration::from_millis(probe.every_ms.into()),
            arrived: now,
            durable: durable(probe),
            queryable: BTreeMap::new(),
            delivered: None,
            lost: 0,
            missed: 0,
            trouble: BTreeMap::new(),
        }
    }

    /// Takes the next one.
    pub fn take(&mut self, probe: &Probe, now: Instant) -> Follows {
        let began = began(probe);
        let anew = began > self.began_ms;
        if began < self.began_ms || (!anew && probe.number <= self.number) {
            return Follows::Known;
        }
        let missing = match anew {
            true => 0,
            false => {
                let refused = probe.failed.saturating_sub(self.failed);
                (probe.number - self.number - 1).saturating_sub(refused)
            }
        };
        self.began_ms = began;
        self.number = probe.number;
        self.failed = probe.failed;
        self.every = Duration::from_millis(probe.every_ms.into());
        self.arrived = now;
        self.durable = durable(probe);
        self.trouble.remove(super::ways::ADAPTER);
        match missing {
            0 => Follows::Next,
            missing => Follows::Gap(missing),
        }
    }

    /// Whether the last one said that no other follows.
    pub fn has_ended(&self) -> bool {
        self.every.is_zero()
    }

    /// Whether it has been silent for so long that it is forgotten.
    pub fn is_gone(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.arrived) > REMEMBERED
    }

    fn is_silent(&self, now: Instant, lost_after: Duration) -> bool {
        now.saturating_duration_since(self.arrived) > lost_after
    }

    /// How many more are missed by now than were counted before. The one that is due after the last
    /// is missed `lost_after` after it.
    pub fn newly_missed(&mut self, now: Instant, lost_after: Duration) -> u64 {
        let late = now
            .saturating_duration_since(self.arrived)
            .checked_sub(lost_after + self.every);
        let Some(late) = late.filter(|_| !self.every.is_zero()) else {
            return 0;
        };
        let all = 1 + (late.as_millis() / self.every.as_millis().max(1)) as u64;
        let more = all.saturating_sub(self.missed);
        self.missed += more;
        more
    }

    /// One that comes late was counted already if none had come for long. Whether it was.
    pub fn was_missed(&mut self) -> bool {
        let was = self.missed > 0;
        self.missed = self.missed.saturating_sub(1);
        was
    }

    /// One came in time: what was missed before stays so.
    pub fn in_time(&mut self) {
        self.missed = 0;
    }

    /// It was delivered after so many seconds.
    pub fn delivered(&mut self, seconds: f64) {
        self.delivered = Some(seconds);
    }

    /// Questions to a view see it after so many seconds.
    pub fn queryable(&mut self, view: &'static str, seconds: f64) {
        self.queryable.insert(view, seconds);
    }

    /// So many were lost at a stage.
    pub fn lose(&mut self, stage: &str, count: u64, reason: String) {
        self.lost += count;
        self.trouble.insert(stage.to_owned(), reason);
    }

    /// Questions to a view did not see one in time: of the last one it is not known what it took.
    pub fn not_queryable(&mut self, view: &str) {
        self.queryable.remove(view);
    }

    /// One arrived at a stage in time.
    pub fn reach(&mut self, stage: &str) {
        self.trouble.remove(stage);
    }

    /// As the contract tells it.
    pub fn lag(&self, now: Instant, lost_after: Duration) -> ProbeLag {
        let (status, reason) = self.status(now, lost_after);
        let queryable = self.queryable.iter();
        ProbeLag {
            number: self.number,
            status: status.to_owned(),
            reason,
            durable_seconds: self.durable.map(|durable| durable.as_secs_f64()),
            queryable_seconds: queryable
                .map(|(view, seconds)| ((*view).to_owned(), *seconds))
                .collect(),
            delivered_seconds: self.delivered,
            lost: self.lost,
            ..ProbeLag::default()
        }
    }

    fn status(&self, now: Instant, lost_after: Duration) -> (&'static str, String) {
        if self.is_silent(now, lost_after + self.every) {
            let quiet = now.saturating_duration_since(self.arrived).as_secs();
            let number = self.number;
            let reason = format!(
                "none has come for {quiet} s, the last was number {number}: its adapter has ended, or the log takes or gives nothing"
            );
            return ("silent", reason);
        }
        if self.trouble.is_empty() {
            return ("arriving", String::new());
        }
        let reasons: Vec<_> = self.trouble.values().map(String::as_str).collect();
        ("lost", reasons.join("; "))
    }
}

fn began(probe: &Probe) -> i64 {
    probe.began_time.as_ref().and_then(to_millis).unwrap_or(0)
}

fn durable(probe: &Probe) -> Option<Duration> {
    let micros = probe.previous_durable_us;
    (micros > 0).then(|| Duration::from_micros(micros))
}
