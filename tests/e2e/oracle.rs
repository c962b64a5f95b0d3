//! The hub's answers about whole event logs are exactly those of an independent calculation.
//!
//! The project's own logs come from the simulator, with answers counted straight from the rows.
//! Two real logs of municipal permits with answers of other tools lie in `shared/logs` beside
//! the repository where it is worked on; they are compared wherever that folder is.

mod clock;
mod compare;
mod report;

use compare::{Compared, compare};
use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::pb::operations::v1::ListPositionsRequest;
use lienthong_contract::pb::procedure::v1::{GetPathStatisticsRequest, GetPathStatisticsResponse};
use lienthong_contract::time::from_millis;
use lienthong_simulator::event_log;
use lienthong_simulator::import::Format;
use lienthong_tests::cli;
use lienthong_tests::instance::Instance;
use prost_types::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const FOREIGN: (&str, &str) = ("LIENTHONG_ADAPTERS__DOSSIER_CODES__ONESTOP", "foreign");

/// Imports a file through the command line; the positions to wait for.
fn import(hub: &Instance, mapping: &Path, file: &Path) -> Vec<Position> {
    let (mapping, file) = (mapping.display().to_string(), file.display().to_string());
    let done = cli::run(hub, &["import", "--mapping", &mapping, &file, "--json"]).unwrap();
    assert_eq!(done.code, Some(0), "{done:?}");
    let summary = done.json().unwrap();
    assert_eq!(summary["acknowledged"], summary["rows"], "{summary}");
    let positions = summary["positions"].as_array().unwrap();
    positions
        .iter()
        .map(|at| Position {
            partition: u32::try_from(at["partition"].as_u64().unwrap()).unwrap(),
            offset: at["offset"].as_u64().unwrap(),
        })
        .collect()
}

/// The agencies of a log as the table that the hub takes, without sending anything.
fn agencies(mapping: &Path, file: &Path, to: &Path) -> BTreeMap<String, String> {
    let text = |path: &Path| path.display().to_string();
    let arguments = [
        "import",
        "--check",
        "--mapping",
        &text(mapping),
        &text(file),
        "--agencies-out",
        &text(to),
    ];
    let done = cli::run_alone(&arguments).unwrap();
    assert_eq!(done.code, Some(0), "{done:?}");
    let mut table = csv::Reader::from_path(to).unwrap();
    let names = table.records().map(|row| {
        let row = row.unwrap();
        (row[0].to_owned(), row[1].to_owned())
    });
    names.collect()
}

/// What the hub says about the paths of one source's cases.
async fn told(
    hub: &Instance,
    source: &str,
    moments: &[Timestamp],
    positions: &[Position],
) -> GetPathStatisticsResponse {
    let request = GetPathStatisticsRequest {
        as_of_times: moments.to_vec(),
        source: source.into(),
        min_positions: positions.to_vec(),
        max_wait_ms: 30_000,
        ..GetPathStatisticsRequest::default()
    };
    let mut questions = hub.questions().await.unwrap();
    questions
        .get_path_statistics(request)
        .await
        .unwrap()
        .into_inner()
}

/// The moments an oracle asks about.
fn moments(oracle: &Value) -> Vec<Timestamp> {
    let blocks = oracle["as_of"].as_array().unwrap();
    blocks
        .iter()
        .map(|block| block["T"].as_str().unwrap().parse().unwrap())
        .collect()
}

async fn digests(hub: &Instance) -> Vec<String> {
    let mut operations = hub.operations().await.unwrap();
    let answer = operations
        .list_positions(ListPositionsRequest {})
        .await
        .unwrap()
        .into_inner();
    answer.views.into_iter().map(|view| view.digest).collect()
}

