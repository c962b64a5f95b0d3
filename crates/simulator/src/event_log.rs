//! Event logs of the form that other systems export, made from a seed, with the answers
//! that a hub must give about them.
//!
//! The answers come straight from the rows by sorting and counting, without any code of the
//! hub, so that a test that compares the two compares two independent calculations.

mod model;
mod oracle;
mod write;

pub use model::{Row, rows};
pub use oracle::{AsOf, Durations, Oracle, oracle};
pub use write::write;

/// What stands for a row without a group.
pub const NO_GROUP: &str = "(none)";

#[cfg(test)]
#[path = "event_log_tests.rs"]
mod tests;
