//! The catalogue stream: changes of the reference data as events, and the tables they make.
//!
//! ```text
//! files --load--> Tables --fold(catalogue log)--> Tables --build--> Reference in force
//!                                ^
//!              ApplyChanges: checked, then appended, then in force
//! ```
//! A log of one partition holds the changes. Every process of the hub folds it over its own files
//! and follows it, so that all have the same tables in force; equal files and equal log make an
//! equal version. A change that does not fit is refused before it is recorded. Two processes that
//! record at once are put in order by the log; what then does not fit any more has no effect, in
//! every process alike, and says so in the list of changes.

mod apply;
mod batch;
mod checks;
mod fold;
mod render;
mod service;
mod stream;

pub use service::Service;
pub use stream::{Catalog, OpenError};
