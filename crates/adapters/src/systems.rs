//! One file for each connected kind of system. Each names the payloads that its contract has and
//! moves them, unchanged, onto the shared way in.

pub mod civil_status;
pub mod onestop;
pub mod population;
pub mod specialised;
