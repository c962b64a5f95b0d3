//! Producers that fail, brokers that are away and queues that are full, on the mock cluster.

use super::super::cluster::Cluster;
use super::super::log::TopicLog;
use super::super::settings;
use super::Config;
use crate::{AppendError, EventLog, Position, Record, partition_for};
use bytes::Bytes;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

type Mock = MockCluster<'static, DefaultProducerContext>;

const PATIENCE: Duration = Duration::from_secs(60);

/// A topic of two partitions on a mock cluster of one broker.
fn mock() -> (Mock, Config) {
    let cluster = MockCluster::new(1).unwrap();
    let config = Config {
        partitions: 2,
        replication: 1,
        min_insync_replicas: 1,
        ..Config::new(cluster.bootstrap_servers(), "t")
    };
    cluster.create_topic("t", 2, 1).unwrap();
    (cluster, config)
}

/// The log of a topic that is there, without the checks a mock cluster cannot answer.
fn started(config: &Config) -> Arc<TopicLog> {
    settings::check(config).unwrap();
    let cluster = Arc::new(Cluster::new(config).unwrap());
    Arc::new(TopicLog::start(config, cluster).unwrap())
}

fn record(key: &str, value: String, recorded_ms: i64) -> Record {
    Record {
        key: Bytes::copy_from_slice(key.as_bytes()),
        value: Bytes::from(value),
        recorded_ms,
    }
}

