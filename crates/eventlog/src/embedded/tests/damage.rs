//! Files that were torn, cut or changed: a torn end is cut off, anything else is said and never
//! skipped.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::super::{Config, OpenError, open};
use super::sim::SimDisk;
use super::{assert_holds, numbered, open_sim, small};
use crate::{EventLog, ReadError};

/// Bytes of a frame that `numbered` makes.
const FRAME: u64 = 400;

#[tokio::test]
async fn a_tail_torn_at_any_byte_of_the_last_record_is_cut_off() {
    let config = small(Path::new("/log"), 1);
    let path = segment(&config, 0);
    let crashed = crashed_log(&config, 5).await;
    let original = crashed.read(&path);
    let begin = (4 * FRAME) as usize;
    let end = (5 * FRAME) as usize;
    for cut in begin..end {
        let mut ends_short = original.clone();
        ends_short.truncate(cut);
        let mut zeros = original.clone();
        zeros[cut..end].fill(0);
        let mut old_bytes = original.clone();
        for byte in &mut old_bytes[cut..end + 50] {
            *byte = !*byte;
        }
        for torn in [ends_short, zeros, old_bytes] {
            let disk = crashed.kill();
            disk.replace(&path, &torn);
            let log = open_sim(&disk, &config);
            assert_holds(&log, 0..4).await;
            log.append(numbered(4..5)).await.unwrap();
            assert_holds(&log, 0..5).await;
            let log = open_sim(&disk.kill(), &config);
            assert_holds(&log, 0..5).await;
        }
    }
}

#[tokio::test]
async fn garbage_beyond_a_torn_record_cannot_come_back() {
    // Record 4 is torn; record 5, of the same group, reached the disk whole.
    let config = small(Path::new("/log"), 1);
    let path = segment(&config, 0);
    let disk = crashed_log(&config, 6).await;
    let mut torn = disk.read(&path);
    torn[(4 * FRAME) as usize + 100] ^= 1;
    disk.replace(&path, &torn);
    let log = open_sim(&disk, &config);
    assert_holds(&log, 0..4).await;
    // The new record 4 has the length of the old one, so that old record 5 would follow it.
    log.append(numbered(4..5)).await.unwrap();
    assert_holds(&open_sim(&disk.kill(), &config), 0..5).await;
}

#[tokio::test]
async fn any_flipped_bit_in_a_sealed_segment_is_said_and_not_skipped() {
    let dir = tempfile::tempdir().unwrap();
    let config = small(dir.path(), 1);
    let log = open(config.clone()).unwrap();
    for i in 0..50 {
        log.append(numbered(i..i + 1)).await.unwrap();
    }
    drop(log);
    let path = segment(&config, 0);
    let sound = fs::read(&path).unwrap();
    let index = fs::read(path.with_extension("index")).unwrap();
    for (at, without_index) in [(3, false), (2_000, false), (2_500, true), (7_999, true)] {
        let mut damaged = sound.clone();
        damaged[at] ^= 0x10;
        fs::write(&path, &damaged).unwrap();
        if without_index {
            fs::remove_file(path.with_extension("index")).unwrap();
        }
        let first_bad = at as u64 / FRAME;
        let log = open(config.clone()).unwrap();
        assert_eq!(log.bounds(0).await.unwrap().end, 50);
        let mut reader = log.reader(0, 0).await.unwrap();
        while reader.position() < first_bad {
            reader.next(1_000).await.unwrap();
        }
        for _ in 0..2 {
            let error = reader.next(1_000).await.unwrap_err();
            assert!(
                matches!(&error, ReadError::Corrupt { partition: 0, offset, path: p, .. }
                    if *offset == first_bad && *p == path),
                "{error}"
            );
            assert!(!error.is_retryable());
            assert_eq!(reader.position(), first_bad);
        }
        let mut beyond = log.reader(0, 20).await.unwrap();
        assert_eq!(beyond.next(1).await.unwrap()[0].offset, 20);
        log.append(numbered(50..51)).await.unwrap();
        drop(log);
        fs::write(&path, &sound).unwrap();
        fs::write(path.with_extension("index"), &index).unwrap();
        let log = open(config.clone()).unwrap();
        assert_holds(&log, 0..51).await;
        drop(log);
        // Back to 50 records for the next turn.
        let last = fs::read_dir(config.dir.join("partition-0")).unwrap();
        let last = last.map(|e| e.unwrap().path());
        let last = last
            .filter(|p| p.extension().is_some_and(|e| e == "seg"))
            .max();
        let last = last.unwrap();
        fs::remove_file(last.with_extension("index")).unwrap();
        let bytes = fs::read(&last).unwrap();
        let base: u64 = last.file_stem().unwrap().to_str().unwrap().parse().unwrap();
        fs::write(&last, &bytes[..((50 - base) * FRAME) as usize]).unwrap();
    }
}

