//! A case with a pause, a hand-over that nobody took up and a supplement that is awaited.
#![allow(clippy::unwrap_used)]

use super::*;
use lienthong_contract::pb::event::v1::Party;
use lienthong_contract::pb::procedure::v1::{InterconnectionClass, Level};
use lienthong_contract::time::from_millis;

/// 2026-07-01 08:00 at +07:00.
const MORNING: i64 = 1_782_838_800_000 + 8 * 3_600_000;

fn party(agency: &str) -> Option<Party> {
    Some(Party {
        agency_code: agency.to_owned(),
        unit_code: String::new(),
    })
}

fn entry(kind: &str, minutes: i64, to: Option<Party>) -> TimelineEntry {
    TimelineEntry {
        occurred_time: Some(from_millis(MORNING + minutes * 60_000)),
        kind: kind.to_owned(),
        dossier_code: "D1".to_owned(),
        actor: party("H56.15.03"),
        actor_level: Level::Commune.into(),
        addressee: to,
        ..TimelineEntry::default()
    }
}

#[test]
fn a_timeline_is_drawn_with_pauses_holder_and_what_is_awaited() {
    let since_time = Some(from_millis(MORNING + 130 * 60_000));
    let case = Case {
        code: "C1".to_owned(),
        interconnection_class: InterconnectionClass::Vertical.into(),
        dossiers: vec![Dossier {
            code: "D1".to_owned(),
            procedure_code: "1.001193".to_owned(),
            open: true,
            ..Dossier::default()
        }],
        timeline: vec![
            entry("received", 0, None),
            entry("handed_over", 130, party("BTP")),
        ],
        holder: Some(Holder {
            party: party("BTP"),
            level: Level::Ministry.into(),
            since_time,
            accepted: false,
            ..Holder::default()
        }),
        waiting: vec![Waiting {
            kind: "supplement".to_owned(),
            dossier_code: "D1".to_owned(),
            party: None,
            since_time,
            due_time: None,
        }],
        open: true,
    };
    let answer = GetCaseResponse {
        case: Some(case),
        freshness: None,
    };
    let expected = "\
Case C1  ·  vertical  ·  open

  Dossier  D1  procedure 1.001193  open
  Held by  BTP (ministry) for 5m 0s, not taken up yet
  Waits    for supplement from the applicant, dossier D1, for 5m 0s

  ● 2026-07-01 08:00:00  commune   H56.15.03  received           D1
  │  2h 10m
  ● 2026-07-01 10:10:00  commune   H56.15.03  handed_over → BTP  D1
  ┆  5m 0s so far";
    assert_eq!(text(&answer, MORNING + 135 * 60_000), expected);
}
