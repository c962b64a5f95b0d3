//! What callers see of performance: a small October whose every figure is worked out by hand, the
//! clock and the slip of a dossier, the register of a day, and the open data set.
//!
//! ```text
//! dossier  agency     channel   story                                            counts as
//! 0101     Ham Rong   desk      digitised, electronic signed result the same day  on time
//! 0102     Ham Rong   online    paid online, rated 5, returned the next day       late
//! 0103     Ham Rong   post      no limit by the catalogue, told for 11 October    overdue
//! 0104     Muong Lat  desk      a supplement is asked for                          paused
//! 0105     Muong Lat  online    handed in only                                     outside the sum
//! 0106     Ham Rong   desk      withdrawn                                          withdrawn
//! 0099     Ham Rong   desk      received in September, settled in October          late, carried over
//! ```
//! 1 carried over + 5 received = 3 settled + 1 withdrawn + 1 in work + 1 paused.

use crate::answers::{fields, reason};
use crate::scenario::{accepted, returned_to_applicant, submitted};
use lienthong_contract::pb::event::v1::event::Payload;
use lienthong_contract::pb::event::v1::{self as event, Channel, OnlineLevel, Position};
use lienthong_contract::pb::performance::v1::performance_service_client::PerformanceServiceClient;
use lienthong_contract::pb::performance::v1::{
    DossierState, Figures, GetDossierClockRequest, GetPerformanceRequest, GetPerformanceResponse,
    Grouping, ListDossiersRequest, Share,
};
use lienthong_contract::time::from_millis;
use lienthong_simulator::system::System;
use lienthong_tests::cli::{Done, run};
use lienthong_tests::facts::{Fact, MINUTE_MS, MORNING_MS, agency};
use lienthong_tests::instance::Instance;
use serde_json::Value;
use tonic::Code;
use tonic::transport::Channel as Transport;

const HAM_RONG: &str = "H56.15.03";
const MUONG_LAT: &str = "H56.15.04";
const LAND: &str = "H56.08.01";
/// Received before 15:00: due the same day.
const SAME_DAY: &str = "1.001193";
/// No limit.
const WITHOUT_LIMIT: &str = "2.002622";
const DAY: i64 = 1_440;
/// Monday 2021-10-04, 8:00, which no calendar covers, in minutes after the morning.
const IN_2021: i64 = -1_830 * DAY;

const PROCEDURES: &str = "\
code,name,field_code,field_name,levels,online,limit_amount,limit_unit,same_day_before,legal_basis,from,to,change,replaces
1.001193,Đăng ký khai sinh,HT,Hộ tịch,commune,full,0,working_days,15:00,60/2014/QH13,,,,
2.002622,\"Đăng ký khai tử, mai táng phí\",LT,Liên thông điện tử,commune,full,,,,63/2024/NĐ-CP,,,,
";

fn fact(dossier: &str, minutes: i64, by: &str, payload: Payload) -> Fact {
    let code = format!("{by}-261008-{dossier}");
    let id = format!("{dossier}@{minutes}");
    Fact::new(System::Onestop, &id, &code, minutes, payload)
        .by(by)
        .procedure(SAME_DAY)
}

fn received(channel: Channel, due_minutes: i64) -> Payload {
    let level = match channel {
        Channel::Online => OnlineLevel::Full,
        _ => OnlineLevel::Unspecified,
    };
    Payload::Received(event::Received {
        channel: channel as i32,
        online_level: level as i32,
        appointment_time: Some(from_millis(MORNING_MS + due_minutes * MINUTE_MS)),
    })
}