/// Everything in a partition.
async fn read(log: &TopicLog, partition: u32) -> Vec<(u64, Record)> {
    let end = log.bounds(partition).await.unwrap().end;
    let mut reader = log.reader(partition, 0).await.unwrap();
    let mut found = Vec::new();
    while reader.position() < end {
        let records = timeout(PATIENCE, reader.next(1_000))
            .await
            .unwrap()
            .unwrap();
        found.extend(
            records
                .into_iter()
                .map(|stored| (stored.offset, stored.record)),
        );
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_producer_that_fails_for_good_is_replaced_and_nothing_is_lost_or_doubled() {
    let (mock, config) = mock();
    let log = started(&config);
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let mut told = Vec::new();
                for call in 0..60_i64 {
                    let records: Vec<Record> = (0..3)
                        .map(|i| {
                            let time = 1 + call * 3 + i;
                            record(&format!("case-{writer}"), format!("{writer} {time}"), time)
                        })
                        .collect();
                    let positions = timeout(PATIENCE, log.append(records.clone())).await;
                    told.extend(positions.unwrap().unwrap().into_iter().zip(records));
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                told
            })
        })
        .collect();
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        mock.request_errors(
            RDKafkaApiKey::Produce,
            &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER],
        );
    }
    let mut told: HashMap<Position, Record> = HashMap::new();
    for writer in writers {
        for (position, record) in writer.await.unwrap() {
            assert_eq!(
                told.insert(position, record),
                None,
                "{position:?} told twice"
            );
        }
    }
    assert!(log.producers() > 1, "no producer failed");
    assert_eq!(told.len(), 8 * 60 * 3);
    let mut last: HashMap<Bytes, i64> = HashMap::new();
    for partition in 0..2 {
        for (offset, record) in read(&log, partition).await {
            let before = last.insert(record.key.clone(), record.recorded_ms);
            assert!(
                before.is_none_or(|before| before < record.recorded_ms),
                "order of a key"
            );
            let acknowledged = told.remove(&Position { partition, offset });
            assert_eq!(acknowledged, Some(record), "{partition}:{offset}");
        }
    }
    assert!(told.is_empty(), "lost: {told:?}");
    timeout(PATIENCE, log.close()).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_requests_that_are_refused_for_the_moment_lose_and_double_nothing() {
    let (mock, config) = mock();
    // So slow that several requests are on the wire before the first is answered.
    mock.broker_round_trip_time(1, Duration::from_millis(60))
        .unwrap();
    let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION;
    for round in 0..3 {
        let log = started(&config);
        mock.request_errors(RDKafkaApiKey::Produce, &[refused]);
        let case = format!("case {round}");
        let appending: Vec<_> = (0..30)
            .map(|i| {
                let log = Arc::clone(&log);
                let record = record(&case, format!("{round} {i}"), 1 + i);
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(4 * i as u64)).await;
                    (log.append(vec![record.clone()]).await, record)
                })
            })
            .collect();
        let mut told = Vec::new();
        for appending in appending {
            let (positions, record) = timeout(PATIENCE, appending).await.unwrap().unwrap();
            told.push((positions.unwrap()[0], record));
        }
        let stored: HashMap<u64, Record> =
            read(&log, told[0].0.partition).await.into_iter().collect();
        for (position, record) in &told {
            assert_eq!(stored.get(&position.offset), Some(record));
        }
        let mine = stored.values().filter(|record| record.key == case);
        assert_eq!(mine.count(), told.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_of_one_call_keep_their_order_when_the_producer_fails_under_them() {
    let (mock, mut config) = mock();
    // Small batches, so that the failure parts the call.
    config
        .properties
        .insert("batch.num.messages".to_owned(), "10".to_owned());
    let log = started(&config);
    log.append(vec![record("case", "first".to_owned(), 1)])
        .await
        .unwrap();
    let no_error = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR;
    let fatal = RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;
    mock.request_errors(
        RDKafkaApiKey::Produce,
        &[no_error, no_error, no_error, fatal],
    );
    let records: Vec<Record> = (0..500)
        .map(|i| record("case", format!("event {i}"), 2 + i))
        .collect();
    let positions = timeout(PATIENCE, log.append(records.clone()))
        .await
        .unwrap()
        .unwrap();
    assert!(
        positions
            .windows(2)
            .all(|two| two[0].offset < two[1].offset)
    );
    assert!(log.producers() > 1, "no producer failed");
    let partition = positions[0].partition;
    let stored: HashMap<u64, Record> = read(&log, partition).await.into_iter().collect();
    for (position, record) in positions.iter().zip(records) {
        assert_eq!(stored.get(&position.offset), Some(&record));
    }
    assert_eq!(stored.len(), 501);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_while_the_producer_fails_still_delivers_what_was_accepted() {
    let (mock, config) = mock();
    let log = started(&config);
    log.append(vec![record("case", "first".to_owned(), 1)])
        .await
        .unwrap();
    let fatal = RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;
    mock.request_errors(RDKafkaApiKey::Produce, &[fatal]);
    let appending = tokio::spawn({
        let log = Arc::clone(&log);
        async move {
            log.append(vec![record("case", "second".to_owned(), 2)])
                .await
        }
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    timeout(PATIENCE, log.close()).await.unwrap().unwrap();
    assert!(log.producers() > 1, "no producer failed");
    let positions = appending.await.unwrap().unwrap();
    let stored: HashMap<u64, Record> = read(&log, positions[0].partition)
        .await
        .into_iter()
        .collect();
    assert_eq!(stored[&positions[0].offset].value, "second");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_refuses_at_once_and_takes_again_when_the_brokers_are_back() {
    let (mock, mut config) = mock();
    config.max_record_bytes = 1_000;
    config.queue_bytes = 70_000;
    let log = started(&config);
    log.append(vec![record("case", "first".to_owned(), 1)])
        .await
        .unwrap();
    mock.broker_down(1).unwrap();
    let partition = partition_for(b"case", 2);
    let mut taken = Vec::new();
    let refused = loop {
        let mut appending = Box::pin({
            let log = Arc::clone(&log);
            async move {
                log.append(vec![record("case", "x".repeat(900), 2); 10])
                    .await
            }
        });
        match timeout(Duration::from_millis(20), &mut appending).await {
            Ok(answer) => break answer.unwrap_err(),
            Err(_) => taken.push(appending),
        }
        assert!(taken.len() < 100, "it is never full");
    };
    assert!(
        matches!(refused, AppendError::Overloaded { partition: p, limit: 70_000, .. } if p == partition),
        "{refused}"
    );
    assert!(refused.is_retryable());
    // Another partition has room of its own.
    let other = (0..)
        .map(|i| format!("case {i}"))
        .find(|key| partition_for(key.as_bytes(), 2) != partition);
    let other = log.append(vec![record(&other.unwrap(), "y".to_owned(), 3)]);
    let mut other = Box::pin(other);
    assert!(
        timeout(Duration::from_millis(50), &mut other)
            .await
            .is_err(),
        "it waits"
    );
    let too_much = log
        .append(vec![record("case", "x".repeat(900), 2); 100])
        .await;
    assert!(
        matches!(too_much, Err(AppendError::BatchTooLarge { .. })),
        "{too_much:?}"
    );

    mock.broker_up(1).unwrap();
    let mut stored = 1;
    for appending in taken {
        stored += timeout(PATIENCE, appending).await.unwrap().unwrap().len() as u64;
    }
    timeout(PATIENCE, other).await.unwrap().unwrap();
    log.append(vec![record("case", "last".to_owned(), 4)])
        .await
        .unwrap();
    assert_eq!(log.bounds(partition).await.unwrap().end, stored + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_whose_leader_is_away_fails_as_unavailable_in_time() {
    let (mock, mut config) = mock();
    config.delivery_timeout = Duration::from_secs(1);
    let log = started(&config);
    // A busy machine may not connect within the delivery timeout the first time.
    let first = async {
        while log
            .append(vec![record("case", "first".to_owned(), 1)])
            .await
            .is_err()
        {}
    };
    timeout(PATIENCE, first).await.unwrap();
    mock.broker_down(1).unwrap();
    let error = timeout(
        PATIENCE,
        log.append(vec![record("case", "late".to_owned(), 2)]),
    )
    .await;
    let error = error.unwrap().unwrap_err();
    assert!(matches!(error, AppendError::Unavailable { .. }), "{error}");
    assert!(error.is_retryable());
    mock.broker_up(1).unwrap();
    let again = async {
        while let Err(error) = log
            .append(vec![record("case", "again".to_owned(), 3)])
            .await
        {
            assert!(error.is_retryable(), "{error}");
        }
    };
    timeout(PATIENCE, again).await.unwrap();
    timeout(PATIENCE, log.close()).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_to_brokers_that_are_away_fail_as_unavailable_in_time() {
    let (mock, config) = mock();
    let log = started(&config);
    log.append(vec![record("case", "first".to_owned(), 1)])
        .await
        .unwrap();
    let mut reader = log.reader(partition_for(b"case", 2), 1).await.unwrap();
    mock.broker_down(1).unwrap();
    let error = timeout(PATIENCE, log.bounds(0)).await.unwrap().unwrap_err();
    assert!(error.is_retryable(), "{error}");
    let error = timeout(PATIENCE, reader.poll_now(1))
        .await
        .unwrap()
        .unwrap_err();
    assert!(error.is_retryable(), "{error}");
    // A reader that waits is not ended by it.
    let waiting = tokio::spawn(async move { reader.next(1).await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!waiting.is_finished());
    mock.broker_up(1).unwrap();
    log.append(vec![record("case", "second".to_owned(), 2)])
        .await
        .unwrap();
    let read = timeout(PATIENCE, waiting).await.unwrap().unwrap().unwrap();
    assert_eq!(read[0].record.value, "second");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recorded_time_kafka_cannot_keep_is_refused() {
    let (_mock, config) = mock();
    let log = started(&config);
    for time in [0, -1, i64::MIN, 253_402_300_800_000] {
        let error = log
            .append(vec![record("case", "x".to_owned(), time)])
            .await
            .unwrap_err();
        assert!(matches!(error, AppendError::RecordedTime { recorded_ms } if recorded_ms == time));
        assert!(!error.is_retryable());
    }
    assert_eq!(
        log.bounds(0).await.unwrap().end + log.bounds(1).await.unwrap().end,
        0
    );
}
