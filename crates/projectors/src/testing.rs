//! What the tests of this crate share: a log in memory, events, and lanes without runners.
#![allow(clippy::unwrap_used, clippy::expect_used)]

pub mod answers;
pub mod cluster;
pub mod deeds;
pub mod events;
pub mod groups;
pub mod lanes;
pub mod log;
pub mod strategies;
