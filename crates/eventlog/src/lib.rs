//! The hub's event log: an append-only, partitioned sequence of opaque records that is the truth
//! everything else is derived from.
//!
//! - [`EventLog`] says what a log promises; [`Reader`] follows one partition of it.
//! - [`embedded`] is the home for one machine: segment files of our own, durable before any
//!   acknowledgement.
//! - A second home on a Kafka cluster belongs beside it, in `src/kafka.rs`, implementing the same
//!   trait; it is to be the only place that names rdkafka.
//! - [`contract_tests`] are the behaviours every home must show. They are written against the
//!   trait alone.
//!
//! Nothing here knows what a record means: no protobuf, no gRPC, no events.

#[cfg(any(test, feature = "contract-tests"))]
pub mod contract_tests;
pub mod embedded;
mod error;
mod log;
mod partitioner;
mod record;

pub use error::{AppendError, ReadError};
pub use log::{EventLog, Reader};
pub use partitioner::partition_for;
pub use record::{Bounds, Position, Record, StoredRecord};
