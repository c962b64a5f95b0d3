//! What the end-to-end tests, the kill test and the benchmarks share: starting the real
//! binary, the ways to speak to it, and made-up events.

pub mod cli;
pub mod facts;
pub mod http;
pub mod hub;
pub mod instance;
pub mod kill;
pub mod sample;
pub mod wire;
