//! Every adapter acknowledges with positions, and what is acknowledged takes effect once.

use crate::answers::{self, case};
use lienthong_contract::pb::event::v1::{Position, outcome};
use lienthong_contract::pb::operations::v1::ListPositionsRequest;
use lienthong_contract::pb::procedure::v1::GetCaseRequest;
use lienthong_simulator::system::System;
use lienthong_tests::facts::{Fact, step};
use lienthong_tests::instance::Instance;
use lienthong_tests::wire;
use std::time::Duration;
use tonic::Code;
use tonic_types::StatusExt;

/// Five steps of one dossier, one a minute.
fn steps(system: System, dossier: &str, prefix: &str) -> Vec<Fact> {
    (0..5)
        .map(|n| Fact::new(system, &format!("{prefix}-{n}"), dossier, n, step("step")).by("H56.03"))
        .collect()
}

#[tokio::test]
async fn every_adapter_acknowledges_batches_and_streams_with_positions_in_order() {
    let hub = Instance::start().unwrap();
    let channel = hub.adapters().await.unwrap();
    for (n, system) in System::ALL.into_iter().enumerate() {
        let dossier = format!("H56.15.03-261008-{n:04}");
        let batch = steps(system, &dossier, "batch");
        let streamed = steps(system, &dossier, "stream");
        let mut answers = wire::report(&channel, &batch).await.unwrap();
        answers.extend(wire::stream(&channel, &streamed).await.unwrap());

        let told: Vec<&str> = answers.iter().map(|outcome| outcome.id.as_str()).collect();
        let sent: Vec<&str> = batch.iter().chain(&streamed).map(id).collect();
        assert_eq!(told, sent, "{}", system.name());
        let positions: Vec<Position> = answers
            .iter()
            .map(|outcome| wire::position(outcome).unwrap())
            .collect();
        assert!(
            positions
                .windows(2)
                .all(|pair| pair[0].partition == pair[1].partition
                    && pair[0].offset + 1 == pair[1].offset),
            "{}: one dossier, one partition, in order: {positions:?}",
            system.name()
        );
        let case = case(&hub, &dossier, &positions).await;
        let mut shown: Vec<Position> = case
            .timeline
            .iter()
            .filter_map(|entry| entry.position)
            .collect();
        shown.sort_by_key(|position| position.offset);
        assert_eq!(
            shown,
            positions,
            "{}: every event is in the case",
            system.name()
        );
    }
}

fn id(fact: &Fact) -> &str {
    fact.event.header.as_ref().map_or("", |header| &header.id)
}

#[tokio::test]
async fn a_resend_is_acknowledged_again_and_takes_effect_once() {
    let hub = Instance::start().unwrap();
    let channel = hub.adapters().await.unwrap();
    let mut positions = Vec::new();
    for (n, system) in System::ALL.into_iter().enumerate() {
        let facts = steps(system, &format!("H56.15.03-261008-{n:04}"), "same");
        for _ in 0..2 {
            for outcome in wire::report(&channel, &facts).await.unwrap() {
                positions.push(wire::position(&outcome).unwrap());
            }
            for outcome in wire::stream(&channel, &facts).await.unwrap() {
                positions.push(wire::position(&outcome).unwrap());
            }
        }
    }
    for n in 0..System::ALL.len() {
        let case = case(&hub, &format!("H56.15.03-261008-{n:04}"), &positions).await;
        assert_eq!(case.timeline.len(), 5, "{n}: {:?}", case.timeline);
    }
    let mut operations = hub.operations().await.unwrap();
    let answer = operations
        .list_positions(ListPositionsRequest {})
        .await
        .unwrap()
        .into_inner();
    let of_case: u64 = answer
        .views
        .iter()
        .filter(|view| view.view == "case")
        .map(|view| view.duplicates)
        .sum();
    assert_eq!(of_case, 4 * 15, "each of 20 events was sent four times");
}

#[tokio::test]
async fn a_read_with_the_position_of_a_write_sees_it() {
    let hub = Instance::start().unwrap();
    let channel = hub.adapters().await.unwrap();
    let dossier = "H56.15.03-261008-0001";
    for n in 0..40 {
        let fact = Fact::new(System::Onestop, &format!("w{n}"), dossier, n, step("step"));
        let outcomes = wire::report(&channel, &[fact]).await.unwrap();
        let position = wire::position(&outcomes[0]).unwrap();
        let case = case(&hub, dossier, &[position]).await;
        assert_eq!(case.timeline.len() as i64, n + 1);
    }
}

#[tokio::test]
async fn a_position_that_is_not_reached_in_time_is_unavailable_with_a_retry_hint() {
    let hub = Instance::start().unwrap();
    let positions = hub
        .tell(&[Fact::new(
            System::Onestop,
            "a",
            "H56.15.03-261008-0001",
            0,
            step("step"),
        )])
        .await
        .unwrap();
    let mut questions = hub.questions().await.unwrap();
    let request = GetCaseRequest {
        code: "H56.15.03-261008-0001".into(),
        min_positions: vec![Position {
            offset: positions[0].offset + 1_000,
            ..positions[0]
        }],
        max_wait_ms: 200,
        ..GetCaseRequest::default()
    };
    // The bound is the hub's: a generous limit here only tells a hang from an answer.
    let answer = tokio::time::timeout(Duration::from_secs(30), questions.get_case(request)).await;
    let status = answer.expect("the wait is bounded").unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert_eq!(answers::reason(&status), "VIEW_NOT_CAUGHT_UP");
    let retry = status
        .get_error_details()
        .retry_info()
        .and_then(|info| info.retry_delay);
    assert!(
        retry.is_some_and(|delay| delay > Duration::ZERO),
        "{status:?}"
    );
}

#[tokio::test]
async fn a_bad_event_is_rejected_alone_and_its_neighbours_are_recorded() {
    let hub = Instance::start().unwrap();
    let channel = hub.adapters().await.unwrap();
    for (n, system) in System::ALL.into_iter().enumerate() {
        let dossier = format!("H56.15.03-261008-{n:04}");
        let mut facts = steps(system, &dossier, "mixed");
        facts[2] = facts[2]
            .clone()
            .header(|header| header.dossier_code = "not a code".into());
        for (how, outcomes) in [
            ("batch", wire::report(&channel, &facts).await.unwrap()),
            ("stream", wire::stream(&channel, &facts).await.unwrap()),
        ] {
            for (at, outcome) in outcomes.iter().enumerate() {
                let name = system.name();
                match (&outcome.result, at) {
                    (Some(outcome::Result::Rejection(rejection)), 2) => {
                        assert_eq!(rejection.reason, "EVENT_MALFORMED", "{name} {how}");
                        let fields: Vec<_> = rejection
                            .violations
                            .iter()
                            .map(|v| v.field.as_str())
                            .collect();
                        assert_eq!(fields, ["header.dossier_code"], "{name} {how}");
                        assert!(rejection.rejected_number > 0, "{name} {how}");
                        assert!(!rejection.violations[0].fix.is_empty(), "{name} {how}");
                    }
                    (Some(outcome::Result::Position(_)), 0 | 1 | 3 | 4) => {}
                    (other, at) => panic!("{name} {how} event {at}: {other:?}"),
                }
            }
            assert_eq!(outcomes.len(), 5);
        }
    }
}
