//! Where callers ask: questions over the views and an operator's calls, as gRPC services
//! over the ports of the contract.
//!
//! The gateway holds no state of its own, so any number may run. Subscriptions come here
//! as further files, reading the log from a resume token.

mod check;
mod freshness;
mod operations;
mod performance;
mod quality;
mod questions;
mod release;
mod server;

pub use server::{Beside, Config, Error, Handles, run};
