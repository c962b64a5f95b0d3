//! What is true of Vietnamese administrative procedures, whatever system speaks of them.
//!
//! Codes, dossier events, status mappings, agencies and units with their effective dates, and the
//! interconnection class of a case. Nothing here does I/O, reads a clock or knows a wire format:
//! text and rows come in, values or precise errors come out.

pub mod agency;
pub mod basis;
pub mod calendar;
pub mod clock;
pub mod code;
pub mod distribution;
pub mod event;
pub mod interconnection;
pub mod lag;
pub mod level;
pub mod life;
pub mod links;
pub mod misfit;
pub mod path;
pub mod period;
pub mod procedure;
pub mod reference;
pub mod rhythm;
pub mod row;
pub mod skew;
pub mod status;
pub mod table_version;
pub mod unit;
