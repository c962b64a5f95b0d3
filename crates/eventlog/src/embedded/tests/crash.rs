//! Whatever the moment a process is killed or the power goes: what was acknowledged is there, what
//! a reader was once shown stays, and nothing is there that nobody sent.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use super::super::Config;
use super::sim::{Op, SimDisk};
use super::{Dice, open_sim, read_all, small};
use crate::{EventLog, Position, Record};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_cuts_lose_nothing_that_was_acknowledged() {
    let mut acknowledged = 0;
    for seed in 0..150 {
        acknowledged += live_through_crashes(seed, &[Crash::PowerCut]).await;
    }
    assert!(acknowledged > 10_000, "{acknowledged}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_and_power_cuts_in_turn_take_back_nothing_that_was_shown() {
    let mut acknowledged = 0;
    for seed in 1_000..1_150 {
        acknowledged += live_through_crashes(seed, &[Crash::Kill, Crash::PowerCut]).await;
    }
    assert!(acknowledged > 10_000, "{acknowledged}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failing_writes_and_syncs_before_a_power_cut_lose_nothing_that_was_acknowledged() {
    let mut acknowledged = 0;
    for seed in 2_000..2_150 {
        acknowledged += live_through_crashes(seed, &[Crash::FaultsThenPowerCut, Crash::Kill]).await;
    }
    assert!(acknowledged > 10_000, "{acknowledged}");
}

#[derive(Clone, Copy, PartialEq)]
enum Crash {
    Kill,
    PowerCut,
    FaultsThenPowerCut,
}

/// What the outside world knows of a log.
#[derive(Default)]
struct Ledger {
    /// Acknowledged, or read after an opening.
    known: BTreeMap<Position, Record>,
    acknowledged: usize,
    /// Values that were ever sent.
    sent: HashSet<Bytes>,
}

/// Six lives of one log; how many records were acknowledged in them.
async fn live_through_crashes(seed: u64, crashes: &[Crash]) -> usize {
    let mut dice = Dice(seed);
    let config = Config {
        segment_bytes: 4 * 1024,
        max_record_bytes: 2 * 1024,
        ..small(Path::new("/log"), 2)
    };
    let mut disk = SimDisk::new(seed);
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    for life in 0..6 {
        let crash = crashes[life % crashes.len()];
        let log = open_sim(&disk, &config);
        check(&log, &ledger, seed).await;
        if crash == Crash::FaultsThenPowerCut {
            for _ in 0..1 + dice.roll(4) {
                let op = [Op::Write, Op::Sync, Op::Name][dice.roll(3) as usize];
                disk.fail(op, dice.roll(20), std::io::ErrorKind::Other);
            }
        }
        disk.stop_after(dice.roll(120));
        let appending: Vec<_> = (0..4)
            .map(|appender| {
                let (log, disk) = (Arc::clone(&log), disk.clone());
                let dice = Dice(dice.roll(u64::MAX));
                let name = format!("{life}/{appender}");
                tokio::spawn(append_until_stopped(
                    log,
                    disk,
                    dice,
                    name,
                    Arc::clone(&ledger),
                ))
            })
            .collect();
        for appending in appending {
            appending.await.unwrap();
        }
        drop(log);
        disk = match crash {
            Crash::Kill => disk.kill(),
            Crash::PowerCut | Crash::FaultsThenPowerCut => disk.power_cut(),
        };
    }
    check(&open_sim(&disk, &config), &ledger, seed).await;
    ledger.lock().unwrap().acknowledged
}

async fn append_until_stopped(
    log: Arc<super::Embedded>,
    disk: SimDisk,
    mut dice: Dice,
    name: String,
    ledger: Arc<Mutex<Ledger>>,
) {
    let mut number = 0;
    while !disk.has_stopped() {
        let records: Vec<Record> = (0..1 + dice.roll(6))
            .map(|_| {
                number += 1;
                let filling = "x".repeat(dice.roll(700) as usize);
                Record {
                    key: Bytes::from(format!("case {}", dice.roll(5))),
                    value: Bytes::from(format!("{name}/{number}/{filling}")),
                    recorded_ms: number,
                }
            })
            .collect();
        let values = records.iter().map(|r| r.value.clone());
        ledger.lock().unwrap().sent.extend(values);
        if let Ok(positions) = log.append(records.clone()).await {
            let mut ledger = ledger.lock().unwrap();
            ledger.acknowledged += positions.len();
            for (position, record) in positions.into_iter().zip(records) {
                let taken = ledger.known.insert(position, record);
                assert!(taken.is_none(), "{position:?} was given twice");
            }
        }
    }
}

/// That the log holds all that is known, only what was sent, and each once; all of it is known
/// from now on.
async fn check(log: &super::Embedded, ledger: &Mutex<Ledger>, seed: u64) {
    let mut stored = BTreeMap::new();
    for partition in 0..log.partitions() {
        for record in read_all(log, partition).await {
            let offset = record.offset;
            stored.insert(Position { partition, offset }, record.record);
        }
    }
    let mut ledger = ledger.lock().unwrap();
    for (position, record) in &ledger.known {
        assert!(
            stored.get(position) == Some(record),
            "seed {seed}: {position:?} is lost or changed"
        );
    }
    let mut seen = HashSet::new();
    for record in stored.values() {
        assert!(ledger.sent.contains(&record.value), "seed {seed}: made up");
        assert!(seen.insert(&record.value), "seed {seed}: stored twice");
    }
    ledger.known = stored;
}