#[tokio::test]
async fn a_made_up_log_in_every_format_gives_the_answers_counted_from_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let rows = event_log::rows(2_026, 150);
    let moments_ms = [1_745_000_000_000, 1_755_000_000_000, 1_765_000_000_000];
    let oracle = event_log::oracle(&rows, &moments_ms).unwrap();
    let oracle = serde_json::to_value(oracle).unwrap();
    let moments = moments_ms.map(from_millis);

    let hub = Instance::start_with(&[FOREIGN]).unwrap();
    let mut compared = Vec::new();
    for (format, extension, columns) in [
        (Format::Csv, "csv", TABLE),
        (Format::JsonLines, "jsonl", TABLE),
        (Format::Xes, "xes", XES),
    ] {
        let source = format!("urn:lienthong:test:{extension}");
        let mapping = folder.path().join(format!("{extension}.toml"));
        let file = folder.path().join(format!("log.{extension}"));
        std::fs::write(&mapping, mapping_of(&source, extension, columns)).unwrap();
        event_log::write(&rows, format, &mut std::fs::File::create(&file).unwrap()).unwrap();
        let names = agencies(
            &mapping,
            &file,
            &folder.path().join(format!("{extension}.agencies")),
        );
        let positions = import(&hub, &mapping, &file);
        let told = told(&hub, &source, &moments, &positions).await;
        assert_a_wrong_figure_is_found(&oracle, &told, &names);
        compared.push((
            format!("made up, {extension}"),
            compare(&oracle, &told, &names),
        ));
    }
    finish("made_up_logs", &compared);
}

/// The comparison can fail: a figure changed by the least there is differs, and it alone.
fn assert_a_wrong_figure_is_found(
    oracle: &Value,
    told: &GetPathStatisticsResponse,
    names: &BTreeMap<String, String>,
) {
    for path in [
        "/cases",
        "/events",
        "/group_event_counts/Reception",
        "/handover_matrix_groups/0/2",
        "/handovers_between_named_groups",
        "/case_duration/sum_ms",
        "/case_duration/mean_s",
        "/holding_time_by_group/Legal/median_s",
        "/response_time_after_handover_by_group/Legal/p90_linear_s",
        "/cases_with_more_than_one_group",
        "/cases_by_number_of_groups/2",
        "/cases_returning_to_an_earlier_group",
        "/as_of/1/open_cases",
        "/as_of/1/age_of_open/max_s",
    ] {
        let mut changed = oracle.clone();
        let figure = changed
            .pointer_mut(path)
            .unwrap_or_else(|| panic!("no {path}"));
        *figure = match figure.as_u64() {
            Some(count) => (count + 1).into(),
            None => (figure.as_f64().unwrap() + 0.002).into(),
        };
        assert_eq!(compare(&changed, told, names).wrong.len(), 1, "{path}");
    }
}

const TABLE: &str = r#"
case = "case_id"
activity = "activity"
time = "timestamp"
sequence = "event_index"
agency = "org_group"
"#;
const XES: &str = r#"
case = "case:concept:name"
activity = "concept:name"
time = "time:timestamp"
agency = "org:group"
"#;

fn mapping_of(source: &str, prefix: &str, columns: &str) -> String {
    format!(
        "source = \"{source}\"\ndossier_prefix = \"{prefix}-\"\n[columns]\n{columns}\n\
         [other_agencies]\ncode = \"SIM.{{name}}\"\nlevel = \"commune\"\n\
         [default]\nkind = \"progress_reported\"\n"
    )
}

/// One of the real logs.
struct Real {
    name: &'static str,
    source: &'static str,
    file: PathBuf,
    mapping: PathBuf,
    oracle: Value,
}

impl Real {
    fn new(name: &'static str, source: &'static str, folder: &Path) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let oracle = std::fs::read(folder.join(format!("{name}.oracle.json"))).unwrap();
        Self {
            name,
            source,
            file: folder.join(format!("{name}.csv.gz")),
            mapping: root.join("mappings").join(format!("{name}.toml")),
            oracle: serde_json::from_slice(&oracle).unwrap(),
        }
    }
}

/// The folder of the real logs, if it is there. Where CI runs it must be.
fn shared_logs() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = root.parent().unwrap().join("shared").join("logs");
    if folder.is_dir() {
        return Some(folder);
    }
    let said = "LEFT OUT: the real logs are not there (shared/logs beside the repository)";
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{said}");
    report::loudly(said);
    None
}

