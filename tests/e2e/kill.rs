//! A few kills at random moments under load; `make kill` does two hundred.

use lienthong_tests::kill::{Settings, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_moments_the_hub_loses_nothing_and_applies_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        rounds: 5,
        seed: 5,
        data: folder.path().join("data"),
        longest_ms: 600,
        store: None,
    };
    let summary = run(&settings, &mut |round| println!("{round:?}"))
        .await
        .unwrap();
    assert!(summary.is_clean(), "{summary:#?}");
    assert_eq!(summary.rounds.len(), 5);
    assert!(summary.acknowledged > 500, "there was load: {summary:#?}");
    assert!(
        summary.attempts > summary.sent,
        "something was sent again: {summary:#?}"
    );
}
