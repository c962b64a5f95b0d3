//! Takes in what administrative systems say about dossiers: checks each message, records it in
//! the event log, and acknowledges it with its position once it is durable.
//!
//! - [`systems`] holds one file for each gRPC contract; all they do is name which payloads the
//!   system may send.
//! - [`intake`] is the way all of them share: message to record to position, as a batch or as a
//!   stream.
//! - [`qcvn120`] takes the packets that one-stop systems send today, over HTTP.
//! - [`rejected`] keeps what was not well-formed, so that it can be listed, corrected and sent
//!   again.
//! - [`probe`] sends the hub's own test events the way that events go.
//! - [`run`] serves all of it, or the adapters of some systems, until told to stop.
//!
//! Adapters hold no state about dossiers: what a source said is recorded, and what it means for
//! a dossier that already has a history is decided in the views.

mod config;
mod intake;
mod lanes;
mod oversize;
pub mod probe;
mod qcvn120;
mod rejected;
mod run;
mod services;
mod systems;

pub use config::{Config, DossierCodes, Drain, Limits};
pub use rejected::OpenError;
pub use run::{Error, Handles, run};
pub use systems::System;
