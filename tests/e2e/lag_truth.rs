//! How late the hub says that it is, judged at random moments of a short script; `make lag-truth`
//! plays the long ones.

use lienthong_tests::broker::{Home, given};
use lienthong_tests::lag::report::Report;
use lienthong_tests::lag::run::{Settings, run};
use lienthong_tests::lag::script::Kind;
use tempfile::TempDir;

/// Plays a short script and wants nothing told that is not so.
async fn judged(kind: Kind, home: Option<&Home>) {
    let kept = TempDir::with_prefix("lienthong-truth-").unwrap();
    let settings = Settings {
        kind,
        seed: 6,
        moments: 20,
        keep: kept.path().to_owned(),
    };
    let seen = run(&settings, home, None).await.unwrap();
    let report = Report::of(&seen);
    let (moments, _) = report.moments();
    let compared: usize = report
        .phases
        .iter()
        .map(|(_, phase)| phase.off_s.len())
        .sum();
    assert!(report.misses.is_empty(), "{:#?}", report.misses);
    assert_eq!(
        report.recorded_outside, 0,
        "the log's times are the sender's"
    );
    assert!(
        moments == 20 && compared > 100,
        "{moments} moments, {compared} lags"
    );
    assert!(report.is_right());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_says_how_late_it_is_and_whose_fault_it_is() {
    judged(Kind::ShortEmbedded, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn separate_services_say_how_late_they_are_while_a_projector_is_stopped() {
    let what = "separate services on Kafka say how late they are while a projector is stopped";
    let Some(bootstrap) = given(what).unwrap() else {
        return;
    };
    judged(Kind::ShortKafka, Some(&Home::fresh(&bootstrap))).await;
}
