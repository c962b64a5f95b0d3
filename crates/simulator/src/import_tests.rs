#![allow(clippy::unwrap_used)]
use super::*;
use crate::double::{Double, Turn};
use crate::event_log;
use flate2::{Compression, write::GzEncoder};
use lienthong_contract::pb::event::v1::{Event, event::Payload};
use lienthong_contract::reference::{TableFile, registry};
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

fn shipped(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/mappings");
    root.join(name)
}

/// Writes a text into a folder.
fn file(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// A log of the simulator's in a folder.
fn log(folder: &TempDir, name: &str, cases: u32) -> PathBuf {
    let path = folder.path().join(name);
    let format = Format::of(&path).unwrap();
    let rows = event_log::rows(3, cases);
    if name.ends_with(".gz") {
        let mut out = GzEncoder::new(File::create(&path).unwrap(), Compression::fast());
        event_log::write(&rows, format, &mut out).unwrap();
        out.finish().unwrap();
    } else {
        event_log::write(&rows, format, &mut File::create(&path).unwrap()).unwrap();
    }
    path
}

/// The events that a file becomes.
fn events(mapping: &Path, file: &Path) -> Vec<Event> {
    let mapping = Mapping::load(mapping).unwrap();
    let mut indexes = translate::Indexes::default();
    let rows = open(file, None, &mapping.columns_used()).unwrap();
    let one = |row: Result<Row, Problem>| {
        translate(&mapping, &row.unwrap(), &mut indexes)
            .unwrap()
            .message
            .event()
            .unwrap()
    };
    rows.map(one).collect()
}

fn config(mapping: PathBuf, file: PathBuf, send_to: Option<Options>) -> Config {
    Config {
        mapping,
        file,
        format: None,
        agencies_out: None,
        send_to,
    }
}

const HEADER: &str =
    "case_id,event_index,activity,timestamp,org_group,case_channel,case_deadline\n";
const ROW: &str =
    "c-1,0,Confirmation of receipt,2025-01-06T01:00:00.123Z,Permits,Desk,2025-03-01T00:00:00Z\n";

/// What a check says of rows after [`ROW`] under the simulated mapping.
fn problems(rows: &str) -> Vec<String> {
    let folder = TempDir::new().unwrap();
    let file = file(&folder, "log.csv", &format!("{HEADER}{ROW}{rows}"));
    let mapping = Mapping::load(&shipped("simulated.toml")).unwrap();
    let found = check(&mapping, &file, None, &mut |_| {}).unwrap_err();
    let folder = format!("{}/", folder.path().display());
    found
        .iter()
        .map(|problem| problem.to_string().replace(&folder, ""))
        .collect()
}

#[test]
fn the_three_formats_give_the_same_events() {
    let folder = TempDir::new().unwrap();
    let csv = events(&shipped("simulated.toml"), &log(&folder, "log.csv", 60));
    assert!(csv.len() > 300);
    for (mapping, name) in [
        ("simulated.toml", "log.jsonl"),
        ("simulated_xes.toml", "log.xes"),
        ("simulated.toml", "log.csv.gz"),
        ("simulated_xes.toml", "log.xes.gz"),
    ] {
        let other = events(&shipped(mapping), &log(&folder, name, 60));
        assert_eq!(other, csv, "{name}");
    }
}

#[test]
fn a_row_becomes_the_event_that_the_mapping_says() {
    use lienthong_contract::pb::event::v1::event::Payload;
    use lienthong_contract::pb::event::v1::{Channel, Received};
    let folder = TempDir::new().unwrap();
    let path = file(
        &folder,
        "log.csv",
        &format!("{HEADER}{ROW}c-1,1,Draft decision,2025-01-06T01:00:00.123Z,(none),Desk,\n"),
    );
    let events = events(&shipped("simulated.toml"), &path);
    let header = events[0].header.as_ref().unwrap();
    assert_eq!(
        (header.id.as_str(), header.dossier_code.as_str()),
        ("c-1-0", "c-1")
    );
    assert_eq!(header.agency_code, "SIM.02");
    assert_eq!(header.occurred_time.unwrap().nanos, 123_000_000);
    let received = Received {
        channel: Channel::Desk as i32,
        online_level: 0,
        appointment_time: Some(lienthong_contract::time::from_millis(1_740_787_200_000)),
    };
    assert_eq!(events[0].payload, Some(Payload::Received(received)));
    let second = events[1].header.as_ref().unwrap();
    assert_eq!(
        (
            second.id.as_str(),
            second.sequence,
            second.agency_code.as_str()
        ),
        ("c-1-1", 1, "")
    );
    assert!(
        matches!(&events[1].payload, Some(Payload::ProgressReported(told)) if told.step == "Draft decision")
    );
}

#[test]
fn a_bad_row_is_named_with_file_line_column_and_fix() {
    for (row, says) in [
        (
            "c-1,1,,2025-01-06T02:00:00Z,Permits,Desk,\n",
            "log.csv:3: column activity: it is empty. Fix:",
        ),
        (
            "c-1,one,Draft,2025-01-06T02:00:00Z,Permits,Desk,\n",
            "log.csv:3: column event_index: it is no whole number",
        ),
        (
            "c-1,1,Draft,06/01/2025,Permits,Desk,\n",
            "log.csv:3: column timestamp: \"06/01/2025\" is no time",
        ),
        (
            "c-1,1,Draft,2025-01-06T02:00:00,Permits,Desk,\n",
            "times.zone",
        ),
        (
            "c-1,1,Draft,1995-01-06T02:00:00Z,Permits,Desk,\n",
            "log.csv:3: column timestamp: it is outside the years 2000 to 2100",
        ),
        (
            "c 2,0,Draft,2025-01-06T02:00:00Z,Permits,Desk,\n",
            "log.csv:3: column case_id:",
        ),
        (
            "c-1,0,Draft,2025-01-06T02:00:00Z,Permits,Desk,\n",
            "log.csv:3: column event_index: line 2 has the same case and index",
        ),
        (
            "c-2,0,Confirmation of receipt,2025-01-06T02:00:00Z,,Fax,\n",
            "log.csv:3: column case_channel: \"Fax\" stands for no channel",
        ),
        (
            "c-1,1,Draft,2025-01-06T02:00:00Z,!!,Desk,\n",
            "log.csv:3: column org_group: \"!!\" becomes the agency code \"SIM.\"",
        ),
        (
            "c-1,1,Draft,2025-01-06T02:00:00Z,Fire,Desk,\nc-1,2,Draft,2025-01-06T02:00:00Z,fire,Desk,\n",
            "log.csv:4: column org_group: \"Fire\" and \"fire\" both become SIM.FIRE",
        ),
        ("c-1,1,Draft\n", "log.csv:3: "),
    ] {
        let found = problems(row);
        assert_eq!(found.len(), 1, "{row}: {found:?}");
        assert!(found[0].contains(says), "{row}: {found:?}");
        assert!(found[0].contains(". Fix: "), "{found:?}");
    }
}

#[test]
fn every_bad_row_is_found_not_only_the_first() {
    let bad = "c-1,1,,2025-01-06T02:00:00Z,Permits,Desk,\n";
    assert_eq!(problems(&bad.repeat(3)).len(), 3);
    assert_eq!(problems(&bad.repeat(50)).len(), 20);
}

#[test]
fn broken_files_are_named_with_their_line() {
    let folder = TempDir::new().unwrap();
    let checked = |mapping: &str, name: &str, text: &str| {
        let file = file(&folder, name, text);
        let mapping = Mapping::load(&shipped(mapping)).unwrap();
        check(&mapping, &file, None, &mut |_| {}).unwrap_err()[0].to_string()
    };
    let xes = |text: &str| checked("simulated_xes.toml", "log.xes", text);
    let event = "<event>\n<string key=\"concept:name\" value=\"a\"/>\n</event>";
    assert!(xes("<log>\n<trace>\n<event>").contains("log.xes:3: the file ends inside a trace"));
    assert!(xes("<log>\n<trace>\n</log>").contains("log.xes:3: "));
    assert!(
        xes(&format!("<log>\n<trace>{event}</trace></log>"))
            .contains("log.xes:4: column case:concept:name: it is empty")
    );
    let json = checked(
        "simulated.toml",
        "log.jsonl",
        "{\"case_id\": \"c\"}\n\n{]\n",
    );
    assert!(json.contains("log.jsonl:1: column activity"), "{json}");
    let json = checked("simulated.toml", "log.jsonl", "\n{]\n");
    assert!(json.contains("log.jsonl:2: "), "{json}");
    let csv = checked("simulated.toml", "log.csv", "case_id,activity\n");
    assert!(
        csv.contains("log.csv:1: column case_channel: the header line does not have this column"),
        "{csv}"
    );
    let empty = checked("simulated.toml", "log.csv", HEADER);
    assert!(empty.contains("it has no events"), "{empty}");
    let unknown = checked("simulated.toml", "log.txt", "");
    assert!(unknown.contains("its name tells no format"), "{unknown}");
}

#[test]
fn a_column_that_no_event_has_is_a_mistake_of_the_mapping() {
    let folder = TempDir::new().unwrap();
    let text = "{\"case_id\":\"c\",\"event_index\":0,\"activity\":\"a\",\"timestamp\":\"2025-01-06T02:00:00Z\",\"case_channel\":\"Desk\",\"case_deadline\":null}\n";
    let file = file(&folder, "log.jsonl", text);
    let mapping = Mapping::load(&shipped("simulated.toml")).unwrap();
    let found = check(&mapping, &file, None, &mut |_| {}).unwrap_err();
    assert_eq!(found.len(), 1);
    assert!(
        found[0]
            .to_string()
            .contains("column org_group: no event has it"),
        "{}",
        found[0]
    );
}

#[test]
fn times_of_other_forms_are_read_as_the_mapping_says() {
    let times = |format: Option<&str>, zone: Option<&str>| Times {
        format: format.map(str::to_owned),
        zone: zone.map(str::to_owned),
    };
    let vietnam = Some("Asia/Ho_Chi_Minh");
    let folder = TempDir::new().unwrap();
    for (cell, times) in [
        ("2026-10-08T08:00:00+07:00", times(None, None)),
        ("2026-10-08T01:00:00.000Z", times(None, vietnam)),
        ("2026-10-08T08:00:00", times(None, vietnam)),
        (
            "08/10/2026 08:00:00",
            times(Some("%d/%m/%Y %H:%M:%S"), vietnam),
        ),
        ("20261008080000", times(Some("%Y%m%d%H%M%S"), vietnam)),
        (
            "08.10.2026 08:00 +0700",
            times(Some("%d.%m.%Y %H:%M %z"), None),
        ),
    ] {
        let file = file(&folder, "one.jsonl", &format!("{{\"t\":\"{cell}\"}}"));
        let row = open(&file, None, &["t".to_owned()])
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        assert_eq!(
            translate::millis(&times, &row, "t"),
            Ok(1_791_421_200_000),
            "{cell}"
        );
    }
}

#[test]
fn a_mistake_in_a_mapping_is_named_with_line_or_key() {
    let good = std::fs::read_to_string(shipped("simulated.toml")).unwrap();
    assert!(Mapping::parse(&good).is_ok());
    for (from, to, says) in [
        ("activity = ", "activty = ", ":9: unknown field `activty`"),
        (
            "urn:lienthong",
            "lienthong",
            "column source: it does not begin with urn:",
        ),
        (
            "\"signed\"",
            "\"sealed\"",
            "column events.\"Sign decision\".kind: a log cannot be mapped to \"sealed\"",
        ),
        (
            "\"signed\"",
            "\"consulted\"",
            "events.\"Sign decision\".to: consulted needs to",
        ),
        (
            "\"signed\"",
            "\"signed\"\namount = \"x\"",
            "events.\"Sign decision\".amount: signed takes no amount",
        ),
        (
            "\"province\"",
            "\"canton\"",
            "agencies.\"Legal\".level: \"canton\" is no level",
        ),
        ("SIM.{name}", "SIM", "other_agencies.code: it has no {name}"),
        (
            "no_agency",
            "adapter = \"population\"\nno_agency",
            "the population adapter takes no signed",
        ),
        (
            "no_agency",
            "order = \"recorded\"\nno_agency",
            "order: it is recorded, but no column tells when",
        ),
        (
            "[columns]",
            "[[case_facts]]\nname = \"7\"\nat = \"x\"\nevent = { kind = \"signed\" }\n[columns]",
            "case_facts[0].name: \"7\" could be the index of a row",
        ),
        (
            "[columns]",
            "[[case_facts]]\nname = \"a\"\nat = \"x\"\nevent = { kind = \"signed\" }\n\
             [[case_facts]]\nname = \"a\"\nat = \"x\"\nevent = { kind = \"signed\" }\n[columns]",
            "case_facts[1].name: \"a\" is given twice",
        ),
        (
            "[columns]",
            "[[case_facts]]\nname = \"a\"\nat = \"x\"\nevent = { kind = \"extended\" }\n[columns]",
            "case_facts[0].event.due: extended needs due",
        ),
        (
            "[columns]",
            "[times]\nzone = \"Vietnam\"\n[columns]",
            "times.zone: \"Vietnam\" is no time zone",
        ),
    ] {
        let bad = good.replacen(from, to, 1);
        let problem = Mapping::parse(&bad).unwrap_err().to_string();
        assert!(problem.contains(says), "{to}: {problem}");
        assert!(problem.contains(". Fix: "), "{problem}");
    }
}

#[tokio::test]
async fn every_row_reaches_the_hub_once_in_its_order_and_positions_are_given() {
    let folder = TempDir::new().unwrap();
    let path = log(&folder, "log.csv", 60);
    let rows = event_log::rows(3, 60).len();
    let double = Double::with([Turn::BreakAfter(100)]);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = seen.clone();
    let config = config(
        shipped("simulated.toml"),
        path.clone(),
        Some(double.serve().await),
    );
    let summary = run(config, move |progress| note.lock().unwrap().push(progress))
        .await
        .unwrap();
    assert_eq!(
        (summary.rows, summary.acknowledged, summary.rejected),
        (rows as u64, rows as u64, 0)
    );
    assert_eq!((summary.cases, summary.agencies), (60, 7));
    assert!(summary.resent > 0);
    assert_eq!(summary.positions.len(), 2);
    let ids: Vec<String> = events(&shipped("simulated.toml"), &path)
        .into_iter()
        .map(|event| event.header.unwrap().id)
        .collect();
    assert_eq!(double.received(), ids);
    let seen = seen.lock().unwrap();
    let last = |phase| {
        seen.iter()
            .rfind(|progress| progress.phase == phase)
            .map(|progress| progress.rows)
    };
    assert_eq!(
        (last(Phase::Checking), last(Phase::Sending)),
        (Some(rows as u64), Some(rows as u64))
    );
}

#[tokio::test]
async fn nothing_is_sent_of_a_file_with_a_bad_row() {
    let folder = TempDir::new().unwrap();
    let path = file(
        &folder,
        "log.csv",
        &format!("{HEADER}{ROW}c-1,x,Draft,2025-01-06T02:00:00Z,Permits,Desk,\n"),
    );
    let double = Double::default();
    let config = config(shipped("simulated.toml"), path, Some(double.serve().await));
    let error = run(config, |_| {}).await.unwrap_err();
    assert!(
        matches!(&error, Error::Problems(problems) if problems.len() == 1),
        "{error}"
    );
    assert!(double.received().is_empty());
}

#[tokio::test]
async fn the_order_of_arrival_is_kept_where_the_mapping_asks_for_it() {
    let folder = TempDir::new().unwrap();
    let text = std::fs::read_to_string(shipped("simulated.toml")).unwrap();
    let text = text
        .replace("no_agency", "order = \"recorded\"\nno_agency")
        .replace("[columns]", "[columns]\nrecorded = \"recorded_at\"");
    let mapping = file(&folder, "mapping.toml", &text);
    let double = Double::default();
    let config = config(
        mapping,
        log(&folder, "log.csv", 40),
        Some(double.serve().await),
    );
    run(config, |_| {}).await.unwrap();
    let mut rows = event_log::rows(3, 40);
    rows.sort_by(|a, b| {
        (a.recorded_ms, &a.case_id, a.event_index).cmp(&(b.recorded_ms, &b.case_id, b.event_index))
    });
    let ids: Vec<String> = rows
        .iter()
        .map(|row| format!("{}-{}", row.case_id, row.event_index))
        .collect();
    assert_eq!(double.received(), ids);
}

#[tokio::test]
async fn the_agencies_of_a_log_are_a_table_that_the_hub_takes() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("agencies.csv");
    let config = Config {
        agencies_out: Some(out.clone()),
        ..config(shipped("simulated.toml"), log(&folder, "log.csv", 60), None)
    };
    let summary = run(config, |_| {}).await.unwrap();
    assert_eq!((summary.acknowledged, summary.agencies), (0, 7));
    let registry = registry(&[TableFile::open(&out).unwrap()]).unwrap();
    let day = jiff::civil::date(2025, 6, 1);
    let legal = registry.agency_at("SIM.03", day).unwrap();
    assert_eq!(
        (legal.name.as_str(), legal.level.as_str()),
        ("Legal department", "province")
    );
    assert_eq!(
        registry.agency_at("SIM.FIRESAFETY", day).unwrap().name,
        "Fire safety"
    );
}

