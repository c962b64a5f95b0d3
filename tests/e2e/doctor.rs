//! `lienthong doctor`: what it finds with the hub up and down, and the fix it names.

use lienthong_tests::cli::{Done, run, run_with};
use lienthong_tests::instance::Instance;
use serde_json::Value;
use std::path::Path;

/// The findings of a check.
fn of<'a>(findings: &'a Value, check: &str) -> Vec<&'a Value> {
    let all = findings.as_array().unwrap().iter();
    all.filter(|one| one["check"] == check).collect()
}

/// That a check has this outcome, and a fix that contains these words.
fn found(done: &Done, check: &str, outcome: &str, fix: &str) {
    let findings = done.json().unwrap();
    let told = of(&findings, check);
    assert!(
        told.iter()
            .any(|one| { one["outcome"] == outcome && one["fix"].as_str().unwrap().contains(fix) }),
        "{check} {outcome} {fix}: {findings:#}"
    );
}

/// The doctor of a hub that is not there: nothing listens on these ports.
fn alone(data: &Path, settings: &[(&str, &str)]) -> Done {
    let data = data.display().to_string();
    let mut environment = vec![
        ("LIENTHONG_DATA_DIR", data.as_str()),
        ("LIENTHONG_GATEWAY__LISTEN", "127.0.0.1:9"),
    ];
    environment.extend(settings);
    run_with(&["doctor", "--json"], &environment).unwrap()
}

#[tokio::test]
async fn a_running_hub_is_sound_and_a_stopped_one_may_be_started() {
    let hub = Instance::start().unwrap();
    let done = run(&hub, &["doctor", "--json"]).unwrap();
    assert_eq!(done.code, Some(0), "{done:?}");
    for check in [
        "configuration",
        "data directory",
        "log",
        "gateway",
        "adapters",
        "metrics",
    ] {
        found(&done, check, "ok", "");
    }
    found(&done, "clock of the hub", "ok", "");
    found(&done, "version", "ok", "");
    let text = run(&hub, &["doctor"]).unwrap();
    assert!(text.out.contains("ok    gateway"), "{text:?}");

    let folder = tempfile::tempdir().unwrap();
    let done = alone(&folder.path().join("new"), &[]);
    assert_eq!(done.code, Some(0), "{done:?}");
    found(&done, "gateway", "warn", "lienthong up");
    assert!(!folder.path().join("new").exists(), "nothing was made");
}

#[test]
fn a_configuration_that_does_not_load_or_fit_is_told_with_its_fix() {
    let folder = tempfile::tempdir().unwrap();
    let unknown = alone(
        folder.path(),
        &[("LIENTHONG_GATEWAY__LISTN", "127.0.0.1:1")],
    );
    assert_eq!(unknown.code, Some(6), "{unknown:?}");
    found(&unknown, "configuration", "fail", "lienthong config");
    let range = alone(folder.path(), &[("LIENTHONG_LOG__PARTITIONS", "0")]);
    assert_eq!(range.code, Some(6), "{range:?}");
    found(&range, "configuration", "fail", "change log.partitions");
    let told = range.json().unwrap().to_string();
    assert!(
        told.contains("log.partitions must be from 1 to 256, not 0"),
        "{told}"
    );
    let clash = alone(
        folder.path(),
        &[("LIENTHONG_METRICS__LISTEN", "127.0.0.1:7421")],
    );
    assert_eq!(clash.code, Some(6), "{clash:?}");
    found(&clash, "listeners", "fail", "port 0");
}

#[tokio::test]
async fn a_log_of_another_shape_or_in_other_hands_is_told() {
    let hub = Instance::start().unwrap();
    let data = hub.data().to_owned();
    let other = alone(&data, &[("LIENTHONG_LOG__PARTITIONS", "8")]);
    assert_eq!(other.code, Some(6), "{other:?}");
    found(&other, "log", "fail", "set partitions = 4");
    found(&alone(&data, &[]), "log", "warn", "fuser");
}

#[test]
fn a_data_directory_that_cannot_be_written_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let done = alone(&file, &[]);
    assert_eq!(done.code, Some(6), "{done:?}");
    found(&done, "data directory", "fail", "data_dir");
    // A file system that nobody writes, root neither.
    let done = alone(Path::new("/proc/self"), &[]);
    found(&done, "writing and syncing", "fail", "findmnt");
}

#[test]
fn brokers_and_topics_that_do_not_fit_are_told_with_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = [
        ("LIENTHONG_LOG", "kafka://127.0.0.1:9/doctor"),
        ("LIENTHONG_GATEWAY__ADVERTISE", "127.0.0.1:7420"),
    ];
    let done = alone(folder.path(), &nobody);
    assert_eq!(done.code, Some(6), "{done:?}");
    found(&done, "brokers", "fail", "log.home");
}
