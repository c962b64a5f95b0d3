//! Checkpoints in redb: one file, copy on write, each commit synced.

use super::{Error, Row, Store, Visit};
use ::redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use std::path::Path;

const ROWS: TableDefinition<'static, u64, &'static [u8]> = TableDefinition::new("rows");
/// The view itself is in memory: pages are read once, at loading.
const CACHE_BYTES: usize = 4 << 20;

struct Redb {
    database: Database,
    /// What was put since the last commit.
    writing: Option<WriteTransaction>,
}

pub(super) fn open(dir: &Path) -> Result<Box<dyn Store>, String> {
    let database = Database::builder()
        .set_cache_size(CACHE_BYTES)
        .create(dir.join("checkpoint.redb"))
        .map_err(|error| error.to_string())?;
    Ok(Box::new(Redb {
        database,
        writing: None,
    }))
}

impl Redb {
    fn read(&self, visit: &mut Visit<'_>) -> Result<(), ::redb::Error> {
        let reading = self.database.begin_read()?;
        let rows = match reading.open_table(ROWS) {
            Err(::redb::TableError::TableDoesNotExist(_)) => return Ok(()),
            rows => rows?,
        };
        for row in rows.iter()? {
            let (number, value) = row?;
            if !visit(number.value(), value.value()) {
                break;
            }
        }
        Ok(())
    }

    fn write(&mut self, rows: Vec<Row>) -> Result<(), ::redb::Error> {
        let writing = match self.writing.take() {
            Some(writing) => writing,
            None => {
                let mut writing = self.database.begin_write()?;
                // Keeps the free list with the commit: reopening after a kill reads no whole file.
                writing.set_quick_repair(true);
                writing
            }
        };
        {
            let mut table = writing.open_table(ROWS)?;
            for (number, value) in rows {
                table.insert(number, &value[..])?;
            }
        }
        self.writing = Some(writing);
        Ok(())
    }
}

impl Store for Redb {
    fn load(&mut self, visit: &mut Visit<'_>) -> Result<(), Error> {
        self.read(visit)
            .map_err(|error| Error::Read(error.to_string()))
    }

    fn put(&mut self, rows: Vec<Row>) -> Result<(), Error> {
        self.write(rows)
            .map_err(|error| Error::Write(error.to_string()))
    }

    fn commit(&mut self) -> Result<(), Error> {
        match self.writing.take() {
            None => Ok(()),
            Some(writing) => writing
                .commit()
                .map_err(|error| Error::Write(error.to_string())),
        }
    }

    fn abandon(&mut self) {
        if let Some(writing) = self.writing.take()
            && let Err(error) = writing.abort()
        {
            tracing::warn!(%error, "an unfinished checkpoint could not be taken back");
        }
    }

    fn is_worn(&self) -> bool {
        false
    }
}
