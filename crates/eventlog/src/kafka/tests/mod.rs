//! The Kafka home against a real broker, and against librdkafka's mock cluster where failures are
//! to be had on demand.
//!
//! `LIENTHONG_TEST_KAFKA` names the bootstrap servers of a cluster of one broker. Topics are fresh
//! for each test and never deleted.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod contract;
mod failures;
mod groups;
mod partitions;
mod reading;
mod topics;

use super::{Config, Opened, open};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// The brokers for tests. None leaves the test out, loudly; under CI it fails instead.
fn brokers(test: &str) -> Option<String> {
    if let Ok(brokers) = std::env::var("LIENTHONG_TEST_KAFKA") {
        return Some(brokers);
    }
    assert!(
        std::env::var("CI").is_err(),
        "{test} needs a broker: set LIENTHONG_TEST_KAFKA"
    );
    let line = format!("left out, for want of LIENTHONG_TEST_KAFKA: lienthong-eventlog {test}");
    eprintln!("{line}");
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    fs::create_dir_all(&target).unwrap();
    let file = target.join("left_out.txt");
    let file = OpenOptions::new().create(true).append(true).open(file);
    writeln!(file.unwrap(), "{line}").unwrap();
    None
}

/// A name that no other run has.
fn fresh(prefix: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    format!("{prefix}-{}-{:x}", std::process::id(), now.as_nanos())
}

/// A fresh topic on one broker.
fn config(brokers: &str) -> Config {
    Config {
        replication: 1,
        min_insync_replicas: 1,
        ..Config::new(brokers, fresh("t"))
    }
}

async fn opened(config: &Config) -> Opened {
    open(config.clone()).await.unwrap()
}
