//! A check that cannot fail proves nothing: each kind of fault is made, and found.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::facts::{Fact, step};
use crate::fleet::ledger::Sent;
use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::pb::procedure::v1::TimelineEntry;
use lienthong_simulator::message::Message;
use lienthong_simulator::system::System;

fn event(id: &str) -> Event {
    Fact::new(System::Onestop, id, "D", 0, step("work")).event
}

fn at(offset: u64) -> Position {
    Position {
        partition: 0,
        offset,
    }
}

/// A log that holds these events one after the other under one key.
fn held(ids: &[&str]) -> Held {
    let mut held = Held::default();
    for (offset, id) in ids.iter().enumerate() {
        held.keep(0, offset as u64, b"D", &event(id));
    }
    held
}

fn message(id: &str) -> Message {
    let header = event(id).header.unwrap_or_default();
    Message::new(System::Onestop, header, crate::facts::step("work")).unwrap()
}

/// A case whose events were acknowledged there, in the order sent.
fn record(acknowledged: &[(&str, u64)]) -> Record {
    let sent = acknowledged.iter().map(|(id, offset)| Sent {
        identity: Identity::of(&event(id)),
        dossier_code: "D".into(),
        attempts: 1,
        acknowledged: vec![at(*offset)],
        refused: false,
        since: std::time::Instant::now(),
        message: message(id),
    });
    Record {
        case_code: "D".to_owned(),
        sent: sent.collect(),
    }
}

/// Lost, misplaced, out of order.
fn log_faults(ids: &[&str], acknowledged: &[(&str, u64)]) -> (u64, u64, u64) {
    let mut found = Found::default();
    in_log(&held(ids), &record(acknowledged), &mut found);
    (found.lost, found.misplaced, found.order_breaks)
}

#[test]
fn a_loss_a_wrong_position_and_a_wrong_order_in_the_log_are_each_found() {
    assert_eq!(log_faults(&["a", "b"], &[("a", 0), ("b", 1)]), (0, 0, 0));
    assert_eq!(log_faults(&["a"], &[("a", 0), ("b", 1)]), (1, 0, 0));
    assert_eq!(log_faults(&["a", "b"], &[("a", 1), ("b", 1)]), (0, 1, 0));
    assert_eq!(log_faults(&["b", "a"], &[("a", 1), ("b", 0)]), (0, 0, 1));
    // Stored again by a resend: the first place counts.
    let again = log_faults(&["a", "b", "a"], &[("a", 2), ("b", 1)]);
    assert_eq!(again, (0, 0, 0));
}

#[test]
fn a_view_with_a_fact_too_many_or_too_few_is_found() {
    let views = |facts| {
        ["case", "vertical"].map(|view| ViewPosition {
            view: view.to_owned(),
            facts,
            ..ViewPosition::default()
        })
    };
    let faults = |facts| {
        let mut found = Found::default();
        in_views(&held(&["a", "b", "a"]), &views(facts), &mut found);
        (found.applied_twice, found.not_applied)
    };
    assert_eq!(faults(2), (0, 0));
    assert_eq!(faults(3), (2, 0));
    assert_eq!(faults(1), (0, 2));
}

#[test]
fn a_case_that_shows_an_event_twice_or_not_at_all_is_found() {
    let held = held(&["a", "b", "a"]);
    let faults = |offsets: &[u64]| {
        let timeline = offsets.iter().map(|offset| TimelineEntry {
            position: Some(at(*offset)),
            ..TimelineEntry::default()
        });
        let case = Case {
            timeline: timeline.collect(),
            ..Case::default()
        };
        let mut found = Found::default();
        let shown = shown(&held, "D", Some(&case), &mut found);
        missing(&held, &record(&[("a", 0), ("b", 1)]), &shown, &mut found);
        (found.applied_twice, found.not_applied, found.strange.len())
    };
    assert_eq!(faults(&[0, 1]), (0, 0, 0));
    assert_eq!(faults(&[2, 1]), (0, 0, 0), "either place of a resent event");
    assert_eq!(faults(&[0, 1, 2]), (1, 0, 1));
    assert_eq!(faults(&[0]), (0, 1, 1));
    assert_eq!(
        faults(&[0, 1, 9]),
        (0, 0, 1),
        "a position that holds nothing"
    );
}
