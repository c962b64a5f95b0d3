//! The deadlines, supplements, suspensions, extensions, withdrawals and due times of the two real
//! logs, held against their oracles. Mappings of their own on a hub of their own: what the other
//! comparison counts stays as it is.

use super::compare::{Compared, durations};
use super::{FOREIGN, Real, agencies, report, shared_logs};
use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::pb::performance::v1::performance_service_client::PerformanceServiceClient;
use lienthong_contract::pb::performance::v1::{
    ClockAt, GetClockStatisticsRequest, GetClockStatisticsResponse, StopStatistics,
};
use lienthong_tests::cli;
use lienthong_tests::instance::Instance;
use prost_types::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const RECEIPT: &str = "urn:lienthong:nl:wabo:receipt:clock";
const MUNICIPALITY: &str = "urn:lienthong:nl:wabo:municipality2";
/// Which figures of the municipality come from which mapping.
const RUNS: [&str; 4] = ["planned", "clock", "phases", "ends"];

type Answers = BTreeMap<&'static str, GetClockStatisticsResponse>;

#[tokio::test]
async fn the_clocks_of_the_real_logs_give_the_figures_of_their_oracles() {
    let Some(folder) = shared_logs() else { return };
    let mut receipt = Real::new("wabo_receipt", RECEIPT, &folder);
    receipt.mapping.set_file_name("wabo_receipt_clock.toml");
    let mut municipality = Real::new("wabo_municipality2", MUNICIPALITY, &folder);
    let scratch = tempfile::tempdir().unwrap();
    let table = scratch.path().join("agencies.csv");
    let names = agencies(&receipt.mapping, &receipt.file, &table);
    let tables = format!("[{:?}]", table.display().to_string());
    let settings = [FOREIGN, ("LIENTHONG_REFERENCE__AGENCIES", tables.as_str())];
    let hub = Instance::start_with(&settings).unwrap();

    let positions = import(
        &hub,
        &receipt.mapping,
        &receipt.file,
        receipt_facts(&receipt.oracle),
    );
    let moments = moments(&receipt.oracle);
    let told = clock_statistics(&hub, RECEIPT, &moments, positions).await;
    let mut compared = vec![(
        "wabo_receipt, deadlines".to_owned(),
        compare_receipt(&receipt.oracle, &told, &names),
    )];
    for path in [
        "/specific/cases_with_deadline",
        "/specific/cases_never_closed",
        "/specific/closed_after_deadline",
        "/specific/start_to_deadline/median_s",
        "/specific/start_to_close/min_s",
        "/specific/register_as_of/1/open_and_overdue",
        "/specific/register_as_of/0/open_by_department/Experts",
    ] {
        let changed = with_a_wrong_figure(&receipt.oracle, path);
        let wrong = compare_receipt(&changed, &told, &names).wrong;
        assert_eq!(wrong.len(), 1, "{path}: {wrong:#?}");
    }

    let mut answers = Answers::new();
    for run in RUNS {
        let file = format!("wabo_municipality2_{run}.toml");
        municipality.mapping.set_file_name(file);
        let positions = import(&hub, &municipality.mapping, &municipality.file, 0);
        let source = format!("{MUNICIPALITY}:{run}");
        answers.insert(run, clock_statistics(&hub, &source, &[], positions).await);
    }
    compared.push((
        "wabo_municipality2, clock".to_owned(),
        compare_municipality(&municipality.oracle, &answers),
    ));
    for path in [
        "/specific/due_at/done_after",
        "/specific/planned_at/cases_with_a_late_event",
        "/specific/signal_cases/supplement_asked/cases",
        "/specific/signal_cases/resumed_after_suspension/cases",
        "/specific/signal_cases/withdrawal_request_received/cases",
        "/specific/signal_cases/term_extended_phase/cases",
        "/specific/supplement_turnaround/negative",
        "/specific/supplement_turnaround/p90_linear_s",
    ] {
        let changed = with_a_wrong_figure(&municipality.oracle, path);
        let wrong = compare_municipality(&changed, &answers).wrong;
        assert_eq!(wrong.len(), 1, "{path}: {wrong:#?}");
    }

    report::write("real_logs_clock", &compared);
    let wrong = compared.iter().flat_map(|(_, compared)| &compared.wrong);
    let wrong: Vec<&String> = wrong.collect();
    assert!(
        wrong.is_empty(),
        "{} figures differ: {wrong:#?}",
        wrong.len()
    );
    let figures = compared.iter().map(|(_, compared)| compared.figures());
    assert_eq!(figures.collect::<Vec<u64>>(), [34, 33]);
}

