//! The behaviours every home of the log must show, written once against [`EventLog`].
//!
//! Each function takes a fresh, empty log that nobody else uses and panics where the contract is
//! broken. A home calls each of them in a test of its own, so that a failure names the behaviour.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

use crate::{
    AppendError, Bounds, EventLog, Position, ReadError, Reader, Record, StoredRecord, partition_for,
};

/// How long something that must happen may take before the test gives up on it.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to watch for something that must not happen.
const A_MOMENT: Duration = Duration::from_millis(50);

/// Keys and values come back as they were given, each partition in the order of its appends.
pub async fn append_then_read_returns_the_same_bytes_in_order(log: Arc<dyn EventLog>) {
    let mut records: Vec<Record> = (0..200).map(numbered).collect();
    records.push(record(b"", b"", 7));
    records.push(record(b"key without value", b"", 1));
    records.push(record(
        &[0, 255, 0],
        &[0; 1_000],
        *Record::RECORDED_MS.end(),
    ));
    let mut expected: HashMap<u32, Vec<StoredRecord>> = HashMap::new();
    for records in records.chunks(7) {
        let positions = append(&log, records.to_vec()).await;
        for (position, record) in positions.iter().zip(records) {
            expected
                .entry(position.partition)
                .or_default()
                .push(StoredRecord {
                    offset: position.offset,
                    record: record.clone(),
                });
        }
    }
    for partition in 0..log.partitions() {
        assert_eq!(
            read_all(&log, partition).await,
            expected.remove(&partition).unwrap_or_default()
        );
    }
}

/// The answer has one position for each record, in the order given, and offsets begin at 0 and
/// have no gaps.
pub async fn positions_are_in_the_order_given_and_without_gaps(log: Arc<dyn EventLog>) {
    let mut next = vec![0; log.partitions() as usize];
    for size in [1, 2, 50, 3, 400] {
        let records: Vec<Record> = (0..size).map(numbered).collect();
        let positions = append(&log, records.clone()).await;
        assert_eq!(positions.len(), records.len());
        for (position, record) in positions.iter().zip(&records) {
            assert_eq!(position.partition, log.partition_of(&record.key));
            let next = &mut next[position.partition as usize];
            assert_eq!(position.offset, *next);
            *next += 1;
        }
    }
}

/// A key's partition is the Java client's, so that both homes keep a case in the same place.
pub async fn the_partition_is_the_java_clients(log: Arc<dyn EventLog>) {
    // Positive parts of the hashes in Apache Kafka's own UtilsTest.
    let hashes = [
        ("21", -973_932_308_i32),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("abc", 479_470_107),
    ];
    for (key, hash) in hashes {
        let expected = (hash & 0x7fff_ffff) as u32 % log.partitions();
        let positions = append(&log, vec![record(key.as_bytes(), b"v", 1)]).await;
        assert_eq!(positions[0].partition, expected, "{key}");
        assert_eq!(log.partition_of(key.as_bytes()), expected, "{key}");
    }
}

/// Appending nothing answers at once with nothing and changes nothing.
pub async fn appending_nothing_changes_nothing(log: Arc<dyn EventLog>) {
    assert_eq!(append(&log, Vec::new()).await, Vec::new());
    for partition in 0..log.partitions() {
        let bounds = log.bounds(partition).await.unwrap();
        assert_eq!(bounds, Bounds { start: 0, end: 0 });
    }
}

/// Once an append is acknowledged its records are within the bounds and can be read at once.
pub async fn acknowledged_records_can_be_read_at_once(log: Arc<dyn EventLog>) {
    for i in 0..50 {
        let position = append(&log, vec![numbered(i)]).await[0];
        let bounds = log.bounds(position.partition).await.unwrap();
        assert_eq!(bounds.end, position.offset + 1);
        let mut reader = reader(&log, position).await;
        let read = reader.poll_now(1).await.unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].record, numbered(i));
    }
}

