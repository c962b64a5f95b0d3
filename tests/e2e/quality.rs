//! Sources that misbehave in every way through the public adapters: every finding is found, and
//! nothing else.

use crate::packets::{dossier, envelope, post_json};
use lienthong_contract::pb::event::v1::event::Payload;
use lienthong_contract::pb::event::v1::{self as event, Channel, Position, Register};
use lienthong_contract::pb::quality::v1::quality_service_client::QualityServiceClient;
use lienthong_contract::pb::quality::v1::{
    CountFindingsRequest, GetReconciliationRequest, ListFindingsRequest, RegisterDay,
};
use lienthong_contract::reference::{demo_procedure_steps, demo_procedures};
use lienthong_contract::time::{from_millis, now_millis};
use lienthong_simulator::system::System;
use lienthong_tests::cli;
use lienthong_tests::facts::{Fact, MINUTE_MS, MORNING_MS, agency};
use lienthong_tests::instance::Instance;
use serde_json::{Value, json};
use tempfile::TempDir;

/// 2025-09-08T08:00:00+07:00, a Monday, in minutes after [`MORNING_MS`].
const MONDAY: i64 = -568_800;
const DAY: &str = "2025-09-08";
const DESK: &str = "H56.15.03";
const NAME: &str = "Tran Thi Bi Mat";
/// A source with registers, the portal, and a source whose register does not come whole.
const BOOKS: &str = "urn:lienthong:vn:H49:onestop";
const PORTAL: &str = "urn:lienthong:vn:G22:portal";
const SPARSE: &str = "urn:lienthong:vn:H01:onestop";

fn code(number: u32) -> String {
    format!("H56.15.03-250908-{number:04}")
}

/// What the one-stop says of a dossier some minutes after Monday 8:00.
fn said(number: u32, minutes: i64, payload: Payload) -> Fact {
    let id = format!("{number}-{minutes}");
    Fact::new(
        System::Onestop,
        &id,
        &code(number),
        MONDAY + minutes,
        payload,
    )
    .by(DESK)
}

fn from(source: &str, fact: Fact) -> Fact {
    let id = format!("{source}-{}", fact.event.header.as_ref().unwrap().id);
    fact.header(|header| {
        header.source = source.to_owned();
        header.id = id;
    })
}

/// A moment some minutes after Monday 8:00.
fn moment(minutes: i64) -> Option<prost_types::Timestamp> {
    Some(from_millis(MORNING_MS + (MONDAY + minutes) * MINUTE_MS))
}

fn received(due: Option<i64>) -> Payload {
    Payload::Received(event::Received {
        channel: Channel::Desk as i32,
        appointment_time: due.and_then(moment),
        ..event::Received::default()
    })
}

fn handed_over(to: &str, id: &str, due: Option<i64>) -> Payload {
    Payload::HandedOver(event::HandedOver {
        to: agency(to),
        handover_id: id.to_owned(),
        due_time: due.and_then(moment),
    })
}

fn accepted(id: &str) -> Payload {
    Payload::Accepted(event::Accepted {
        from: agency(DESK),
        handover_id: id.to_owned(),
    })
}

fn returned() -> Payload {
    Payload::ResultReturned(event::ResultReturned {
        channel: Channel::Desk as i32,
    })
}

fn issued(file_sha256: &str) -> Payload {
    Payload::ResultIssued(event::ResultIssued {
        electronic: true,
        file_sha256: file_sha256.to_owned(),
        ..event::ResultIssued::default()
    })
}

fn digitised(file_sha256: &str) -> Payload {
    Payload::Digitised(event::Digitised {
        documents: 1,
        result: false,
        file_sha256: file_sha256.to_owned(),
    })
}

fn extended(apology_sent: bool, due: i64) -> Payload {
    Payload::Extended(event::Extended {
        previous_due_time: None,
        due_time: moment(due),
        apology_sent,
    })
}

fn appraised() -> Payload {
    Payload::Appraised(event::Appraised { passed: true })
}

/// A line of a register of Monday.
fn line(source: &str, register: Register, number: u32, status: &str, day_entries: u32) -> Fact {
    let payload = Payload::RegisterEntryReported(event::RegisterEntryReported {
        register: register as i32,
        day: DAY.to_owned(),
        day_entries,
    });
    from(source, said(number, 600, payload).status("DVCQG", status))
}

const A_DAY: i64 = 1_440;

