//! `lienthong log copy`: from the embedded log to Kafka and back, with nothing changed.

use lienthong_eventlog::embedded;
use lienthong_eventlog::{EventLog, Record};
use lienthong_simulator::system::System;
use lienthong_tests::broker::{Home, given};
use lienthong_tests::cli::{Done, run, run_alone, run_with};
use lienthong_tests::facts::{Fact, step};
use lienthong_tests::hub::{self, Options};
use lienthong_tests::instance::Instance;
use lienthong_tests::{sample, wire};
use std::path::Path;
use tempfile::TempDir;

/// Partitions of the subscription log.
const LANES: u32 = 8;
/// The logs of a data directory and their partitions.
const LOGS: [(&str, u32); 4] = [
    ("log", 4),
    ("rejected", 1),
    ("catalog", 1),
    ("subscriptions", LANES),
];

/// Every record of a log: partition, offset, record.
type Records = Vec<(u32, u64, Record)>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_copied_to_kafka_and_back_is_the_same_record_by_record() {
    let Some(bootstrap) = given("log copy to Kafka and back").unwrap() else {
        return;
    };
    let home = Home::fresh(&bootstrap);
    let hub = Instance::start().unwrap();
    for run in 0..6 {
        let facts: Vec<_> = (0..200)
            .map(|n| sample::fact(&run.to_string(), n))
            .collect();
        hub.tell(&facts).await.unwrap();
    }
    reject(&hub, 5).await;
    change_the_catalogue(&hub);
    let create = ["subscriptions", "create", "kept", "--from", "beginning"];
    let created = run(&hub, &create).unwrap();
    assert_eq!(created.code, Some(0), "{created:?}");
    let stopped = hub.stop().unwrap();
    let back = TempDir::new().unwrap();
    let from = format!("embedded:{}", stopped.data().display());
    let again = format!("embedded:{}", back.path().display());

    // 1,200 events, 5 rejected, 1 change, and the journal of the subscription.
    let journal = records(&stopped.data().join("subscriptions"), LANES).await;
    let total = 1_206 + journal.len() as u64;

    let there = copy(&home, &from, &home.url());
    assert_eq!(there.code, Some(0), "{}", there.err);
    assert_eq!(counts(&there), (total, total));
    let resumed = copy(&home, &from, &home.url());
    assert_eq!(counts(&resumed), (total, 0), "nothing is copied twice");
    let returned = copy(&home, &home.url(), &again);
    assert_eq!(returned.code, Some(0), "{}", returned.err);
    assert_eq!(counts(&returned), (total, total));

    for (log, partitions) in LOGS {
        let ours = records(&stopped.data().join(log), partitions).await;
        let theirs = records(&back.path().join(log), partitions).await;
        assert!(!ours.is_empty());
        assert!(ours == theirs, "the copies of {log} differ");
    }
    goes_on(back.path());
}

/// The subscription has its place in the copy.
fn goes_on(data: &Path) {
    let hub = hub::start(&Options::new(data).unwrap()).unwrap();
    let gateway = format!("http://{}", hub.addresses.gateway);
    let consume = [
        "consume",
        "kept",
        "--max-events",
        "1200",
        "--gateway",
        &gateway,
    ];
    let consumed = run_alone(&consume).unwrap();
    assert_eq!(consumed.code, Some(0), "{}", consumed.err);
    assert_eq!(consumed.out.lines().count(), 1_200);
    assert_eq!(hub.drain().unwrap(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_holds_something_else_is_refused_as_a_target() {
    let Some(bootstrap) = given("log copy refuses a topic of other events").unwrap() else {
        return;
    };
    let home = Home::fresh(&bootstrap);
    let mut stopped = Vec::new();
    for run in ["one", "other"] {
        let hub = Instance::start().unwrap();
        let facts: Vec<_> = (0..50).map(|n| sample::fact(run, n)).collect();
        hub.tell(&facts).await.unwrap();
        stopped.push(hub.stop().unwrap());
    }
    let [one, other] = &stopped[..] else {
        panic!("two hubs were stopped");
    };
    let of = |data: &Path| format!("embedded:{}", data.display());
    let copied = copy(&home, &of(one.data()), &home.url());
    assert_eq!(copied.code, Some(0), "{}", copied.err);
    let refused = copy(&home, &of(other.data()), &home.url());
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(refused.err.contains("new target"), "{}", refused.err);
}

async fn reject(hub: &Instance, count: usize) {
    let channel = hub.adapters().await.unwrap();
    for n in 0..count {
        let bad = Fact::new(
            System::Onestop,
            &format!("bad-{n}"),
            "no code",
            0,
            step("step"),
        );
        wire::report(&channel, &[bad]).await.unwrap_err();
    }
}

/// One batch of the catalogue stream: one record.
fn change_the_catalogue(hub: &Instance) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("calendar-2027.csv");
    std::fs::write(&file, "date,kind\n2027-01-01,off\n").unwrap();
    let file = file.display().to_string();
    let done = run(hub, &["catalog", "import", &file]).unwrap();
    assert_eq!(done.code, Some(0), "{done:?}");
}

fn copy(home: &Home, from: &str, to: &str) -> Done {
    let environment = home.environment();
    let environment: Vec<(&str, &str)> = environment
        .iter()
        .filter(|(name, _)| *name != "LIENTHONG_LOG")
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let arguments = ["log", "copy", "--from", from, "--to", to, "--json"];
    run_with(&arguments, &environment).unwrap()
}

/// Records in all, and those copied by this run; every partition must be equal.
fn counts(done: &Done) -> (u64, u64) {
    let summary = done.json().expect(&done.err);
    let partitions = summary["partitions"].as_array().unwrap();
    assert_eq!(partitions.len(), 14, "{summary}");
    let sum = |field: &str| {
        partitions
            .iter()
            .filter_map(|one| one[field].as_u64())
            .sum()
    };
    for one in partitions {
        assert_eq!(one["digest"], one["target_digest"], "{one}");
        assert_eq!(one["records"], one["target_records"], "{one}");
    }
    (sum("records"), sum("copied"))
}

async fn records(dir: &Path, partitions: u32) -> Records {
    let config = embedded::Config {
        partitions,
        ..embedded::Config::new(dir)
    };
    let log = embedded::open(config).unwrap();
    let mut all = Records::new();
    for partition in 0..partitions {
        let mut reader = log.reader(partition, 0).await.unwrap();
        loop {
            let stored = reader.poll_now(1_000).await.unwrap();
            if stored.is_empty() {
                break;
            }
            let stored = stored.into_iter();
            all.extend(stored.map(|one| (partition, one.offset, one.record)));
        }
    }
    log.close().await.unwrap();
    all
}
