//! A file with the same writes and fdatasync as a log that makes every record durable.

use crate::Outcome;
use std::io::{Seek, Write};
use std::time::{Duration, Instant};

/// What the disk allows.
pub struct Disk {
    /// Median of one fdatasync of a preallocated file, microseconds.
    pub fdatasync_p50_us: f64,
    /// 99th percentile of the same.
    pub fdatasync_p99_us: f64,
}

/// Writes groups of 350-byte records to a zero-filled file, each made durable.
pub fn measure() -> Outcome<Disk> {
    let mut file = tempfile::tempfile()?;
    file.write_all(&vec![0; 16 << 20])?;
    file.sync_all()?;
    let mut times = sync_times(&mut file, 8, Duration::from_secs(3))?;
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    Ok(Disk {
        fdatasync_p50_us: at(0.5),
        fdatasync_p99_us: at(0.99),
    })
}

/// Durable records a second when every group is synced alone.
pub fn records_per_second(group: usize) -> Outcome<f64> {
    let mut file = tempfile::tempfile()?;
    file.write_all(&vec![0; 64 << 20])?;
    file.sync_all()?;
    let times = sync_times(&mut file, group, Duration::from_secs(2))?;
    let total: Duration = times.iter().sum();
    Ok((times.len() * group) as f64 / total.as_secs_f64())
}

fn sync_times(file: &mut std::fs::File, group: usize, limit: Duration) -> Outcome<Vec<Duration>> {
    let block = vec![7_u8; 350 * group];
    let length = file.metadata()?.len();
    let began = Instant::now();
    let mut times = Vec::new();
    file.rewind()?;
    while began.elapsed() < limit {
        if file.stream_position()? + block.len() as u64 > length {
            file.rewind()?;
        }
        let start = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        times.push(start.elapsed());
    }
    Ok(times)
}