/// Histories that contradict themselves, with the findings they make.
fn contradictions() -> (Vec<Fact>, Vec<(&'static str, u32)>) {
    let facts = vec![
        said(1, 10, returned()),
        said(1, 20, appraised()),
        said(2, 10, accepted("H2")).by("H56.03"),
        said(2, 20, handed_over("H56.03", "H2", None)),
        said(3, 10, handed_over("H56.03", "H3", None)),
        said(3, 20, accepted("H3")).by("H56.01"),
        said(4, 10, issued("")),
        said(4, 20, received(None)),
        said(5, 10, Payload::Withdrawn(event::Withdrawn::default())),
        said(5, 20, returned()),
        said(
            6,
            10,
            Payload::SupplementRequested(event::SupplementRequested::default()),
        )
        .status("DVCQG", "9"),
        said(12, 20, handed_over("H56.03", "H12", None)),
        Fact::new(
            System::CivilStatus,
            "12-10",
            &code(12),
            MONDAY + 10,
            accepted("H12"),
        )
        .by("H56.03"),
        said(11, 0, appraised())
            .header(|header| header.occurred_time = Some(from_millis(now_millis() + 3_600_000))),
    ];
    let found = vec![
        ("step_after_end", 1),
        ("accepted_before_handed_over", 2),
        ("accepted_by_another", 3),
        ("result_before_reception", 4),
        ("settled_twice", 5),
        ("pause_sent_as_processed", 6),
        ("clocks_disagree", 12),
        ("clock_ahead", 11),
    ];
    (facts, found)
}

/// Identities, codes and files.
fn identities() -> (Vec<Fact>, Vec<(&'static str, u32)>) {
    let hash = "0123456789abcdef".repeat(4);
    let same_day = 9 * 60;
    let desk = |number| {
        said(number, 30, received(Some(same_day)))
            .procedure("1.001193")
            .case("LT-2025-0910")
    };
    let facts = vec![
        said(7, 10, appraised()).about(NAME, "000000001", "note"),
        said(8, 10, appraised()).about(NAME, "12345", "note"),
        desk(9),
        desk(10),
        said(15, 10, digitised(&hash)),
        said(15, 20, issued(&hash)),
        // A dossier that is as it should be.
        said(16, 10, received(Some(same_day)))
            .procedure("1.001193")
            .about(NAME, "038090001234", "note"),
        said(16, 20, digitised(&hash)),
        said(16, 30, issued(&"f".repeat(64))).status("DVCQG", "9"),
        said(16, 40, returned()).status("DVCQG", "10"),
    ];
    let found = vec![
        ("placeholder_identity", 7),
        ("malformed_identity", 8),
        ("regenerated_code", 10),
        ("submitted_file_returned", 15),
    ];
    (facts, found)
}

/// An identity check is asked for.
fn asked() -> Payload {
    Payload::Consulted(event::Consulted {
        to: agency("G01"),
        consultation_id: "K28".to_owned(),
        due_time: None,
    })
}

/// Due dates and expectations.
fn late() -> (Vec<Fact>, Vec<(&'static str, u32)>) {
    let consulted = Payload::Consulted(event::Consulted {
        to: agency("H56.03"),
        consultation_id: "K1".to_owned(),
        due_time: moment(60),
    });
    let registered = Payload::CivilStatusRegistered(event::CivilStatusRegistered {
        kind: event::RegistrationKind::Birth as i32,
        book: "01/2025".to_owned(),
        number: "7".to_owned(),
    });
    let group = |number| {
        said(number, 10, received(Some(3 * A_DAY)))
            .procedure("2.002621")
            .case(&format!("LT-2025-09{number}"))
    };
    let civil = Fact::new(
        System::CivilStatus,
        "26-100",
        "G15.03-250908-0026",
        MONDAY + 100,
        registered,
    );
    let facts = vec![
        said(20, 10, received(None)).procedure("1.001193"),
        said(21, 10, received(Some(2 * A_DAY))).procedure("1.001193"),
        said(22, 10, received(Some(5 * A_DAY))),
        said(22, A_DAY, extended(false, 9 * A_DAY)),
        said(23, 10, received(Some(5 * A_DAY))),
        said(23, A_DAY, extended(true, 9 * A_DAY)),
        said(23, 2 * A_DAY, extended(true, 12 * A_DAY)),
        said(24, 10, handed_over("H56.03", "H24", Some(60))),
        said(25, 10, consulted),
        group(26),
        civil.by(DESK).case("LT-2025-0926"),
        group(27),
        said(28, 10, asked()).procedure("1.999001"),
    ];
    let found = vec![
        ("missing_due_date", 20),
        ("due_date_differs", 21),
        ("extension_without_apology", 22),
        ("extended_again", 23),
        ("hand_over_not_accepted", 24),
        ("consultation_unanswered", 25),
        ("number_not_returned", 26),
        ("expectation_unanswered", 27),
        ("verification_unanswered", 28),
    ];
    (facts, found)
}

/// Registers: 33 was never published, 34 is not among the lines.
fn registers() -> (Vec<Fact>, Vec<(&'static str, u32)>) {
    let told = |source, number| {
        from(
            source,
            said(number, 10, received(None)).status("DVCQG", "2"),
        )
    };
    let asks = Payload::ProgressReported(event::ProgressReported {
        step: "asked".to_owned(),
        ..event::ProgressReported::default()
    });
    let facts = vec![
        told(BOOKS, 31),
        told(BOOKS, 32),
        told(BOOKS, 34),
        line(BOOKS, Register::OneStop, 31, "2", 3),
        line(BOOKS, Register::OneStop, 32, "9", 3),
        line(BOOKS, Register::OneStop, 33, "4", 3),
        from(PORTAL, said(31, 30, asks).status("DVCQG", "5")),
        line(PORTAL, Register::Portal, 31, "5", 1),
        told(SPARSE, 36),
        line(SPARSE, Register::OneStop, 36, "2", 5),
    ];
    let found = vec![
        ("registers_disagree", 31),
        ("status_differs", 32),
        ("never_published", 33),
        ("missing_in_register", 34),
    ];
    (facts, found)
}

/// Packets of a feed with the faults that feeds have.
async fn packets(hub: &Instance) -> (Vec<Position>, Vec<(&'static str, u32)>) {
    let on_monday = |number| {
        let mut record = dossier(&code(number));
        record["NgayTiepNhan"] = json!("20250908080000");
        record["NgayHenTra"] = json!("20250908170000");
        record
    };
    let mut filler = on_monday(41);
    filler["ChuHoSo"] = json!(NAME);
    filler["SoGiayToChuHoSo"] = json!("000000001");
    let mut same_file = on_monday(42);
    same_file["TrangThaiHoSo"] = json!("9");
    same_file["NgayKetThucXuLy"] = json!("20250908100000");
    same_file["TaiLieuNop"] = json!([{ "DuongDanTaiTepTin": "https://files.example.vn/1" }]);
    same_file["DanhSachGiayToKetQua"] =
        json!([{ "DuongDanTepTinKetQua": "https://files.example.vn/1" }]);
    let mut paused = on_monday(43);
    paused["TrangThaiHoSo"] = json!("9");
    paused["NgayKetThucXuLy"] = json!("20250908100000");
    paused["DanhSachHoSoBoSung"] = json!([{ "HoSoBoSungId": "1", "NgayBoSung": "20250908090000" }]);
    let packet = envelope("DongBoHoSoMC", json!([filler, same_file, paused]));
    let answer = post_json(hub, &packet).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    let results = body["results"].as_array().unwrap().iter();
    let positions = results.map(|result| Position {
        partition: u32::try_from(result["position"]["partition"].as_u64().unwrap()).unwrap(),
        offset: result["position"]["offset"].as_u64().unwrap(),
    });
    let found = vec![
        ("placeholder_identity", 41),
        ("submitted_file_returned", 42),
        ("pause_sent_as_processed", 43),
    ];
    (positions.collect(), found)
}

/// A hub that knows the procedures of the demonstration, and one that expects an identity check.
fn with_procedures() -> (Instance, TempDir) {
    let folder = TempDir::with_prefix("lienthong-tables-").unwrap();
    let own = "1.999001,Xác minh,HT,Hộ tịch,commune,full,9,working_days,,test,,,,\n";
    let check = "1.999001,,check,Xác minh,ministry,population,serial,,identity_verified,2,working_hours,test\n";
    let mut settings = Vec::new();
    for (key, table, more) in [
        ("PROCEDURES", demo_procedures(), own),
        ("PROCEDURE_STEPS", demo_procedure_steps(), check),
    ] {
        let path = folder.path().join(format!("{key}.csv"));
        std::fs::write(&path, table.text.to_string() + more).unwrap();
        let value = format!("[{:?}]", path.display().to_string());
        settings.push((format!("LIENTHONG_REFERENCE__{key}"), value));
    }
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(key, value)| (&key[..], &value[..]))
        .collect();
    (Instance::start_with(&settings).unwrap(), folder)
}

#[tokio::test]
async fn a_source_that_misbehaves_in_every_way_is_found_out_and_nothing_else_is_found() {
    let (hub, _tables) = with_procedures();
    let (mut positions, mut expected) = packets(&hub).await;
    for (facts, found) in [contradictions(), identities(), late(), registers()] {
        positions.extend(hub.tell(&facts).await.unwrap());
        expected.extend(found);
    }
    let mut quality = QualityServiceClient::new(hub.gateway().await.unwrap());
    let request = ListFindingsRequest {
        page_size: 1_000,
        min_positions: positions.clone(),
        max_wait_ms: 20_000,
        ..ListFindingsRequest::default()
    };
    let answer = quality.list_findings(request).await.unwrap().into_inner();
    let mut expected: Vec<(String, String)> = expected
        .into_iter()
        .map(|(kind, number)| (kind.to_owned(), code(number)))
        .chain([("register_incomplete".to_owned(), String::new())])
        .collect();
    expected.sort();
    let findings = answer.findings.iter();
    let mut found: Vec<(String, String)> = findings
        .map(|one| (one.kind.clone(), one.dossier_code.clone()))
        .collect();
    found.sort();
    assert_eq!(found, expected, "{:#?}", answer.findings);
    assert_eq!(answer.total, expected.len() as u64);
    for finding in &answer.findings {
        assert!(!finding.source.is_empty(), "{finding:?}");
        assert!(!finding.expected.is_empty() && !finding.found.is_empty());
        assert!(finding.since_time.is_some());
    }

    let counts = quality.count_findings(CountFindingsRequest::default());
    let counts = counts.await.unwrap().into_inner().counts;
    let counted: u64 = counts.iter().map(|row| row.findings).sum();
    assert_eq!(counted, answer.total);

    let request = GetReconciliationRequest {
        from_day: DAY.to_owned(),
        to_day: DAY.to_owned(),
        ..GetReconciliationRequest::default()
    };
    let answer = quality.get_reconciliation(request).await.unwrap();
    let answer = answer.into_inner();
    assert_eq!(answer.disagreements_total, 1);
    assert_eq!(answer.disagreements[0].dossier_code, code(31));
    let books = answer.registers.iter().find(|one| one.source == BOOKS);
    let register = RegisterDay {
        source: BOOKS.to_owned(),
        register: Register::OneStop as i32,
        day: DAY.to_owned(),
        lines: 3,
        expected_lines: 3,
        agreeing: 1,
        differing: 1,
        never_published: 1,
        missing_in_register: Some(1),
    };
    assert_eq!(books, Some(&register));
    let sparse = answer.registers.iter().find(|one| one.source == SPARSE);
    assert_eq!(sparse.unwrap().missing_in_register, None);

    by_command(&hub);
}

/// The command line says the same, and no personal data.
fn by_command(hub: &Instance) {
    let list = ["quality", "list", "--kind", "never_published", "--json"];
    let told = cli::run(hub, &list).unwrap().json().unwrap();
    assert_eq!(told["findings"][0]["dossierCode"], code(33));
    assert_eq!(told["total"], 1);
    let reconcile = ["reconcile", "--from", DAY, "--to", DAY, "--source", BOOKS];
    for arguments in [
        &["quality"][..],
        &["quality", "--json"],
        &["quality", "list", "--lines", "1000"],
        &["quality", "list", "--agency", DESK],
        &reconcile,
    ] {
        let told = cli::run(hub, arguments).unwrap();
        assert_eq!(told.code, Some(0), "{arguments:?}: {}", told.err);
        for secret in [NAME, "000000001", "038090001234"] {
            assert!(!told.out.contains(secret), "{arguments:?}: {}", told.out);
        }
    }
    let kinds = cli::run_alone(&["quality", "kinds"]).unwrap();
    assert!(kinds.out.contains("never_published"), "{}", kinds.out);
    let wrong = cli::run(hub, &["quality", "--kind", "nothing"]).unwrap();
    assert_eq!(wrong.code, Some(2), "{}", wrong.err);
    assert!(wrong.err.contains("filter.kind"), "{}", wrong.err);
}
