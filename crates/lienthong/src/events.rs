//! What the commands about subscriptions take and show alike: which events, from where, and an
//! event on one line.

mod again;
mod filters;
mod line;
mod start;

pub use again::{Again, Gateways, is_passing};
pub use filters::Filters;
pub use line::{Lines, compact, json};
pub use start::start;