/// A reader at the end waits, and wakes up when something is appended.
pub async fn a_reader_at_the_end_waits_and_wakes_up(log: Arc<dyn EventLog>) {
    let first = append(&log, vec![numbered(0)]).await[0];
    let mut follower = reader(&log, after(first)).await;
    assert!(follower.poll_now(10).await.unwrap().is_empty());
    assert!(timeout(A_MOMENT, follower.next(10)).await.is_err());
    for i in 1..20 {
        let following = tokio::spawn(async move {
            let read = follower.next(10).await.unwrap();
            (follower, read)
        });
        tokio::task::yield_now().await;
        let expected = Record {
            recorded_ms: i,
            ..numbered(0)
        };
        append(&log, vec![expected.clone()]).await;
        let (returned, read) = timeout(PATIENCE, following).await.unwrap().unwrap();
        follower = returned;
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].offset, first.offset + i as u64);
        assert_eq!(read[0].record, expected);
    }
}

/// Dropping a read that has not resolved loses and repeats nothing.
pub async fn a_cancelled_read_loses_nothing(log: Arc<dyn EventLog>) {
    let count = 2_000;
    let partition = log.partition_of(b"case");
    let mut follower = log.reader(partition, 0).await.unwrap();
    let writing = tokio::spawn({
        let log = Arc::clone(&log);
        async move {
            for i in 0..count {
                append(&log, vec![record(b"case", &[b'x'; 300], i + 1)]).await;
            }
        }
    });
    let mut read = Vec::new();
    let mut nanos = 0;
    while read.len() < count as usize {
        nanos = (nanos + 7_919) % 200_000;
        let pause = Duration::from_nanos(nanos);
        if let Ok(records) = timeout(pause, follower.next(3)).await {
            read.extend(records.unwrap());
        }
        assert_eq!(follower.position(), read.len() as u64);
    }
    timeout(PATIENCE, writing).await.unwrap().unwrap();
    for (i, stored) in read.iter().enumerate() {
        assert_eq!(stored.offset, i as u64);
        assert_eq!(stored.record.recorded_ms, i as i64 + 1);
    }
}

/// One answer never has more records than asked for, and asking for none is asking for one.
pub async fn a_read_returns_at_most_what_was_asked_for(log: Arc<dyn EventLog>) {
    let records: Vec<Record> = (1..=100).map(|i| record(b"case", b"event", i)).collect();
    let first = append(&log, records).await[0];
    let mut reader = reader(&log, first).await;
    let mut read = 0;
    for most in [1, 7, 0, 40, 1_000, 1_000] {
        let Ok(records) = timeout(A_MOMENT, reader.next(most)).await else {
            break;
        };
        let got = records.unwrap().len();
        assert!((1..=most.max(1)).contains(&got), "{got} of {most}");
        read += got;
        assert_eq!(reader.position(), first.offset + read as u64);
    }
    while read < 100 {
        read += timeout(PATIENCE, reader.next(100))
            .await
            .unwrap()
            .unwrap()
            .len();
    }
    assert_eq!(read, 100);
}

/// Reading may begin anywhere from the start to the end, and nowhere else.
pub async fn reading_outside_the_bounds_says_what_can_be_had(log: Arc<dyn EventLog>) {
    let records = vec![record(b"case", b"event", 1); 10];
    let partition = append(&log, records).await[0].partition;
    for from in 0..=10 {
        let reader = log.reader(partition, from).await.unwrap();
        assert_eq!(reader.position(), from);
    }
    for from in [11, 12, u64::MAX] {
        let Err(error) = log.reader(partition, from).await else {
            unreachable!("offset {from} does not exist");
        };
        assert!(
            matches!(error, ReadError::OutOfRange { partition: p, asked, start: 0, end: 10 }
                if p == partition && asked == from),
            "{error}"
        );
        assert!(!error.is_retryable());
    }
}

