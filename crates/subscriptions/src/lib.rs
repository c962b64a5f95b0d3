//! Procedure events to those who want them, with the certainty that none is missing.
//!
//! ```text
//! event log --source--> blocks --filter--> stream    (Subscribe, SSE: the caller keeps its place)
//!                              \-filter--> durable   (Consume, Fetch, webhooks: the hub keeps it)
//!                                             |
//!                                     subscription log
//! ```
//! - [`source`] reads the event log once for everybody: blocks of events that are encoded already,
//!   without repeats and without their protected part.
//! - [`filter`] says which of them a subscriber wants.
//! - [`stream`] tells them to whoever keeps the place, which a [`token`] names.
//! - [`durable`] keeps named subscriptions as records of a log of their own; [`webhook`] posts the
//!   events of those that have an endpoint.
//! - [`watch`] tells of those who report, and of the hub's own probes.

pub mod cloudevent;
pub mod durable;
pub mod facets;
pub mod filter;
pub mod http;
pub mod service;
pub mod source;
pub mod stream;
#[cfg(test)]
mod testing;
pub mod token;
mod traced;
pub mod watch;
pub mod webhook;
