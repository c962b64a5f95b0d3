//! What the binary refuses about the log's home, each time with what to do.

use super::hub_on;
use lienthong_tests::broker::{Home, given};
use lienthong_tests::cli::run_with;
use tempfile::TempDir;

const FREE: [(&str, &str); 6] = [
    ("LIENTHONG_ADAPTERS__GRPC_LISTEN", "127.0.0.1:0"),
    ("LIENTHONG_ADAPTERS__HTTP_LISTEN", "127.0.0.1:0"),
    ("LIENTHONG_GATEWAY__LISTEN", "127.0.0.1:0"),
    ("LIENTHONG_GATEWAY__HTTP_LISTEN", "127.0.0.1:0"),
    ("LIENTHONG_PROJECTOR__LISTEN", "127.0.0.1:0"),
    ("LIENTHONG_METRICS__LISTEN", "127.0.0.1:0"),
];

/// The exit code and what was said, of a command in a folder of its own.
fn refused(arguments: &[&str], settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let folder = TempDir::new().unwrap();
    let data = folder.path().display().to_string();
    let mut environment = FREE.to_vec();
    environment.push(("LIENTHONG_DATA_DIR", &data));
    environment.extend(settings);
    let done = run_with(arguments, &environment).unwrap();
    (done.code, done.err)
}

#[test]
fn a_service_apart_is_refused_on_the_embedded_log() {
    for service in [
        &["serve", "adapter", "onestop"][..],
        &["serve", "projector", "case"],
        &["serve", "gateway"],
    ] {
        let (code, said) = refused(service, &[("LIENTHONG_LOG", "embedded")]);
        assert_eq!(code, Some(2), "{said}");
        for part in ["log.home", "LIENTHONG_LOG", "lienthong up", "kafka://"] {
            assert!(said.contains(part), "{part:?} is not in {said}");
        }
    }
}

#[test]
fn a_home_that_is_no_url_is_refused_by_its_setting() {
    let (code, said) = refused(&["up"], &[("LIENTHONG_LOG", "kafka:broker")]);
    assert_eq!(code, Some(2), "{said}");
    for part in ["log.home", "environment LIENTHONG_LOG", "kafka://HOST:PORT"] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
}

#[test]
fn brokers_that_do_not_answer_are_said_to_be_unavailable() {
    // Nothing listens on port 1.
    let home = [("LIENTHONG_LOG", "kafka://127.0.0.1:1/x")];
    let (code, said) = refused(&["serve", "gateway"], &home);
    assert_eq!(code, Some(4), "{said}");
    for part in ["127.0.0.1:1", "log.home"] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_of_another_shape_is_refused_with_the_command_that_mends_it() {
    let Some(bootstrap) = given("a topic of another shape is refused").unwrap() else {
        return;
    };
    let home = Home::fresh(&bootstrap);
    hub_on(&home).stop().unwrap();
    let environment = home.environment();
    let same: Vec<(&str, &str)> = environment
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    for (setting, value, parts) in [
        (
            "LIENTHONG_LOG__PARTITIONS",
            "5",
            ["4 partitions", "log.partitions"],
        ),
        (
            "LIENTHONG_LOG__RETENTION_HOURS",
            "24",
            ["retention.ms", "kafka-configs.sh"],
        ),
    ] {
        let mut settings = same.clone();
        settings.push((setting, value));
        let (code, said) = tokio::task::block_in_place(|| refused(&["up"], &settings));
        assert_eq!(code, Some(2), "{said}");
        for part in parts.into_iter().chain([home.topic().as_str(), "Fix: "]) {
            assert!(said.contains(part), "{part:?} is not in {said}");
        }
    }
}
