//! The `meta` file of a log's directory: what cannot be seen from the segments alone.
//!
//! ```text
//! format 1
//! partitions 4
//! ```

use super::Config;
use super::disk::{Disk, read_whole, write_whole};
use super::error::OpenError;

/// The only format there is yet.
const FORMAT: u32 = 1;

/// Makes the `meta` file of a new log, or checks that of an old one.
pub(super) fn check(disk: &dyn Disk, config: &Config) -> Result<(), OpenError> {
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
    compare(&bytes, config)
}

/// Whether the `meta` file of a log is as the configuration says.
pub(super) fn compare(bytes: &[u8], config: &Config) -> Result<(), OpenError> {
    let Some((format, found)) = parse_meta(bytes) else {
        return Err(OpenError::Meta {
            path: config.dir.join("meta"),
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
