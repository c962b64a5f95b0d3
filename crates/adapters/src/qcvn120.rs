//! Packets of QCVN 120:2019/BTTTT as one-stop systems send them today, over HTTP:
//! `POST /qcvn120` or `POST /qcvn120/{service}` with the JSON or XML envelope
//! `{session, madonvi, service, isUpdating, data: [...]}`.
//!
//! - [`envelope`] reads either form into one; [`fields`] reads what real feeds write into it.
//! - [`dossier`] and [`progress`] say which facts a record tells.
//! - [`packet`] makes events of them, with ids that follow from their content alone, so that the
//!   same or a later snapshot of a dossier adds only what is new.
//! - [`http`] takes the requests, [`answer`] writes what senders expect.
//!
//! `session` is neither checked nor kept; `isUpdating` is not needed, for the ids tell.

mod answer;
mod dossier;
mod envelope;
mod fact;
mod fields;
mod http;
mod moment;
mod packet;
mod people;
mod progress;
mod xml;

pub use envelope::{Address, Format};
pub use http::router;
pub use packet::Packets;
