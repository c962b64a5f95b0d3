//! A measured log keeps the contract of its home, and its figures count what went through.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use lienthong_eventlog::contract_tests as contract;
use lienthong_eventlog::embedded;
use lienthong_telemetry::endpoint::{self, Readiness};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

const LIMIT: usize = 32 * 1024;

fn watched(name: &str, readers: Readers) -> Watched {
    Watched {
        destination: Destination {
            system: "lienthong",
            name: name.to_owned(),
        },
        readers,
    }
}

fn group() -> Readers {
    Readers::Group("observed.tests".to_owned())
}

fn open(dir: &tempfile::TempDir) -> Arc<dyn EventLog> {
    let config = embedded::Config {
        segment_bytes: 64 * 1024,
        max_record_bytes: LIMIT,
        ..embedded::Config::new(dir.path())
    };
    embedded::open(config).unwrap()
}

/// Runs a behaviour of the contract on a measured log.
async fn holds<F>(behaviour: impl Fn(Arc<dyn EventLog>) -> F)
where
    F: Future<Output = ()>,
{
    let dir = tempfile::tempdir().unwrap();
    behaviour(observed(open(&dir), watched("contract", group()))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_measured_log_keeps_the_contract_of_appending() {
    holds(contract::append_then_read_returns_the_same_bytes_in_order).await;
    holds(contract::positions_are_in_the_order_given_and_without_gaps).await;
    holds(contract::the_partition_is_the_java_clients).await;
    holds(contract::appending_nothing_changes_nothing).await;
    holds(contract::a_big_batch_is_stored_whole).await;
    holds(contract::concurrent_appenders_each_get_their_own_positions).await;
    holds(|log| contract::a_record_that_is_too_large_is_refused(log, LIMIT)).await;
    holds(contract::an_abandoned_append_leaves_no_half_record).await;
    holds(contract::keys_spread_over_all_partitions).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_measured_log_keeps_the_contract_of_reading() {
    holds(contract::acknowledged_records_can_be_read_at_once).await;
    holds(contract::a_reader_at_the_end_waits_and_wakes_up).await;
    holds(contract::a_cancelled_read_loses_nothing).await;
    holds(contract::a_read_returns_at_most_what_was_asked_for).await;
    holds(contract::reading_outside_the_bounds_says_what_can_be_had).await;
    holds(contract::a_partition_that_does_not_exist_is_refused).await;
    holds(contract::the_offset_at_a_time_is_the_first_not_before_it).await;
    holds(contract::readers_at_any_pace_see_the_same).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_measured_log_keeps_the_contract_of_closing() {
    holds(contract::closing_stores_what_was_accepted_and_refuses_the_rest).await;
    holds(contract::a_waiting_reader_is_told_of_the_close).await;
}

/// A log that refuses every append.
struct Overloaded;

#[async_trait]
impl EventLog for Overloaded {
    fn partitions(&self) -> u32 {
        1
    }

    async fn append(&self, _: Vec<Record>) -> Result<Vec<Position>, AppendError> {
        Err(AppendError::Overloaded {
            partition: 0,
            queued_bytes: 9,
            limit: 9,
        })
    }

    async fn reader(&self, partition: u32, _: u64) -> Result<Box<dyn Reader>, ReadError> {
        Err(ReadError::Closed { partition })
    }

    async fn bounds(&self, _: u32) -> Result<Bounds, ReadError> {
        Ok(Bounds { start: 0, end: 0 })
    }

    async fn retention(&self, partition: u32) -> Result<Retention, ReadError> {
        Err(ReadError::Closed { partition })
    }

    async fn offset_at(&self, _: u32, _: i64) -> Result<u64, ReadError> {
        Ok(0)
    }

    async fn close(&self) -> Result<(), AppendError> {
        Ok(())
    }
}

fn records(count: u8) -> Vec<Record> {
    let record = |number: u8| Record {
        key: vec![number].into(),
        value: vec![number].into(),
        recorded_ms: 1,
    };
    (0..count).map(record).collect()
}

#[tokio::test]
async fn an_append_that_is_refused_at_once_answers_at_the_first_poll() {
    let log = observed(Arc::new(Overloaded), watched("refusing", group()));
    let refused = tokio::select! {
        biased;
        refused = log.append(records(3)) => refused,
        () = std::future::ready(()) => panic!("the refusal did not come at the first poll"),
    };
    assert!(matches!(refused, Err(AppendError::Overloaded { .. })));
    let shown = scrape().await;
    let line = r#"messaging_client_sent_messages_total{error_type="overloaded",messaging_destination_name="refusing",messaging_operation_name="send",messaging_operation_type="send",messaging_system="lienthong"} 3"#;
    assert!(shown.contains(line), "{shown}");
}

#[tokio::test]
async fn what_is_appended_and_read_is_counted_by_its_destination_and_group() {
    let dir = tempfile::tempdir().unwrap();
    let log = observed(open(&dir), watched("counted", group()));
    log.append(records(7)).await.unwrap();
    let mut read = 0;
    for partition in 0..log.partitions() {
        let mut reader = log.reader(partition, 0).await.unwrap();
        read += reader.poll_now(100).await.unwrap().len();
        assert!(reader.poll_now(100).await.unwrap().is_empty());
    }
    assert_eq!(read, 7);
    let shown = scrape().await;
    let sent = r#"messaging_client_sent_messages_total{messaging_destination_name="counted",messaging_operation_name="send",messaging_operation_type="send",messaging_system="lienthong"} 7"#;
    assert!(shown.contains(sent), "{shown}");
    let consumed: f64 = shown
        .lines()
        .filter(|line| {
            line.starts_with("messaging_client_consumed_messages_total")
                && line.contains(r#"messaging_consumer_group_name="observed.tests""#)
                && line.contains(r#"messaging_destination_name="counted""#)
        })
        .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
        .sum();
    assert_eq!(consumed, 7.0, "{shown}");
}

#[tokio::test]
async fn readers_who_measure_themselves_are_not_counted_twice() {
    let dir = tempfile::tempdir().unwrap();
    let log = observed(open(&dir), watched("own-readers", Readers::Own));
    log.append(records(1)).await.unwrap();
    for partition in 0..log.partitions() {
        let mut reader = log.reader(partition, 0).await.unwrap();
        reader.poll_now(100).await.unwrap();
    }
    let shown = scrape().await;
    let of_this_log = |line: &&str| line.contains(r#"messaging_destination_name="own-readers""#);
    assert!(shown.lines().any(|line| line.contains("own-readers")));
    assert!(
        !shown
            .lines()
            .filter(of_this_log)
            .any(|line| line.contains("poll")),
        "{shown}"
    );
}

async fn scrape() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(endpoint::run(
        listener,
        Readiness::default(),
        &[],
        stop.clone(),
    ));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = "GET /metrics HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    stop.cancel();
    serving.await.unwrap().unwrap();
    answer
}
