//! What was not well-formed: kept durably, listed, corrected and sent again.

mod log;
mod resubmit;
mod service;

pub use log::{OpenError, RejectedLog};
pub use service::Service;
