//! What the end-to-end tests and the benchmarks share: starting the real binary, and
//! made-up events.

pub mod hub;
pub mod sample;
