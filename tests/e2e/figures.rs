//! The horizontal and vertical answers of a small scenario whose figures are worked out by hand
//! in the comments.

use crate::scenario::{accepted, handed_over, received, returned_to_applicant};
use lienthong_contract::pb::event::v1::event::Payload;
use lienthong_contract::pb::event::v1::{self as event, Channel, Position};
use lienthong_contract::pb::procedure::v1::{
    Direction, Distribution, GetHorizontalRequest, GetHorizontalResponse, GetVerticalRequest,
    GetVerticalResponse, Level,
};
use lienthong_contract::time::from_millis;
use lienthong_simulator::system::System;
use lienthong_tests::facts::{Fact, MINUTE_MS, MORNING_MS, agency};
use lienthong_tests::instance::Instance;

/// Land office and tax office of one province; its department of justice; two communes.
const LAND: &str = "H56.08.01";
const TAX: &str = "G12.18.38";
const JUSTICE: &str = "H56.03";
const HAM_RONG: &str = "H56.15.03";
const MUONG_LAT: &str = "H56.15.04";
const LAND_PROCEDURE: &str = "1.012783";
const JUSTICE_PROCEDURE: &str = "2.000635";

fn told(dossier: &str, minutes: i64, agency: &str, payload: Payload) -> Fact {
    Fact::new(
        System::Specialised,
        &format!("{dossier}-{minutes}"),
        dossier,
        minutes,
        payload,
    )
    .by(agency)
}

/// Open: received by the land office at 0, handed to tax at 30, accepted at 90, which asks
/// for payment at 120.
/// -> hand-over LAND>TAX waits 90-30 = 60; nobody after tax yet, so no processing time.
fn open_land_case() -> Vec<Fact> {
    let dossier = "H56.08.01-261008-0001";
    let payment = Payload::PaymentRequested(event::PaymentRequested {
        payment_id: "P1".into(),
        amount_vnd: 1_500_000,
        due_time: None,
    });
    vec![
        told(dossier, 0, LAND, received(Channel::Desk)),
        told(dossier, 30, LAND, handed_over(TAX, "", "L1")),
        told(dossier, 90, TAX, accepted(LAND, "L1")),
        told(dossier, 120, TAX, payment),
    ]
}

/// Done: handed to tax at 10, accepted at 30, returned at 70, accepted at 100, the applicant
/// has the result at 200.
/// -> LAND>TAX waits 30-10 = 20, tax has it 100-30 = 70; TAX>LAND waits 100-70 = 30, the land
///    office has it until the end, 200-100 = 100.
fn closed_land_case() -> Vec<Fact> {
    let dossier = "H56.08.01-261008-0002";
    let back = Payload::Returned(event::Returned {
        to: agency(LAND),
        handover_id: "L2".into(),
        reason_code: "done".into(),
    });
    vec![
        told(dossier, 0, LAND, received(Channel::Desk)),
        told(dossier, 10, LAND, handed_over(TAX, "", "L2")),
        told(dossier, 30, TAX, accepted(LAND, "L2")),
        told(dossier, 70, TAX, back),
        told(dossier, 100, LAND, accepted(TAX, "L2")),
        told(dossier, 200, LAND, returned_to_applicant()),
    ]
}

/// Handed from one commune to another at 15 and not taken up.
/// -> in work at the second commune, which has not acted: no class of interconnection yet.
fn unaccepted_case() -> Vec<Fact> {
    let dossier = "H56.15.03-261008-0003";
    vec![
        told(dossier, 0, HAM_RONG, received(Channel::Desk)),
        told(dossier, 15, HAM_RONG, handed_over(MUONG_LAT, "", "L3")),
    ]
}

