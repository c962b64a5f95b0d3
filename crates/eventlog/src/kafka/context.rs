//! What librdkafka says by itself, as log lines of ours.

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// A client that has nothing to do but log.
pub(super) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        trouble(&error, reason);
    }
}

impl ConsumerContext for Quiet {}

/// What librdkafka calls a connection that failed; it says so at every attempt of every client.
const CONNECTION_FAILED: &str = "FAIL";

/// A log line of a client. Brokers that come and go are their operators' affair: what a caller
/// needs to know of it comes as an error, so that nothing is above a warning here.
pub(super) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        _ if facility == CONNECTION_FAILED => {
            tracing::debug!(facility, "Kafka client: {message}");
        }
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error
        | RDKafkaLogLevel::Warning => tracing::warn!(facility, "Kafka client: {message}"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            tracing::info!(facility, "Kafka client: {message}");
        }
        RDKafkaLogLevel::Debug => tracing::debug!(facility, "Kafka client: {message}"),
    }
}

/// An error that belongs to no call, such as a connection that broke. librdkafka goes on trying.
pub(super) fn trouble(error: &KafkaError, reason: &str) {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::AllBrokersDown) => {
            tracing::warn!(%error, "Kafka client: {reason}");
        }
        _ => tracing::debug!(%error, "Kafka client: {reason}"),
    }
}
