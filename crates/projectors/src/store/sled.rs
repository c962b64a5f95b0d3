//! Checkpoints in sled 0.34.7, the only file that names it.
//!
//! Measured before it was used: open databases can be lost to a power cut (its `flush()` calls
//! `sync_file_range`, not fsync; some then panic when opened), its folder grows with every write,
//! and its asynchronous calls can deadlock. So: every call that reaches it is guarded against
//! panics, there are batches only, each followed by a synchronous flush and an fdatasync of its
//! files, and a worn folder is written anew.

use super::{Error, Row, Store, Visit};
use ::sled::{Batch, Db, Mode};
use std::fs::{self, File};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// The view itself is in memory: pages are read once, at loading.
const CACHE_BYTES: u64 = 4 << 20;
/// A folder below this is never worn.
const SMALL_BYTES: u64 = 64 << 20;
/// A folder is worn when it is this many times as large as its content.
const WORN_FACTOR: u64 = 5;

struct Sled {
    database: Db,
    dir: PathBuf,
    batch: Batch,
    /// Bytes in the batch.
    batch_bytes: u64,
    /// Bytes of all rows, as far as they are known; never too many.
    content_bytes: u64,
}

pub(super) fn open(dir: &Path) -> Result<Box<dyn Store>, String> {
    let database = guarded(|| {
        ::sled::Config::new()
            .path(dir)
            .mode(Mode::HighThroughput)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None)
            .open()
            .map_err(|error| error.to_string())
    })?;
    Ok(Box::new(Sled {
        database,
        dir: dir.to_owned(),
        batch: Batch::default(),
        batch_bytes: 0,
        content_bytes: 0,
    }))
}

impl Store for Sled {
    fn load(&mut self, visit: &mut Visit<'_>) -> Result<(), Error> {
        let mut content = 0;
        let read = guarded(|| {
            for row in self.database.iter() {
                let (number, value) = row.map_err(|error| error.to_string())?;
                let number: [u8; 8] = number[..]
                    .try_into()
                    .map_err(|_| "a row has no number".to_owned())?;
                content += value.len() as u64;
                if !visit(u64::from_be_bytes(number), &value) {
                    break;
                }
            }
            Ok(())
        });
        self.content_bytes = content;
        read.map_err(Error::Read)
    }

    fn put(&mut self, rows: Vec<Row>) -> Result<(), Error> {
        for (number, value) in rows {
            self.batch_bytes += value.len() as u64;
            self.batch.insert(&number.to_be_bytes(), value);
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Error> {
        let batch = std::mem::take(&mut self.batch);
        let bytes = std::mem::take(&mut self.batch_bytes);
        let (database, dir) = (&self.database, &self.dir);
        guarded(|| {
            database.apply_batch(batch).map_err(|error| error.to_string())?;
            database.flush().map_err(|error| error.to_string())?;
            sync_files(dir).map_err(|error| error.to_string())
        })
        .map_err(Error::Write)?;
        self.content_bytes = self.content_bytes.max(bytes);
        Ok(())
    }

    fn abandon(&mut self) {
        self.batch = Batch::default();
        self.batch_bytes = 0;
    }

    fn is_worn(&self) -> bool {
        let on_disk = guarded(|| {
            self.database
                .size_on_disk()
                .map_err(|error| error.to_string())
        });
        on_disk.is_ok_and(|bytes| worn(bytes, self.content_bytes))
    }
}

fn worn(on_disk_bytes: u64, content_bytes: u64) -> bool {
    on_disk_bytes > SMALL_BYTES + WORN_FACTOR * content_bytes
}

/// Runs a call into sled; a panic in it is an error like any other.
fn guarded<T>(call: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("sled panicked: {}", said.unwrap_or("no message")))
    })
}

/// What sled's own flush leaves out.
fn sync_files(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_files(&entry.path())?;
            continue;
        }
        match File::open(entry.path()) {
            Ok(file) => file.sync_data()?,
            // A snapshot that sled has replaced since the folder was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_worn_when_it_is_large_and_mostly_waste() {
        assert!(!worn(SMALL_BYTES, 0));
        assert!(!worn(500 << 20, 100 << 20));
        assert!(worn(600 << 20, 100 << 20));
    }
}
