//! Durable subscriptions: the hub keeps their place.

pub mod calls;
pub mod seat;