/// Receptions and ends that the columns of the receipt log tell.
fn receipt_facts(oracle: &Value) -> u64 {
    let of = |name: &str| oracle["specific"][name].as_u64().unwrap();
    of("cases_with_deadline") + of("cases_closed")
}

/// Imports a file through the command line; the positions to wait for.
fn import(hub: &Instance, mapping: &Path, file: &Path, facts: u64) -> Vec<Position> {
    let (mapping, file) = (mapping.display().to_string(), file.display().to_string());
    let done = cli::run(hub, &["import", "--mapping", &mapping, &file, "--json"]).unwrap();
    assert_eq!(done.code, Some(0), "{done:?}");
    let summary = done.json().unwrap();
    assert_eq!(summary["case_facts"].as_u64(), Some(facts), "{summary}");
    let rows = summary["rows"].as_u64().unwrap();
    assert_eq!(summary["acknowledged"].as_u64(), Some(rows + facts));
    let positions = summary["positions"].as_array().unwrap();
    let positions = positions.iter().map(|at| Position {
        partition: u32::try_from(at["partition"].as_u64().unwrap()).unwrap(),
        offset: at["offset"].as_u64().unwrap(),
    });
    positions.collect()
}

async fn clock_statistics(
    hub: &Instance,
    source: &str,
    moments: &[Timestamp],
    min_positions: Vec<Position>,
) -> GetClockStatisticsResponse {
    let request = GetClockStatisticsRequest {
        as_of_times: moments.to_vec(),
        source: source.to_owned(),
        min_positions,
        max_wait_ms: 30_000,
        ..GetClockStatisticsRequest::default()
    };
    let mut client = PerformanceServiceClient::new(hub.gateway().await.unwrap());
    let answer = client.get_clock_statistics(request).await.unwrap();
    answer.into_inner()
}

fn moments(oracle: &Value) -> Vec<Timestamp> {
    let blocks = oracle["specific"]["register_as_of"].as_array().unwrap();
    let moments = blocks.iter().map(|block| block["T"].as_str().unwrap());
    moments.map(|text| text.parse().unwrap()).collect()
}

/// The oracle with one figure changed by the least that it tells.
fn with_a_wrong_figure(oracle: &Value, path: &str) -> Value {
    let mut changed = oracle.clone();
    let figure = changed
        .pointer_mut(path)
        .unwrap_or_else(|| panic!("no {path}"));
    *figure = match figure.as_u64() {
        Some(count) => (count + 1).into(),
        None => (figure.as_f64().unwrap() + 0.002).into(),
    };
    changed
}

fn compare_receipt(
    oracle: &Value,
    told: &GetClockStatisticsResponse,
    names: &BTreeMap<String, String>,
) -> Compared {
    let mut found = Compared::default();
    let wanted = &oracle["specific"];
    let in_time = |told: &GetClockStatisticsResponse| {
        let by_moment = told.by_moment.unwrap_or_default();
        (by_moment.early + by_moment.on_time, by_moment.late)
    };
    for (name, told) in [
        ("cases_with_deadline", told.with_deadline),
        ("cases_closed", told.ended),
        ("cases_never_closed", told.never_ended),
        ("closed_on_or_before_deadline", in_time(told).0),
        ("closed_after_deadline", in_time(told).1),
    ] {
        found.equal("deadlines", name, wanted[name].as_u64(), Some(told));
    }
    for (name, told) in [
        ("start_to_deadline", &told.allowed),
        ("start_to_close", &told.taken),
    ] {
        durations(&mut found, name, "", &wanted[name], told);
    }
    let blocks = wanted["register_as_of"].as_array().unwrap();
    found.equal(
        "register_as_of",
        "moments",
        blocks.len(),
        told.open_at.len(),
    );
    for (block, at) in blocks.iter().zip(&told.open_at) {
        compare_register(&mut found, block, at, names);
    }
    found
}