/// The land office asks the department of justice at 20 and has no answer; a second question is
/// answered.
/// -> in work at the land office; LAND>JUSTICE waits 45-40 = 5 and the department has it
///    50-45 = 5; JUSTICE>LAND waits 50-45 = 5 and the case is open: no processing.
fn consulted_case() -> Vec<Fact> {
    let dossier = "H56.08.01-261008-0004";
    let ask = |number: &str| {
        Payload::Consulted(event::Consulted {
            to: agency(JUSTICE),
            consultation_id: number.into(),
            due_time: None,
        })
    };
    let answer = Payload::Answered(event::Answered {
        consultation_id: "Q2".into(),
        agreed: true,
    });
    let appraised = Payload::Appraised(event::Appraised { passed: true });
    vec![
        told(dossier, 0, LAND, received(Channel::Desk)),
        told(dossier, 20, LAND, ask("Q1")),
        told(dossier, 40, LAND, ask("Q2")),
        told(dossier, 45, JUSTICE, answer),
        told(dossier, 50, LAND, appraised),
    ]
}

/// Open: commune at 0, handed up at 60, accepted by the province at 120, approved at 180.
/// -> stay at the commune 120; up waits 60; stuck at the province since 120.
fn open_vertical_case() -> Vec<Fact> {
    let dossier = "H56.15.03-261008-0005";
    vec![
        told(dossier, 0, HAM_RONG, received(Channel::Desk)),
        told(dossier, 60, HAM_RONG, handed_over(JUSTICE, "", "V1")),
        told(dossier, 120, JUSTICE, accepted(HAM_RONG, "V1")),
        told(dossier, 180, JUSTICE, Payload::Approved(event::Approved {})),
    ]
    .into_iter()
    .map(|fact| fact.procedure(JUSTICE_PROCEDURE))
    .collect()
}

/// Done: handed up at 10, accepted at 20, signed at 50, handed down at 60, accepted at 90,
/// returned to the applicant at 100.
/// -> commune 0..20 = 20 and 90..100 = 10, province 20..90 = 70; up waits 10, down waits 30.
fn closed_vertical_case() -> Vec<Fact> {
    let dossier = "H56.15.03-261008-0006";
    vec![
        told(dossier, 0, HAM_RONG, received(Channel::Desk)),
        told(dossier, 10, HAM_RONG, handed_over(JUSTICE, "", "V2")),
        told(dossier, 20, JUSTICE, accepted(HAM_RONG, "V2")),
        told(
            dossier,
            50,
            JUSTICE,
            Payload::Signed(event::Signed { digital: true }),
        ),
        told(dossier, 60, JUSTICE, handed_over(HAM_RONG, "", "V3")),
        told(dossier, 90, HAM_RONG, accepted(JUSTICE, "V3")),
        told(dossier, 100, HAM_RONG, returned_to_applicant()),
    ]
    .into_iter()
    .map(|fact| fact.procedure(JUSTICE_PROCEDURE))
    .collect()
}

async fn hub() -> (Instance, Vec<Position>) {
    let hub = Instance::start().unwrap();
    let land = [open_land_case(), closed_land_case(), consulted_case()].concat();
    let land = land.into_iter().map(|fact| fact.procedure(LAND_PROCEDURE));
    let mut facts: Vec<Fact> = land.collect();
    facts.extend(unaccepted_case());
    facts.extend(open_vertical_case());
    facts.extend(closed_vertical_case());
    let positions = hub.tell(&facts).await.unwrap();
    (hub, positions)
}

/// The exact figures of a few values given in minutes.
fn of_minutes(minutes: &[i64]) -> Distribution {
    let mut sorted: Vec<i64> = minutes.iter().map(|minutes| minutes * MINUTE_MS).collect();
    sorted.sort_unstable();
    let Some(last) = sorted.len().checked_sub(1) else {
        return Distribution::default();
    };
    let at = |rank: f64| {
        let low = rank.floor() as usize;
        let high = (low + 1).min(last);
        sorted[low] as f64 + (rank - low as f64) * (sorted[high] - sorted[low]) as f64
    };
    Distribution {
        count: sorted.len() as u64,
        sum_ms: sorted.iter().sum(),
        min_ms: sorted[0],
        max_ms: sorted[last],
        median_ms: at(last as f64 / 2.0),
        p90_linear_ms: at(0.9 * last as f64),
        p90_nearest_rank_ms: sorted[(sorted.len() * 9).div_ceil(10) - 1],
    }
}

