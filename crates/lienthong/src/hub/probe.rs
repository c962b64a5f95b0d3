//! The hub's own probes: what the settings say of them, and the name of the process that sends them.

use super::fits::within;
use crate::config::{Home, Settings};
use crate::exit::{Exit, Failure};
use lienthong_adapters::probe::Config;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Milliseconds between probes; 0 is never.
const EVERY_MS: RangeInclusive<u64> = 100..=60_000;
/// Milliseconds after which one is lost.
const LOST_AFTER_MS: RangeInclusive<u64> = 1_000..=600_000;
/// Where the system tells the name of the machine, or of the container.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";
/// The name of a hub that is alone on its log.
const ALONE: &str = "hub";

/// Checks the settings.
///
/// # Errors
/// [`Exit::Usage`] for a number out of its range, or a probe that would be lost before the next one
/// is sent, with its fix.
pub fn check(settings: &Settings) -> Result<(), Failure> {
    let told = &settings.probe;
    let usage = |message: String| Failure::new(Exit::Usage, message);
    if told.every_ms != 0 && !EVERY_MS.contains(&told.every_ms) {
        return Err(usage(format!(
            "probe.every_ms is {}. Fix: set it to {} to {}, or to 0 for none",
            told.every_ms,
            EVERY_MS.start(),
            EVERY_MS.end()
        )));
    }
    within("probe.lost_after_ms", told.lost_after_ms, LOST_AFTER_MS)?;
    if told.lost_after_ms < 2 * told.every_ms {
        return Err(usage(format!(
            "probe.lost_after_ms is {}, less than twice probe.every_ms, which is {}. Fix: set it to at least {}",
            told.lost_after_ms,
            told.every_ms,
            2 * told.every_ms
        )));
    }
    Ok(())
}

/// After how long one is lost.
pub fn lost_after(settings: &Settings) -> Duration {
    Duration::from_millis(settings.probe.lost_after_ms)
}

/// How a process whose adapters listen on `bound` sends them; none: it does not.
pub fn sender(settings: &Settings, bound: Option<SocketAddr>) -> Option<Config> {
    let every = Duration::from_millis(settings.probe.every_ms);
    (!every.is_zero()).then(|| Config {
        instance: instance(settings, bound),
        every,
        lost_after: lost_after(settings),
    })
}

/// The name of the process: by its machine and its port, so that it is the same after a restart
/// where these are. A port that was taken from those that were free makes another name each time.
fn instance(settings: &Settings, bound: Option<SocketAddr>) -> String {
    if settings.log.home == Home::Embedded {
        return ALONE.to_owned();
    }
    let told = std::fs::read_to_string(HOST_NAME).unwrap_or_default();
    let host = match told.trim() {
        "" => bound.map_or(ALONE.to_owned(), |bound| bound.ip().to_string()),
        host => host.to_owned(),
    };
    let port = bound.map_or(0, |bound| bound.port());
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '.';
    // With the rest of the source's URN at most 128 characters.
    let host: String = host.chars().take(64).collect();
    format!("{}-{port}", host.replace(|c| !legal(c), "-"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn with(every_ms: u64, lost_after_ms: u64) -> Settings {
        let mut settings = Settings::default();
        settings.probe.every_ms = every_ms;
        settings.probe.lost_after_ms = lost_after_ms;
        settings
    }

    #[test]
    fn a_setting_out_of_range_is_refused_with_its_key_and_its_fix() {
        for (every_ms, lost_after_ms) in [(0, 10_000), (100, 1_000), (60_000, 120_000)] {
            check(&with(every_ms, lost_after_ms)).unwrap();
        }
        let refused = [
            (
                99,
                10_000,
                "probe.every_ms is 99. Fix: set it to 100 to 60000",
            ),
            (60_001, 600_000, "probe.every_ms is 60001"),
            (
                0,
                999,
                "probe.lost_after_ms is 999. Fix: set it to 1000 to 600000",
            ),
            (1_000, 600_001, "probe.lost_after_ms is 600001"),
            (1_000, 1_999, "Fix: set it to at least 2000"),
        ];
        for (every_ms, lost_after_ms, words) in refused {
            let failure = check(&with(every_ms, lost_after_ms)).unwrap_err();
            assert_eq!(failure.exit(), Exit::Usage);
            assert!(failure.to_string().contains(words), "{failure}");
        }
    }

    #[test]
    fn no_probes_are_sent_where_they_are_off() {
        assert_eq!(sender(&with(0, 10_000), None), None);
        let config = sender(&with(250, 5_000), None).unwrap();
        let (every, lost_after) = (Duration::from_millis(250), Duration::from_secs(5));
        assert_eq!((config.every, config.lost_after), (every, lost_after));
        assert_eq!(config.instance, "hub");
    }

    #[test]
    fn processes_that_share_a_log_are_named_by_machine_and_port() {
        let mut settings = with(250, 5_000);
        settings.log.home = "kafka://localhost:9092/lienthong".parse().unwrap();
        let named = |port| instance(&settings, Some(SocketAddr::from(([127, 0, 0, 1], port))));
        assert!(named(7410).ends_with("-7410") && named(7410) != named(7510));
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        assert!(named(7410).chars().all(legal), "{}", named(7410));
    }
}
