#![allow(clippy::unwrap_used, clippy::expect_used)]
//! The running projectors: restarts, damage, parking, rebuilds, losses.

use super::*;
use crate::parking::{Fault, Poison};
use crate::testing::events::{
    Told, accepted, handed_over, poison, received, record, release, returned_result,
};
use crate::testing::log::MemoryLog;
use futures_util::StreamExt;
use lienthong_contract::reason::Reason;
use lienthong_contract::reference::{Current, demo};
use lienthong_domain::lag::Status;
use lienthong_eventlog::Record;
use std::path::Path;

struct Hub {
    projectors: Arc<Projectors>,
    stop: CancellationToken,
}

async fn open(dir: &Path, store: StoreKind, log: &Arc<MemoryLog>) -> Hub {
    let stop = CancellationToken::new();
    let config = Config {
        dir: dir.to_owned(),
        store,
        checkpoint_every: Duration::from_millis(5),
    };
    let handles = Handles {
        log: log.clone(),
        reference: Current::new(demo().unwrap()),
    };
    let projectors = start(config, handles, stop.clone()).await.unwrap();
    projectors.loaded().await;
    Hub { projectors, stop }
}

impl Hub {
    async fn close(self) {
        self.stop.cancel();
        self.projectors.finished().await;
    }

    /// Waits until every view has taken everything.
    async fn caught_up(&self, log: &MemoryLog) {
        for lane in self.projectors.lanes.all() {
            let end = log.end(lane.owner.partition);
            let mut next = lane.watch_next();
            next.wait_for(|next| *next >= end).await.unwrap();
        }
    }

    async fn digests(&self) -> Vec<(String, u32, u64, String)> {
        let positions = self.projectors.positions().await;
        positions
            .into_iter()
            .map(|one| (one.view, one.partition, one.next_offset, one.digest))
            .collect()
    }

    /// Verifies every view; true if all digests are equal.
    async fn verifies(&self) -> bool {
        let mut told = self.projectors.verify(&[]).await.unwrap();
        let mut compared = 0;
        let mut equal = true;
        while let Some(message) = told.next().await {
            for comparison in message.unwrap().comparisons {
                compared += 1;
                equal &= comparison.equal;
            }
        }
        assert_eq!(compared, 6);
        equal
    }

    async fn rebuild(&self, view: &str) -> RebuildProgress {
        let told = self.projectors.rebuild(view).await.unwrap();
        let told: Vec<_> = told.collect().await;
        told.into_iter().last().unwrap().unwrap()
    }

    async fn case(&self, code: &str) -> Result<GetCaseResponse, Failure> {
        let request = GetCaseRequest {
            code: code.to_owned(),
            ..GetCaseRequest::default()
        };
        self.projectors.case(request).await
    }
}

fn dossier(number: usize) -> Vec<Record> {
    let code = format!("D-{number}");
    let told = |step: &str, minute, payload| {
        Told::new(&format!("{number}-{step}"), &code, "", minute, payload).records()
    };
    [
        told("received", 0, received()),
        told("handed", 5, handed_over("H56.03")),
        told("accepted", 9, accepted()),
        told("returned", 30, returned_result()),
    ]
    .concat()
}

fn dossiers(numbers: std::ops::Range<usize>) -> Vec<Record> {
    numbers.flat_map(dossier).collect()
}