fn october() -> Vec<Fact> {
    let evening = 9 * 60;
    let digitised = Payload::Digitised(event::Digitised {
        documents: 2,
        result: false,
        file_sha256: String::new(),
    });
    let issued = Payload::ResultIssued(event::ResultIssued {
        electronic: true,
        signed: true,
        file_sha256: String::new(),
    });
    let paid = Payload::PaymentMade(event::PaymentMade {
        payment_id: "P1".into(),
        amount_vnd: 8_000,
        online: true,
    });
    let supplement = Payload::SupplementRequested(event::SupplementRequested {
        supplement_id: "S1".into(),
        due_time: None,
    });
    let handed_over = Payload::HandedOver(event::HandedOver {
        to: agency(LAND),
        handover_id: "B1".into(),
        due_time: Some(from_millis(MORNING_MS + DAY * MINUTE_MS)),
    });
    let post = |fact: Fact| fact.procedure(WITHOUT_LIMIT);
    let withdrawn = Payload::Withdrawn(event::Withdrawn::default());
    let of_2021 =
        |fact: Fact| fact.header(|header| header.dossier_code = "H56.15.03-211004-0001".into());
    vec![
        fact("0101", 0, HAM_RONG, received(Channel::Desk, DAY + evening)),
        fact("0101", 5, HAM_RONG, digitised),
        fact("0101", 60, HAM_RONG, issued),
        fact("0101", 120, HAM_RONG, returned_to_applicant()),
        fact("0102", 10, HAM_RONG, received(Channel::Online, evening)),
        fact("0102", 20, HAM_RONG, paid),
        fact("0102", DAY + 60, HAM_RONG, returned_to_applicant()),
        fact(
            "0102",
            DAY + 70,
            HAM_RONG,
            Payload::Rated(event::Rated { score: 5 }),
        ),
        post(fact("0103", 15, HAM_RONG, received(Channel::Post, 3 * DAY))),
        post(fact("0103", 30, HAM_RONG, handed_over)),
        post(fact("0103", 45, HAM_RONG, accepted(HAM_RONG, "B1")).by(LAND)),
        fact("0104", 20, MUONG_LAT, received(Channel::Desk, evening)),
        fact("0104", 50, MUONG_LAT, supplement),
        fact("0105", 25, MUONG_LAT, submitted()),
        fact("0106", 30, HAM_RONG, received(Channel::Desk, evening)),
        fact("0106", 90, HAM_RONG, withdrawn),
        fact(
            "0099",
            -10 * DAY,
            HAM_RONG,
            received(Channel::Desk, -9 * DAY),
        ),
        fact("0099", 100, HAM_RONG, returned_to_applicant()),
        // Settled in its year, so that it is in no figure of October.
        of_2021(fact(
            "2021",
            IN_2021,
            HAM_RONG,
            received(Channel::Desk, IN_2021 + 60),
        )),
        of_2021(fact(
            "2021",
            IN_2021 + 30,
            HAM_RONG,
            returned_to_applicant(),
        )),
    ]
}

struct October {
    hub: Instance,
    client: PerformanceServiceClient<Transport>,
    positions: Vec<Position>,
    _procedures: tempfile::NamedTempFile,
}

async fn told() -> October {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), PROCEDURES).unwrap();
    let list = format!("[{:?}]", file.path());
    let hub = Instance::start_with(&[("LIENTHONG_REFERENCE__PROCEDURES", &list)]).unwrap();
    let positions = hub.tell(&october()).await.unwrap();
    let client = PerformanceServiceClient::new(hub.gateway().await.unwrap());
    October {
        hub,
        client,
        positions,
        _procedures: file,
    }
}

impl October {
    fn request(&self) -> GetPerformanceRequest {
        GetPerformanceRequest {
            from_day: "2026-10-01".into(),
            to_day: "2026-10-31".into(),
            as_of_time: Some(until_the_end()),
            min_positions: self.positions.clone(),
            max_wait_ms: 20_000,
            ..GetPerformanceRequest::default()
        }
    }

    async fn performance(&mut self, group_by: Grouping) -> GetPerformanceResponse {
        let request = GetPerformanceRequest {
            group_by: group_by.into(),
            ..self.request()
        };
        self.client
            .get_performance(request)
            .await
            .unwrap()
            .into_inner()
    }

    /// Runs a command that has seen everything told.
    fn run(&self, words: &[&str]) -> Done {
        let after = self.positions.iter();
        let after = after.map(|at| format!("--after={}:{}", at.partition, at.offset));
        let after: Vec<String> = after.collect();
        let after = after.iter().map(String::as_str);
        run(
            &self.hub,
            &words.iter().copied().chain(after).collect::<Vec<_>>(),
        )
        .unwrap()
    }

