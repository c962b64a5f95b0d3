//! Tests of the life of a dossier.

use super::*;
use crate::event::detail::Detail;
use crate::event::{Fingerprint, OrderKey};

const DAY: i64 = 86_400_000;

fn step(at: i64, kind: Kind, portal_status: u8) -> Step<'static> {
    Step {
        order: OrderKey {
            occurred_ms: at,
            sequence: 0,
            rank: kind.rank(),
            fingerprint: Fingerprint(at as u64),
        },
        dossier: "d",
        kind,
        actor: Party {
            agency: "H56.15",
            unit: "",
        },
        addressee: Party::default(),
        reference: 0,
        portal_status,
        procedure: "1.001193",
        due_ms: None,
        detail: Detail::NONE,
        source: "",
        recorded_ms: 0,
    }
}

#[test]
fn a_result_that_waits_at_the_desk_was_settled_when_it_came_to_be() {
    let told = life(&[
        step(0, Kind::Received, 2),
        step(2 * DAY, Kind::ResultIssued, 0),
        step(2 * DAY + 1, Kind::HandedOver, 0),
        step(9 * DAY, Kind::ResultReturned, 10),
    ]);
    let end = told.end.map(|end| (end.at_ms, end.how));
    assert_eq!(end, Some((2 * DAY, Ending::Settled)));
    assert_eq!(told.returned, Some((9 * DAY, None)));
}

#[test]
fn stops_are_the_union_of_what_is_waited_for() {
    let told = life(&[
        step(0, Kind::Received, 2),
        step(DAY, Kind::SupplementRequested, 5),
        step(2 * DAY, Kind::PaymentRequested, 6),
        step(3 * DAY, Kind::SupplementReceived, 0),
        step(4 * DAY, Kind::PaymentMade, 0),
        step(5 * DAY, Kind::Stopped, 8),
    ]);
    let stops: Vec<_> = told
        .stops
        .iter()
        .map(|stop| (stop.from_ms, stop.to_ms))
        .collect();
    assert_eq!(stops, [(DAY, Some(4 * DAY)), (5 * DAY, None)]);
    assert_eq!(told.paused_since(), Some(5 * DAY));
}

#[test]
fn work_after_the_end_reopens_a_dossier() {
    let told = life(&[
        step(0, Kind::Received, 2),
        step(DAY, Kind::ProgressReported, 9),
        step(2 * DAY, Kind::SupplementRequested, 5),
    ]);
    assert_eq!(told.end, None);
    assert_eq!(told.paused_since(), Some(2 * DAY));
}
