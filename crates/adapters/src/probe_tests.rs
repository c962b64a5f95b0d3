#![allow(clippy::unwrap_used, clippy::expect_used)]
//! Probes on a clock that only tests move, over a log that can be told not to answer.

use super::*;
use async_trait::async_trait;
use lienthong_contract::check::{Rules, check};
use lienthong_contract::pb::event::v1::{Event, Probe, event::Payload};
use lienthong_contract::probe::is_probe;
use lienthong_eventlog::{Bounds, Position, ReadError, Reader, Record, Retention};
use prost::Message;
use std::sync::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What a partition does with appends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Well,
    Silent,
    Overloaded,
    TooSmall,
}

/// A log of two partitions that only takes appends.
struct Double {
    moods: [watch::Sender<Mood>; 2],
    taken: Mutex<Vec<(u32, Record)>>,
    appends: Mutex<usize>,
}

impl Double {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            moods: [Mood::Well; 2].map(watch::Sender::new),
            taken: Mutex::default(),
            appends: Mutex::default(),
        })
    }

    /// The probes of a route and a partition, in order.
    fn probes(&self, route: &str, partition: u32) -> Vec<Probe> {
        let taken = self.taken.lock().unwrap();
        let own = taken.iter().filter(|(at, _)| *at == partition);
        let told = own.map(|(_, record)| told(record));
        told.filter(|probe| probe.route == route).collect()
    }

    fn count(&self, partition: u32) -> usize {
        self.probes("onestop", partition).len()
    }
}

fn told(record: &Record) -> Probe {
    assert!(is_probe(&record.key));
    match Event::decode(&record.value[..]).unwrap().payload {
        Some(Payload::Probe(probe)) => probe,
        other => panic!("{other:?}"),
    }
}

#[async_trait]
impl EventLog for Double {
    fn partitions(&self) -> u32 {
        2
    }

    async fn append(&self, records: Vec<Record>) -> Result<Vec<Position>, AppendError> {
        *self.appends.lock().unwrap() += 1;
        let partition = self.partition_of(&records[0].key);
        let mut mood = self.moods[partition as usize].subscribe();
        let mood = *mood.wait_for(|mood| *mood != Mood::Silent).await.unwrap();
        match mood {
            Mood::Overloaded => Err(AppendError::Overloaded {
                partition,
                queued_bytes: 9,
                limit: 9,
            }),
            Mood::TooSmall => Err(AppendError::TooLarge { size: 9, limit: 8 }),
            Mood::Well | Mood::Silent => {
                let of = |record: &Record| self.partition_of(&record.key);
                assert!(records.iter().all(|record| of(record) == partition));
                let at = records.into_iter().map(|record| (partition, record));
                self.taken.lock().unwrap().extend(at);
                Ok(Vec::new())
            }
        }
    }

    async fn reader(&self, _: u32, _: u64) -> Result<Box<dyn Reader>, ReadError> {
        unreachable!("probes are only written")
    }

    async fn bounds(&self, _: u32) -> Result<Bounds, ReadError> {
        unreachable!("probes are only written")
    }

    async fn offset_at(&self, _: u32, _: i64) -> Result<u64, ReadError> {
        unreachable!("probes are only written")
    }

    async fn retention(&self, _: u32) -> Result<Retention, ReadError> {
        unreachable!("probes are only written")
    }

    async fn close(&self) -> Result<(), AppendError> {
        Ok(())
    }
}

struct Running {
    log: Arc<Double>,
    ends: Ends,
    tasks: JoinSet<()>,
}

