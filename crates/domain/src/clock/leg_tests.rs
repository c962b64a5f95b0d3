//! Tests of the deadlines of hand-overs.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::agency::AgencyRow;
use crate::clock::tests::{at, clock};
use crate::clock::{LimitUnit, Running, shares};
use crate::event::Kind;
use crate::path::testing::{act, step, to};
use crate::period::Period;
use crate::procedure::{Change, Leg as ProcedureLeg, ProcedureStep};
use crate::unit::Units;

fn registry() -> Registry {
    let row = |code, level| AgencyRow {
        code,
        level,
        name: code,
        ..AgencyRow::default()
    };
    let rows = [row("H56", "province"), row("G12", "ministry")];
    Registry::new(Units::new(&[]).unwrap(), &rows).unwrap()
}

fn edge(level: Level, expects: &str, hours: u32) -> ProcedureStep {
    ProcedureStep {
        id: format!("{expects}{hours}"),
        name: String::new(),
        level,
        agency_kind: "tax".to_owned(),
        leg: ProcedureLeg::Serial,
        after: Vec::new(),
        expects: Some(expects.to_owned()),
        within: Some(TimeLimit {
            amount: hours,
            unit: LimitUnit::WorkingHours,
            same_day_before: None,
        }),
        legal_basis: String::new(),
    }
}

fn procedure(steps: Vec<ProcedureStep>) -> Procedure {
    Procedure {
        code: "1.012783".to_owned(),
        name: String::new(),
        field: String::new(),
        field_name: String::new(),
        levels: vec![Level::Province],
        online: None,
        limit: None,
        steps,
        legal_basis: String::new(),
        period: Period::ALWAYS,
        change: Change::None,
        abolished: false,
    }
}

#[test]
fn a_hand_over_is_due_as_told_else_as_the_step_graph_says() {
    let registry = registry();
    let procedure = procedure(vec![
        edge(Level::Province, "accepted", 2),
        edge(Level::Province, "result_issued", 8),
    ]);
    let law = Law {
        clock: clock(),
        procedure: Some(&procedure),
        registry: &registry,
    };
    let handed = at("2024-03-04 10:00");
    let told = Step {
        due_ms: Some(at("2024-03-04 16:00")),
        ..to(handed, "H56.15", Kind::HandedOver, "G12")
    };
    let graph = to(at("2024-03-05 09:00"), "G12", Kind::HandedOver, "H56");
    let steps = [
        told,
        step(at("2024-03-04 11:00"), "G12", Kind::Accepted),
        graph,
        act(at("2024-03-06 10:00"), "H56"),
        act(at("2024-03-06 11:00"), "H56.15"),
    ];
    let legs = legs(&steps, &[], &law);
    assert_eq!(legs.len(), 2);
    assert_eq!(legs[0].accepted_ms, Some(at("2024-03-04 11:00")));
    assert_eq!(legs[0].finished_ms, Some(at("2024-03-05 09:00")));
    assert_eq!(legs[0].outcome(Precision::Day), Some(Outcome::Late));
    assert_eq!(legs[1].due_ms, Some(Ok(at("2024-03-06 09:00"))));
    assert_eq!(legs[1].accepted_ms, Some(at("2024-03-06 10:00")));
    assert_eq!(legs[1].finished_ms, Some(at("2024-03-06 11:00")));
    assert_eq!(legs[1].outcome(Precision::Day), Some(Outcome::OnTime));
    assert_eq!(legs[1].outcome(Precision::Moment), Some(Outcome::Late));
}

#[test]
fn a_hand_over_that_nobody_took_up_is_finished_by_another_hand_over_or_the_end_only() {
    let registry = registry();
    let law = Law {
        clock: clock(),
        procedure: None,
        registry: &registry,
    };
    let open = [to(1, "A", Kind::HandedOver, "B"), act(2, "A")];
    let leg = legs(&open, &[], &law)[0];
    assert_eq!(
        (leg.accepted_ms, leg.due_ms, leg.finished_ms),
        (None, None, None)
    );
    assert_eq!(leg.outcome(Precision::Day), None);
    let again = [open[0], open[1], to(3, "A", Kind::HandedOver, "C")];
    assert_eq!(legs(&again, &[], &law)[0].finished_ms, Some(3));
    let ended = [open[0], open[1], step(4, "A", Kind::Withdrawn)];
    assert_eq!(legs(&ended, &[], &law)[0].finished_ms, Some(4));
}

#[test]
fn steps_of_one_level_that_differ_give_no_time() {
    let one = edge(Level::Province, "result_issued", 8);
    let alike = procedure(vec![
        one.clone(),
        edge(Level::Ministry, "answered", 3),
        one.clone(),
    ]);
    let differ = procedure(vec![one.clone(), edge(Level::Province, "answered", 3)]);
    assert_eq!(
        time_on_edge(&alike, Level::Province, Reply::Done),
        one.within
    );
    assert_eq!(time_on_edge(&alike, Level::Province, Reply::Accepted), None);
    assert_eq!(time_on_edge(&differ, Level::Province, Reply::Done), None);
    assert_eq!(time_on_edge(&differ, Level::Commune, Reply::Done), None);
}

#[test]
fn the_running_time_is_shared_out_among_the_holders_without_stops() {
    let steps = [
        act(at("2024-03-04 08:00"), "A"),
        to(at("2024-03-04 10:00"), "A", Kind::HandedOver, "B"),
        act(at("2024-03-04 14:30"), "B"),
        step(at("2024-03-04 15:30"), "B", Kind::Answered),
        act(at("2024-03-05 08:00"), "A"),
    ];
    let stops = [Stop {
        from_ms: at("2024-03-04 15:00"),
        to_ms: Some(at("2024-03-04 17:00")),
        portal_status: 5,
    }];
    let running = Running {
        unit: LimitUnit::WorkingHours,
        from_ms: at("2024-03-04 07:00"),
        to_ms: at("2024-03-05 09:00"),
        stops: &stops,
    };
    let shares = shares(&clock(), &running, &steps).unwrap();
    let told: Vec<(&str, i64)> = shares
        .iter()
        .map(|share| (share.party.agency, share.used_ms / 60_000))
        .collect();
    assert_eq!(told, [("", 60), ("A", 180), ("B", 240)]);
}