#[test]
fn the_mappings_of_the_real_logs_are_well_formed() {
    for name in [
        "wabo_receipt.toml",
        "wabo_receipt_clock.toml",
        "wabo_municipality2.toml",
        "wabo_municipality2_planned.toml",
        "wabo_municipality2_clock.toml",
        "wabo_municipality2_phases.toml",
        "wabo_municipality2_ends.toml",
    ] {
        Mapping::load(&shipped(name)).unwrap();
    }
}

const CASES: &str = "case,activity,time,desk,begun,due,ended
c-1,A,2025-01-06T01:00:00Z,Group 1,2025-01-05T01:00:00Z,2025-02-01T00:00:00Z,2025-01-20T00:00:00Z
c-2,A,2025-01-06T02:00:00Z,,2025-01-06T00:00:00Z,2025-02-02T00:00:00Z,
c-1,B,2025-01-07T01:00:00Z,Group 1,2025-01-05T01:00:00Z,2025-02-01T00:00:00Z,2025-01-20T00:00:00Z
";
const CASE_MAPPING: &str = r#"
source = "urn:lienthong:test:cases"
dossier_prefix = "x-"
procedure = "1.001193"
[columns]
case = "case"
activity = "activity"
time = "time"
[other_agencies]
code = "SIM.{name}"
level = "commune"
[default]
kind = "progress_reported"
[events.B]
kind = "progress_reported"
status = { system = "DVCQG", code = "4" }
[[case_facts]]
name = "received"
at = "begun"
agency = "desk"
event = { kind = "received", channel = "desk", due = "due" }
[[case_facts]]
name = "ended"
at = "ended"
event = { kind = "progress_reported", status = { system = "DVCQG", code = "9" } }
"#;

