//! What only a topic shows: records that retention took, headers, several writers.

use super::super::settings;
use super::{Config, brokers, config, fresh, opened};
use crate::kafka::Header;
use crate::{ReadError, Record};
use bytes::Bytes;
use rdkafka::TopicPartitionList;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::topic_partition_list::Offset;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);

fn record(value: &str, recorded_ms: i64) -> Record {
    Record {
        key: Bytes::from_static(b"case"),
        value: Bytes::copy_from_slice(value.as_bytes()),
        recorded_ms,
    }
}

/// Moves a partition's start, as retention does.
async fn forget(config: &Config, partition: u32, before: i64) {
    let admin: AdminClient<DefaultClientContext> =
        settings::client(config, "test").create().unwrap();
    let mut offsets = TopicPartitionList::new();
    offsets
        .add_partition_offset(&config.topic, partition as i32, Offset::Offset(before))
        .unwrap();
    admin
        .delete_records(&offsets, &AdminOptions::new())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_retention_overtook_is_told_what_is_left() {
    let test = "a_reader_that_retention_overtook_is_told_what_is_left";
    let Some(brokers) = brokers(test) else { return };
    let config = config(&brokers);
    let log = opened(&config).await.log;
    let records: Vec<Record> = (1..=100).map(|i| record("event", i)).collect();
    let partition = log.append(records).await.unwrap()[0].partition;
    let mut overtaken = log.reader(partition, 10).await.unwrap();
    let mut started = log.reader(partition, 0).await.unwrap();
    assert_eq!(started.next(5).await.unwrap().len(), 5);
    forget(&config, partition, 40).await;

    let bounds = log.bounds(partition).await.unwrap();
    assert_eq!((bounds.start, bounds.end), (40, 100));
    for _ in 0..2 {
        let error = timeout(PATIENCE, overtaken.next(10))
            .await
            .unwrap()
            .unwrap_err();
        assert!(
            matches!(
                error,
                ReadError::OutOfRange {
                    asked: 10,
                    start: 40,
                    end: 100,
                    ..
                }
            ),
            "{error}"
        );
        assert_eq!(overtaken.position(), 10);
    }
    let error = overtaken.poll_now(10).await.unwrap_err();
    assert!(matches!(error, ReadError::OutOfRange { .. }), "{error}");
    let error = log.reader(partition, 39).await.err().unwrap();
    assert!(matches!(error, ReadError::OutOfRange { .. }), "{error}");
    let mut rest = log.reader(partition, 40).await.unwrap();
    assert_eq!(rest.next(1_000).await.unwrap()[0].offset, 40);
    assert_eq!(log.offset_at(partition, 1).await.unwrap(), 40);
    assert_eq!(log.offset_at(partition, i64::MIN).await.unwrap(), 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_travel_with_a_record_and_are_not_part_of_it() {
    let test = "headers_travel_with_a_record_and_are_not_part_of_it";
    let Some(brokers) = brokers(test) else { return };
    let mut config = config(&brokers);
    config.describe = Some(Arc::new(|record: &Record| {
        vec![
            Header {
                name: "ce_id",
                value: format!("id-{}", record.recorded_ms),
            },
            Header {
                name: "content-type",
                value: "application/protobuf".to_owned(),
            },
        ]
    }));
    let log = opened(&config).await.log;
    let position = log.append(vec![record("event", 42)]).await.unwrap()[0];
    let mut reader = log
        .reader(position.partition, position.offset)
        .await
        .unwrap();
    assert_eq!(reader.next(1).await.unwrap()[0].record, record("event", 42));

    let mut other = settings::client(&config, "test");
    let other: BaseConsumer = other.set("group.id", fresh("g")).create().unwrap();
    let mut assignment = TopicPartitionList::new();
    assignment
        .add_partition_offset(&config.topic, position.partition as i32, Offset::Beginning)
        .unwrap();
    other.assign(&assignment).unwrap();
    let message = other.poll(PATIENCE).unwrap().unwrap();
    let headers = message.headers().unwrap();
    let found: Vec<(&str, &[u8])> = headers.iter().map(|h| (h.key, h.value.unwrap())).collect();
    assert_eq!(
        found,
        [
            ("ce_id", &b"id-42"[..]),
            ("content-type", b"application/protobuf")
        ]
    );
    assert_eq!(message.key(), Some(&b"case"[..]));
    assert_eq!(message.timestamp().to_millis(), Some(42));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_may_write_one_topic() {
    let Some(brokers) = brokers("several_processes_may_write_one_topic") else {
        return;
    };
    let config = config(&brokers);
    // Both make the topic at once.
    let (one, other) = tokio::join!(opened(&config), opened(&config));
    let mut told = HashMap::new();
    for i in 1..=50 {
        let one = one
            .log
            .append(vec![record("one", i), record("one", i + 100)]);
        let other = other
            .log
            .append(vec![record("other", i), record("other", i + 100)]);
        let (one, other) = tokio::join!(one, other);
        for positions in [one.unwrap(), other.unwrap()] {
            assert!(positions[0].offset < positions[1].offset);
            for position in positions {
                assert_eq!(told.insert(position.offset, position.partition), None);
            }
        }
    }
    assert_eq!(told.len(), 200);
    let partition = told[&0];
    assert_eq!(one.log.bounds(partition).await.unwrap().end, 200);
    one.log.close().await.unwrap();
    assert_eq!(
        other.log.append(vec![record("other", 1)]).await.unwrap()[0].offset,
        200
    );
}