    /// The output of a command that ends well.
    fn says(&self, words: &[&str]) -> String {
        let done = self.run(words);
        assert_eq!(done.code, Some(0), "{words:?}: {done:?}");
        done.out
    }

    fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.says(&[words, &["--json"]].concat())).unwrap()
    }
}

/// The last millisecond of October at +07:00.
fn until_the_end() -> prost_types::Timestamp {
    let days_left = 24;
    from_millis(MORNING_MS + (days_left * DAY - 8 * 60) * MINUTE_MS - 1)
}

fn share(numerator: u64, denominator: u64) -> Option<Share> {
    Some(Share {
        numerator,
        denominator,
    })
}

fn by_hand() -> Figures {
    Figures {
        carried_over: 1,
        received: 5,
        received_desk: 3,
        received_online_full: 1,
        received_post: 1,
        settled: 3,
        settled_on_time: 1,
        settled_late: 2,
        withdrawn: 1,
        in_work: 1,
        in_work_overdue: 1,
        paused: 1,
        submitted_only: 1,
        on_time: share(1, 3),
        online: share(1, 4),
        online_partial: share(0, 0),
        online_full: share(1, 4),
        digitised_dossiers: share(1, 5),
        digitised_results: share(1, 3),
        electronic_results: share(1, 3),
        signed_results: share(1, 1),
        online_payment: share(1, 1),
        satisfied: share(1, 1),
        digitised: share(2, 8),
        ..Figures::default()
    }
}

#[tokio::test]
async fn the_figures_of_a_period_are_those_worked_out_by_hand() {
    let mut october = told().await;
    let answer = october.performance(Grouping::Unspecified).await;
    assert_eq!(answer.total, Some(by_hand()));
    assert_eq!(answer.missing_calendar_years, [0; 0]);

    let answer = october.performance(Grouping::Agency).await;
    assert_eq!(answer.total, Some(by_hand()));
    let of = |code: &str| {
        let line = answer.lines.iter().find(|line| line.key == code);
        line.and_then(|line| line.figures).unwrap()
    };
    let (ham_rong, muong_lat) = (of(HAM_RONG), of(MUONG_LAT));
    assert_eq!((ham_rong.received, muong_lat.received), (4, 1));
    assert_eq!((ham_rong.settled, muong_lat.paused), (3, 1));
    assert_eq!((ham_rong.submitted_only, muong_lat.submitted_only), (0, 1));

    // By the deadline that the source told, the first is early.
    let request = GetPerformanceRequest {
        deadline: 1,
        ..october.request()
    };
    let answer = october.client.get_performance(request).await.unwrap();
    let total = answer.into_inner().total.unwrap();
    assert_eq!((total.settled_early, total.settled_on_time), (1, 0));
}

#[tokio::test]
async fn the_command_prints_the_same_figures_as_text_json_and_csv() {
    let mut october = told().await;
    let period = ["performance", "--from", "2026-10-01", "--to", "2026-10-31"];
    let period = [&period[..], &["--as-of", "2026-10-31", "--by", "agency"]].concat();
    let answer = october.performance(Grouping::Agency).await;
    let name = "lienthong.performance.v1.GetPerformanceResponse";
    let wanted = lienthong_contract::json::of(name, &answer).unwrap();

    let text = october.says(&period);
    for said in [
        "1/3 33.33%",
        "2/8 25.00%",
        HAM_RONG,
        MUONG_LAT,
        "2026-10-31 23:59:59",
    ] {
        assert!(text.contains(said), "{said:?} is not in\n{text}");
    }
    let json = october.json(&period);
    for part in ["lines", "total", "asOfTime"] {
        assert_eq!(json[part], wanted[part], "{part}");
    }
    let by_format = october.says(&[&period[..], &["--format", "json"]].concat());
    let by_format: Value = serde_json::from_str(&by_format).unwrap();
    assert_eq!(by_format["lines"], wanted["lines"]);
    assert_table(
        &october.says(&[&period[..], &["--format", "csv"]].concat()),
        &answer,
    );
}

