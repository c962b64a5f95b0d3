//! A look at a log's directory from outside: whether somebody has it open, and with how many
//! partitions it was made. Makes, recovers and changes nothing.

use super::{Config, OpenError, meta};
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File};
use std::io;

/// What a log's directory shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looked {
    /// Whether a process has the log open at the moment.
    pub in_use: bool,
}

/// Looks at the directory of a log; none if there is no log yet.
///
/// # Errors
/// [`OpenError`] that opening it would end with: a setting out of range, another number of
/// partitions, a `meta` file that cannot be understood, a directory that cannot be read.
pub fn look(config: &Config) -> Result<Option<Looked>, OpenError> {
    config.check()?;
    let path = config.dir.join("meta");
    match fs::read(&path) {
        Ok(bytes) => meta::compare(&bytes, config)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(OpenError::io(&path, error)),
    }
    let path = config.dir.join("lock");
    let lock = match File::open(&path) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Some(Looked { in_use: false }));
        }
        Err(error) => return Err(OpenError::io(&path, error)),
    };
    // Shared, so that two that look do not take each other for a hub; let go with the file.
    let in_use = match flock(&lock, FlockOperation::NonBlockingLockShared) {
        Ok(()) => false,
        Err(rustix::io::Errno::WOULDBLOCK) => true,
        Err(error) => return Err(OpenError::io(&path, error.into())),
    };
    Ok(Some(Looked { in_use }))
}