/// Every question about a partition that does not exist is answered as such.
pub async fn a_partition_that_does_not_exist_is_refused(log: Arc<dyn EventLog>) {
    let none = log.partitions();
    let errors = [
        log.reader(none, 0).await.err(),
        log.bounds(none).await.err(),
        log.offset_at(none, 0).await.err(),
    ];
    for error in errors {
        assert!(matches!(error,
            Some(ReadError::NoSuchPartition { partition, partitions })
                if partition == none && partitions == none));
    }
}

/// The offset at a time is that of the first record at or after it, though times go back and forth.
pub async fn the_offset_at_a_time_is_the_first_not_before_it(log: Arc<dyn EventLog>) {
    let partition = log.partition_of(b"case");
    assert_eq!(log.offset_at(partition, 0).await.unwrap(), 0);
    let times: Vec<i64> = (0..3_000).map(|i| 1 + i * 10 + (i * 7_919) % 500).collect();
    for times in times.chunks(100) {
        let records = times.iter().map(|ms| record(b"case", &[7; 200], *ms));
        append(&log, records.collect()).await;
    }
    let last = *times.iter().max().unwrap();
    for ms in (-10..last + 10)
        .step_by(997)
        .chain([i64::MIN, last, i64::MAX])
    {
        let first = times.iter().position(|t| *t >= ms).unwrap_or(times.len());
        let found = log.offset_at(partition, ms).await.unwrap();
        assert_eq!(found, first as u64, "at {ms} ms");
    }
}

/// One call may have many records, more than one read returns, and large ones among them.
pub async fn a_big_batch_is_stored_whole(log: Arc<dyn EventLog>) {
    let records: Vec<Record> = (1..=20_000)
        .map(|i| {
            record(
                &i64::to_le_bytes(i % 97),
                &vec![i as u8; 100 + (i as usize % 300)],
                i,
            )
        })
        .collect();
    let positions = append(&log, records.clone()).await;
    let mut expected: HashMap<Position, Record> = positions.into_iter().zip(records).collect();
    for partition in 0..log.partitions() {
        for stored in read_all(&log, partition).await {
            let offset = stored.offset;
            let found = expected.remove(&Position { partition, offset });
            assert_eq!(found, Some(stored.record));
        }
    }
    assert!(expected.is_empty());
}

/// Many appenders at once: every record is stored once, where its call was told, and the records
/// of one call for one partition lie in its order.
pub async fn concurrent_appenders_each_get_their_own_positions(log: Arc<dyn EventLog>) {
    let appending: Vec<_> = (0..32_i64)
        .map(|appender| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let mut told = Vec::new();
                for call in 0..40_i64 {
                    let records: Vec<Record> = (0..1 + call % 5)
                        .map(|i| record(&appender.to_le_bytes(), b"event", 1 + call * 10 + i))
                        .collect();
                    let positions = append(&log, records.clone()).await;
                    let offsets: Vec<u64> = positions.iter().map(|p| p.offset).collect();
                    assert!(offsets.windows(2).all(|w| w[1] > w[0]));
                    told.extend(positions.into_iter().zip(records));
                }
                told
            })
        })
        .collect();
    let mut told = HashMap::new();
    for appending in appending {
        for (position, record) in timeout(PATIENCE, appending).await.unwrap().unwrap() {
            assert_eq!(
                told.insert(position, record),
                None,
                "{position:?} given twice"
            );
        }
    }
    let mut last_time: HashMap<Bytes, i64> = HashMap::new();
    for partition in 0..log.partitions() {
        for stored in read_all(&log, partition).await {
            let offset = stored.offset;
            let record = stored.record;
            let before = last_time.insert(record.key.clone(), record.recorded_ms);
            assert!(
                before.is_none_or(|ms| ms < record.recorded_ms),
                "order of a key"
            );
            assert_eq!(told.remove(&Position { partition, offset }), Some(record));
        }
    }
    assert!(told.is_empty());
}

