//! What the hub reaches, measured through its public endpoints.

pub mod deliveries;
pub mod durable;
pub mod ingest;
pub mod large;
pub mod latency;
pub mod questions;
pub mod rebuild;
pub mod telemetry;
