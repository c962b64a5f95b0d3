//! Checkpoints in sled 0.34.7, the only file that names it.
//!
//! Measured before it was used: open databases can be lost to a power cut (its `flush()` calls
//! `sync_file_range`, not fsync; some then panic when opened), its folder grows with every write,
//! its asynchronous calls can deadlock, and a large batch takes many times its size in memory. So:
//! every call that reaches it is guarded against panics; there are batches only, and after the last
//! a synchronous flush and an fdatasync of its files; and a worn folder is written anew.
//!
//! A commit of up to [`AT_ONCE`] rows is one batch, all or nothing. A larger one goes in several:
//! row 0, which every checkpoint begins with, is taken out first and put back last, so that a
//! content between two checkpoints does not pass for one.

use super::{Error, Row, Store, Visit};
use ::sled::{Batch, Db, Mode};
use std::fs::{self, File};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The view itself is in memory: pages are read once, at loading.
const CACHE_BYTES: u64 = 4 << 20;
/// A folder below this is never worn.
const SMALL_BYTES: u64 = 64 << 20;
/// A folder is worn when it is this many times as large as its content.
const WORN_FACTOR: u64 = 5;
/// What sled says of a folder whose last database is still being closed, which goes on in its own
/// threads after it was dropped; and how often and after what pause to try again.
const LOCKED: &str = "could not acquire lock";
const LOCK_TRIES: u32 = 40;
const LOCK_PAUSE: Duration = Duration::from_millis(50);
/// Rows of one batch.
const AT_ONCE: usize = 1_000;

struct Sled {
    database: Db,
    dir: PathBuf,
    /// What was put and is not in a batch yet, row 0 apart.
    waiting: Vec<Row>,
    first_row: Option<Vec<u8>>,
    /// Whether batches of the next commit have been applied.
    is_between: bool,
    /// Bytes put since the last commit.
    put_bytes: u64,
    /// Bytes of all rows, as far as they are known; never too many.
    content_bytes: u64,
}

pub(super) fn open(dir: &Path) -> Result<Box<dyn Store>, String> {
    let mut tries = 1;
    let database = loop {
        match open_once(dir) {
            Err(what) if what.contains(LOCKED) && tries < LOCK_TRIES => tries += 1,
            opened => break opened?,
        }
        std::thread::sleep(LOCK_PAUSE);
    };
    Ok(Box::new(Sled {
        database,
        dir: dir.to_owned(),
        waiting: Vec::new(),
        first_row: None,
        is_between: false,
        put_bytes: 0,
        content_bytes: 0,
    }))
}

fn open_once(dir: &Path) -> Result<Db, String> {
    guarded(|| {
        ::sled::Config::new()
            .path(dir)
            .mode(Mode::HighThroughput)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None)
            .open()
            .map_err(|error| error.to_string())
    })
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
            self.put_bytes += value.len() as u64;
            match number {
                0 => self.first_row = Some(value),
                _ => self.waiting.push((number, value)),
            }
            if self.waiting.len() >= AT_ONCE {
                self.apply_some().map_err(Error::Write)?;
            }
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.apply_last().map_err(Error::Write)?;
        self.is_between = false;
        self.content_bytes = self.content_bytes.max(std::mem::take(&mut self.put_bytes));
        Ok(())
    }

    fn abandon(&mut self) {
        self.waiting.clear();
        self.first_row = None;
        self.put_bytes = 0;
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

impl Sled {
    /// Part of a commit too large for one batch.
    fn apply_some(&mut self) -> Result<(), String> {
        let mut batch = batch_of(std::mem::take(&mut self.waiting));
        if !std::mem::replace(&mut self.is_between, true) {
            batch.remove(&0u64.to_be_bytes());
        }
        self.apply(batch)
    }

    /// The rest of a commit, durable with everything before.
    fn apply_last(&mut self) -> Result<(), String> {
        let mut rows = std::mem::take(&mut self.waiting);
        rows.extend(self.first_row.take().map(|value| (0, value)));
        self.apply(batch_of(rows))?;
        let (database, dir) = (&self.database, &self.dir);
        guarded(|| {
            database.flush().map_err(|error| error.to_string())?;
            sync_files(dir).map_err(|error| error.to_string())
        })
    }

    fn apply(&self, batch: Batch) -> Result<(), String> {
        let database = &self.database;
        guarded(|| {
            database
                .apply_batch(batch)
                .map_err(|error| error.to_string())
        })
    }
}

fn batch_of(rows: Vec<Row>) -> Batch {
    let mut batch = Batch::default();
    for (number, value) in rows {
        batch.insert(&number.to_be_bytes(), value);
    }
    batch
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
