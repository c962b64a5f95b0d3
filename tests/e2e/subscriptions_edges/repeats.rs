//! The window within which a source's repeats are left out.

use super::*;

/// As the proto file says: a repeat this close behind is always left out.
const ALWAYS: usize = 65_536;
/// A repeat further behind than this never is.
const AT_MOST: usize = 131_071;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_is_told_again_beyond_the_window_and_within_it_is_not() {
    let hub = Instance::start_with(&[("LIENTHONG_LOG__PARTITIONS", "1")]).unwrap();
    let stopped = hub.stop().unwrap();
    // The rest is one event that its source never stops repeating.
    let mut records = vec![record("again and again", |_| {}); AT_MOST + 4];
    let mut put = |id: &str, offsets: &[usize]| {
        for offset in offsets {
            records[*offset] = record(id, |_| {});
        }
    };
    put("beyond", &[0, AT_MOST + 1, AT_MOST + 2]);
    put("within", &[1, AT_MOST]);
    put("close", &[AT_MOST - 1 - ALWAYS, AT_MOST - 1]);
    put("last", &[AT_MOST + 3]);
    fill(log_of(&stopped, 4 << 20), records, 4_096).await;
    let hub = stopped.start_again().unwrap();
    let mut client = client(&hub).await;

    let expected = [
        "beyond",
        "within",
        "again and again",
        "close",
        "beyond",
        "last",
    ];
    let (deliveries, _) = told(&mut client, beginning()).await.unwrap();
    assert_eq!(ids(&deliveries), expected);
    let offset = |delivery: &Delivery| delivery.position.unwrap().offset;
    assert_eq!(offset(&deliveries[4]), AT_MOST as u64 + 1);
    let event = |delivery: &Delivery| delivery.event.clone().unwrap().header;
    assert_eq!(event(&deliveries[0]), event(&deliveries[4]));

    create(&mut client, "kept", Handling::default()).await;
    let mut handed = Vec::new();
    while handed.len() < expected.len() {
        // Of one case at most one at a time.
        let some = fetch(&mut client, "kept").await;
        acknowledge(&mut client, "kept", done(&some)).await;
        handed.extend(some);
    }
    assert_eq!(ids(&handed), expected);
    assert!(handed.iter().map(|one| one.sequence).eq(1..=6));
    assert_eq!(fetch(&mut client, "kept").await, []);
}
