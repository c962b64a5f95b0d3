//! The hub's event log: an append-only, partitioned sequence of opaque records that is the truth
//! everything else is derived from.
//!
//! - [`EventLog`] says what a log promises; [`Reader`] follows one partition of it.
//! - [`embedded`] is the home for one machine: segment files of our own, durable before any
//!   acknowledgement.
//! - [`kafka`] is the home on a Kafka cluster, where one machine is not enough; the only place that
//!   names rdkafka.
//! - [`Groups`] says how several processes share the partitions of a log.
//! - [`contract_tests`] are the behaviours every home must show. They are written against the
//!   trait alone.
//!
//! Nothing here knows what a record means: no protobuf, no gRPC, no events.

#[cfg(any(test, feature = "contract-tests"))]
pub mod contract_tests;
pub mod embedded;
mod error;
mod group;
mod headroom;
pub mod kafka;
mod log;
mod partitioner;
mod record;

pub use error::{AppendError, ReadError};
pub use group::{Change, GroupError, Groups, Member, Membership, Owner};
pub use headroom::Unread;
pub use log::{EventLog, Reader};
pub use partitioner::partition_for;
pub use record::{Bounds, Position, Record, Retention, StoredRecord};