fn compare_register(
    found: &mut Compared,
    block: &Value,
    at: &ClockAt,
    names: &BTreeMap<String, String>,
) {
    let time = block["T"].as_str().unwrap();
    for (name, told) in [
        ("open", at.open),
        ("open_and_overdue", at.overdue_by_moment),
    ] {
        let what = format!("{time} {name}");
        found.equal("register_as_of", &what, block[name].as_u64(), Some(told));
    }
    let told = at.by_party.iter().map(|row| {
        let code = row.party.as_ref().map_or("", |party| &party.agency_code);
        (names.get(code).cloned().unwrap_or_default(), row.open)
    });
    let told: BTreeMap<String, u64> = told.collect();
    let wanted = block["open_by_department"].as_object().unwrap();
    for name in wanted.keys().chain(told.keys()).collect::<BTreeSet<_>>() {
        let what = format!("{time} open of {name}");
        let wanted = wanted.get(name).and_then(Value::as_u64).unwrap_or(0);
        let told = told.get(name).copied().unwrap_or(0);
        found.equal("register_as_of", &what, wanted, told);
    }
}

fn compare_municipality(oracle: &Value, told: &Answers) -> Compared {
    let mut found = Compared::default();
    let wanted = &oracle["specific"];
    for (name, run) in [("due_at", "clock"), ("planned_at", "planned")] {
        let steps = told[run].steps_due.unwrap_or_default();
        for (figure, told) in [
            ("events", steps.steps),
            ("done_on_or_before", steps.done_on_or_before),
            ("done_after", steps.done_after),
            ("cases_with_a_late_event", steps.dossiers_with_a_late_step),
        ] {
            let wanted = wanted[name][figure].as_u64();
            found.equal("due times", &format!("{name} {figure}"), wanted, Some(told));
        }
    }
    let stop = |run: &str, status: u32| -> StopStatistics {
        let stops = told[run].stops.iter();
        let stop = stops.copied().find(|stop| stop.portal_status == status);
        stop.unwrap_or_default()
    };
    let supplements = stop("clock", 5);
    for (name, told) in [
        ("supplement_asked", supplements.dossiers_asked),
        ("supplement_received", supplements.dossiers_answered),
        ("suspended_by_authority", stop("clock", 8).dossiers_asked),
        (
            "resumed_after_suspension",
            stop("clock", 8).dossiers_answered,
        ),
        ("decision_suspended_phase", stop("phases", 5).dossiers_asked),
        (
            "procedure_resumed_phase",
            stop("phases", 5).dossiers_answered,
        ),
        ("permanently_suspended", stop("phases", 8).dossiers_asked),
        ("term_extended_phase", stop("ends", 8).dossiers_asked),
        (
            "withdrawal_request_received",
            told["clock"].withdrawn_dossiers,
        ),
        ("terminated_early_phase", told["phases"].withdrawn_dossiers),
        ("aborted_phase", told["ends"].withdrawn_dossiers),
    ] {
        let wanted = wanted["signal_cases"][name]["cases"].as_u64();
        found.equal("dossiers", name, wanted, Some(told));
    }
    let turnaround = &wanted["supplement_turnaround"];
    for (name, told) in [
        ("cases", supplements.dossiers_answered),
        ("negative", supplements.negative_turnarounds),
    ] {
        found.equal(
            "supplement_turnaround",
            name,
            turnaround[name].as_u64(),
            Some(told),
        );
    }
    let of_supplements = &supplements.turnaround;
    durations(
        &mut found,
        "supplement_turnaround",
        "",
        turnaround,
        of_supplements,
    );
    for run in RUNS {
        found.equal(
            "cases",
            run,
            oracle["cases"].as_u64(),
            Some(told[run].dossiers),
        );
    }
    found
}