impl Running {
    fn start(routes: &[&'static str]) -> Self {
        let log = Double::new();
        let ends = Ends {
            draining: CancellationToken::new(),
            cut_off: CancellationToken::new(),
        };
        let config = Config {
            instance: "here-7410".to_owned(),
            every: Duration::from_secs(1),
            lost_after: Duration::from_secs(5),
        };
        let handle: Arc<dyn EventLog> = log.clone();
        let tasks = super::start(&config, routes, &handle, &ends);
        Self { log, ends, tasks }
    }

    async fn drain(self) -> Arc<Double> {
        self.ends.draining.cancel();
        self.tasks.join_all().await;
        self.log
    }
}

/// A counter of the scrape for a route and a partition; 0 if it is not there.
fn counted(name: &str, route: &str, partition: u32) -> u64 {
    let text = lienthong_telemetry::scrape().unwrap();
    let of = [
        format!("lienthong_route=\"{route}\""),
        format!("messaging_destination_partition_id=\"{partition}\""),
    ];
    let mut lines = text.lines();
    let line = lines.find(|line| line.starts_with(name) && of.iter().all(|of| line.contains(of)));
    line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

#[tokio::test(start_paused = true)]
async fn each_route_probes_each_partition_about_every_second_and_says_goodbye() {
    let running = Running::start(&["onestop", "qcvn120"]);
    sleep(Duration::from_secs(60)).await;
    let appends = *running.log.appends.lock().unwrap();
    let log = running.drain().await;
    let records = log.taken.lock().unwrap().len();
    assert_eq!(records, 2 * (appends + 2), "one append for all routes");
    for (route, partition) in [
        ("onestop", 0),
        ("onestop", 1),
        ("qcvn120", 0),
        ("qcvn120", 1),
    ] {
        let probes = log.probes(route, partition);
        assert!((54..=68).contains(&probes.len()), "{}", probes.len());
        for (number, probe) in (1..).zip(&probes) {
            assert_eq!((probe.number, probe.failed), (number, 0));
            assert_eq!(probe.instance, "here-7410");
            assert_eq!(probe.began_time, probes[0].began_time);
        }
        let every: Vec<_> = probes.iter().map(|probe| probe.every_ms).collect();
        let (last, before) = every.split_last().unwrap();
        assert_eq!(*last, 0, "the goodbye");
        assert!(before.iter().all(|every| *every == 1_000));
    }
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_does_not_answer_is_not_piled_upon_and_its_probes_are_lost_each_second() {
    let running = Running::start(&["population"]);
    sleep(Duration::from_secs(10)).await;
    running.log.moods[1].send_replace(Mood::Silent);
    sleep(Duration::from_secs(2)).await;
    let (appends, others) = (
        *running.log.appends.lock().unwrap(),
        running.log.probes("population", 0).len(),
    );
    let lost = || counted("lienthong_probe_lost_total", "population", 1);
    assert_eq!(lost(), 0);
    sleep(Duration::from_secs(20)).await;
    let more = running.log.probes("population", 0).len() - others;
    assert!((18..=23).contains(&more), "the other goes on: {more}");
    assert_eq!(*running.log.appends.lock().unwrap() - appends, more);
    // Silent for 22 s: the first was lost after 5 s, one more each second since.
    assert!((15..=18).contains(&lost()), "{}", lost());
    running.log.moods[1].send_replace(Mood::Well);
    sleep(Duration::from_secs(3)).await;
    let after = lost();
    sleep(Duration::from_secs(10)).await;
    assert_eq!(lost(), after, "it has recovered");
    let log = running.drain().await;
    let late = log.probes("population", 1);
    let numbers: Vec<_> = late.iter().map(|probe| probe.number).collect();
    assert_eq!(numbers, (1..=late.len() as u64).collect::<Vec<_>>());
    // The next one tells how long the late one took.
    let longest = late.iter().map(|probe| probe.previous_durable_us).max();
    assert!((20_000_000..=23_000_000).contains(&longest.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_log_that_is_overloaded_for_a_moment_loses_nothing_and_one_that_refuses_does() {
    let running = Running::start(&["specialised"]);
    sleep(Duration::from_secs(5)).await;
    let lost = || counted("lienthong_probe_lost_total", "specialised", 0);
    running.log.moods[0].send_replace(Mood::Overloaded);
    sleep(Duration::from_secs(3)).await;
    running.log.moods[0].send_replace(Mood::Well);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(lost(), 0);
    running.log.moods[0].send_replace(Mood::TooSmall);
    sleep(Duration::from_secs(5)).await;
    running.log.moods[0].send_replace(Mood::Well);
    sleep(Duration::from_secs(3)).await;
    let probes = running.drain().await.probes("specialised", 0);
    let last = probes.last().unwrap();
    assert!((4..=6).contains(&last.failed), "{}", last.failed);
    assert_eq!(lost(), last.failed);
    assert_eq!(last.number, probes.len() as u64 + last.failed);
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_a_probe_until_everything_is_cut_off() {
    let mut running = Running::start(&["onestop"]);
    sleep(Duration::from_secs(5)).await;
    running.log.moods[1].send_replace(Mood::Silent);
    sleep(Duration::from_secs(2)).await;
    let arrived = running.log.count(1);
    running.ends.draining.cancel();
    sleep(Duration::from_secs(1)).await;
    assert!(running.tasks.join_next().await.is_some());
    assert!(running.tasks.try_join_next().is_none(), "one is under way");
    running.ends.cut_off.cancel();
    running.tasks.join_all().await;
    assert_eq!(running.log.count(1), arrived);
}

#[test]
fn no_message_of_a_system_can_be_a_probe() {
    let log = Double::new();
    let route = Route::new("onestop", 1, log.as_ref());
    let told = Told {
        partition: 1,
        instance: "here",
        number: 1,
        began_ms: now_millis(),
        previous_durable: Duration::ZERO,
        failed: 0,
        follows: Follows::Nothing,
    };
    let probe = record(&route, &told);
    assert_eq!(log.partition_of(&probe.key), 1);
    let event = Event::decode(&probe.value[..]).unwrap();
    // No contract of a system has such a payload: what decodes as one of its messages has none.
    use crate::systems::{civil_status, onestop, population, specialised};
    let decoded = [
        onestop::decode(&probe.value),
        civil_status::decode(&probe.value),
        population::decode(&probe.value),
        specialised::decode(&probe.value),
    ];
    for draft in decoded {
        assert!(draft.is_err() || draft.unwrap().payload.is_none());
    }
    // And no code, of which keys are made, begins like a probe's.
    let reference = lienthong_contract::reference::demo().unwrap();
    for dossier_codes in [
        lienthong_domain::code::Strictness::Strict,
        lienthong_domain::code::Strictness::Lenient,
        lienthong_domain::code::Strictness::Foreign,
    ] {
        let rules = Rules {
            dossier_codes,
            reference: lienthong_contract::reference::Current::new(reference.clone()),
        };
        let mut header = event.header.clone().unwrap();
        header.dossier_code = String::from_utf8(probe.key.to_vec()).unwrap();
        header.case_code = header.dossier_code.clone();
        let failure = check(&rules, Some(&header), event.payload.as_ref()).unwrap_err();
        let fields: Vec<_> = failure
            .violations
            .iter()
            .map(|one| &one.field[..])
            .collect();
        assert!(fields.contains(&"header.dossier_code"), "{fields:?}");
        assert!(fields.contains(&"header.case_code"), "{fields:?}");
    }
}
