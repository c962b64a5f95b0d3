//! Opens a log's directory: locks it, checks its `meta` file, recovers every partition and starts
//! the threads.
//!
//! ```text
//! DIR/lock          held by the process that has the log open
//! DIR/meta          format and number of partitions, as text
//! DIR/partition-0/  segments and indexes
//! DIR/partition-1/  ...
//! ```

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, RwLock, mpsc};
use std::thread::JoinHandle;

use rustix::fs::{FlockOperation, flock};
use thiserror::Error;
use tokio::sync::watch;

use super::disk::{Disk, RealDisk, read_whole, write_whole};
use super::keeper::Keeper;
use super::partition::{Partition, Progress, Spare};
use super::queue::Queue;
use super::recover::{Recovered, recover};
use super::retention::Limits;
use super::tail::Tail;
use super::writer::Writer;
use super::{Config, Embedded};

const FORMAT: u32 = 1;

/// Why a log's directory could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("{dir} is in use by another process; stop that one, or give this one a directory of its own")]
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
    #[error("{dir} has log format {found} and this version reads {supported}; open it with the version that wrote it")]
    Format {
        /// The log's directory.
        dir: PathBuf,
        /// The format found.
        found: u32,
        /// The format this version reads.
        supported: u32,
    },
    /// The file `meta` is missing beside partitions, or cannot be understood.
    #[error("{path} {what}; restore it from a copy (two lines: `format {FORMAT}` and `partitions N`)")]
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
    /// A setting is out of its range.
    #[error("{field} {what}")]
    Setting {
        /// The field of [`Config`].
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

/// Opens a log, making its directory if there is none. Blocks while it recovers, for about the time
/// it takes to read one segment per partition.
///
/// # Errors
/// [`OpenError`], which names the fix.
pub fn open(config: Config) -> Result<Arc<Embedded>, OpenError> {
    config.check()?;
    fs::create_dir_all(&config.dir).map_err(|e| OpenError::io(&config.dir, e))?;
    if let Some(parent) = config.dir.canonicalize().ok().as_deref().and_then(Path::parent) {
        RealDisk
            .sync_dir(parent)
            .map_err(|e| OpenError::io(parent, e))?;
    }
    let lock = lock_dir(&config.dir)?;
    open_on(config, Arc::new(RealDisk), Some(lock))
}

/// Opens a log on a file system whose directory is this process's alone.
pub(super) fn open_on(
    config: Config,
    disk: Arc<dyn Disk>,
    lock: Option<File>,
) -> Result<Arc<Embedded>, OpenError> {
    config.check()?;
    check_meta(disk.as_ref(), &config)?;
    let recovered = recover_all(disk.as_ref(), &config)?;
    let (jobs, orders) = mpsc::channel();
    let mut partitions = Vec::with_capacity(recovered.len());
    let mut writers = Vec::with_capacity(recovered.len());
    for (id, recovered) in (0..).zip(recovered) {
        let partition = Arc::new(Partition {
            id,
            dir: partition_dir(&config.dir, id),
            disk: Arc::clone(&disk),
            queue: Queue::new(config.queue_bytes),
            segments: RwLock::new(recovered.segments),
            tail: Mutex::new(Tail::default()),
            progress: watch::Sender::new(Progress {
                end: recovered.end,
                closed: false,
            }),
            spare: Mutex::new(Spare::Missing),
            upkeep: Mutex::new(()),
        });
        partitions.push(Arc::clone(&partition));
        writers.push(Writer {
            partition,
            active: Some(recovered.active),
            segment_bytes: config.segment_bytes,
            keeper: jobs.clone(),
            indexed_bytes: recovered.indexed_bytes,
        });
    }
    drop(jobs);
    let limits = Limits {
        age: config.retention_age,
        bytes: config.retention_bytes,
    };
    let closing = Arc::new(AtomicBool::new(false));
    let keeper = Keeper {
        partitions: partitions.clone(),
        limits,
        jobs: orders,
        closing: Arc::clone(&closing),
    };
    let log = Embedded {
        config,
        partitions,
        limits,
        closing,
        threads: Mutex::new(Vec::new()),
        _lock: lock,
    };
    // From here on dropping the log ends the threads that were started.
    let mut threads = vec![spawn(&log, "log-keeper".to_owned(), move || keeper.run())?];
    for writer in writers {
        let name = format!("log-writer-{}", writer.partition.id);
        match spawn(&log, name, move || writer.run()) {
            Ok(thread) => threads.push(thread),
            Err(error) => {
                log.start_closing();
                return Err(error);
            }
        }
    }
    *super::locks::lock(&log.threads) = threads;
    Ok(Arc::new(log))
}

fn spawn(
    log: &Embedded,
    name: String,
    work: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, OpenError> {
    std::thread::Builder::new()
        .name(name)
        .spawn(work)
        .map_err(|e| OpenError::io(&log.config.dir, e))
}

fn lock_dir(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|e| OpenError::io(&path, e))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(OpenError::Locked {
            dir: dir.to_owned(),
        }),
        Err(e) => Err(OpenError::io(&path, e.into())),
    }
}

