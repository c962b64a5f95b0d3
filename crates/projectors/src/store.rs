//! Where checkpoints are kept: rows by number, written from commit to commit.
//!
//! A store is a cache. Whoever opens one must be ready to throw it away: what it holds counts only
//! once its digest has been computed again and found equal.
//!
//! ```text
//! put put put commit | put put (crash)    load gives what was there at `commit`, or no row 0
//! ```
//! Row 0 is what a checkpoint begins with. A store that cannot take a large commit in one piece
//! takes row 0 out before it and puts it back last.

mod redb;
mod sled;

use std::path::{Path, PathBuf};

/// Which library keeps the checkpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// redb: one file, copy on write.
    Redb,
    /// sled 0.34: a log-structured tree. Its folder is written anew when it has worn out.
    Sled,
}

impl StoreKind {
    /// Both.
    pub const ALL: [StoreKind; 2] = [StoreKind::Redb, StoreKind::Sled];

    /// The name that configuration uses.
    pub fn name(self) -> &'static str {
        match self {
            StoreKind::Redb => "redb",
            StoreKind::Sled => "sled",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<StoreKind> {
        StoreKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Number of a row. Rows are given back in the order of their numbers.
pub type RowNumber = u64;

/// A row to be written.
pub type Row = (RowNumber, Vec<u8>);

/// Sees every row in order; answers false to see no more.
pub type Visit<'v> = dyn FnMut(RowNumber, &[u8]) -> bool + 'v;

/// One database of one partition of one view. Used by one thread at a time.
pub trait Store: Send {
    /// Shows every committed row.
    ///
    /// # Errors
    /// [`Error::Read`].
    fn load(&mut self, visit: &mut Visit<'_>) -> Result<(), Error>;
    /// Adds rows to the next commit; a later row replaces an earlier one of its number.
    ///
    /// # Errors
    /// [`Error::Write`].
    fn put(&mut self, rows: Vec<Row>) -> Result<(), Error>;
    /// Makes everything put since the last commit durable, all of it or nothing.
    ///
    /// # Errors
    /// [`Error::Write`]. The store is not to be used further.
    fn commit(&mut self) -> Result<(), Error>;
    /// Forgets what was put since the last commit.
    fn abandon(&mut self);
    /// Whether the folder has grown so far beyond its content that a fresh one should be written.
    fn is_worn(&self) -> bool;
}

/// Why a store does not serve. It is then thrown away and written anew: none of this is retried.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It does not open.
    #[error("{dir} does not open: {what}")]
    Open {
        /// Its folder.
        dir: PathBuf,
        /// What was said.
        what: String,
    },
    /// It opens and does not read.
    #[error("it does not read: {0}")]
    Read(String),
    /// It does not take a commit.
    #[error("it cannot be written: {0}")]
    Write(String),
}

/// Opens the database in a folder, made if missing.
///
/// # Errors
/// [`Error::Open`].
pub fn open(kind: StoreKind, dir: &Path) -> Result<Box<dyn Store>, Error> {
    let failed = |what: String| Error::Open {
        dir: dir.to_owned(),
        what,
    };
    std::fs::create_dir_all(dir).map_err(|error| failed(error.to_string()))?;
    match kind {
        StoreKind::Redb => redb::open(dir).map_err(failed),
        StoreKind::Sled => sled::open(dir).map_err(failed),
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
