//! A digest over the records of a partition: equal for equal keys, values and times in the same
//! order, whatever home they lie in.

use super::Count;
use super::partition::AT_ONCE;
use crate::exit::Failure;
use lienthong_eventlog::{EventLog, Record};
use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hasher;
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

/// The digest of the records at these offsets, 32 hex digits.
///
/// # Errors
/// If they cannot be read.
pub async fn digest(
    log: &dyn EventLog,
    partition: u32,
    offsets: Range<u64>,
    count: &Count,
) -> Result<String, Failure> {
    let mut digest = SipHasher13::new();
    let reader = log.reader(partition, offsets.start).await;
    let mut reader = reader.map_err(Failure::failed)?;
    while reader.position() < offsets.end {
        for stored in reader.next(AT_ONCE).await.map_err(Failure::failed)? {
            if stored.offset < offsets.end {
                add(&mut digest, &stored.record);
                count.done.fetch_add(1, Relaxed);
            }
        }
    }
    Ok(format!("{:032x}", digest.finish128().as_u128()))
}

/// Lengths stand before bytes, so that no two lists of records look alike.
fn add(digest: &mut SipHasher13, record: &Record) {
    for bytes in [&record.key, &record.value] {
        digest.write_u64(bytes.len() as u64);
        digest.write(bytes);
    }
    digest.write_i64(record.recorded_ms);
}