/// A table holds, cell by cell, what was answered.
fn assert_table(text: &str, answer: &GetPerformanceResponse) {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), answer.lines.len());
    for (row, line) in rows.iter().zip(&answer.lines) {
        let cell = |name: &str| {
            let at = header.iter().position(|column| column == name);
            &row[at.unwrap_or_else(|| panic!("no column {name}: {header:?}"))]
        };
        assert_eq!(cell("key"), line.key);
        let figures = line.figures.unwrap();
        let name = "lienthong.performance.v1.Figures";
        let told = lienthong_contract::json::of(name, &figures).unwrap();
        let mut compared = 0;
        for column in header.iter().filter(|column| !TEXTS.contains(column)) {
            let (figure, part) = match column.rsplit_once('_') {
                Some((figure, part @ ("numerator" | "denominator"))) => (figure, Some(part)),
                _ => (column, None),
            };
            let value = &told[camel(figure)];
            let value = part.map_or(value, |part| &value[part]);
            let value = value.as_u64().unwrap_or(0);
            assert_eq!(cell(column), value.to_string(), "{} {column}", line.key);
            compared += 1;
        }
        assert!(compared > 40, "{compared} figures");
    }
}

/// Columns that hold no figure.
const TEXTS: [&str; 5] = ["key", "name", "unassigned", "candidates", "from_day"];

/// As the proto JSON mapping writes a field.
fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut text = words.next().unwrap_or_default().to_owned();
    for word in words {
        text.push_str(&word[..1].to_ascii_uppercase());
        text.push_str(&word[1..]);
    }
    text
}

