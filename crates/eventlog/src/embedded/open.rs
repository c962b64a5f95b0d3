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
use tokio::sync::watch;

use super::disk::{Disk, RealDisk};
use super::error::OpenError;
use super::keeper::Keeper;
use super::partition::{Partition, Progress, Spare};
use super::queue::Queue;
use super::recover::{Recovered, holds_records, recover};
use super::retention::Limits;
use super::tail::Tail;
use super::writer::Writer;
use super::{Config, Embedded, meta};

/// Opens a log, making its directory if there is none. Blocks while it recovers, for about the time
/// it takes to read one segment per partition.
///
/// # Errors
/// [`OpenError`], which names the fix.
pub fn open(config: Config) -> Result<Arc<Embedded>, OpenError> {
    config.check()?;
    fs::create_dir_all(&config.dir).map_err(|e| OpenError::io(&config.dir, e))?;
    if let Some(parent) = config
        .dir
        .canonicalize()
        .ok()
        .as_deref()
        .and_then(Path::parent)
    {
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
    meta::check(disk.as_ref(), &config)?;
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
    refuse_missing(disk, &dirs)?;
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

/// Partitions are all made before the first append, so that one without segments beside one with
/// records has lost them.
fn refuse_missing(disk: &dyn Disk, dirs: &[PathBuf]) -> Result<(), OpenError> {
    let mut missing = None;
    let mut records = false;
    for dir in dirs {
        match holds_records(disk, dir).map_err(|e| OpenError::io(dir, e))? {
            Some(some) => records |= some,
            None => missing = Some(dir),
        }
    }
    match missing {
        Some(dir) if records => Err(OpenError::NoSegments { dir: dir.clone() }),
        _ => Ok(()),
    }
}

fn partition_dir(dir: &Path, id: u32) -> PathBuf {
    dir.join(format!("partition-{id}"))
}
