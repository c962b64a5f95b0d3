//! How old what the views show gets: as a gateway says, sampled, and as a reader meets it who waits
//! for its own event.

use super::Doors;
use super::asker::Asker;
use super::ledger::{Ledger, Planned, Record, Sent};
use super::sender::{Answer, Heard, Sender};
use crate::facts::{Fact, step};
use crate::kill::Fault;
use lienthong_contract::pb::event::v1::Position;
use lienthong_eventlog::partition_for;
use lienthong_simulator::message::Message;
use lienthong_simulator::system::System;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tonic::Code;

/// Between two samples of the lag.
const SAMPLE_EVERY: Duration = Duration::from_millis(150);
/// How long a sample or a look may take.
const LOOK_PATIENCE: Duration = Duration::from_secs(3);
/// Between two looks for one's own event.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Between an event that was seen and the next.
const REST: Duration = Duration::from_millis(200);
/// When a probe gives an event up: a fault.
const PATIENCE: Duration = Duration::from_secs(180);

/// The worst that was seen, in seconds.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Worst {
    /// Largest lag of any view and partition, as a gateway told it.
    pub lag_s: f64,
    /// Longest time without any gateway telling the lag.
    pub untold_s: f64,
    /// Longest time from an acknowledgement until the event was shown.
    pub shown_after_s: f64,
    /// Samples answered.
    pub samples: u64,
    /// Events probed for.
    pub probes: u64,
    /// Questions that were not answered, by gRPC code.
    pub errors: BTreeMap<String, u64>,
}

impl Worst {
    fn and(self, other: Self) -> Self {
        let mut errors = self.errors;
        for (code, count) in other.errors {
            *errors.entry(code).or_default() += count;
        }
        Self {
            errors,
            lag_s: self.lag_s.max(other.lag_s),
            untold_s: self.untold_s.max(other.untold_s),
            shown_after_s: self.shown_after_s.max(other.shown_after_s),
            samples: self.samples + other.samples,
            probes: self.probes + other.probes,
        }
    }

    fn failed(&mut self, code: Code) {
        *self.errors.entry(format!("{code:?}")).or_default() += 1;
    }
}

/// A running watch.
pub struct Watch {
    watchers: JoinSet<Result<(Worst, Vec<Record>), Fault>>,
    stop: Arc<AtomicBool>,
}

/// Starts to sample, and to probe each partition. The probes' events count as sent.
///
/// # Errors
/// If an address is none.
pub fn watch(doors: &Doors, partitions: u32) -> Result<Watch, Fault> {
    let stop = Arc::new(AtomicBool::new(false));
    let doors = Arc::new(doors.clone());
    let mut watchers = JoinSet::new();
    let asker = Asker::new(&doors, Duration::ZERO)?;
    watchers.spawn(sample(asker, stop.clone()));
    for partition in 0..partitions {
        let probe = Probe {
            asker: Asker::new(&doors, Duration::ZERO)?,
            sender: Sender::new(
                doors.clone(),
                partition as usize,
                Arc::new(Heard::default()),
            )?,
            partition,
            partitions,
            stop: stop.clone(),
        };
        watchers.spawn(probe.run());
    }
    Ok(Watch { watchers, stop })
}

impl Watch {
    /// Ends the watch once the events under way are shown; their records join the ledger.
    ///
    /// # Errors
    /// If an event was not taken or not shown in three minutes.
    pub async fn end(mut self, ledger: &mut Ledger) -> Result<Worst, Fault> {
        self.stop.store(true, Ordering::SeqCst);
        let mut worst = Worst::default();
        while let Some(ended) = self.watchers.join_next().await {
            let (one, records) = ended??;
            worst = worst.and(one);
            ledger.records.extend(records);
        }
        Ok(worst)
    }
}

async fn sample(asker: Asker, stop: Arc<AtomicBool>) -> Result<(Worst, Vec<Record>), Fault> {
    let mut worst = Worst::default();
    let mut told = Instant::now();
    let mut turns = tokio::time::interval(SAMPLE_EVERY);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !stop.load(Ordering::SeqCst) {
        turns.tick().await;
        match tokio::time::timeout(LOOK_PATIENCE, asker.lag()).await {
            Ok(Ok(lags)) => {
                let lag = lags.iter().map(|lag| lag.lag_seconds).fold(0.0, f64::max);
                worst.lag_s = worst.lag_s.max(lag);
                worst.samples += 1;
                worst.untold_s = worst.untold_s.max(told.elapsed().as_secs_f64());
                told = Instant::now();
            }
            Ok(Err(status)) => worst.failed(status.code()),
            Err(_) => worst.failed(Code::DeadlineExceeded),
        }
    }
    worst.untold_s = worst.untold_s.max(told.elapsed().as_secs_f64());
    Ok((worst, Vec::new()))
}

struct Probe {
    asker: Asker,
    sender: Sender,
    partition: u32,
    partitions: u32,
    stop: Arc<AtomicBool>,
}

impl Probe {
    async fn run(self) -> Result<(Worst, Vec<Record>), Fault> {
        let mut worst = Worst::default();
        let mut records = Vec::new();
        let mut number = 0;
        while !self.stop.load(Ordering::SeqCst) {
            let code = self.code(&mut number);
            let (record, position) = self.send(&code).await?;
            records.push(record);
            let acknowledged = Instant::now();
            while !self.is_shown(&code, position, &mut worst).await {
                if acknowledged.elapsed() > PATIENCE {
                    return Err(format!("{code} at {position:?} is not shown").into());
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
            let after = acknowledged.elapsed().as_secs_f64();
            worst.shown_after_s = worst.shown_after_s.max(after);
            worst.probes += 1;
            tokio::time::sleep(REST).await;
        }
        Ok((worst, records))
    }

    /// The next dossier code that lies in the probe's partition.
    fn code(&self, number: &mut u32) -> String {
        loop {
            *number += 1;
            let code = format!("H56.15.01-261008-9{number:07}");
            if partition_for(code.as_bytes(), self.partitions) == self.partition {
                return code;
            }
        }
    }

    async fn send(&self, code: &str) -> Result<(Record, Position), Fault> {
        let id = format!("probe-{code}");
        let fact = Fact::new(System::Onestop, &id, code, 0, step("probe")).by("H56.15.01");
        let header = fact.event.header.unwrap_or_default();
        let message = Message::new(System::Onestop, header, step("probe"))?;
        let planned = Planned::new(message)?;
        let frame = planned.message.frame();
        let mut attempts = 0;
        let delivered = self
            .sender
            .deliver(System::Onestop, frame, PATIENCE, &mut attempts);
        let Answer::At(position) = delivered.await? else {
            return Err(format!("{code} was refused").into());
        };
        let sent = Sent {
            attempts,
            acknowledged: vec![position],
            ..Sent::of(&planned)
        };
        let record = Record {
            case_code: code.to_owned(),
            sent: vec![sent],
        };
        Ok((record, position))
    }

    async fn is_shown(&self, code: &str, position: Position, worst: &mut Worst) -> bool {
        let look = self.asker.shows(code, position);
        match tokio::time::timeout(LOOK_PATIENCE, look).await {
            Ok(Ok(shown)) => return shown,
            Ok(Err(status)) => worst.failed(status.code()),
            Err(_) => worst.failed(Code::DeadlineExceeded),
        }
        false
    }
}