fn assert_figures(what: &str, told: &Option<Distribution>, minutes: &[i64]) {
    let (told, wanted) = (told.unwrap_or_default(), of_minutes(minutes));
    let near = |one: f64, two: f64| (one - two).abs() < 0.001;
    assert!(
        near(told.median_ms, wanted.median_ms) && near(told.p90_linear_ms, wanted.p90_linear_ms),
        "{what}: {told:?}, by hand {wanted:?}"
    );
    let exact = |d: Distribution| (d.count, d.sum_ms, d.min_ms, d.max_ms, d.p90_nearest_rank_ms);
    assert_eq!(exact(told), exact(wanted), "{what}");
}

async fn horizontal(request: GetHorizontalRequest) -> GetHorizontalResponse {
    let (hub, min_positions) = hub().await;
    let mut questions = hub.questions().await.unwrap();
    let request = GetHorizontalRequest {
        min_positions,
        ..request
    };
    questions
        .get_horizontal(request)
        .await
        .unwrap()
        .into_inner()
}

#[tokio::test]
async fn the_horizontal_answer_has_the_figures_worked_out_by_hand() {
    let told = horizontal(GetHorizontalRequest::default()).await;

    // LAND+TAX twice, LAND+JUSTICE once: several agencies, all of the province.
    assert_eq!(told.horizontal_cases, 3);
    let in_work: Vec<_> = told
        .in_work
        .iter()
        .map(|one| (one.level(), one.province_code.as_str(), one.cases))
        .collect();
    assert_eq!(in_work.len(), 2, "{in_work:?}");
    // The unaccepted hand-over at Muong Lat.
    assert!(in_work.contains(&(Level::Commune, "38", 1)), "{in_work:?}");
    // Tax, land office, department of justice.
    assert!(in_work.contains(&(Level::Province, "38", 3)), "{in_work:?}");

    let cells: Vec<_> = told
        .hand_overs
        .iter()
        .map(|cell| {
            (
                cell.from_agency_code.as_str(),
                cell.to_agency_code.as_str(),
                cell.count,
            )
        })
        .collect();
    assert_eq!(cells.len(), 4, "{cells:?}");
    for (from, to, count, waiting, processing) in [
        (LAND, TAX, 2, &[60, 20][..], &[70][..]),
        (TAX, LAND, 1, &[30], &[100]),
        (LAND, JUSTICE, 1, &[5], &[5]),
        (JUSTICE, LAND, 1, &[5], &[]),
    ] {
        let what = format!("{from} > {to}");
        let cell = told
            .hand_overs
            .iter()
            .find(|cell| cell.from_agency_code == from && cell.to_agency_code == to)
            .unwrap_or_else(|| panic!("{what} is missing: {cells:?}"));
        assert_eq!(cell.count, count, "{what}");
        assert_eq!(
            (cell.from_level(), cell.to_level()),
            (Level::Province, Level::Province)
        );
        assert_figures(&format!("{what} waiting"), &cell.waiting, waiting);
        assert_figures(&format!("{what} processing"), &cell.processing, processing);
    }

    assert_eq!((told.unaccepted_total, told.unanswered_total), (1, 1));
    let open = &told.unaccepted[0];
    assert_eq!(open.dossier_code, "H56.15.03-261008-0003");
    assert_eq!(open.to, agency(MUONG_LAT));
    assert_eq!(
        open.since_time,
        Some(from_millis(MORNING_MS + 15 * MINUTE_MS))
    );
    let open = &told.unanswered[0];
    assert_eq!(open.dossier_code, "H56.08.01-261008-0004");
    assert_eq!((&open.from, &open.to), (&agency(LAND), &agency(JUSTICE)));
    assert_eq!(
        open.since_time,
        Some(from_millis(MORNING_MS + 20 * MINUTE_MS))
    );
}