#[tokio::test]
async fn the_real_logs_give_every_figure_of_their_oracles_in_any_order_of_arrival_and_again() {
    let Some(folder) = shared_logs() else { return };
    let logs = [
        Real::new("wabo_receipt", "urn:lienthong:nl:wabo:receipt", &folder),
        Real::new(
            "wabo_municipality2",
            "urn:lienthong:nl:wabo:municipality2",
            &folder,
        ),
    ];
    let scratch = tempfile::tempdir().unwrap();
    let mut names = Vec::new();
    let mut tables = Vec::new();
    for log in &logs {
        let table = scratch.path().join(format!("{}.agencies.csv", log.name));
        names.push(agencies(&log.mapping, &log.file, &table));
        tables.push(format!("{:?}", table.display().to_string()));
    }
    let tables = format!("[{}]", tables.join(", "));
    let settings = [FOREIGN, ("LIENTHONG_REFERENCE__AGENCIES", tables.as_str())];
    let mut compared = Vec::new();

    // As the mappings have it, and once more: nothing changes.
    let hub = Instance::start_with(&settings).unwrap();
    let mut proof = Vec::new();
    for how in ["as it is", "imported again"] {
        for (log, names) in logs.iter().zip(&names) {
            let positions = import(&hub, &log.mapping, &log.file);
            let told = told(&hub, log.source, &moments(&log.oracle), &positions).await;
            let title = format!("{}, {how}", log.name);
            compared.push((title, compare(&log.oracle, &told, names)));
            crate::answers::horizontal_json(&hub, &positions).await;
            crate::answers::vertical_json(&hub, &positions).await;
        }
        proof.push(digests(&hub).await);
    }
    assert_eq!(
        proof[0], proof[1],
        "a second import leaves every digest as it is"
    );
    drop(hub);

    // In another order of arrival.
    let hub = Instance::start_with(&settings).unwrap();
    for (log, names) in logs.iter().zip(&names) {
        let file = scratch.path().join(format!("{}.shuffled.csv", log.name));
        shuffle(&log.file, &file);
        let mapping = scratch.path().join(format!("{}.toml", log.name));
        let text = std::fs::read_to_string(&log.mapping).unwrap();
        std::fs::write(
            &mapping,
            text.replace("order = \"recorded\"", "order = \"file\""),
        )
        .unwrap();
        let positions = import(&hub, &mapping, &file);
        let told = told(&hub, log.source, &moments(&log.oracle), &positions).await;
        compared.push((
            format!("{}, shuffled", log.name),
            compare(&log.oracle, &told, names),
        ));
    }
    finish("real_logs", &compared);
}

/// The rows in a random order that is the same in every run.
fn shuffle(from: &Path, to: &Path) {
    use rand::SeedableRng;
    use rand::seq::SliceRandom;
    let plain = flate2::read::GzDecoder::new(std::fs::File::open(from).unwrap());
    let mut table = csv::Reader::from_reader(plain);
    let mut rows: Vec<csv::StringRecord> = table.records().map(|row| row.unwrap()).collect();
    rows.shuffle(&mut rand::rngs::StdRng::seed_from_u64(7));
    let mut out = csv::Writer::from_path(to).unwrap();
    out.write_record(table.headers().unwrap()).unwrap();
    rows.iter().for_each(|row| out.write_record(row).unwrap());
    out.flush().unwrap();
}

fn finish(title: &str, compared: &[(String, Compared)]) {
    report::write(title, compared);
    let wrong: Vec<&String> = compared
        .iter()
        .flat_map(|(_, compared)| &compared.wrong)
        .collect();
    assert!(
        wrong.is_empty(),
        "{} figures differ: {wrong:#?}",
        wrong.len()
    );
    assert!(
        compared
            .iter()
            .all(|(_, compared)| compared.figures() > 200)
    );
}