#[tokio::test]
async fn a_missing_segment_in_the_middle_is_said_when_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let config = small(dir.path(), 1);
    let log = open(config.clone()).unwrap();
    for i in 0..70 {
        log.append(numbered(i..i + 1)).await.unwrap();
    }
    drop(log);
    fs::remove_file(segment(&config, 20)).unwrap();
    let log = open(config).unwrap();
    let mut reader = log.reader(0, 0).await.unwrap();
    while reader.position() < 20 {
        reader.next(1_000).await.unwrap();
    }
    let error = reader.next(1).await.unwrap_err();
    assert!(
        matches!(error, ReadError::Corrupt { offset: 20, .. }),
        "{error}"
    );
    let mut beyond = log.reader(0, 40).await.unwrap();
    assert_eq!(beyond.next(1).await.unwrap()[0].offset, 40);
}

#[tokio::test]
async fn a_lost_or_damaged_index_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let config = small(dir.path(), 1);
    let log = open(config.clone()).unwrap();
    for i in 0..70 {
        log.append(numbered(i..i + 1)).await.unwrap();
    }
    drop(log);
    let lost = segment(&config, 0).with_extension("index");
    let damaged = segment(&config, 20).with_extension("index");
    let before = [fs::read(&lost).unwrap(), fs::read(&damaged).unwrap()];
    fs::remove_file(&lost).unwrap();
    fs::write(&damaged, b"LTINDEX1 and then nonsense").unwrap();
    let log = open(config).unwrap();
    assert_holds(&log, 0..70).await;
    for ms in 0..70 {
        assert_eq!(log.offset_at(0, ms).await.unwrap(), ms as u64);
    }
    assert_eq!(
        [fs::read(&lost).unwrap(), fs::read(&damaged).unwrap()],
        before
    );
}

#[tokio::test]
async fn a_log_that_lost_acknowledged_records_is_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    let config = small(dir.path(), 1);
    let log = open(config.clone()).unwrap();
    log.append(numbered(0..5)).await.unwrap();
    drop(log);
    let path = segment(&config, 0);
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(3 * FRAME).unwrap();
    let Err(error) = open(config.clone()) else {
        unreachable!("two acknowledged records are missing");
    };
    assert!(
        matches!(&error, OpenError::Damaged { path: p, expected: 2_000, found: 1_200 } if *p == path),
        "{error}"
    );
    // The fix that the error names.
    fs::remove_file(path.with_extension("index")).unwrap();
    assert_holds(&open(config).unwrap(), 0..3).await;
}

#[tokio::test]
async fn damage_in_the_active_segment_where_its_index_vouches_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let config = small(dir.path(), 1);
    let log = open(config.clone()).unwrap();
    log.append(numbered(0..5)).await.unwrap();
    drop(log);
    let file = OpenOptions::new()
        .write(true)
        .open(segment(&config, 0))
        .unwrap();
    file.write_all_at(b"?", 2 * FRAME + 50).unwrap();
    let log = open(config).unwrap();
    assert_eq!(log.bounds(0).await.unwrap().end, 5);
    let mut reader = log.reader(0, 0).await.unwrap();
    assert_eq!(reader.next(10).await.unwrap().len(), 2);
    let error = reader.next(10).await.unwrap_err();
    assert!(
        matches!(error, ReadError::Corrupt { offset: 2, .. }),
        "{error}"
    );
}

/// A log of `count` records, all of one group, as a killed process leaves it.
async fn crashed_log(config: &Config, count: u64) -> SimDisk {
    let disk = SimDisk::new(0);
    let log = open_sim(&disk, config);
    log.append(numbered(0..count)).await.unwrap();
    let left = disk.kill();
    drop(log);
    assert!(left.names("index").is_empty());
    left
}

fn segment(config: &Config, base: u64) -> PathBuf {
    let dir: &Path = &config.dir;
    dir.join("partition-0").join(format!("{base:020}.seg"))
}
