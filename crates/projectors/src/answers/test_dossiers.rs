//! A dossier with a stop and a hand-over, and a procedure for it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::case::{CaseDetail, WholeCase};
use super::dossier::Asked;
use super::test_paths::{passed, reference, told};
use lienthong_contract::time::from_millis;
use lienthong_domain::clock::{LimitUnit, TimeLimit};
use lienthong_domain::event::Kind;
use lienthong_domain::level::Level;
use lienthong_domain::links::{Group, Member};
use lienthong_domain::path::Step;
use lienthong_domain::path::day::day;
use lienthong_domain::period::Period;
use lienthong_domain::procedure::{Change, Leg, Procedure, ProcedureStep, Procedures};
use lienthong_domain::reference::Reference;
use prost_types::Timestamp;

/// An hour in milliseconds.
pub(super) const HOUR: i64 = 3_600_000;
/// Monday 2026-05-04, 0:00 at +07:00.
pub(super) const MONDAY: i64 = 1_777_856_400_000 - 8 * HOUR;
/// The dossier.
pub(super) const CODE: &str = "D-1";

pub(super) fn at(ms: i64) -> Option<Timestamp> {
    Some(from_millis(ms))
}

/// Asked until then, and then.
pub(super) fn asked(now_ms: i64) -> Asked {
    Asked {
        code: CODE.to_owned(),
        until_ms: Some(now_ms),
        now_ms,
    }
}

/// A case of one dossier of these steps.
pub(super) fn alone(steps: Vec<Step<'static>>) -> WholeCase<'static> {
    let detail = |(offset, step)| CaseDetail {
        step,
        source: "urn:s",
        recorded_ms: 0,
        partition: 0,
        offset,
        link: None,
    };
    WholeCase {
        group: Group {
            code: "CASE",
            dossiers: vec![Member {
                code: CODE,
                aliases: vec!["ALIAS"],
                parent: None,
            }],
        },
        details: (0..).zip(steps).map(detail).collect(),
        parked: Vec::new(),
    }
}

/// Received by C1 at 8:00 and told to be due at 17:00, handed to P1 at 9:00 and accepted, stopped
/// for a payment from 10:00 to 14:00; settled by P1 then, if ever.
pub(super) fn open_case(settled: Option<i64>) -> WholeCase<'static> {
    let by = |hour: i64, agency, kind| told(MONDAY + hour * HOUR, CODE, agency, kind);
    let received = Step {
        procedure: "1.000001",
        portal_status: 2,
        due_ms: Some(MONDAY + 17 * HOUR),
        ..by(8, "C1", Kind::Received)
    };
    let mut steps = vec![
        received,
        passed(MONDAY + 9 * HOUR, CODE, "C1", "P1"),
        told(MONDAY + 9 * HOUR + HOUR / 2, "ALIAS", "P1", Kind::Accepted),
        by(10, "P1", Kind::PaymentRequested),
        by(14, "P1", Kind::PaymentMade),
    ];
    steps.extend(settled.map(|ms| Step {
        portal_status: 10,
        ..told(ms, CODE, "P1", Kind::ResultReturned)
    }));
    alone(steps)
}

/// So many working days.
pub(super) fn working_days(amount: u32) -> TimeLimit {
    TimeLimit {
        amount,
        unit: LimitUnit::WorkingDays,
        same_day_before: None,
    }
}

/// A procedure of this limit from 2026-01-01 on, whose provincial agency has two working hours.
pub(super) fn limited(limit: Option<TimeLimit>) -> Procedure {
    let step = ProcedureStep {
        id: "appraise".to_owned(),
        name: "Appraise".to_owned(),
        level: Level::Province,
        agency_kind: "department".to_owned(),
        leg: Leg::Serial,
        after: Vec::new(),
        expects: Some("returned".to_owned()),
        within: Some(TimeLimit {
            amount: 2,
            unit: LimitUnit::WorkingHours,
            same_day_before: None,
        }),
        legal_basis: String::new(),
    };
    Procedure {
        code: "1.000001".to_owned(),
        name: "A procedure".to_owned(),
        field: String::new(),
        field_name: String::new(),
        levels: vec![Level::Commune],
        online: None,
        limit,
        steps: vec![step],
        legal_basis: String::new(),
        period: Period {
            from: Some(day(20_454)), // 2026-01-01
            to: None,
        },
        change: Change::New,
        abolished: false,
    }
}

/// The small registry with this one procedure.
pub(super) fn under(procedure: Procedure) -> Reference {
    Reference {
        procedures: Procedures::of(vec![procedure]),
        ..reference().as_ref().clone()
    }
}
