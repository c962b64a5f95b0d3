//! One librdkafka producer: what is handed to it, and what becomes of each delivery.
//!
//! A delivery carries its [`Waiting`] record as librdkafka's opaque, so that the thread that polls
//! the producer settles it without a channel or a task for each record.

use super::call::Waiting;
use super::context;
use super::outbox::Outbox;
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header as KafkaHeader, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};
use std::sync::{Arc, OnceLock, Weak};

/// A producer whose deliveries settle the records of an [`Outbox`].
pub(super) type Producer = BaseProducer<Deliveries>;

/// Where a producer's deliveries go.
pub(super) struct Deliveries {
    outbox: Arc<Outbox>,
    /// The producer itself, to ask whether it is beyond use.
    producer: Arc<OnceLock<Weak<Producer>>>,
}

impl Deliveries {
    /// Whether the producer will never deliver again. One that is being dropped will not.
    fn is_beyond_use(&self) -> bool {
        let producer = self.producer.get().and_then(Weak::upgrade);
        producer.is_none_or(|producer| producer.client().fatal_error().is_some())
    }
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        context::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        context::trouble(&error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Waiting>;

    fn delivery(&self, result: &DeliveryResult<'_>, waiting: Box<Waiting>) {
        let waiting = *waiting;
        match result {
            Ok(message) => match u64::try_from(message.offset()) {
                Ok(offset) => self.outbox.delivered(waiting, offset),
                // librdkafka concludes that it is stored, from what became of others; see `gate`.
                // No broker has said so or where, so that it is not acknowledged here.
                Err(_) => self
                    .outbox
                    .failed(waiting, "it may be stored, but no broker has said where"),
            },
            Err((error, _)) if is_purged(error) => self.outbox.send_again(waiting),
            Err((error, _)) if is_final(error) || !self.is_beyond_use() => {
                self.outbox.failed(waiting, &reason(error));
            }
            Err(_) => self.outbox.send_again(waiting),
        }
    }
}

/// Whether the producer was told to let go of the record, which happens only when it ends.
fn is_purged(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::PurgeQueue | RDKafkaErrorCode::PurgeInflight)
    )
}

/// What librdkafka says, without the kind of call it was.
pub(super) fn reason(error: &KafkaError) -> String {
    let code = match error {
        KafkaError::AdminOp(code) => Some(*code),
        error => error.rdkafka_error_code(),
    };
    code.map_or_else(|| error.to_string(), |code| code.to_string())
}

/// Whether another producer would not, or must not, deliver the record either.
fn is_final(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::MessageTimedOut
                | RDKafkaErrorCode::MessageSizeTooLarge
                | RDKafkaErrorCode::InvalidMessageSize
                | RDKafkaErrorCode::InvalidRecord
                | RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::ClusterAuthorizationFailed
        )
    )
}

/// Makes a producer; it connects by itself.
pub(super) fn make(config: &ClientConfig, outbox: &Arc<Outbox>) -> KafkaResult<Arc<Producer>> {
    let itself = Arc::new(OnceLock::new());
    let deliveries = Deliveries {
        outbox: Arc::clone(outbox),
        producer: Arc::clone(&itself),
    };
    let producer: Producer = config.create_with_context(deliveries)?;
    let producer = Arc::new(producer);
    // Set once, here, before anything is sent.
    let _ = itself.set(Arc::downgrade(&producer));
    Ok(producer)
}

/// A record that a producer did not take.
pub(super) struct NotTaken {
    pub(super) error: KafkaError,
    pub(super) waiting: Waiting,
}

/// Hands a record to a producer, without waiting; it comes back with the reason if it is not taken.
pub(super) fn send(
    producer: &Producer,
    topic: &str,
    waiting: Waiting,
) -> Result<(), Box<NotTaken>> {
    let call = Arc::clone(&waiting.call);
    let Some(record) = call.records.get(waiting.index) else {
        return Ok(());
    };
    let partition = waiting.partition as i32;
    let headers = headers(&waiting);
    let mut message = BaseRecord::with_opaque_to(topic, Box::new(waiting))
        .partition(partition)
        .key(record.key.as_ref())
        .payload(record.value.as_ref())
        .timestamp(record.recorded_ms);
    message.headers = headers;
    producer.send(message).map_err(|(error, message)| {
        Box::new(NotTaken {
            error,
            waiting: *message.delivery_opaque,
        })
    })
}

fn headers(waiting: &Waiting) -> Option<OwnedHeaders> {
    if waiting.headers.is_empty() {
        return None;
    }
    let headers = OwnedHeaders::new_with_capacity(waiting.headers.len());
    Some(waiting.headers.iter().fold(headers, |headers, header| {
        headers.insert(KafkaHeader {
            key: header.name,
            value: Some(header.value.as_bytes()),
        })
    }))
}
