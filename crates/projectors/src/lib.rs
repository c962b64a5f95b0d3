//! The rooms where views live: what the log says of every case, kept in memory, checkpointed,
//! and joined with the reference data when a question is asked.
//!
//! Reading order: [`projectors`] is the door of a process that keeps everything, [`instance`] that
//! of one that shares the partitions with others; `runner` reads the log; `views` hold the facts;
//! `parking` keeps what could not be read; `checkpoint` and `store` write states down and prove
//! them when they are read back; `joins` puts the parts of a case together; `answers` turns cases
//! into what a caller asked; `rebuild` makes a view again beside the running one, and `diff` tells
//! what other status tables would make of it. [`cluster`] answers the same questions where several
//! processes share the partitions.

pub mod answers;
mod checkpoint;
pub mod cluster;
mod diff;
mod dossiers;
mod feed;
mod figures;
mod generations;
mod hosted;
pub mod instance;
mod joins;
mod lag;
mod lane;
mod lanes;
mod ledger;
mod metrics;
mod operations;
mod parking;
mod patience;
pub mod projectors;
mod quality;
mod questions;
mod rebuild;
mod runner;
mod seat;
mod snapshot;
mod snapshots;
mod source;
mod store;
mod sums;
#[cfg(test)]
mod testing;
mod timing;
mod traced;
mod views;
mod writer;

pub use projectors::{Config, Handles, Projectors, StartError, start};
pub use store::StoreKind;
pub use views::View;
