//! The thread that keeps a producer going, and puts another in its place when it is beyond use.
//!
//! librdkafka's idempotent producer gives up for good ("fatal") when it can no longer tell what
//! the brokers stored. Then: nothing more is sent to it; what it still has on the wire is waited
//! for a while, because most of it gets a proper answer; the rest is purged; a new producer sends
//! what was not acknowledged, in order, before anything newer.
//!
//! A record on the wire when its producer failed may be stored although no answer came; sent
//! again, it may lie in the log twice. Each call is told one position, and whoever reads makes an
//! event take effect once.

use super::outbox::Outbox;
use super::producer::{self, Producer};
use super::settings::PATIENCE;
use rdkafka::ClientConfig;
use rdkafka::error::KafkaResult;
use rdkafka::producer::{Producer as _, PurgeConfig};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How often the thread looks beyond deliveries.
const TICK: Duration = Duration::from_millis(50);
/// How long a producer that failed may take to answer for what it has on the wire.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// Between two attempts to make a producer, doubled up to [`LONGEST_PAUSE`] while each fails.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// A producer that lived this long was well: the next one is made without a pause.
const WELL: Duration = Duration::from_secs(10);

/// Keeps a producer for the outbox until told to stop; then flushes it and answers whether that
/// went well.
pub(super) fn keep(
    config: &ClientConfig,
    outbox: &Arc<Outbox>,
    first: Arc<Producer>,
    stop: &AtomicBool,
) -> KafkaResult<()> {
    let mut producer = first;
    outbox.resume(&producer);
    let mut born = Instant::now();
    let mut pause = PAUSE;
    while !stop.load(Ordering::Acquire) {
        producer.poll(TICK);
        outbox.expire();
        let Some((code, reason)) = producer.client().fatal_error() else {
            continue;
        };
        let producers = outbox.producers();
        tracing::warn!(%code, reason, producers, "the Kafka producer failed for good; a new one takes over");
        if born.elapsed() > WELL {
            pause = PAUSE;
        }
        retire(outbox, producer);
        let Some(next) = make_next(config, outbox, stop, &mut pause) else {
            outbox.end();
            return Ok(());
        };
        producer = next;
        born = Instant::now();
        outbox.resume(&producer);
    }
    // Nothing is left after an orderly close; otherwise the rest is purged with the producer.
    let flushed = if outbox.unsettled() == 0 {
        producer.flush(PATIENCE)
    } else {
        Ok(())
    };
    outbox.end();
    settle_all(&producer);
    flushed
}

/// Makes the next producer, after a pause that grows while one after the other fails; none if told
/// to stop meanwhile.
fn make_next(
    config: &ClientConfig,
    outbox: &Arc<Outbox>,
    stop: &AtomicBool,
    pause: &mut Duration,
) -> Option<Arc<Producer>> {
    loop {
        thread::sleep(*pause);
        *pause = (*pause * 2).min(LONGEST_PAUSE);
        if stop.load(Ordering::Acquire) {
            return None;
        }
        outbox.expire();
        match producer::make(config, outbox) {
            Ok(producer) => return Some(producer),
            Err(error) => tracing::warn!(%error, "no Kafka producer could be made"),
        }
    }
}

/// Ends a producer that failed. Whatever it did not deliver is in the backlog afterwards.
fn retire(outbox: &Outbox, producer: Arc<Producer>) {
    outbox.withdraw();
    let give_up = Instant::now() + LAST_WORDS;
    while producer.in_flight_count() > 0 && Instant::now() < give_up {
        producer.poll(TICK);
    }
    settle_all(&producer);
}

/// Purges a producer and takes the deliveries that come of it.
fn settle_all(producer: &Producer) {
    producer.purge(PurgeConfig::default().queue().inflight());
    let give_up = Instant::now() + LAST_WORDS;
    while producer.in_flight_count() > 0 && Instant::now() < give_up {
        producer.poll(TICK);
    }
}
