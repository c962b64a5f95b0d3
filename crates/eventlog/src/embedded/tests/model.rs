//! Random lives of a log against a plain list: appends of any size, reads, reopening, crashes,
//! retention.

use std::path::Path;

use proptest::prelude::*;

use super::super::Config;
use super::sim::SimDisk;
use super::{open_sim, read_all, small};
use crate::{EventLog, Record};

#[derive(Clone, Debug)]
enum Step {
    /// Records with values of these lengths and these times.
    Append(Vec<(usize, i64)>),
    /// Reads a few from somewhere (in thousandths of what is kept).
    Read(u64, usize),
    /// Asks for the offset at a time.
    Seek(i64),
    Reopen,
    Kill,
    PowerCut,
    Retain(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let records = prop::collection::vec((0..1_500_usize, 0..1_000_i64), 1..12);
    prop_oneof![
        8 => records.prop_map(Step::Append),
        4 => (0..=1_000_u64, 1..50_usize).prop_map(|(at, most)| Step::Read(at, most)),
        2 => (-1..1_002_i64).prop_map(Step::Seek),
        1 => Just(Step::Reopen),
        1 => Just(Step::Kill),
        1 => Just(Step::PowerCut),
        1 => (0..1_200_i64).prop_map(Step::Retain),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_log_is_a_list_through_reopening_and_crashes(seed: u64, steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(live(seed, steps));
    }
}

async fn live(seed: u64, steps: Vec<Step>) {
    let config = Config {
        retention_age: Some(std::time::Duration::from_millis(300)),
        ..small(Path::new("/log"), 1)
    };
    let mut disk = SimDisk::new(seed);
    let mut log = open_sim(&disk, &config);
    let mut list: Vec<Record> = Vec::new();
    for step in steps {
        let start = log.bounds(0).await.unwrap().start;
        match step {
            Step::Append(shapes) => {
                let records: Vec<Record> = shapes
                    .into_iter()
                    .map(|(len, ms)| super::record(&"v".repeat(len), ms))
                    .collect();
                let positions = log.append(records.clone()).await.unwrap();
                let offsets: Vec<u64> = positions.iter().map(|p| p.offset).collect();
                let expected = list.len() as u64..(list.len() + records.len()) as u64;
                assert_eq!(offsets, expected.collect::<Vec<u64>>());
                list.extend(records);
            }
            Step::Read(thousandths, most) => {
                let from = start + (list.len() as u64 - start) * thousandths / 1_000;
                let mut reader = log.reader(0, from).await.unwrap();
                let read = reader.poll_now(most).await.unwrap();
                assert_eq!(read.is_empty(), from == list.len() as u64);
                for (stored, offset) in read.iter().zip(from..) {
                    assert_eq!(stored.offset, offset);
                    assert!(stored.record == list[offset as usize]);
                }
            }
            Step::Seek(ms) => {
                let kept = &list[start as usize..];
                let first = kept.iter().position(|r| r.recorded_ms >= ms);
                let expected = start + first.unwrap_or(kept.len()) as u64;
                assert_eq!(log.offset_at(0, ms).await.unwrap(), expected);
            }
            Step::Reopen => {
                log.close().await.unwrap();
                drop(log);
                log = open_sim(&disk, &config);
            }
            Step::Kill => {
                disk = disk.kill();
                log = open_sim(&disk, &config);
            }
            Step::PowerCut => {
                disk = disk.power_cut();
                log = open_sim(&disk, &config);
            }
            Step::Retain(now_ms) => {
                log.enforce_retention(now_ms);
            }
        }
        let bounds = log.bounds(0).await.unwrap();
        assert!(bounds.start >= start);
        assert_eq!(bounds.end, list.len() as u64);
    }
    let start = log.bounds(0).await.unwrap().start;
    let read = read_all(&log, 0).await;
    for (stored, offset) in read.iter().zip(start..) {
        assert_eq!(stored.offset, offset);
        assert!(stored.record == list[offset as usize]);
    }
}
