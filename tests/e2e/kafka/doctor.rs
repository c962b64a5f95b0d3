//! `lienthong doctor` on a cluster: topics that are missing, as configured, and not.

use super::hub_on;
use lienthong_tests::broker::{Home, given};
use lienthong_tests::cli::{Done, run_with};
use serde_json::Value;
use tempfile::TempDir;

/// The doctor of a hub that is not there, on this home.
fn doctor(home: &Home, more: &[(&str, &str)]) -> Done {
    let folder = TempDir::new().unwrap();
    let data = folder.path().display().to_string();
    let of_home = home.environment();
    let mut environment: Vec<(&str, &str)> = of_home
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    environment.push(("LIENTHONG_DATA_DIR", &data));
    environment.push(("LIENTHONG_GATEWAY__LISTEN", "127.0.0.1:9"));
    environment.extend(more);
    run_with(&["doctor", "--json"], &environment).unwrap()
}

fn topic_of_events<'a>(findings: &'a Value, home: &Home) -> &'a Value {
    let mut all = findings.as_array().unwrap().iter();
    all.find(|one| one["found"].as_str().unwrap().starts_with(&home.topic()))
        .unwrap()
}

#[tokio::test]
async fn a_topic_that_is_missing_sound_or_set_wrong_is_told_with_the_command() {
    let Some(brokers) = given("kafka::doctor").unwrap() else {
        return;
    };
    let home = Home::fresh(&brokers);
    let before = doctor(&home, &[]);
    assert_eq!(before.code, Some(0), "{before:?}");
    let findings = before.json().unwrap();
    let missing = topic_of_events(&findings, &home);
    assert_eq!(missing["outcome"], "warn", "{missing}");
    assert!(
        missing["fix"].as_str().unwrap().contains("kafka-topics.sh"),
        "{missing}"
    );

    let hub = hub_on(&home);
    drop(hub);
    let findings = doctor(&home, &[]).json().unwrap();
    assert_eq!(
        topic_of_events(&findings, &home)["outcome"],
        "ok",
        "{findings:#}"
    );

    let wrong = doctor(&home, &[("LIENTHONG_LOG__RETENTION_HOURS", "24")]);
    assert_eq!(wrong.code, Some(6), "{wrong:?}");
    let findings = wrong.json().unwrap();
    let wrong = topic_of_events(&findings, &home);
    assert_eq!(wrong["outcome"], "fail", "{wrong}");
    for part in [
        "kafka-configs.sh",
        "retention.ms=86400000",
        "log.retention_hours",
    ] {
        assert!(
            wrong["fix"].as_str().unwrap().contains(part),
            "{part}: {wrong}"
        );
    }
}
