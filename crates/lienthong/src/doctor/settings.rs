//! The configuration: it loads, its numbers are in range, its listeners do not collide, its
//! reference data hold together.

use super::Finding;
use crate::config::{Error, Settings};
use crate::hub::build;
use lienthong_contract::reference::Files;
use std::net::SocketAddr;
use std::ops::RangeInclusive;

const CONFIGURATION: &str = "configuration";

/// A configuration that does not load.
pub fn unusable(error: &Error) -> Finding {
    let told = error.to_string();
    let (found, fix) = told.split_once(". Fix: ").unwrap_or((
        told.as_str(),
        "`lienthong config` lists every key with its value",
    ));
    Finding::fail(CONFIGURATION, found, fix)
}

/// Every check of the settings alone.
pub fn check(settings: &Settings) -> Vec<Finding> {
    vec![ranges(settings), listeners(settings), reference(settings)]
}

/// A number of the settings and what it may be.
struct Number {
    key: &'static str,
    value: u64,
    range: RangeInclusive<u64>,
    /// Whether 0 means: not at all.
    or_none: bool,
}

/// That every number is in its range.
fn ranges(settings: &Settings) -> Finding {
    let number = |key, value, range| Number {
        key,
        value,
        range,
        or_none: false,
    };
    let (log, gateway) = (&settings.log, &settings.gateway);
    let numbers = [
        number("log.partitions", log.partitions.into(), 1..=256),
        number(
            "log.segment_bytes",
            log.segment_bytes,
            4_096..=2_147_483_648,
        ),
        number(
            "log.kafka.session_timeout_ms",
            log.kafka.session_timeout_ms,
            1_000..=3_600_000,
        ),
        number(
            "log.kafka.delivery_timeout_ms",
            log.kafka.delivery_timeout_ms,
            100..=900_000,
        ),
        number(
            "gateway.session_timeout_ms",
            gateway.session_timeout_ms,
            1_000..=1_800_000,
        ),
        number(
            "gateway.stream_max_age_s",
            gateway.stream_max_age_s,
            1..=86_400,
        ),
        number(
            "telemetry.metrics_every_ms",
            settings.telemetry.metrics_every_ms,
            100..=u64::MAX,
        ),
        Number {
            or_none: true,
            ..number("probe.every_ms", settings.probe.every_ms, 100..=60_000)
        },
        number(
            "probe.lost_after_ms",
            settings.probe.lost_after_ms,
            1_000..=600_000,
        ),
    ];
    let wrong = numbers.iter().filter(|one| {
        let none = one.or_none && one.value == 0;
        !none && !one.range.contains(&one.value)
    });
    let mut wrong: Vec<(String, String)> = wrong
        .map(|one| {
            let (least, most) = (one.range.start(), one.range.end());
            let most = match *most {
                u64::MAX => format!("at least {least}"),
                most => format!("from {least} to {most}"),
            };
            let found = format!("{} is {}", one.key, one.value);
            (found, format!("set {} {most}", one.key))
        })
        .collect();
    let ratio = settings.telemetry.trace_ratio;
    if !(0.0..=1.0).contains(&ratio) {
        wrong.push((
            format!("telemetry.trace_ratio is {ratio}"),
            "set telemetry.trace_ratio from 0 to 1".to_owned(),
        ));
    }
    if wrong.is_empty() {
        return Finding::ok(CONFIGURATION, "loads, and every number is in its range");
    }
    let (found, fix): (Vec<_>, Vec<_>) = wrong.into_iter().unzip();
    Finding::fail(CONFIGURATION, found.join("; "), fix.join("; "))
}

/// That no two listeners take one address.
fn listeners(settings: &Settings) -> Finding {
    const CHECK: &str = "listeners";
    let all = [
        ("adapters.grpc_listen", settings.adapters.grpc_listen),
        ("adapters.http_listen", settings.adapters.http_listen),
        ("gateway.listen", settings.gateway.listen),
        ("gateway.http_listen", settings.gateway.http_listen),
        ("projector.listen", settings.projector.listen),
        ("metrics.listen", settings.metrics.listen),
    ];
    let pairs = all.iter().enumerate().flat_map(|(index, one)| {
        let later = all.iter().skip(index + 1);
        later.map(move |other| (one, other))
    });
    let clashes = pairs.filter(|((_, one), (_, other))| clash(*one, *other));
    let clashes: Vec<String> = clashes
        .map(|((one, at), (other, _))| format!("{one} and {other} both take port {}", at.port()))
        .collect();
    match clashes.is_empty() {
        true => Finding::ok(CHECK, "each has an address of its own"),
        false => {
            let fix = "set one of them to another port, or to port 0 for a free one";
            Finding::fail(CHECK, clashes.join("; "), fix)
        }
    }
}

fn clash(one: SocketAddr, other: SocketAddr) -> bool {
    let everywhere = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && (everywhere || one.ip() == other.ip())
}

/// That the tables of reference data can be read and hold together.
fn reference(settings: &Settings) -> Finding {
    const CHECK: &str = "reference data";
    match build::tables(settings, Files::default()) {
        Ok(_) => Finding::ok(CHECK, "the tables can be read and hold together"),
        Err(failure) => {
            let fix = "correct the file, or take it out of the settings `reference.*`";
            Finding::fail(CHECK, failure.to_string(), fix)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::Outcome;
    use super::*;

    #[test]
    fn the_defaults_are_sound() {
        for finding in check(&Settings::default()) {
            assert_eq!(finding.outcome, Outcome::Ok, "{finding:?}");
        }
    }

    #[test]
    fn a_number_out_of_its_range_is_named_with_the_range() {
        let mut settings = Settings::default();
        settings.log.partitions = 0;
        settings.probe.every_ms = 5;
        settings.telemetry.trace_ratio = 1.5;
        let finding = ranges(&settings);
        assert_eq!(finding.outcome, Outcome::Fail);
        let found = "log.partitions is 0; probe.every_ms is 5; telemetry.trace_ratio is 1.5";
        assert_eq!(finding.found, found);
        assert!(
            finding
                .fix
                .starts_with("set log.partitions from 1 to 256; "),
            "{finding:?}"
        );
        settings = Settings::default();
        settings.probe.every_ms = 0;
        assert_eq!(ranges(&settings).outcome, Outcome::Ok, "0: no probes");
    }

    #[test]
    fn two_listeners_on_one_port_collide_unless_the_system_chooses() {
        let mut settings = Settings::default();
        settings.gateway.http_listen = "0.0.0.0:7430".parse().unwrap();
        let finding = listeners(&settings);
        assert_eq!(finding.outcome, Outcome::Fail);
        let found = "gateway.http_listen and metrics.listen both take port 7430";
        assert_eq!(finding.found, found);
        settings.gateway.http_listen = "127.0.0.2:7430".parse().unwrap();
        assert_eq!(listeners(&settings).outcome, Outcome::Ok, "another address");
        settings.gateway.http_listen = "0.0.0.0:0".parse().unwrap();
        settings.metrics.listen = "0.0.0.0:0".parse().unwrap();
        assert_eq!(listeners(&settings).outcome, Outcome::Ok);
    }
}
