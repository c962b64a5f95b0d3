//! A small queue of the log holds senders back and never grows.

use crate::answers::{self, case};
use lienthong_simulator::system::System;
use lienthong_tests::facts::{Fact, step};
use lienthong_tests::instance::Instance;
use lienthong_tests::wire;
use tonic::Code;
use tonic_types::StatusExt;

const DOSSIER: &str = "H56.15.03-261008-0001";

fn facts(count: i64, note: usize) -> Vec<Fact> {
    let fact = |n| {
        Fact::new(System::Onestop, &format!("e{n}"), DOSSIER, n, step("step")).about(
            "",
            "",
            &"x".repeat(note),
        )
    };
    (0..count).map(fact).collect()
}

#[tokio::test]
async fn a_call_larger_than_the_whole_queue_is_refused_whole_and_smaller_ones_go_through() {
    // A queue of little more than the largest record, and a call of four times that.
    let hub = Instance::start_with(&[("LIENTHONG_LOG__QUEUE_BYTES", "1100000")]).unwrap();
    let channel = hub.adapters().await.unwrap();
    let status = wire::report(&channel, &facts(1_200, 3_900))
        .await
        .unwrap_err();
    // It would never fit, so that sending it again as it is does not help: no retry hint.
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    assert_eq!(answers::reason(&status), "BATCH_SIZE");
    assert!(
        status.get_error_details().retry_info().is_none(),
        "{status:?}"
    );
    assert!(
        status.message().contains("1100000"),
        "it says the limit: {}",
        status.message()
    );

    let outcomes = wire::report(&channel, &facts(100, 3_900)).await.unwrap();
    let position = wire::position(&outcomes[99]).unwrap();
    let case = case(&hub, DOSSIER, &[position]).await;
    assert_eq!(
        case.timeline.len(),
        100,
        "nothing of the refused call was taken in"
    );
}

#[tokio::test]
async fn a_stream_is_slowed_by_a_small_queue_and_not_refused() {
    let hub = Instance::start_with(&[("LIENTHONG_LOG__QUEUE_BYTES", "1100000")]).unwrap();
    let channel = hub.adapters().await.unwrap();
    let sent = facts(3_000, 3_900);
    let outcomes = wire::stream(&channel, &sent).await.unwrap();
    assert_eq!(outcomes.len(), sent.len());
    let positions: Vec<_> = outcomes
        .iter()
        .map(|outcome| wire::position(outcome).unwrap())
        .collect();
    let case = case(&hub, DOSSIER, &positions).await;
    assert_eq!(case.timeline.len(), sent.len());
}
