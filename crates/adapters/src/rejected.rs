//! What was not well-formed: kept durably, listed, corrected and sent again.

mod index;
mod log;
mod resubmit;
mod service;

pub use log::{OpenError, RejectedLog};
pub use resubmit::{Decode, System};
pub use service::Service;
