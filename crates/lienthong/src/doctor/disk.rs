//! The data directory: it is there, ours, writable, fast enough to sync, and has room.

use super::Finding;
use crate::config::{Home, Settings};
use crate::words::NOTHING;
use indicatif::HumanBytes;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

const DIRECTORY: &str = "data directory";
const SPACE: &str = "disk space";
/// What is written and synced to time the disk, and how often.
const BLOCK: [u8; 4_096] = [7; 4_096];
const SYNCS: usize = 20;
/// A sync that takes longer keeps every acknowledgement waiting.
const SLOW: Duration = Duration::from_millis(50);
const DAY: Duration = Duration::from_secs(86_400);

/// Every check of the data directory.
pub fn check(settings: &Settings) -> Vec<Finding> {
    let dir = &settings.data_dir;
    let mut found = vec![directory(dir)];
    let place = match fs::metadata(dir) {
        Ok(_) => dir.as_path(),
        // Made at the start, below the first that is there.
        Err(_) => dir
            .ancestors()
            .find(|one| one.is_dir())
            .unwrap_or(Path::new(".")),
    };
    found.push(sync(place));
    found.push(space(settings, place));
    found
}

fn directory(dir: &Path) -> Finding {
    let shown = dir.display();
    match fs::metadata(dir) {
        Ok(metadata) if !metadata.is_dir() => {
            let fix = "set data_dir (LIENTHONG_DATA_DIR) to a directory";
            Finding::fail(DIRECTORY, format!("{shown} is a file"), fix)
        }
        Ok(metadata) => {
            let (owner, me) = (metadata.uid(), rustix::process::geteuid().as_raw());
            match owner == me || me == 0 {
                true => Finding::ok(DIRECTORY, format!("{shown} is there")),
                false => Finding::warn(
                    DIRECTORY,
                    format!("{shown} belongs to user {owner}; this is user {me}"),
                    format!("run as that user, or chown -R {me} {shown}"),
                ),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Finding::ok(
            DIRECTORY,
            format!("{shown} is not there yet; it is made when the hub starts"),
        ),
        Err(error) => Finding::fail(
            DIRECTORY,
            format!("{shown}: {error}"),
            format!("let this user read it: chmod u+rwx {shown} and the folders above"),
        ),
    }
}

/// Writes and syncs into a file without a name.
fn sync(place: &Path) -> Finding {
    const CHECK: &str = "writing and syncing";
    let shown = place.display();
    match timed(place) {
        Ok((typical, longest)) if longest > SLOW => Finding::warn(
            CHECK,
            format!("{shown} takes {typical:.1?} a sync, once {longest:.1?}: events wait for it"),
            "move data_dir to a faster or less busy disk (`iostat -x 1` shows what else uses it)",
        ),
        Ok((typical, longest)) => Finding::ok(
            CHECK,
            format!("{shown} takes {typical:.1?} a sync, at most {longest:.1?}"),
        ),
        Err(error) if error.kind() == io::ErrorKind::StorageFull => Finding::fail(
            CHECK,
            format!("{shown}: {error}"),
            format!(
                "free some space (`du -xh {shown} | sort -h | tail`), or set log.retention_bytes"
            ),
        ),
        Err(error) => Finding::fail(
            CHECK,
            format!("{shown}: {error}"),
            format!(
                "let this user write there (chown, chmod u+w {shown}; `findmnt -T {shown}` \
                     shows whether it is mounted read-only), or set data_dir"
            ),
        ),
    }
}

/// The median and the longest time of a sync.
fn timed(place: &Path) -> io::Result<(Duration, Duration)> {
    let mut file = tempfile::tempfile_in(place)?;
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        file.write_all(&BLOCK)?;
        let began = Instant::now();
        file.sync_data()?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    let at = |index: usize| times.get(index).copied().unwrap_or_default();
    Ok((at(SYNCS / 2), at(SYNCS - 1)))
}

/// Room for what is kept and for what a day brings.
fn space(settings: &Settings, place: &Path) -> Finding {
    let free = match rustix::fs::statvfs(place) {
        Ok(file_system) => file_system.f_bavail * file_system.f_frsize,
        Err(error) => {
            let fix = format!("df -h {}", place.display());
            return Finding::warn(SPACE, format!("it cannot be told: {error}"), fix);
        }
    };
    let used = match settings.log.home {
        Home::Embedded => used(&settings.data_dir.join("log"), SystemTime::now()),
        Home::Kafka(_) => Used::default(),
    };
    judged(settings, free, used)
}

/// What the log takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Used {
    /// Bytes on the disk.
    all: u64,
    /// Bytes of segments that were written within a day.
    last_day: u64,
}

fn used(dir: &Path, now: SystemTime) -> Used {
    let mut sum = Used::default();
    // What cannot be read is told by the other checks.
    let Ok(entries) = fs::read_dir(dir) else {
        return sum;
    };
    for entry in entries.flatten() {
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        if metadata.is_dir() {
            let below = used(&entry.path(), now);
            sum.all += below.all;
            sum.last_day += below.last_day;
            continue;
        }
        let bytes = metadata.blocks() * 512;
        sum.all += bytes;
        let age = metadata
            .modified()
            .ok()
            .and_then(|time| now.duration_since(time).ok());
        let is_segment = entry.path().extension().is_some_and(|kind| kind == "seg");
        if is_segment && age.is_none_or(|age| age < DAY) {
            sum.last_day += bytes;
        }
    }
    sum
}

fn judged(settings: &Settings, free: u64, used: Used) -> Finding {
    let log = &settings.log;
    let days = match used.last_day {
        0 => NOTHING.to_owned(),
        bytes => format!("{:.1}", free as f64 / bytes as f64),
    };
    let found = format!(
        "{} free; the log has {}, {} of it from the last day ({days} days more)",
        HumanBytes(free),
        HumanBytes(used.all),
        HumanBytes(used.last_day)
    );
    if matches!(log.home, Home::Kafka(_)) {
        let found = format!("{} free, for the views' checkpoints", HumanBytes(free));
        return match free < log.segment_bytes {
            true => Finding::fail(SPACE, found, "free some space"),
            false => Finding::ok(SPACE, found),
        };
    }
    let partitions = u64::from(log.partitions);
    let fix = "set log.retention_hours or log.retention_bytes, move data_dir to a larger disk, or \
               free space";
    // Each partition makes its next segment ahead.
    if free < log.segment_bytes * partitions || (used.last_day > 0 && free < used.last_day) {
        return Finding::fail(SPACE, found, fix);
    }
    let still_to_come = (log.retention_bytes * partitions).saturating_sub(used.all);
    if log.retention_bytes > 0 && still_to_come > free {
        let more = format!(
            "{found}; log.retention_bytes lets it take {} more",
            HumanBytes(still_to_come)
        );
        return Finding::warn(
            SPACE,
            more,
            "lower log.retention_bytes, or use a larger disk",
        );
    }
    let is_bounded = log.retention_bytes > 0 || log.retention_hours > 0;
    if !is_bounded && used.last_day > 0 && free / used.last_day < 7 {
        return Finding::warn(SPACE, found, fix);
    }
    Finding::ok(SPACE, found)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::Outcome;
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn room_is_judged_against_a_days_growth_and_what_retention_allows() {
        let mut settings = Settings::default();
        let used = |all, last_day| Used { all, last_day };
        let outcome = |settings: &Settings, free, used| judged(settings, free, used).outcome;
        assert_eq!(outcome(&settings, 100 * GIB, used(0, 0)), Outcome::Ok);
        assert_eq!(
            outcome(&settings, 100 * GIB, used(50 * GIB, 5 * GIB)),
            Outcome::Ok
        );
        assert_eq!(
            outcome(&settings, 100 * GIB, used(50 * GIB, 20 * GIB)),
            Outcome::Warn
        );
        assert_eq!(
            outcome(&settings, 10 * GIB, used(50 * GIB, 20 * GIB)),
            Outcome::Fail
        );
        assert_eq!(outcome(&settings, GIB / 8, used(0, 0)), Outcome::Fail);
        settings.log.retention_bytes = 20 * GIB;
        assert_eq!(
            outcome(&settings, 100 * GIB, used(50 * GIB, 20 * GIB)),
            Outcome::Ok
        );
        let finding = judged(&settings, 20 * GIB, used(50 * GIB, GIB));
        assert_eq!(finding.outcome, Outcome::Warn);
        assert!(
            finding.found.contains("lets it take 30.00 GiB more"),
            "{finding:?}"
        );
    }

    #[test]
    fn only_segments_of_the_last_day_count_as_its_growth() {
        let dir = tempfile::tempdir().unwrap();
        let partition = dir.path().join("partition-0");
        fs::create_dir(&partition).unwrap();
        fs::write(partition.join("00000000000000000000.seg"), [1; 9_000]).unwrap();
        fs::write(partition.join("00000000000000000000.index"), [1; 9_000]).unwrap();
        let today = used(dir.path(), SystemTime::now());
        assert!(
            today.last_day >= 9_000 && today.all >= today.last_day + 9_000,
            "{today:?}"
        );
        let later = used(dir.path(), SystemTime::now() + 2 * DAY);
        assert_eq!((later.all, later.last_day), (today.all, 0));
    }

    #[test]
    fn a_place_that_is_no_directory_is_told_with_the_setting() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let finding = directory(&file);
        assert_eq!(finding.outcome, Outcome::Fail);
        assert!(finding.fix.contains("data_dir"), "{finding:?}");
        assert_eq!(sync(&file).outcome, Outcome::Fail);
        assert_eq!(sync(dir.path()).check, "writing and syncing");
    }
}