fn log_of(records: Vec<Record>) -> Arc<MemoryLog> {
    let log = MemoryLog::new(2);
    log.put(records);
    log
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_from_the_checkpoint() {
    for store in StoreKind::ALL {
        let dir = tempfile::tempdir().unwrap();
        let log = log_of(dossiers(0..300));
        let hub = open(dir.path(), store, &log).await;
        hub.caught_up(&log).await;
        let before = hub.digests().await;
        hub.close().await;
        let hub = open(dir.path(), store, &log).await;
        let again = hub.projectors.positions().await;
        assert_eq!(hub.digests().await, before, "{}", store.name());
        for position in again {
            assert_eq!(position.checkpoint_offset, log.end(position.partition));
        }
        log.put(dossiers(200..400));
        hub.caught_up(&log).await;
        let duplicates: u64 = hub
            .projectors
            .positions()
            .await
            .iter()
            .map(|one| one.duplicates)
            .sum();
        assert_eq!(duplicates, 3 * 400);
        assert!(hub.verifies().await);
        hub.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_checkpoint_is_made_again_from_the_log() {
    for store in StoreKind::ALL {
        for damage in 0..4usize {
            let dir = tempfile::tempdir().unwrap();
            let log = log_of(dossiers(0..200));
            let hub = open(dir.path(), store, &log).await;
            hub.caught_up(&log).await;
            let before = hub.digests().await;
            hub.close().await;
            for file in files(dir.path()) {
                let mut bytes = std::fs::read(&file).unwrap();
                let (len, step) = (bytes.len(), 97 + damage * 1_000);
                match damage {
                    0 => bytes.truncate(len / 2),
                    1 => bytes.clear(),
                    _ => (0..len).step_by(step).for_each(|at| bytes[at] ^= 0x5a),
                }
                std::fs::write(&file, bytes).unwrap();
            }
            let hub = open(dir.path(), store, &log).await;
            hub.caught_up(&log).await;
            assert_eq!(hub.digests().await, before, "{} {damage}", store.name());
            assert!(hub.case("D-7").await.is_ok());
            hub.close().await;
            let hub = open(dir.path(), store, &log).await;
            let positions = hub.projectors.positions().await;
            assert!(
                positions
                    .iter()
                    .all(|one| one.checkpoint_offset == one.next_offset)
            );
            hub.close().await;
        }
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(self::files(&path)),
            false => files.push(path),
        }
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_of_another_log_does_not_count() {
    for other in [dossiers(50..150), dossiers(0..40)] {
        let dir = tempfile::tempdir().unwrap();
        let log = log_of(dossiers(0..100));
        let hub = open(dir.path(), StoreKind::Redb, &log).await;
        hub.caught_up(&log).await;
        hub.close().await;
        let log = log_of(other);
        let hub = open(dir.path(), StoreKind::Redb, &log).await;
        hub.caught_up(&log).await;
        assert!(hub.verifies().await);
        hub.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_dossier_waits_alone_and_in_order_and_a_release_is_the_same_in_a_rebuild() {
    for skip in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let mut all = dossiers(0..3);
        // The second record of D-0 cannot be read, and a later one neither.
        all.insert(1, poison("D-0"));
        all.push(poison("D-0"));
        all.extend(Told::new("0-late", "D-0", "", 40, accepted()).records());
        let log = log_of(all);
        let hub = open(dir.path(), StoreKind::Redb, &log).await;
        hub.caught_up(&log).await;
        let parked = hub.projectors.parked("").await.unwrap();
        assert_eq!(parked.len(), 3);
        let first = parked[0].clone();
        assert_eq!(
            (&first.key[..], &first.reason[..]),
            ("D-0", "EVENT_UNREADABLE")
        );
        assert_eq!(first.waiting_total, 5);
        let offset = first.position.unwrap().offset;
        let seen = hub.case("D-0").await.unwrap().case.unwrap();
        assert_eq!(seen.timeline.len(), 1);
        assert!(seen.dossiers[0].parked);
        assert_eq!(
            hub.case("D-1").await.unwrap().case.unwrap().timeline.len(),
            4
        );
        // Neither a decision about another offset nor one about another dossier changes anything.
        log.put([release("D-0", offset + 1, true), release("D-1", 0, true)]);
        hub.caught_up(&log).await;
        assert_eq!(hub.projectors.parked("case").await.unwrap().len(), 1);
        assert!(hub.verifies().await);
        hub.close().await;

        let hub = open(dir.path(), StoreKind::Redb, &log).await;
        assert_eq!(hub.projectors.parked("").await.unwrap(), parked);
        log.put([release("D-0", offset, skip)]);
        hub.caught_up(&log).await;
        let parked = hub.projectors.parked("case").await.unwrap();
        let steps = hub.case("D-0").await.unwrap().case.unwrap().timeline.len();
        let again = parked[0].position.unwrap().offset;
        if skip {
            assert!(again > offset, "the second fault parks it again");
            assert_eq!((steps, parked[0].waiting_total), (4, 1));
            log.put([release("D-0", again, true)]);
            hub.caught_up(&log).await;
            assert!(hub.projectors.parked("").await.unwrap().is_empty());
            let whole = hub.case("D-0").await.unwrap().case.unwrap();
            assert_eq!(whole.timeline.len(), 5);
            assert!(!whole.dossiers[0].parked);
        } else {
            assert_eq!((steps, again, parked[0].waiting_total), (1, offset, 5));
        }
        assert!(hub.verifies().await);
        hub.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_empty_or_no_text_is_parked_and_released_like_any_other() {
    let dir = tempfile::tempdir().unwrap();
    let log = log_of(dossiers(0..2));
    log.put([
        poison(""),
        record(&[0xff, 0xfe], dossier(9)[0].value.to_vec()),
    ]);
    let hub = open(dir.path(), StoreKind::Redb, &log).await;
    hub.caught_up(&log).await;
    let parked = hub.projectors.parked("case").await.unwrap();
    assert_eq!(parked.len(), 2);
    let empty = parked.iter().find(|one| one.key.is_empty()).unwrap();
    log.put([release("", empty.position.unwrap().offset, true)]);
    hub.caught_up(&log).await;
    assert_eq!(hub.projectors.parked("case").await.unwrap().len(), 1);
    assert!(hub.verifies().await);
    hub.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_reads_its_own_write_or_is_told_that_it_cannot_yet() {
    let dir = tempfile::tempdir().unwrap();
    let log = log_of(Vec::new());
    let hub = open(dir.path(), StoreKind::Redb, &log).await;
    assert_eq!(
        hub.case("D-1").await.unwrap_err().reason,
        Reason::CaseNotFound
    );
    let positions = log.put(dossier(1));
    let last = positions.last().unwrap();
    let wanted = [Position {
        partition: last.partition,
        offset: last.offset,
    }];
    let long = Duration::from_secs(20);
    for view in ["case", "horizontal", "vertical"] {
        hub.projectors.wait_for(view, &wanted, long).await.unwrap();
    }
    let answer = hub.case("D-1").await.unwrap();
    assert_eq!(answer.case.unwrap().timeline.len(), 4);
    let fresh = &answer.freshness.unwrap().partitions[last.partition as usize];
    assert_eq!(
        (fresh.next_offset, fresh.log_end_offset, fresh.lag_ms),
        (4, 4, 0)
    );
    let future = [Position {
        offset: last.offset + 1,
        ..wanted[0]
    }];
    let short = Duration::from_millis(20);
    let late = hub.projectors.wait_for("case", &future, short).await;
    assert_eq!(late.unwrap_err().reason, Reason::ViewNotCaughtUp);
    let nowhere = [Position {
        partition: 9,
        offset: 0,
    }];
    let refused = hub
        .projectors
        .wait_for("case", &nowhere, short)
        .await
        .unwrap_err();
    assert_eq!(refused.violations[0].field, "min_positions[0].partition");
    let unknown = hub.projectors.wait_for("cases", &wanted, short).await;
    assert_eq!(unknown.unwrap_err().reason, Reason::ViewUnknown);
    hub.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_switches_without_a_failed_read_and_repairs_a_view_that_differs() {
    for store in StoreKind::ALL {
        let dir = tempfile::tempdir().unwrap();
        let log = log_of(dossiers(0..500));
        let hub = open(dir.path(), store, &log).await;
        hub.caught_up(&log).await;
        for lane in hub.projectors.lanes.all() {
            let poison = Poison {
                fault: Fault::Unreadable,
                detail: String::new(),
            };
            lane.state_mut().parking.park(b"nothing", 0, 0, poison);
        }
        assert!(!hub.verifies().await);
        let reading = CancellationToken::new();
        let reader = {
            let (projectors, reading) = (hub.projectors.clone(), reading.clone());
            tokio::spawn(async move {
                let mut reads = 0u64;
                while !reading.is_cancelled() {
                    let request = GetPathStatisticsRequest::default();
                    let statistics = projectors.path_statistics(request).await.unwrap();
                    assert!(statistics.cases >= 500);
                    reads += 1;
                }
                reads
            })
        };
        for view in View::ALL {
            log.put(dossiers(500..520));
            let rebuilt = hub.rebuild(view.name()).await;
            assert!(rebuilt.done);
            assert_eq!(rebuilt.events_done, rebuilt.events_total);
        }
        reading.cancel();
        assert!(reader.await.unwrap() > 0);
        hub.caught_up(&log).await;
        assert!(hub.verifies().await);
        let before = hub.digests().await;
        hub.close().await;
        let hub = open(dir.path(), store, &log).await;
        assert_eq!(hub.digests().await, before);
        hub.close().await;
        // Of each lane one folder is left.
        for lane in std::fs::read_dir(dir.path().join("case")).unwrap() {
            let folders = std::fs::read_dir(lane.unwrap().path()).unwrap().count();
            assert_eq!(folders, 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_rebuilds_of_one_view_do_not_run_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let log = log_of(dossiers(0..10));
    let hub = open(dir.path(), StoreKind::Redb, &log).await;
    let busy = hub.projectors.lanes.occupy(View::Case).unwrap();
    let refused = hub.projectors.rebuild("case").await.err().unwrap();
    assert_eq!(refused.reason, Reason::RebuildUnderWay);
    let refused = hub.projectors.verify(&[]).await.err().unwrap();
    assert_eq!(refused.reason, Reason::RebuildUnderWay);
    drop(busy);
    assert!(hub.rebuild("case").await.done);
    assert!(hub.verifies().await);
    let unknown = hub.projectors.rebuild("cases").await.err().unwrap();
    assert_eq!(unknown.reason, Reason::ViewUnknown);
    hub.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_retention_removed_unread_are_a_status_and_no_lag() {
    let dir = tempfile::tempdir().unwrap();
    let log = log_of(dossiers(0..50));
    let hub = open(dir.path(), StoreKind::Redb, &log).await;
    hub.caught_up(&log).await;
    hub.close().await;
    log.put(dossiers(50..100));
    for partition in 0..2 {
        log.remove_before(partition, log.end(partition) - 4);
    }
    for _ in 0..2 {
        let hub = open(dir.path(), StoreKind::Redb, &log).await;
        hub.caught_up(&log).await;
        for lag in hub.projectors.lag().await.unwrap() {
            assert_eq!((&lag.status[..], lag.lag_events), (Status::Lost.name(), 0));
            assert!(lag.reason.contains("retention"), "{}", lag.reason);
        }
        assert!(
            hub.case("D-7").await.is_ok(),
            "what was read before is kept"
        );
        let refused = hub.projectors.rebuild("case").await.err().unwrap();
        assert_eq!(refused.reason, Reason::LogTruncated);
        hub.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_written_is_written_whole_once_it_can() {
    for store in StoreKind::ALL {
        let dir = tempfile::tempdir().unwrap();
        let log = log_of(Vec::new());
        let hub = open(dir.path(), store, &log).await;
        let lanes = [dir.path().join("case/0"), dir.path().join("case/1")];
        for lane in &lanes {
            std::fs::remove_dir_all(lane).unwrap();
            std::fs::write(lane, "in the way").unwrap();
        }
        log.put(dossiers(0..50));
        hub.caught_up(&log).await;
        let is_saved = |position: &ViewPosition| position.checkpoint_offset == position.next_offset;
        saved(&hub, &|position| {
            position.view == "case" || is_saved(position)
        })
        .await;
        let positions = hub.projectors.positions().await;
        let of_case: Vec<_> = positions.iter().filter(|one| one.view == "case").collect();
        assert!(of_case.iter().all(|one| one.checkpoint_offset == 0));
        for lane in &lanes {
            std::fs::remove_file(lane).unwrap();
            std::fs::create_dir(lane).unwrap();
        }
        saved(&hub, &is_saved).await;
        let before = hub.digests().await;
        hub.close().await;
        let hub = open(dir.path(), store, &log).await;
        assert!(hub.projectors.positions().await.iter().all(is_saved));
        assert_eq!(hub.digests().await, before);
        hub.close().await;
    }
}

/// Waits until this is true of every lane.
async fn saved(hub: &Hub, is_so: &dyn Fn(&ViewPosition) -> bool) {
    while !hub.projectors.positions().await.iter().all(is_so) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
