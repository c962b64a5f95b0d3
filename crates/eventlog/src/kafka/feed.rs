//! A consumer on a thread of its own that reads one partition ahead of its reader, in batches.
//!
//! Memory is bounded twice: by librdkafka's queue of fetched messages and by the batches that wait
//! for the reader. A message is copied once, from librdkafka's memory into the block of its batch.

use super::context::Quiet;
use super::producer::reason;
use crate::{Record, StoredRecord};
use bytes::{Bytes, BytesMut};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::Offset;
use rdkafka::{ClientConfig, TopicPartitionList};
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc;

/// Most records of a batch.
const BATCH_RECORDS: usize = 2_048;
/// Bytes of keys and values after which a batch is handed over.
const BATCH_BYTES: usize = 512 * 1024;
/// Batches that may wait for the reader.
const AHEAD: usize = 2;
/// How often the thread looks whether its reader has gone.
const TICK: Duration = Duration::from_millis(100);

/// What a feed has for its reader.
pub(super) type Batch = Result<Vec<StoredRecord>, Halt>;

/// Why a feed ended.
#[derive(Debug)]
pub(super) enum Halt {
    /// The offset to be read next is not there.
    Lost,
    /// Stored bytes do not verify.
    Corrupt,
    /// Anything else that does not pass by itself.
    Failed(String),
}

/// Starts to read a partition from an offset. The feed ends when the receiver is dropped, or after
/// a [`Halt`].
pub(super) fn start(
    config: ClientConfig,
    topic: String,
    partition: u32,
    from: u64,
) -> std::io::Result<mpsc::Receiver<Batch>> {
    let (batches, receiver) = mpsc::channel(AHEAD);
    let feed = move || {
        let end = match open(&config, &topic, partition, from) {
            Ok(consumer) => {
                let end = run(&consumer, &batches);
                // Leaves less to do for the drop, which may block, but only this thread.
                if let Err(error) = consumer.unassign() {
                    tracing::debug!(partition, %error, "a consumer was not unassigned");
                }
                end
            }
            Err(error) => Some(Halt::Failed(reason(&error))),
        };
        if let Some(halt) = end {
            // The reader may have gone.
            let _ = batches.blocking_send(Err(halt));
        }
    };
    thread::Builder::new()
        .name(format!("kafka-read-{partition}"))
        .spawn(feed)?;
    Ok(receiver)
}

fn open(
    config: &ClientConfig,
    topic: &str,
    partition: u32,
    from: u64,
) -> KafkaResult<BaseConsumer<Quiet>> {
    let consumer: BaseConsumer<Quiet> = config.create_with_context(Quiet)?;
    let mut assignment = TopicPartitionList::new();
    let from = i64::try_from(from).unwrap_or(i64::MAX);
    assignment.add_partition_offset(topic, partition as i32, Offset::Offset(from))?;
    consumer.assign(&assignment)?;
    Ok(consumer)
}

/// Hands over batches until the reader has gone (none) or reading cannot go on.
fn run(consumer: &BaseConsumer<Quiet>, batches: &mpsc::Sender<Batch>) -> Option<Halt> {
    let mut block = Block::default();
    loop {
        let mut halt = None;
        match consumer.poll(TICK) {
            None if batches.is_closed() => return None,
            None => continue,
            Some(Ok(message)) => block.push(&message),
            Some(Err(error)) => halt = why(&error),
        }
        while halt.is_none() && !block.is_full() {
            match consumer.poll(Duration::ZERO) {
                None => break,
                Some(Ok(message)) => block.push(&message),
                Some(Err(error)) => halt = why(&error),
            }
        }
        if !block.records.is_empty() && batches.blocking_send(Ok(block.finish())).is_err() {
            return None;
        }
        if halt.is_some() {
            return halt;
        }
    }
}

/// Whether an error ends the feed. What passes by itself, such as a broker that is away or a new
/// leader, is tried again by librdkafka for as long as it takes.
fn why(error: &KafkaError) -> Option<Halt> {
    if let KafkaError::MessageConsumptionFatal(code) = error {
        return Some(Halt::Failed(code.to_string()));
    }
    match error.rdkafka_error_code()? {
        RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange => Some(Halt::Lost),
        RDKafkaErrorCode::BadMessage | RDKafkaErrorCode::InvalidMessage => Some(Halt::Corrupt),
        code @ (RDKafkaErrorCode::UnknownTopic
        | RDKafkaErrorCode::UnknownTopicOrPartition
        | RDKafkaErrorCode::UnknownPartition
        | RDKafkaErrorCode::TopicAuthorizationFailed
        | RDKafkaErrorCode::GroupAuthorizationFailed
        | RDKafkaErrorCode::ClusterAuthorizationFailed
        | RDKafkaErrorCode::SaslAuthenticationFailed) => Some(Halt::Failed(code.to_string())),
        code => {
            tracing::debug!(%code, "Kafka consumer");
            None
        }
    }
}

/// Messages copied one after the other, to be cut into records without further copies.
#[derive(Default)]
struct Block {
    bytes: BytesMut,
    records: Vec<Piece>,
}

struct Piece {
    offset: u64,
    recorded_ms: i64,
    key: usize,
    value: usize,
}

impl Block {
    fn push(&mut self, message: &BorrowedMessage<'_>) {
        let key = message.key().unwrap_or_default();
        let value = message.payload().unwrap_or_default();
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value);
        self.records.push(Piece {
            // librdkafka gives messages from offset 0 on and, but for topics without times, times.
            offset: u64::try_from(message.offset()).unwrap_or_default(),
            recorded_ms: message.timestamp().to_millis().unwrap_or_default(),
            key: key.len(),
            value: value.len(),
        });
    }

    fn is_full(&self) -> bool {
        self.records.len() >= BATCH_RECORDS || self.bytes.len() >= BATCH_BYTES
    }

    /// The records so far; the block is empty again.
    fn finish(&mut self) -> Vec<StoredRecord> {
        let mut bytes = self.bytes.split().freeze();
        let mut cut = |length: usize| -> Bytes { bytes.split_to(length) };
        let records = self.records.drain(..).map(|piece| StoredRecord {
            offset: piece.offset,
            record: Record {
                key: cut(piece.key),
                value: cut(piece.value),
                recorded_ms: piece.recorded_ms,
            },
        });
        records.collect()
    }
}