/// Makes the `meta` file of a new log, or checks that of an old one.
fn check_meta(disk: &dyn Disk, config: &Config) -> Result<(), OpenError> {
    let path = config.dir.join("meta");
    let failed = |e| OpenError::io(&path, e);
    disk.create_dir(&config.dir).map_err(failed)?;
    let Some(bytes) = read_whole(disk, &path).map_err(failed)? else {
        let names = disk.list(&config.dir).map_err(failed)?;
        if names.iter().any(|name| name.starts_with("partition-")) {
            return Err(OpenError::Meta {
                path,
                what: "is missing beside partitions",
            });
        }
        let text = format!("format {FORMAT}\npartitions {}\n", config.partitions);
        return write_whole(disk, &path, text.as_bytes()).map_err(failed);
    };
    let Some((format, found)) = parse_meta(&bytes) else {
        return Err(OpenError::Meta {
            path,
            what: "cannot be understood",
        });
    };
    let dir = config.dir.clone();
    if format != FORMAT {
        return Err(OpenError::Format {
            dir,
            found: format,
            supported: FORMAT,
        });
    }
    if found != config.partitions {
        return Err(OpenError::PartitionCount {
            dir,
            found,
            asked: config.partitions,
        });
    }
    Ok(())
}

/// Format and number of partitions.
fn parse_meta(bytes: &[u8]) -> Option<(u32, u32)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut lines = text.lines();
    let format = lines.next()?.strip_prefix("format ")?.parse().ok()?;
    let partitions = lines.next()?.strip_prefix("partitions ")?.parse().ok()?;
    Some((format, partitions))
}

/// Recovers the partitions side by side.
fn recover_all(disk: &dyn Disk, config: &Config) -> Result<Vec<Recovered>, OpenError> {
    let dirs: Vec<PathBuf> = (0..config.partitions)
        .map(|id| partition_dir(&config.dir, id))
        .collect();
    for dir in &dirs {
        disk.create_dir(dir).map_err(|e| OpenError::io(dir, e))?;
    }
    disk.sync_dir(&config.dir)
        .map_err(|e| OpenError::io(&config.dir, e))?;
    let width = std::thread::available_parallelism().map_or(1, usize::from);
    let numbered: Vec<(u32, &PathBuf)> = (0..).zip(&dirs).collect();
    let mut recovered = Vec::with_capacity(dirs.len());
    for together in numbered.chunks(width) {
        let found: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = together
                .iter()
                .map(|(id, dir)| scope.spawn(|| recover(disk, *id, dir, config.segment_bytes)))
                .collect();
            threads.into_iter().map(|t| t.join()).collect()
        });
        for (outcome, (_, dir)) in found.into_iter().zip(together) {
            let outcome = outcome.map_err(|_| {
                OpenError::io(dir, io::Error::other("recovering the partition panicked"))
            })?;
            recovered.push(outcome?);
        }
    }
    Ok(recovered)
}

fn partition_dir(dir: &Path, id: u32) -> PathBuf {
    dir.join(format!("partition-{id}"))
}
