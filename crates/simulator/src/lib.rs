//! Ministries that behave, misbehave and lie: seeded scenarios, imports of event logs, and
//! load, for the demonstration, the tests and the benchmarks alike.
//!
//! Everything here stands outside the hub and reaches it only through the adapters' public
//! gRPC, as any ministry's system does.

pub mod client;
pub mod demo;
pub mod event_log;
pub mod import;
pub mod message;
pub mod positions;
pub mod published;
pub mod scenario;
pub mod system;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod double;
