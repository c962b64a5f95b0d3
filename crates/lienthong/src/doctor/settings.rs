//! The configuration: it loads, the hub starts with it, its listeners do not collide, its reference
//! data hold together.

use super::Finding;
use crate::config::{Error, Settings};
use crate::hub::{build, fits};
use lienthong_contract::reference::Files;
use std::net::SocketAddr;

const CONFIGURATION: &str = "configuration";

/// A configuration that does not load.
pub fn unusable(error: &Error) -> Finding {
    let (found, fix) = found_and_fix(&error.to_string());
    Finding::fail(CONFIGURATION, found, fix)
}

/// Every check of the settings alone.
pub fn check(settings: &Settings) -> Vec<Finding> {
    vec![fits(settings), listeners(settings), reference(settings)]
}

/// That a hub starts with every setting.
fn fits(settings: &Settings) -> Finding {
    let objections = fits::check(settings).into_iter();
    let (found, fix): (Vec<_>, Vec<_>) = objections
        .map(|objection| found_and_fix(&objection.to_string()))
        .unzip();
    match found.is_empty() {
        true => Finding::ok(CONFIGURATION, "loads, and the hub starts with it"),
        false => Finding::fail(CONFIGURATION, found.join("; "), fix.join("; ")),
    }
}

/// An error's words apart from its fix.
fn found_and_fix(told: &str) -> (String, String) {
    let (found, fix) = told
        .split_once(". Fix: ")
        .unwrap_or((told, "`lienthong config` lists every key with its value"));
    (found.to_owned(), fix.to_owned())
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
    fn what_the_start_would_refuse_is_named_with_its_fix() {
        let mut settings = Settings::default();
        settings.log.partitions = 0;
        settings.probe.every_ms = 5;
        settings.gateway.stream_max_age_s = 0;
        settings.telemetry.trace_ratio = 1.5;
        let finding = fits(&settings);
        assert_eq!(finding.outcome, Outcome::Fail);
        let found = "log.partitions must be from 1 to 256, not 0; probe.every_ms is 5; \
                     gateway.stream_max_age_s is 0; telemetry.trace_ratio: 1.5 is not between 0 and 1";
        assert_eq!(finding.found, found);
        let fix = "set it to 100 to 60000, or to 0 for none; set it to 1 to 86400; ";
        assert!(finding.fix.contains(fix), "{finding:?}");
        settings = Settings::default();
        settings.probe.every_ms = 0;
        assert_eq!(fits(&settings).outcome, Outcome::Ok, "0: no probes");
    }

    #[test]
    fn a_range_is_that_of_the_home_of_the_log() {
        let mut settings = Settings::default();
        settings.log.partitions = 1_000;
        settings.log.kafka.session_timeout_ms = 10;
        assert_eq!(fits(&settings).outcome, Outcome::Fail);
        settings.log.home = "kafka://127.0.0.1:9092/x".parse().unwrap();
        let found = "log.kafka.session_timeout_ms is 10";
        assert_eq!(fits(&settings).found, found);
        settings.log.kafka.session_timeout_ms = 6_000;
        assert_eq!(fits(&settings).outcome, Outcome::Ok);
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