/// Readers that catch up while others append see what everyone sees.
pub async fn readers_at_any_pace_see_the_same(log: Arc<dyn EventLog>) {
    let partition = log.partition_of(b"case");
    let count = 5_000_u64;
    let reading: Vec<_> = [1, 10, 1_000]
        .into_iter()
        .map(|most| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let mut reader = log.reader(partition, 0).await.unwrap();
                let mut seen = Vec::new();
                while reader.position() < count {
                    seen.extend(reader.next(most).await.unwrap());
                }
                seen
            })
        })
        .collect();
    for i in 0..count / 50 {
        let records = (0..50)
            .map(|j| record(b"case", &(i * 50 + j).to_le_bytes(), j as i64 + 1))
            .collect();
        append(&log, records).await;
    }
    for reading in reading {
        let seen = timeout(PATIENCE, reading).await.unwrap().unwrap();
        let values: Vec<Bytes> = seen.into_iter().map(|s| s.record.value).collect();
        let expected: Vec<Bytes> = (0..count)
            .map(|i| Bytes::copy_from_slice(&i.to_le_bytes()))
            .collect();
        assert!(values == expected);
    }
}

/// A record of more than `limit` bytes (key and value) is refused with the limit, nothing of its
/// call is stored, and one of exactly `limit` bytes is taken.
pub async fn a_record_that_is_too_large_is_refused(log: Arc<dyn EventLog>, limit: usize) {
    let fits = record(b"case", &vec![1; limit - 4], 1);
    let too_large = record(b"case", &vec![1; limit - 3], 1);
    let error = log
        .append(vec![numbered(1), too_large])
        .await
        .expect_err("it is too large");
    assert!(
        matches!(error, AppendError::TooLarge { size, limit: l } if size == limit + 1 && l == limit),
        "{error}"
    );
    assert!(!error.is_retryable());
    for partition in 0..log.partitions() {
        assert_eq!(log.bounds(partition).await.unwrap().end, 0);
    }
    let position = append(&log, vec![fits.clone()]).await[0];
    let read = reader(&log, position).await.next(1).await.unwrap();
    assert_eq!(read[0].record, fits);
}

/// Closing makes what was accepted durable, refuses what comes later, and leaves all readable.
pub async fn closing_stores_what_was_accepted_and_refuses_the_rest(log: Arc<dyn EventLog>) {
    let appending: Vec<_> = (0..200)
        .map(|i| {
            let log = Arc::clone(&log);
            tokio::spawn(async move { log.append(vec![numbered(i)]).await })
        })
        .collect();
    tokio::task::yield_now().await;
    timeout(PATIENCE, log.close()).await.unwrap().unwrap();
    timeout(PATIENCE, log.close()).await.unwrap().unwrap();
    let mut acknowledged = BTreeSet::new();
    for appending in appending {
        match timeout(PATIENCE, appending).await.unwrap().unwrap() {
            Ok(positions) => acknowledged.extend(positions),
            Err(error) => assert!(matches!(error, AppendError::Closed), "{error}"),
        }
    }
    let late = log.append(vec![numbered(0)]).await;
    assert!(matches!(late, Err(AppendError::Closed)));
    let mut stored = BTreeSet::new();
    for partition in 0..log.partitions() {
        for record in read_all(&log, partition).await {
            let offset = record.offset;
            stored.insert(Position { partition, offset });
        }
    }
    assert!(stored.is_superset(&acknowledged));
}

/// A reader that waits at the end is told when the log is closed, after it got everything.
pub async fn a_waiting_reader_is_told_of_the_close(log: Arc<dyn EventLog>) {
    let first = append(&log, vec![numbered(0)]).await[0];
    let mut follower = reader(&log, first).await;
    assert_eq!(follower.next(10).await.unwrap().len(), 1);
    let waiting = tokio::spawn(async move { follower.next(10).await });
    tokio::task::yield_now().await;
    timeout(PATIENCE, log.close()).await.unwrap().unwrap();
    let told = timeout(PATIENCE, waiting).await.unwrap().unwrap();
    assert!(matches!(told, Err(ReadError::Closed { partition }) if partition == first.partition));
    let mut late = reader(&log, first).await;
    assert_eq!(late.next(10).await.unwrap().len(), 1);
}

