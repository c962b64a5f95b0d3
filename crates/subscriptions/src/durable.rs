//! Durable subscriptions: the hub keeps their place.

pub mod calls;
pub mod engine;
pub mod kept;
pub mod poster;
pub mod seat;

/// Partitions of the subscription log. A subscription lives on the one that its name chooses, and
/// each is kept by one gateway at a time.
pub const LANES: u32 = 8;
