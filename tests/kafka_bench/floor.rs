//! What the bare client library reaches: the floor that the hub's services stand on.

use lienthong_tests::broker::Home;
use lienthong_tests::measure::Outcome;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, DeliveryResult, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a poll waits.
const POLL: Duration = Duration::from_secs(10);

/// A record as the hub's adapter stored it.
pub struct Kept {
    partition: i32,
    key: Vec<u8>,
    value: Vec<u8>,
    recorded_ms: Option<i64>,
    headers: OwnedHeaders,
}

/// Reads up to `most` records of a topic with everything they have. Blocking.
pub fn records(home: &Home, most: usize) -> Outcome<Vec<Kept>> {
    let (consumer, held) = consumer(home)?;
    let mut kept = Vec::new();
    while (kept.len() as u64) < held && kept.len() < most {
        kept.push(keep(&next(&consumer)?));
    }
    Ok(kept)
}

fn keep(message: &BorrowedMessage<'_>) -> Kept {
    let mut headers = OwnedHeaders::new();
    for header in message.headers().into_iter().flat_map(Headers::iter) {
        headers = headers.insert(Header {
            key: header.key,
            value: header.value,
        });
    }
    Kept {
        partition: message.partition(),
        key: message.key().unwrap_or_default().to_vec(),
        value: message.payload().unwrap_or_default().to_vec(),
        recorded_ms: message.timestamp().to_millis(),
        headers,
    }
}

/// Sends `count` records to a fresh topic, the given ones again and again, and waits until all are
/// acknowledged; records a second. Blocking. The producer's settings are those of the hub's log
/// (`eventlog::kafka`): idempotent, `acks=all`, the same linger and sizes.
pub fn produce(home: &Home, records: &[Kept], count: u64) -> Outcome<f64> {
    let deliveries = Deliveries::default();
    let delivered = deliveries.clone();
    let producer: ThreadedProducer<Deliveries> = ClientConfig::new()
        .set("bootstrap.servers", &home.bootstrap)
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("partitioner", "murmur2_random")
        .set("linger.ms", "1")
        .set("delivery.timeout.ms", "30000")
        .set("queue.buffering.max.messages", "200000")
        .create_with_context(deliveries)?;
    let topic = home.topic();
    // The first metadata and the producer's id are had before the clock runs.
    producer.client().fetch_metadata(Some(&topic), POLL)?;
    let began = Instant::now();
    for record in records.iter().cycle().take(usize::try_from(count)?) {
        send(&producer, &topic, record)?;
    }
    producer.flush(Duration::from_secs(60))?;
    let took = began.elapsed().as_secs_f64();
    let (stored, failed) = (
        delivered.stored.load(Ordering::SeqCst),
        delivered.failed.load(Ordering::SeqCst),
    );
    if stored != count || failed > 0 {
        return Err(format!("{stored} of {count} were delivered, {failed} failed").into());
    }
    Ok(count as f64 / took)
}

fn send(producer: &ThreadedProducer<Deliveries>, topic: &str, record: &Kept) -> Outcome<()> {
    let mut message = BaseRecord::to(topic)
        .partition(record.partition)
        .key(&record.key)
        .payload(&record.value)
        .headers(record.headers.clone());
    message.timestamp = record.recorded_ms;
    loop {
        match producer.send(message) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                message = back;
                std::thread::sleep(Duration::from_millis(1));
            }
            Err((error, _)) => return Err(error.into()),
        }
    }
}

/// Counts deliveries.
#[derive(Clone, Default)]
struct Deliveries {
    stored: Arc<AtomicU64>,
    failed: Arc<AtomicU64>,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let counter = if result.is_ok() {
            &self.stored
        } else {
            &self.failed
        };
        counter.fetch_add(1, Ordering::SeqCst);
    }
}

/// Makes the topic of a home as the hub would, so that the bare producer has the same.
pub async fn make_topic(home: &Home) -> Outcome<()> {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", &home.bootstrap)
        .create()?;
    let (name, copies) = (home.topic(), i32::from(home.replication));
    let topic = NewTopic::new(
        &name,
        i32::try_from(home.partitions)?,
        TopicReplication::Fixed(copies),
    );
    let made = admin.create_topics([&topic], &AdminOptions::new()).await?;
    for one in made {
        one.map_err(|(name, code)| format!("topic {name}: {code}"))?;
    }
    Ok(())
}

/// Reads a topic from its beginning to its end of now; records a second and their number. Blocking.
pub fn consume(home: &Home) -> Outcome<(f64, u64)> {
    let began = Instant::now();
    let (consumer, held) = consumer(home)?;
    let (mut read, mut bytes) = (0, 0);
    while read < held {
        let message = next(&consumer)?;
        bytes += message.payload_len() + message.key_len();
        read += 1;
    }
    if bytes == 0 {
        return Err("the topic is empty".into());
    }
    Ok((read as f64 / began.elapsed().as_secs_f64(), read))
}

/// A consumer at the beginning of every partition, and how many records there are.
fn consumer(home: &Home) -> Outcome<(BaseConsumer, u64)> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &home.bootstrap)
        .set("group.id", format!("{}.floor", home.prefix))
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error")
        .set("check.crcs", "true")
        .set("fetch.queue.backoff.ms", "5")
        .create()?;
    let topic = home.topic();
    let mut assignment = TopicPartitionList::new();
    let mut held = 0;
    for partition in 0..i32::try_from(home.partitions)? {
        let (low, high) = consumer.fetch_watermarks(&topic, partition, POLL)?;
        held += u64::try_from(high - low)?;
        assignment.add_partition_offset(&topic, partition, Offset::Offset(low))?;
    }
    consumer.assign(&assignment)?;
    Ok((consumer, held))
}

fn next(consumer: &BaseConsumer) -> Outcome<BorrowedMessage<'_>> {
    match consumer.poll(POLL) {
        Some(message) => Ok(message?),
        None => Err("the broker gave no record for ten seconds".into()),
    }
}

/// Number of records of the home's topic; none if it is not there. Blocking.
pub fn held(home: &Home) -> Option<u64> {
    consumer(home).ok().map(|(_, held)| held)
}
