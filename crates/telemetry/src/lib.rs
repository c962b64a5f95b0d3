//! What the hub says about itself: every metric name, the hub's own log, and the endpoint
//! that is scraped and probed.
//!
//! Instruments are OpenTelemetry's; this crate is the only one that names it. They go out by
//! Prometheus scrape through [`endpoint`] and by OTLP through [`export`], which sends traces, too.
//!
//! No label holds a dossier code, a person or free text.

pub mod endpoint;
pub mod export;
pub mod ingest;
pub mod log;
pub mod logging;
pub mod messaging;
mod meter;
pub mod names;
pub mod observed;
pub mod owners;
pub mod probe;
pub mod projection;
pub mod request;
pub mod rpc;
pub mod stage;
pub mod trace;

pub use meter::scrape;
