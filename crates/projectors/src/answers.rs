//! Answers: from the paths of cases and the reference data to the messages of `procedure.v1`,
//! `performance.v1` and `quality.v1`.
//!
//! Pure: no view, lock or clock is known here. Whoever scans a view feeds cases one by one
//! into an accumulator, one for each partition, merges them, and asks for the response. The
//! order of feeding and merging does not show in it. Freshness is left for the caller.
//!
//! Sums count steps of paths only (`path::is_step`); a case without a step counts nowhere.

mod atlas;
pub mod case;
pub mod clockwork;
pub mod dossier;
pub mod dossier_clock;
pub mod dossiers;
pub mod entry;
pub mod findings;
pub mod horizontal;
pub mod list;
mod oldest;
pub(crate) mod packed;
pub mod performance;
mod places;
pub(crate) mod read;
pub mod reconciliation;
pub mod register;
mod sieve;
pub mod slip;
mod spans;
pub mod statistics;
pub(crate) mod symbols;
pub mod vertical;
mod wire;

#[cfg(test)]
mod basis_tests;
#[cfg(test)]
mod test_dossiers;
#[cfg(test)]
mod test_paths;
