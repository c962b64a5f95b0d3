//! Stopping is orderly, and starting again continues where it stopped.

use crate::answers::{case, case_json, horizontal_json, vertical_json};
use crate::scenario::{CASE, birth, links};
use lienthong_contract::pb::event::v1::{Position, outcome};
use lienthong_simulator::system::System;
use lienthong_tests::facts::{Fact, step};
use lienthong_tests::instance::Instance;
use lienthong_tests::wire;
use tokio_stream::StreamExt;
use tonic_types::StatusExt;

#[tokio::test]
async fn a_drained_hub_exits_with_zero_and_the_next_one_has_everything() {
    let hub = Instance::start().unwrap();
    let positions = hub.tell(&[birth(), links()].concat()).await.unwrap();
    let before = [
        case_json(&hub, CASE, &positions).await,
        horizontal_json(&hub, &positions).await,
        vertical_json(&hub, &positions).await,
    ];
    let hub = hub.restart().unwrap();
    let after = [
        case_json(&hub, CASE, &positions).await,
        horizontal_json(&hub, &positions).await,
        vertical_json(&hub, &positions).await,
    ];
    assert_eq!(before, after);

    // The log goes on at the next offset.
    let dossier = crate::scenario::ONESTOP;
    let fact = Fact::new(System::Onestop, "later", dossier, 500, step("later"));
    let later = hub.tell(&[fact]).await.unwrap();
    let highest = positions
        .iter()
        .filter(|position| position.partition == later[0].partition)
        .map(|position| position.offset)
        .max();
    assert!(
        highest.is_none_or(|highest| later[0].offset > highest),
        "{later:?}"
    );
}

#[tokio::test]
async fn deleted_views_come_back_equal_from_the_log() {
    let hub = Instance::start().unwrap();
    let positions = hub.tell(&[birth(), links()].concat()).await.unwrap();
    let before = case_json(&hub, CASE, &positions).await;
    let stopped = hub.stop().unwrap();
    std::fs::remove_dir_all(stopped.data().join("views")).unwrap();
    let hub = stopped.start_again().unwrap();
    assert_eq!(case_json(&hub, CASE, &positions).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_drained_ends_cleanly_and_what_it_acknowledged_is_kept() {
    let hub = Instance::start().unwrap();
    let channel = hub.adapters().await.unwrap();
    let dossier = "H56.15.03-261008-0001";
    let (sender, receiver) = tokio::sync::mpsc::channel(16);
    let items = tokio_stream::wrappers::ReceiverStream::new(receiver);
    let mut answers = wire::open_stream(&channel, System::Onestop, items)
        .await
        .unwrap();
    let feeder = tokio::spawn(async move {
        for n in 0..1_000_000 {
            let fact = Fact::new(System::Onestop, &format!("s{n}"), dossier, n, step("step"));
            if sender.send(wire::item(&fact)).await.is_err() {
                return;
            }
        }
    });
    let mut acknowledged: Vec<Position> = Vec::new();
    for _ in 0..100 {
        acknowledged.push(position(answers.next().await.unwrap().unwrap().outcome));
    }
    let draining = tokio::task::spawn_blocking(move || hub.stop());
    let end = loop {
        match answers.next().await {
            Some(Ok(answer)) => acknowledged.push(position(answer.outcome)),
            Some(Err(status)) => break Some(status),
            None => break None,
        }
    };
    if let Some(status) = end {
        assert_eq!(status.code(), tonic::Code::Unavailable, "{status:?}");
        assert_eq!(crate::answers::reason(&status), "DRAINING", "{status:?}");
        assert!(
            status.get_error_details().retry_info().is_some(),
            "{status:?}"
        );
    }
    feeder.abort();
    let hub = draining.await.unwrap().unwrap().start_again().unwrap();
    let case = case(&hub, dossier, &acknowledged).await;
    assert!(
        case.timeline.len() >= acknowledged.len(),
        "{} of {} acknowledged",
        case.timeline.len(),
        acknowledged.len()
    );
    let shown: std::collections::BTreeSet<u64> = case
        .timeline
        .iter()
        .filter_map(|entry| entry.position.map(|position| position.offset))
        .collect();
    assert!(
        acknowledged
            .iter()
            .all(|position| shown.contains(&position.offset))
    );
}

fn position(outcome: Option<lienthong_contract::pb::event::v1::Outcome>) -> Position {
    match outcome.and_then(|outcome| outcome.result) {
        Some(outcome::Result::Position(position)) => position,
        other => panic!("not recorded: {other:?}"),
    }
}

#[tokio::test]
async fn a_second_hub_on_the_same_folder_is_refused_with_words() {
    let hub = Instance::start().unwrap();
    let options = hub.options().clone();
    let refused = lienthong_tests::hub::start(&options)
        .err()
        .unwrap()
        .to_string();
    let said = hub.output().unwrap();
    assert!(
        said.contains("is in use by another process") && !said.contains("panicked"),
        "{refused}: {said}"
    );
    // The first goes on.
    hub.tell(&birth()).await.unwrap();
}