#[tokio::test]
async fn columns_of_a_case_tell_their_facts_once_before_its_first_row() {
    let folder = TempDir::new().unwrap();
    let mapping = file(&folder, "mapping.toml", CASE_MAPPING);
    let path = file(&folder, "log.csv", CASES);
    let double = Double::default();
    let config = config(mapping.clone(), path.clone(), Some(double.serve().await));
    let summary = run(config, |_| {}).await.unwrap();
    assert_eq!(
        (summary.rows, summary.case_facts, summary.acknowledged),
        (3, 3, 6)
    );
    assert_eq!((summary.cases, summary.agencies), (2, 1));
    let ids = [
        "x-c-1-received",
        "x-c-1-ended",
        "x-c-1-0",
        "x-c-2-received",
        "x-c-2-0",
        "x-c-1-1",
    ];
    assert_eq!(double.received(), ids);

    let mapping = Mapping::load(&mapping).unwrap();
    let rows = open(&path, None, &mapping.columns_used()).unwrap();
    let first = rows.map(|row| row.unwrap()).next().unwrap();
    let facts = case_facts::case_facts(&mapping, &first, &mut case_facts::Told::default());
    let events: Vec<_> = facts.unwrap().into_iter().map(|fact| fact.event).collect();
    let header = &events[0].header;
    assert_eq!(
        header.occurred_time,
        Some("2025-01-05T01:00:00Z".parse().unwrap())
    );
    assert_eq!(
        (header.agency_code.as_str(), header.procedure_code.as_str()),
        ("SIM.GROUP1", "1.001193")
    );
    let Payload::Received(received) = &events[0].payload else {
        panic!("{:?}", events[0].payload);
    };
    assert_eq!(
        received.appointment_time,
        Some("2025-02-01T00:00:00Z".parse().unwrap())
    );
    let ended = &events[1].header;
    assert_eq!(
        ended.source_status.as_ref().map(|status| &*status.code),
        Some("9")
    );
    let Payload::ProgressReported(told) = &events[1].payload else {
        panic!("{:?}", events[1].payload);
    };
    assert_eq!(
        (told.step.as_str(), ended.agency_code.as_str()),
        ("ended", "")
    );
}

#[test]
fn a_case_that_contradicts_itself_or_tells_no_time_is_named_with_its_column() {
    let folder = TempDir::new().unwrap();
    let mapping = Mapping::parse(CASE_MAPPING).unwrap();
    for (from, to, says) in [
        (
            "02-01T00:00:00Z,2025-01-20T00:00:00Z\nc-2",
            "02-03T00:00:00Z,2025-01-20T00:00:00Z\nc-2",
            "4: column due: \"2025-02-01T00:00:00Z\", but an earlier row of the case has",
        ),
        (
            "2025-01-06T00:00:00Z",
            "monday",
            "3: column begun: \"monday\" is no time",
        ),
    ] {
        let path = file(&folder, "log.csv", &CASES.replacen(from, to, 1));
        let found = check(&mapping, &path, None, &mut |_| {}).unwrap_err();
        let told = found[0].to_string();
        assert!(told.contains(says) && told.contains(". Fix: "), "{told}");
    }
}
