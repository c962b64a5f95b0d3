//! What the end-to-end tests, the kill test, the fault runs and the benchmarks share: starting the
//! real binary as one process or as a fleet, the ways to speak to it, and made-up events.

pub mod broker;
pub mod cli;
pub mod country;
pub mod facts;
pub mod faults;
pub mod fleet;
pub mod http;
pub mod hub;
pub mod instance;
pub mod kill;
pub mod left_out;
pub mod measure;
pub mod otlp;
pub mod process;
pub mod sample;
pub mod separate;
pub mod subscribers;
pub mod tables;
pub mod wire;