#[tokio::test]
async fn the_horizontal_answer_can_be_narrowed_to_a_level_and_a_province() {
    let commune = horizontal(GetHorizontalRequest {
        level: Level::Commune as i32,
        ..GetHorizontalRequest::default()
    })
    .await;
    let levels: Vec<Level> = commune.in_work.iter().map(|one| one.level()).collect();
    assert_eq!(levels, [Level::Commune]);
    assert_eq!(
        commune.hand_overs,
        Vec::new(),
        "no commune has taken up another's dossier"
    );

    let elsewhere = horizontal(GetHorizontalRequest {
        province_code: "22".into(),
        ..GetHorizontalRequest::default()
    })
    .await;
    assert!(
        elsewhere.in_work.iter().all(|one| one.cases == 0),
        "{:?}",
        elsewhere.in_work
    );
    assert!(
        elsewhere.hand_overs.is_empty(),
        "{:?}",
        elsewhere.hand_overs
    );
}

#[tokio::test]
async fn the_vertical_answer_has_the_figures_worked_out_by_hand() {
    let (hub, min_positions) = hub().await;
    let mut questions = hub.questions().await.unwrap();
    for procedure in ["", JUSTICE_PROCEDURE] {
        let request = GetVerticalRequest {
            procedure_code: procedure.into(),
            min_positions: min_positions.clone(),
            ..GetVerticalRequest::default()
        };
        assert_vertical(&questions.get_vertical(request).await.unwrap().into_inner());
    }
    let request = GetVerticalRequest {
        procedure_code: LAND_PROCEDURE.into(),
        ..GetVerticalRequest::default()
    };
    let land = questions.get_vertical(request).await.unwrap().into_inner();
    assert_eq!(land.vertical_cases, 0, "the land cases stay at one level");
    assert!(land.chains.is_empty() && land.stuck.is_empty());
}

fn assert_vertical(told: &GetVerticalResponse) {
    assert_eq!(told.vertical_cases, 2);

    let level = |level: Level| {
        let mut found = told.latencies.iter().filter(|one| one.level() == level);
        let one = found
            .next()
            .unwrap_or_else(|| panic!("no {level:?}: {:?}", told.latencies));
        assert_eq!(one.procedure_code, JUSTICE_PROCEDURE);
        assert!(found.next().is_none(), "{:?}", told.latencies);
        one
    };
    assert_eq!(level(Level::Commune).cases, 2);
    assert_figures(
        "commune stays",
        &level(Level::Commune).stays,
        &[120, 20, 10],
    );
    assert_eq!(level(Level::Province).cases, 2);
    assert_figures("province stays", &level(Level::Province).stays, &[70]);

    assert_eq!(told.transitions.len(), 2, "{:?}", told.transitions);
    for (from, to, direction, waiting) in [
        (
            Level::Commune,
            Level::Province,
            Direction::Up,
            &[60, 10][..],
        ),
        (Level::Province, Level::Commune, Direction::Down, &[30]),
    ] {
        let one = told
            .transitions
            .iter()
            .find(|one| one.from_level() == from && one.to_level() == to)
            .unwrap_or_else(|| panic!("no {from:?} > {to:?}: {:?}", told.transitions));
        assert_eq!(
            (one.direction(), one.count),
            (direction, waiting.len() as u64)
        );
        assert_figures(&format!("{from:?} > {to:?}"), &one.waiting, waiting);
    }

    let since = Some(from_millis(MORNING_MS + 120 * MINUTE_MS));
    let stuck: Vec<_> = told
        .stuck
        .iter()
        .map(|one| (one.level(), one.cases, one.oldest_since_time))
        .collect();
    assert_eq!(stuck, [(Level::Province, 1, since)]);

    assert_eq!(told.chains.len(), 1, "only open cases: {:?}", told.chains);
    let chain = &told.chains[0];
    assert_eq!(chain.case_code, "H56.15.03-261008-0005");
    let links: Vec<_> = chain
        .links
        .iter()
        .map(|link| {
            (
                link.level(),
                link.agency_code.as_str(),
                link.left_time,
                link.direction(),
            )
        })
        .collect();
    assert_eq!(
        links,
        [
            (Level::Commune, HAM_RONG, since, Direction::Unspecified),
            (Level::Province, JUSTICE, None, Direction::Up),
        ]
    );
}
