//! Small paths and a small registry for the tests of the answers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use lienthong_domain::agency::{AgencyRow, Registry};
use lienthong_domain::event::{Fingerprint, Kind, OrderKey, Party};
use lienthong_domain::path::{JoinedCase, Step};
use lienthong_domain::reference::Reference;
use lienthong_domain::unit::{UnitRow, Units};
use std::sync::{Arc, LazyLock};

/// A day in milliseconds; day 0 begins at 1970-01-01T00:00Z.
pub(super) const DAY: i64 = 86_400_000;

/// Agencies C1 and C2 (commune; C1's commune moves from province 38 to 40 on 2025-07-01), D1
/// (district, until 2025-06-30), P1 and P2 (province), M1 (ministry), X (commune until
/// 2020-12-31, then province).
pub(super) fn reference() -> Arc<Reference> {
    let unit = |code, level, parent, from, to| UnitRow {
        code,
        level,
        name: code,
        parent,
        from,
        to,
    };
    let units = [
        unit("38", "province", "", "", ""),
        unit("40", "province", "", "", ""),
        unit("385", "district", "38", "", "2025-06-30"),
        unit("38501", "commune", "385", "", "2025-06-30"),
        unit("38501", "commune", "40", "2025-07-01", ""),
    ];
    let row = |code, level, unit_code, from, to| AgencyRow {
        code,
        name: code,
        level,
        unit_code,
        parent: "",
        from,
        to,
    };
    let rows = [
        row("C1", "commune", "38501", "", ""),
        row("C2", "commune", "", "", ""),
        row("D1", "district", "385", "", "2025-06-30"),
        row("P1", "province", "38", "", ""),
        row("P2", "province", "40", "", ""),
        row("M1", "ministry", "", "", ""),
        row("X", "commune", "", "", "2020-12-31"),
        row("X", "province", "", "2021-01-01", ""),
    ];
    static SHIPPED: LazyLock<Reference> =
        LazyLock::new(|| lienthong_contract::reference::demo().unwrap());
    Arc::new(Reference {
        registry: Registry::new(Units::new(&units).unwrap(), &rows).unwrap(),
        procedures: SHIPPED.procedures.clone(),
        calendar: SHIPPED.calendar.clone(),
        mappings: SHIPPED.mappings.clone(),
        version: SHIPPED.version.clone(),
    })
}

/// A step of progress at a millisecond, by an agency.
pub(super) fn step<'a>(at_ms: i64, dossier: &'a str, agency: &'a str) -> Step<'a> {
    told(at_ms, dossier, agency, Kind::ProgressReported)
}

/// A step of some kind.
pub(super) fn told<'a>(at_ms: i64, dossier: &'a str, agency: &'a str, kind: Kind) -> Step<'a> {
    Step {
        order: OrderKey {
            occurred_ms: at_ms,
            sequence: 0,
            rank: kind.rank(),
            fingerprint: Fingerprint(at_ms as u64),
        },
        dossier,
        kind,
        actor: Party { agency, unit: "" },
        addressee: Party::default(),
        reference: 0,
        portal_status: 0,
        procedure: "",
        due_ms: None,
        detail: lienthong_domain::event::Detail::NONE,
        source: "",
        recorded_ms: 0,
    }
}

/// A hand-over.
pub(super) fn passed<'a>(at_ms: i64, dossier: &'a str, from: &'a str, to: &'a str) -> Step<'a> {
    Step {
        addressee: Party {
            agency: to,
            unit: "",
        },
        ..told(at_ms, dossier, from, Kind::HandedOver)
    }
}

/// A case of these steps, named by its first dossier.
pub(super) fn joined<'a>(steps: &[Step<'a>]) -> JoinedCase<'a> {
    let mut dossiers: Vec<&'a str> = Vec::new();
    for step in steps {
        if !dossiers.contains(&step.dossier) {
            dossiers.push(step.dossier);
        }
    }
    JoinedCase {
        code: dossiers.first().copied().unwrap_or("none"),
        dossiers,
        steps: steps.to_vec(),
        ..JoinedCase::default()
    }
}