/// An append whose caller goes away stores its records wholly or not at all, and harms no other.
pub async fn an_abandoned_append_leaves_no_half_record(log: Arc<dyn EventLog>) {
    for i in 1..=100 {
        let records = vec![record(b"case", b"abandoned", i); 3];
        let appending = log.append(records);
        let _ = timeout(Duration::from_nanos(i as u64 * 1_000), appending).await;
        append(&log, vec![record(b"case", b"kept", i)]).await;
    }
    let read = read_all(&log, log.partition_of(b"case")).await;
    let kept: Vec<i64> = read
        .iter()
        .filter(|s| s.record.value == "kept")
        .map(|s| s.record.recorded_ms)
        .collect();
    assert_eq!(kept, (1..=100).collect::<Vec<i64>>());
    let offsets: Vec<u64> = read.iter().map(|s| s.offset).collect();
    assert_eq!(offsets, (0..read.len() as u64).collect::<Vec<u64>>());
    assert_eq!((read.len() - kept.len()) % 3, 0);
}

/// A log that keeps everything says so; what it holds, where it tells, grows with what is stored;
/// a partition that does not exist is refused.
pub async fn what_is_kept_is_told(log: Arc<dyn EventLog>) {
    let partition = log.partition_of(b"case");
    let before = log.retention(partition).await.unwrap();
    assert_eq!((before.age, before.bytes), (None, None));
    let value = vec![7; 5_000];
    append(&log, vec![record(b"case", &value, 1)]).await;
    let after = log.retention(partition).await.unwrap();
    assert_eq!(before.kept_bytes.is_some(), after.kept_bytes.is_some());
    if let (Some(before), Some(after)) = (before.kept_bytes, after.kept_bytes) {
        assert!(after >= before + 5_000, "{before} bytes, then {after}");
    }
    let missing = log.retention(log.partitions()).await;
    assert!(matches!(missing, Err(ReadError::NoSuchPartition { .. })));
}

/// The default partitioner spreads keys over all partitions.
pub async fn keys_spread_over_all_partitions(log: Arc<dyn EventLog>) {
    let partitions = log.partitions();
    let mut counts = vec![0; partitions as usize];
    for i in 0..1_000 * partitions {
        let key = format!("000.00.01.H56-230810-{i:04}");
        counts[partition_for(key.as_bytes(), partitions) as usize] += 1;
    }
    assert!(counts.iter().all(|count| (800..1_200).contains(count)));
}

fn record(key: &[u8], value: &[u8], recorded_ms: i64) -> Record {
    Record {
        key: Bytes::copy_from_slice(key),
        value: Bytes::copy_from_slice(value),
        recorded_ms,
    }
}

fn numbered(i: i64) -> Record {
    let key = format!("case-{}", i % 11);
    record(key.as_bytes(), format!("event {i}").as_bytes(), i + 1)
}

/// Appends what must be taken, within patience.
async fn append(log: &Arc<dyn EventLog>, records: Vec<Record>) -> Vec<Position> {
    let appended = timeout(PATIENCE, log.append(records)).await;
    appended.expect("an append resolves").unwrap()
}

fn after(position: Position) -> Position {
    Position {
        offset: position.offset + 1,
        ..position
    }
}

async fn reader(log: &Arc<dyn EventLog>, from: Position) -> Box<dyn Reader> {
    log.reader(from.partition, from.offset).await.unwrap()
}

/// Everything a partition holds, by way of its bounds.
async fn read_all(log: &Arc<dyn EventLog>, partition: u32) -> Vec<StoredRecord> {
    let bounds = log.bounds(partition).await.unwrap();
    let mut reader = log.reader(partition, bounds.start).await.unwrap();
    let mut read = Vec::new();
    while reader.position() < bounds.end {
        let records = timeout(PATIENCE, reader.next(1_000)).await;
        read.extend(records.expect("a read resolves").unwrap());
    }
    for (stored, offset) in read.iter().zip(bounds.start..) {
        assert_eq!(stored.offset, offset);
    }
    read
}
