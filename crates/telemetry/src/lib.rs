//! What the hub says about itself: every metric name, the hub's own log, and the endpoint
//! that is scraped and probed.
//!
//! Instruments are OpenTelemetry's; this crate is the only one that names it. Export is by
//! Prometheus scrape through [`endpoint`]. Traces and OTLP export belong beside
//! [`meter`] as a further file: the instruments do not change with the way out.
//!
//! No label holds a dossier code, a person or free text.

pub mod endpoint;
pub mod ingest;
pub mod logging;
mod meter;
pub mod names;
pub mod observed;
pub mod owners;
pub mod probe;
pub mod projection;
pub mod rpc;
pub mod stage;
