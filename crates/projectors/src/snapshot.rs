//! A snapshot: the committed rows of a store in one file, to be read once by whoever takes the
//! partition over.
//!
//! ```text
//! "lienthong snapshot 1\n"
//! number u64 | length u32 | bytes        one row after another, numbers rising, little endian
//! ...
//! u64::MAX   | 16         | digest       SipHash-1-3, 128 bits, of every byte before this line
//! ```
//! The digest tells a whole file from a torn or damaged one. Whether the rows are a state of this
//! view and this log is proven by whoever loads them, as of any store.

use crate::store::{self, RowNumber, Store, Visit};
use siphasher::sip128::{Hasher128, SipHasher13};
use std::fs::File;
use std::hash::Hasher;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

const MAGIC: &[u8] = b"lienthong snapshot 1\n";
/// In the place of a row's number: the digest follows.
const END: RowNumber = RowNumber::MAX;
const DIGEST_BYTES: u32 = 16;
/// Number and length of a row.
const HEAD_BYTES: u64 = 12;
const BUFFER_BYTES: usize = 1 << 20;

/// Why a snapshot could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store it is made from does not read.
    #[error("the checkpoint it is made from: {0}")]
    Store(#[from] store::Error),
    /// The file or its folder.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Writes the committed rows of a store, not yet synced.
///
/// # Errors
/// [`Error`].
pub fn write(store: &mut dyn Store, file: &mut File) -> Result<(), Error> {
    let mut output = Output {
        file: BufWriter::with_capacity(BUFFER_BYTES, file),
        digest: SipHasher13::new(),
    };
    output.write(MAGIC)?;
    let mut fault = None;
    store.load(&mut |number, bytes| {
        fault = output.write_row(number, bytes).err();
        fault.is_none()
    })?;
    if let Some(fault) = fault {
        return Err(fault.into());
    }
    let digest = output.digest.finish128().as_bytes();
    output.write_row(END, &digest)?;
    Ok(output.file.flush()?)
}

struct Output<'f> {
    file: BufWriter<&'f mut File>,
    digest: SipHasher13,
}

impl Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.write(bytes);
        self.file.write_all(bytes)
    }

    fn write_row(&mut self, number: RowNumber, bytes: &[u8]) -> io::Result<()> {
        let length = u32::try_from(bytes.len())
            .map_err(|_| io::Error::other("a row of 4 GiB does not fit a snapshot"))?;
        self.write(&number.to_le_bytes())?;
        self.write(&length.to_le_bytes())?;
        self.write(bytes)
    }
}

/// Opens a snapshot as a store that can be read only.
///
/// # Errors
/// If the file does not open, or is no snapshot of this version.
pub fn open(path: &Path) -> Result<Box<dyn Store>, store::Error> {
    let failed = |what: String| store::Error::Open {
        dir: path.to_owned(),
        what,
    };
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let mut magic = Vec::new();
    let read = (&file).take(MAGIC.len() as u64).read_to_end(&mut magic);
    read.map_err(|error| failed(error.to_string()))?;
    if magic != MAGIC {
        return Err(failed("it is no snapshot of this version".to_owned()));
    }
    Ok(Box::new(Snapshot { file: Some(file) }))
}

/// Read once, from the first row on.
struct Snapshot {
    file: Option<File>,
}

impl Store for Snapshot {
    fn load(&mut self, visit: &mut Visit<'_>) -> Result<(), store::Error> {
        let again = || store::Error::Read("a snapshot is read once".to_owned());
        let file = self.file.take().ok_or_else(again)?;
        read(file, visit).map_err(|error| store::Error::Read(error.to_string()))
    }

    fn put(&mut self, _: Vec<store::Row>) -> Result<(), store::Error> {
        Err(read_only())
    }

    fn commit(&mut self) -> Result<(), store::Error> {
        Err(read_only())
    }

    fn abandon(&mut self) {}

    fn is_worn(&self) -> bool {
        false
    }
}

fn read_only() -> store::Error {
    store::Error::Write("a snapshot is never changed".to_owned())
}

fn read(file: File, visit: &mut Visit<'_>) -> io::Result<()> {
    let mut left = file.metadata()?.len().saturating_sub(MAGIC.len() as u64);
    let mut file = BufReader::with_capacity(BUFFER_BYTES, file);
    let mut digest = SipHasher13::new();
    digest.write(MAGIC);
    let mut bytes = Vec::new();
    loop {
        let (mut number, mut length) = ([0; 8], [0; 4]);
        file.read_exact(&mut number)?;
        file.read_exact(&mut length)?;
        let (row, len) = (RowNumber::from_le_bytes(number), u32::from_le_bytes(length));
        left = left.saturating_sub(HEAD_BYTES);
        if u64::from(len) > left {
            return Err(damaged("a row is longer than the file"));
        }
        left -= u64::from(len);
        bytes.resize(len as usize, 0);
        file.read_exact(&mut bytes)?;
        if row == END {
            return match len == DIGEST_BYTES && left == 0 && bytes == digest.finish128().as_bytes()
            {
                true => Ok(()),
                false => Err(damaged("its digest is not that of its content")),
            };
        }
        digest.write(&number);
        digest.write(&length);
        digest.write(&bytes);
        if !visit(row, &bytes) {
            return Ok(());
        }
    }
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

#[cfg(test)]
#[path = "snapshot_tests.rs"]
mod tests;
