//! What happens to those who lag behind what is kept.

use super::*;
use lienthong_contract::pb::subscription::v1::{MoveSubscriptionRequest, SubscriptionState};
use tonic_types::StatusExt;

/// Small, so that little is enough for retention to take some.
const SEGMENT_BYTES: u64 = 2 << 20;
/// Events before the hub is stopped, and large ones that are put behind them: 8 MB.
const BEFORE: u64 = 5;
const BEHIND: usize = 80;
const NOTE_BYTES: usize = 100_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_lags_behind_what_retention_took_is_told_so_and_goes_on_from_the_earliest() {
    let size = SEGMENT_BYTES.to_string();
    let settings = [
        ("LIENTHONG_LOG__PARTITIONS", "1"),
        ("LIENTHONG_LOG__SEGMENT_BYTES", size.as_str()),
        ("LIENTHONG_LOG__RETENTION_BYTES", size.as_str()),
    ];
    let hub = Instance::start_with(&settings).unwrap();
    let facts: Vec<_> = (0..BEFORE).map(|n| sample::fact("before", n)).collect();
    hub.tell(&facts).await.unwrap();
    let mut early = client(&hub).await;
    create(&mut early, "kept", Handling::default()).await;
    let (before, place) = told(&mut early, beginning()).await.unwrap();
    assert_eq!(before.len() as u64, BEFORE);
    let mut taken = 0;
    while taken < BEFORE {
        let some = fetch(&mut early, "kept").await;
        acknowledge(&mut early, "kept", done(&some)).await;
        taken += some.len() as u64;
    }

    let stopped = hub.stop().unwrap();
    let note = "x".repeat(NOTE_BYTES);
    let large = |n: usize| {
        record(&format!("large-{n}"), |event| {
            let protected = &mut event.header.as_mut().unwrap().protected;
            protected.as_mut().unwrap().notes = vec![note.clone()];
        })
    };
    let records = (0..BEHIND).map(large).collect();
    // What is appended at once lies in one segment.
    fill(log_of(&stopped, SEGMENT_BYTES), records, 8).await;
    let hub = stopped.start_again().unwrap();

    // Retention looks twice a minute.
    let began = Instant::now();
    while !hub.output().unwrap().contains("old segments were removed") {
        assert!(began.elapsed() < PATIENCE, "retention took nothing");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // What is in memory is told though it is gone; another hub has nothing in memory.
    let hub = hub.restart().unwrap();
    let mut client = client(&hub).await;
    let gone = told(&mut client, token(&place)).await.unwrap_err();
    assert_eq!(gone.code(), tonic::Code::OutOfRange, "{gone:?}");
    let info = gone.get_details_error_info().unwrap();
    assert_eq!(info.reason, "POSITION_GONE");
    let earliest = &info.metadata["earliest_token"];
    let (rest, _) = told(&mut client, token(earliest)).await.unwrap();
    assert!((1..BEHIND).contains(&rest.len()), "{}", rest.len());
    let (kept, _) = told(&mut client, beginning()).await.unwrap();
    assert_eq!(
        ids(&rest),
        ids(&kept),
        "nothing that is kept is passed over"
    );
    assert_eq!(id(rest.last().unwrap()), format!("large-{}", BEHIND - 1));

    assert_eq!(fetch(&mut client, "kept").await, []);
    let disabled = |status: &SubscriptionStatus| status.state() == SubscriptionState::Disabled;
    let status = until(&mut client, "kept", disabled).await;
    let first = rest[0].position.unwrap().offset;
    let words = format!("offsets {BEFORE} to {} of partition 0", first - 1);
    assert!(status.why.contains(&words), "{}", status.why);
    assert!(
        status.why.contains("move the subscription"),
        "{}",
        status.why
    );
    let request = MoveSubscriptionRequest {
        name: "kept".to_owned(),
        start: Some(token(earliest)),
    };
    let moved = client.move_subscription(request).await.unwrap();
    let moved = moved.into_inner().status.unwrap();
    assert_eq!(moved.state(), SubscriptionState::Active, "{moved:?}");
    let mut handed = Vec::new();
    while handed.len() < rest.len() {
        let some = fetch(&mut client, "kept").await;
        acknowledge(&mut client, "kept", done(&some)).await;
        handed.extend(some);
    }
    assert_eq!(ids(&handed), ids(&rest));
    assert!(
        handed
            .iter()
            .map(|one| one.sequence)
            .eq(BEFORE + 1..=BEFORE + rest.len() as u64)
    );
}
