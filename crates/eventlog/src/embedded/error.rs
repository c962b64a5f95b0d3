//! Why a log's directory could not be opened, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a log's directory could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error(
        "{dir} is in use by another process; stop that one, or give this one a directory of its own"
    )]
    Locked {
        /// The log's directory.
        dir: PathBuf,
    },
    /// The log was made with another number of partitions.
    #[error(
        "{dir} was made with {found} partitions and is opened with {asked}; set partitions = {found}, or copy the log into a new directory"
    )]
    PartitionCount {
        /// The log's directory.
        dir: PathBuf,
        /// How many it has.
        found: u32,
        /// How many the configuration says.
        asked: u32,
    },
    /// The log was written by another version.
    #[error(
        "{dir} has log format {found} and this version reads {supported}; open it with the version that wrote it"
    )]
    Format {
        /// The log's directory.
        dir: PathBuf,
        /// The format found.
        found: u32,
        /// The format this version reads.
        supported: u32,
    },
    /// The file `meta` is missing beside partitions, or cannot be understood.
    #[error("{path} {what}; restore it from a copy (two lines: `format 1` and `partitions N`)")]
    Meta {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A segment is shorter than what was durable in it: acknowledged records are missing.
    #[error(
        "{path} has {found} bytes where {expected} were durable: acknowledged records are missing; restore it from a copy, or accept the loss by removing the .index file beside it"
    )]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Bytes that were durable.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// A partition has no segment at all while another one has records.
    #[error("{dir} has no segments while other partitions have records; restore it from a copy")]
    NoSegments {
        /// The partition's directory.
        dir: PathBuf,
    },
    /// A setting is out of its range.
    #[error("{field} {what}")]
    Setting {
        /// The field of [`Config`](super::Config).
        field: &'static str,
        /// What it must be.
        what: String,
    },
    /// The file system refused.
    #[error("{path} could not be opened: {source}")]
    Io {
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl OpenError {
    /// Whether opening again a little later may succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Locked { .. } | Self::Io { .. })
    }

    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}