#[tokio::test]
async fn an_open_data_set_holds_the_figures_and_describes_itself() {
    let mut october = told().await;
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("2026-10").display().to_string();
    let said = october.says(&[
        "export",
        "performance",
        "--from",
        "2026-10-01",
        "--to",
        "2026-10-31",
        "--as-of",
        "2026-10-31",
        "--by",
        "agency",
        "--dir",
        &folder,
        "--license",
        "https://example.vn/licence",
        "--publisher",
        "Thanh Hóa",
    ]);
    let answer = october.performance(Grouping::Agency).await;
    let read = |name: &str| {
        let path = dir.path().join("2026-10").join(name);
        assert!(said.contains(name), "{said}");
        std::fs::read_to_string(path).unwrap()
    };
    let json = |name: &str| -> Value { serde_json::from_str(&read(name)).unwrap() };

    let table = read("performance.csv");
    assert_table(&table, &answer);
    let described = json("performance.csv-metadata.json");
    let columns = described["tableSchema"]["columns"].as_array().unwrap();
    let names: Vec<&str> = columns
        .iter()
        .map(|column| column["name"].as_str().unwrap())
        .collect();
    assert_eq!(table.lines().next().unwrap(), names.join(","));
    let name = "lienthong.performance.v1.GetPerformanceResponse";
    let wanted = lienthong_contract::json::of(name, &answer).unwrap();
    assert_eq!(json("performance.json")["lines"], wanted["lines"]);

    let catalog = json("catalog.jsonld");
    let dataset = &catalog["dcat:dataset"][0];
    assert_eq!(dataset["@type"], "dcat:Dataset");
    assert_eq!(dataset["dct:license"]["@id"], "https://example.vn/licence");
    let freshness = answer.freshness.unwrap();
    assert_eq!(
        dataset["dcat:version"],
        freshness.reference_version.as_str()
    );
    let distributions = dataset["dcat:distribution"].as_array().unwrap();
    assert_eq!(distributions.len(), 2);

    let refused = october.run(&[
        "export",
        "performance",
        "--from",
        "2026-10-01",
        "--to",
        "2026-10-31",
        "--dir",
        &folder,
        "--license",
        "free",
        "--publisher",
        "Thanh Hóa",
    ]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(
        refused.err.contains("--license") && refused.err.contains("Fix:"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn dossiers_are_listed_by_state_with_who_has_them_and_what_is_due() {
    let october = told().await;
    let codes = |state: &str| -> Vec<String> {
        let json = october.json(&["dossiers", state, "--as-of", "2026-10-31"]);
        let listed = json["dossiers"].as_array().cloned().unwrap_or_default();
        let codes = listed
            .iter()
            .map(|one| one["dossierCode"].as_str().unwrap().to_owned());
        codes.collect()
    };
    assert_eq!(codes("overdue"), ["H56.15.03-261008-0103"]);
    assert_eq!(codes("in-work"), ["H56.15.03-261008-0103"]);
    assert_eq!(codes("paused"), ["H56.15.04-261008-0104"]);
    assert_eq!(codes("in-flight"), [""; 0]);
    let text = october.says(&["dossiers", "overdue", "--as-of", "2026-10-31"]);
    for said in [
        "1 of 1",
        LAND,
        "2026-10-11 08:00:00",
        "overdue",
        "apologise",
    ] {
        assert!(text.contains(said), "{said:?} is not in\n{text}");
    }
    let elsewhere = [
        "dossiers",
        "overdue",
        "--as-of",
        "2026-10-31",
        "--agency",
        MUONG_LAT,
    ];
    assert!(october.says(&elsewhere).contains("0 of 0"));
    // Its clock begins with the very line of the list.
    let listed = october.json(&["dossiers", "overdue", "--as-of", "2026-10-31"]);
    let code = "H56.15.03-261008-0103";
    let clock = october.json(&["clock", code, "--as-of", "2026-10-31"]);
    assert_eq!(clock["clock"]["dossier"], listed["dossiers"][0]);
    // On the eve of its day it is due soon, and not overdue.
    let json = october.json(&[
        "dossiers",
        "due-soon",
        "--within",
        "1",
        "--as-of",
        "2026-10-10T08:00:00+07:00",
    ]);
    assert_eq!(json["dossiers"][0]["dossierCode"], "H56.15.03-261008-0103");
}

#[tokio::test]
async fn the_clock_of_a_dossier_tells_deadline_outcome_and_who_used_the_time() {
    let october = told().await;
    // Received at 8:10, due at 17:00 the same day, returned the next day at 9:00: 8 h 20 min less
    // the pause at noon, 6 h 50 min, and 2 h of the next morning.
    let clock = &october.json(&["clock", "H56.15.03-261008-0102"])["clock"];
    assert_eq!(clock["outcome"], "late");
    assert_eq!(clock["legalDueTime"], "2026-10-08T10:00:00Z");
    assert_eq!(clock["limit"]["sameDayBefore"], "15:00");
    assert_eq!(clock["used"][0]["party"]["agencyCode"], HAM_RONG);
    assert_eq!(clock["usedMs"], (410 + 120) * 60_000);
    assert_eq!(clock["limitMs"], 410 * 60_000);

    let text = october.says(&["clock", "H56.15.04-261008-0104", "--as-of", "2026-10-31"]);
    for said in [
        "supplement requested (5)",
        "paused",
        "request answer",
        "2026-10-08 08:50:00",
    ] {
        assert!(text.contains(said), "{said:?} is not in\n{text}");
    }
    let unknown = october.run(&["clock", "H56.15.03-261008-7777"]);
    assert_eq!(unknown.code, Some(3), "{unknown:?}");
    assert!(unknown.err.contains("CASE_NOT_FOUND"), "{unknown:?}");
}

#[tokio::test]
async fn a_year_without_a_calendar_is_an_error_that_names_it() {
    let mut october = told().await;
    let request = GetDossierClockRequest {
        dossier_code: "H56.15.03-211004-0001".into(),
        min_positions: october.positions.clone(),
        ..GetDossierClockRequest::default()
    };
    let status = october.client.get_dossier_clock(request).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(reason(&status), "CALENDAR_MISSING");
    let done = october.run(&["clock", "H56.15.03-211004-0001"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.err.contains("2021") && done.err.contains("lienthong explain"),
        "{done:?}"
    );
    let explained = run(&october.hub, &["explain", "CALENDAR_MISSING"]).unwrap();
    assert!(
        explained.out.contains("reference.calendar"),
        "{explained:?}"
    );
}

#[tokio::test]
async fn the_control_slip_and_the_register_are_the_forms_06_and_07() {
    let october = told().await;
    let slip = october.json(&["slip", "H56.15.03-261008-0103"]);
    let entry = &slip["entries"][0];
    assert_eq!(entry["from"]["agencyCode"], HAM_RONG);
    assert_eq!(entry["to"]["agencyCode"], LAND);
    assert_eq!(entry["handedOverTime"], "2026-10-08T01:30:00Z");
    assert_eq!(entry["acceptedTime"], "2026-10-08T01:45:00Z");
    assert_eq!(entry["dueTime"], "2026-10-09T01:00:00Z");
    assert!(entry["finishedTime"].is_null(), "{entry}");
    let text = october.says(&["slip", "H56.15.03-261008-0103"]);
    for said in [
        "form 06",
        LAND,
        "2026-10-08 08:30:00",
        "2026-10-08 08:45:00",
    ] {
        assert!(text.contains(said), "{said:?} is not in\n{text}");
    }

    let register = october.json(&["register", HAM_RONG, "2026-10-08"]);
    let lines = register["lines"].as_array().unwrap();
    let codes: Vec<&str> = lines
        .iter()
        .map(|line| line["dossier"]["dossierCode"].as_str().unwrap())
        .collect();
    assert_eq!(
        codes,
        ["0101", "0102", "0103", "0106"].map(|number| format!("H56.15.03-261008-{number}"))
    );
    assert_eq!(lines[1]["channel"], "CHANNEL_ONLINE");
    let text = october.says(&["register", HAM_RONG, "2026-10-08"]);
    for said in ["form 07", "Dossiers  4", "withdrawn", "settled"] {
        assert!(text.contains(said), "{said:?} is not in\n{text}");
    }
}

#[tokio::test]
async fn a_bad_request_is_refused_with_the_field_and_its_fix() {
    let mut october = told().await;
    let refused = october.client.get_performance(GetPerformanceRequest {
        from_day: "2026-10-31".into(),
        to_day: "2026-10-01".into(),
        ..GetPerformanceRequest::default()
    });
    let status = refused.await.unwrap_err();
    assert_eq!(
        (status.code(), fields(&status)),
        (Code::InvalidArgument, vec!["to_day".into()])
    );
    let settled = october.client.list_dossiers(ListDossiersRequest {
        state: DossierState::Settled.into(),
        ..ListDossiersRequest::default()
    });
    assert_eq!(fields(&settled.await.unwrap_err()), ["state"]);

    let period = ["--from", "2026-10-01", "--to", "2026-10-31"];
    for (words, said) in [
        (
            &["performance", "--from", "2026-10-01", "--to", "October"][..],
            "to_day",
        ),
        (&["performance", "--unit", "1"], "filter.unit_code"),
        (&["performance", "--agency", "h56"], "filter.agency_code"),
        (
            &["performance", "--procedure", "birth"],
            "filter.procedure_code",
        ),
        (&["performance", "--under", "2026-10-01"], "basis.units_of"),
        (
            &["performance", "--by", "district", "--under", "2026-11-01"],
            "group_by",
        ),
        (
            &["dossiers", "overdue", "--within", "3"],
            "within_working_days",
        ),
        (&["register", HAM_RONG, "today"], "day"),
        (&["slip", "no code"], "dossier_code"),
    ] {
        let period = match words {
            ["performance", "--from", ..] => &[][..],
            ["performance", ..] => &period[..],
            _ => &[],
        };
        let done = run(&october.hub, &[words, period].concat()).unwrap();
        assert_eq!(done.code, Some(2), "{words:?}: {done:?}");
        assert!(
            done.err.contains(said) && done.err.contains("Fix:"),
            "{words:?}: {done:?}"
        );
    }
}
