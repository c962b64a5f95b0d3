//! Where callers ask: questions over the views and an operator's calls, as gRPC services
//! over the ports of the contract.
//!
//! The gateway holds no state that an answer needs, so any number may run; it remembers only since
//! when something needs a hand.

mod check;
mod freshness;
mod lag;
mod operations;
mod performance;
mod quality;
mod questions;
mod release;
mod server;

pub use server::{Beside, Config, Error, Handles, run};
