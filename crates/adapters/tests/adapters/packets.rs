//! QCVN 120 packets over HTTP, as existing systems send them and as real feeds get them wrong.

use crate::double::{Mood, Moody};
use crate::http::{Answer, post, send};
use crate::hub::Hub;
use lienthong_adapters::{Config, Limits};
use lienthong_contract::pb::event::v1::{self as pb, Observation, event::Payload};
use lienthong_contract::pb::operations::v1::{
    GetRejectedRequest, ListRejectedRequest, ResubmitRejectedRequest,
};
use lienthong_contract::time::to_millis;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const JSON: &str = "Content-Type: application/json; charset=utf-8";
const XML: &str = "Content-Type: text/xml";
const CODE: &str = "000.17.22.H56-210531-0001";
/// 2021-05-31T09:30:00+07:00
const TAKEN_IN: i64 = 1_622_428_200_000;

fn dossier(status: Value) -> Value {
    json!({
        "MaHoSo": CODE,
        "MaTTHC": "1.001193",
        "TenTTHC": "Đăng ký khai sinh",
        "MaLinhVuc": "G15-HT02",
        "TenLinhVuc": "Hộ tịch",
        "ChuHoSo": "Nguyễn Thị Sen",
        "LoaiDoiTuong": "1",
        "Email": "sen@example.vn",
        "SoDienThoai": 912345678,
        "SoGiayToChuHoSo": "038099012345",
        "NgayTiepNhan": "20210531093000",
        "NgayHenTra": "20210603",
        "TrangThaiHoSo": status,
        "HinhThuc": "0",
        "DonViXuLy": "UBND phường Hàm Rồng",
        "GhiChu": "Bà Sen sẽ đến lấy",
    })
}

fn with(mut record: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        record[name] = value.clone();
    }
    record
}

fn envelope(service: &str, data: Value) -> Value {
    json!({
        "session": "secret-session",
        "madonvi": "000.17.22.H56",
        "service": service,
        "isUpdating": "False",
        "data": data,
    })
}

async fn dossiers(hub: &Hub, data: Value) -> Answer {
    let body = envelope("DongBoHoSoMC", data).to_string();
    post(hub.http, "/qcvn120", &[JSON], body.as_bytes()).await
}

async fn progress(hub: &Hub, data: Value) -> Answer {
    let body = envelope("CapNhatTienDoHoSoMC", data).to_string();
    post(hub.http, "/qcvn120", &[JSON], body.as_bytes()).await
}

/// The events of the log by id; an id that stands twice is kept once.
async fn events(hub: &Hub) -> BTreeMap<String, pb::Event> {
    let all = hub.everything().await;
    all.into_iter()
        .map(|(_, event)| (event.header.as_ref().unwrap().id.clone(), event))
        .collect()
}

fn id(slug: &str, time: &str) -> String {
    format!("{CODE}:{slug}:{time}")
}

fn occurred(event: &pb::Event) -> i64 {
    to_millis(
        event
            .header
            .as_ref()
            .unwrap()
            .occurred_time
            .as_ref()
            .unwrap(),
    )
    .unwrap()
}

fn status(event: &pb::Event) -> Option<u32> {
    event
        .mapped_status
        .as_ref()
        .map(|mapped| mapped.portal_status)
}

fn violated(result: &Value) -> Vec<&str> {
    let list = result["violations"].as_array().unwrap();
    list.iter()
        .map(|violation| violation["field"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn the_trace_of_a_packet_is_carried_into_its_events() {
    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let hub = Hub::start().await;
    let body = envelope("DongBoHoSoMC", json!([dossier(json!(2))])).to_string();
    let header = format!("traceparent: {TRACE}");
    let answer = post(hub.http, "/qcvn120", &[JSON, &header], body.as_bytes()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let events = events(&hub).await;
    assert!(!events.is_empty());
    for event in events.values() {
        assert_eq!(event.traceparent, TRACE);
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_dossier_as_existing_systems_send_it_is_recorded_as_received() {
    let hub = Hub::start().await;
    let answer = dossiers(&hub, json!([dossier(json!("2"))])).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let told = answer.json();
    assert_eq!(told["error_code"], "00");
    assert_eq!(told["results"][0]["maHoSo"], CODE);
    assert_eq!(told["results"][0]["outcome"], "recorded");
    let events = events(&hub).await;
    assert_eq!(events.len(), 1);
    let event = &events[&id("received", "20210531093000")];
    let header = event.header.as_ref().unwrap();
    assert_eq!(header.source, "urn:lienthong:vn:000.17.22.H56:qcvn120");
    assert_eq!(header.agency_code, "000.17.22.H56");
    assert_eq!(header.procedure_code, "1.001193");
    assert_eq!((occurred(event), status(event)), (TAKEN_IN, Some(2)));
    assert_eq!(header.source_status.as_ref().unwrap().system, "DVCQG");
    assert_eq!(event.adapter, "onestop");
    let Some(Payload::Received(received)) = &event.payload else {
        panic!("{event:?}")
    };
    assert_eq!(received.channel(), pb::Channel::Desk);
    let due = to_millis(received.appointment_time.as_ref().unwrap()).unwrap();
    assert_eq!(
        due, 1_622_653_200_000,
        "the beginning of 2021-06-03 at +07:00"
    );
    let position = &told["results"][0]["position"];
    let bounds = hub
        .log
        .bounds(position["partition"].as_u64().unwrap() as u32)
        .await
        .unwrap();
    assert_eq!(position["offset"].as_u64().unwrap() + 1, bounds.end);
    hub.stop().await;
}

#[tokio::test]
async fn personal_data_goes_into_the_protected_part_and_nowhere_else() {
    let hub = Hub::start().await;
    dossiers(&hub, json!([dossier(json!("2"))])).await;
    let step = json!({
        "MaHoSo": CODE,
        "NguoiXuLy": "Trần Văn Lúa",
        "ThoiDiemXuLy": "20210531100000",
        "PhongBanXuLy": "Tư pháp - Hộ tịch",
        "NoiDungXuLy": "Đã gọi bà Nguyễn Thị Sen",
        "TrangThai": "4",
    });
    progress(&hub, json!([step])).await;
    for (key, mut event) in hub.everything().await {
        assert_eq!(key, CODE);
        let protected = event.header.as_mut().unwrap().protected.take().unwrap();
        assert!(!protected.persons.is_empty());
        let plain = format!("{event:?}");
        for secret in [
            "Sen",
            "038099012345",
            "912345678",
            "sen@",
            "Lúa",
            "Hàm Rồng",
        ] {
            assert!(!plain.contains(secret), "{secret} in {plain}");
        }
        if let Some(Payload::Received(_)) = event.payload {
            let person = &protected.persons[0];
            assert_eq!(person.full_name, "Nguyễn Thị Sen");
            assert_eq!(person.identity_number, "038099012345");
            assert_eq!(person.phone_number, "912345678");
            assert!(
                protected
                    .notes
                    .contains(&"GhiChu: Bà Sen sẽ đến lấy".to_owned())
            );
        }
    }
    hub.stop().await;
}

#[tokio::test]
async fn each_status_becomes_the_fact_it_tells() {
    for (code, slug, time, portal) in [
        ("1", "submitted", "20210531093000", 1),
        ("3", "refused_at_intake", "20210531110000", 3),
        ("4", "status:4", "20210602160000", 4),
        ("5", "status:5", "20210602160000", 5),
        ("6", "payment_requested", "20210602160000", 6),
        ("7", "withdrawn", "20210602160000", 7),
        ("8", "stopped", "20210602150000", 8),
        ("9", "result_issued", "20210602150000", 9),
        ("10", "result_returned", "20210602160000", 10),
        ("releasing", "result_issued", "20210602150000", 9),
    ] {
        let hub = Hub::start().await;
        let record = with(
            dossier(json!(code)),
            json!({
                "NgayTuChoi": "20210531110000",
                "NgayKetThucXuLy": "20210602150000",
                "NgayTra": "20210602160000",
            }),
        );
        let answer = dossiers(&hub, json!([record])).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let events = events(&hub).await;
        let event = events
            .get(&id(slug, time))
            .unwrap_or_else(|| panic!("{code}: {:?}", events.keys()));
        assert_eq!(status(event), Some(portal), "{code}");
        let carriers = events.values().filter(|event| status(event).is_some());
        assert_eq!(carriers.count(), 1, "{code}");
        let received = events.contains_key(&id("received", "20210531093000"));
        assert_eq!(received, !matches!(code, "1" | "3"), "{code}");
        hub.stop().await;
    }
}

#[tokio::test]
async fn a_snapshot_tells_supplements_papers_and_results_too() {
    let hub = Hub::start().await;
    let record = with(
        dossier(json!(10)),
        json!({
            "NgayNopHoSo": "30/05/2021 20:15:00",
            "KenhThucHien": 2,
            "NgayKetThucXuLy": "04.06.2021",
            "NgayTra": "20210604090000",
            "TaiLieuNop": [
                {"TenTepDinhKem": "a.pdf", "DuocSoHoa": 1, "IsDeleted": "False"},
                {"TenTepDinhKem": "b.pdf", "DuocSoHoa": "1", "IsDeleted": "True"},
            ],
            "DanhSachHoSoBoSung": {
                "HoSoBoSungId": 77,
                "NguoiYeuCauBoSung": "Trần Văn Lúa",
                "NgayBoSung": "20210601080000",
                "NgayTiepNhanBoSung": "20210601140000",
                "NgayHenTraMoi": "20210604170000",
            },
            "DanhSachGiayToKetQua": [{"DuongDanTepTinKetQua": "https://files.example.vn/1"}],
        }),
    );
    let answer = dossiers(&hub, json!([record])).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let events = events(&hub).await;
    let ids: Vec<&str> = events.keys().map(|id| &id[CODE.len() + 1..]).collect();
    assert_eq!(
        ids,
        [
            "digitised:20210531093000",
            "digitised_result:20210604000000",
            "received:20210531093000",
            "result_issued:20210604000000",
            "result_returned:20210604090000",
            "submitted:20210530201500",
            "supplement_received:77:20210601140000",
            "supplement_requested:77:20210601080000",
        ]
    );
    let Some(Payload::SupplementReceived(came)) =
        &events[&id("supplement_received:77", "20210601140000")].payload
    else {
        panic!()
    };
    assert_eq!(came.supplement_id, "77");
    assert!(came.appointment_time.is_some());
    let Some(Payload::Digitised(papers)) = &events[&id("digitised", "20210531093000")].payload
    else {
        panic!()
    };
    assert_eq!(papers.documents, 1, "a deleted paper does not count");
    let Some(Payload::ResultIssued(issued)) =
        &events[&id("result_issued", "20210604000000")].payload
    else {
        panic!()
    };
    assert!(issued.electronic);
    hub.stop().await;
}

#[tokio::test]
async fn a_resend_and_a_later_snapshot_repeat_the_ids_of_what_was_told() {
    let hub = Hub::start().await;
    dossiers(&hub, json!([dossier(json!("2"))])).await;
    let first = events(&hub).await;
    let body = with(
        envelope("DongBoHoSoMC", json!([dossier(json!(2))])),
        json!({"isUpdating": true}),
    );
    post(hub.http, "/qcvn120", &[JSON], body.to_string().as_bytes()).await;
    let again = events(&hub).await;
    assert_eq!(
        first.keys().collect::<Vec<_>>(),
        again.keys().collect::<Vec<_>>()
    );
    assert_eq!(
        hub.records().await,
        2,
        "recorded again, to take effect once"
    );
    // The same moments in another form, with the next status.
    let later = with(
        dossier(json!("9")),
        json!({"NgayTiepNhan": "31/05/2021 09:30:00", "NgayKetThucXuLy": "20210602150000"}),
    );
    dossiers(&hub, json!([later])).await;
    let later = events(&hub).await;
    assert_eq!(later.len(), 2);
    assert!(later.contains_key(&id("result_issued", "20210602150000")));
    hub.stop().await;
}

#[tokio::test]
async fn a_step_of_progress_is_recorded_at_its_time_with_its_status() {
    let hub = Hub::start().await;
    let step = json!({
        "MaHoSo": CODE,
        "NguoiXuLy": "Trần Văn Lúa",
        "ThoiDiemXuLy": "20210531093000",
        "PhongBanXuLy": "VP-01",
        "NoiDungXuLy": "Chuyển xử lý",
        "TrangThai": 4,
        "NgayBatDau": "20210531080000",
        "NgayKetThucTheoQuyDinh": "20210601170000",
    });
    let answer = progress(
        &hub,
        json!([step, step, with(step.clone(), json!({"NoiDungXuLy": "Ký"}))]),
    )
    .await;
    assert_eq!(answer.json()["error_code"], "00", "{}", answer.body);
    assert_eq!(hub.records().await, 3);
    let events = events(&hub).await;
    assert_eq!(
        events.len(),
        2,
        "the same step has one id, another step of that second its own"
    );
    for event in events.values() {
        let Some(Payload::ProgressReported(told)) = &event.payload else {
            panic!()
        };
        assert_eq!(told.step, "status-4");
        assert!(told.started_time.is_some() && told.due_time.is_some());
        assert_eq!((occurred(event), status(event)), (TAKEN_IN, Some(4)));
        assert_eq!(event.header.as_ref().unwrap().unit_code, "VP-01");
    }
    hub.stop().await;
}

#[tokio::test]
async fn surprising_facts_of_real_feeds_are_recorded_not_refused() {
    let hub = Hub::start().await;
    let records = json!([
        // A placeholder identity, and the submitted file sent as the result.
        with(dossier(json!("9")), json!({
            "SoGiayToChuHoSo": "000000001",
            "TaiLieuNop": [{"DuongDanTaiTepTin": "https://files.example.vn/1"}],
            "DanhSachGiayToKetQua": [{"DuongDanTepTinKetQua": "https://files.example.vn/1"}],
        })),
        // 5, 6 and 8 sent as 9: nothing in the record tells, so it is what it says.
        with(dossier(json!("9")), json!({"MaHoSo": "000.17.22.H56-210531-0002",
            "DanhSachHoSoBoSung": [{"HoSoBoSungId": "1", "NgayBoSung": "20210601080000"}]})),
        // A result returned before it was taken in.
        with(dossier(json!("10")), json!({"MaHoSo": "000.17.22.H56-210531-0003", "NgayTra": "20200101"})),
        // No procedure code, no due date, an empty template of a supplement.
        with(dossier(json!("4")), json!({"MaHoSo": "000.17.22.H56-210531-0004", "MaTTHC": "",
            "NgayHenTra": null, "DanhSachHoSoBoSung": [{"HoSoBoSungId": "", "NgayBoSung": ""}],
            "TaiLieuNop": "", "DanhSachLePhi": []})),
        // Other forms of a code, other capitals, several identities.
        with(dossier(json!("2")), json!({"MaHoSo": "G09.20-20260609-0092637"})),
        {"mahoso": "H15.50.05.13-261008-0975", "ngaytiepnhan": "20261008093000",
            "trangthaihoso": "2", "hinhthuc": 1,
            "DinhDanhCHS": [{"LoaiDinhDanh": 1, "SoDinhDanh": "038099012345"},
                {"LoaiDinhDanh": 2, "SoDinhDanh": "171234567"}]},
    ]);
    let answer = dossiers(&hub, records).await;
    assert_eq!(answer.json()["error_code"], "00", "{}", answer.body);
    // What is only seen beside the protected part is told, on the facts that show it.
    let mut seen = Vec::new();
    for (_, event) in hub.everything().await {
        for observation in event.observations() {
            let kind = match &event.payload {
                Some(Payload::Received(_)) => "received",
                Some(Payload::Digitised(told)) if told.result => "result",
                _ => "other",
            };
            seen.push((kind, observation));
        }
    }
    seen.sort();
    let expected = [
        ("received", Observation::PlaceholderIdentity),
        ("result", Observation::SubmittedFileReturned),
    ];
    assert_eq!(seen, expected);
    hub.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_record_is_said_by_its_own_field_names() {
    let hub = Hub::start().await;
    for (changes, reason, expected) in [
        (
            json!({"TrangThaiHoSo": "11"}),
            "STATUS_UNKNOWN",
            vec!["TrangThaiHoSo"],
        ),
        (
            json!({"TrangThaiHoSo": "interoperating"}),
            "STATUS_UNKNOWN",
            vec!["TrangThaiHoSo"],
        ),
        (
            json!({"TrangThaiHoSo": ""}),
            "EVENT_MALFORMED",
            vec!["TrangThaiHoSo"],
        ),
        (
            json!({"NgayTiepNhan": "20261308093000"}),
            "EVENT_MALFORMED",
            vec!["NgayTiepNhan"],
        ),
        (
            json!({"NgayTiepNhan": ""}),
            "EVENT_MALFORMED",
            vec!["NgayTiepNhan"],
        ),
        (
            json!({"NgayHenTra": "soon"}),
            "EVENT_MALFORMED",
            vec!["NgayHenTra"],
        ),
        (
            json!({"NgayTra": "01/01/0001 00:00:00"}),
            "EVENT_MALFORMED",
            vec!["NgayTra"],
        ),
        (json!({"MaHoSo": "17"}), "EVENT_MALFORMED", vec!["MaHoSo"]),
        (json!({"MaHoSo": ""}), "EVENT_MALFORMED", vec!["MaHoSo"]),
        (
            json!({"MaTTHC": "KS-01"}),
            "EVENT_MALFORMED",
            vec!["MaTTHC"],
        ),
        (
            json!({"HinhThuc": "9"}),
            "EVENT_MALFORMED",
            vec!["HinhThuc"],
        ),
        (
            json!({"KenhThucHien": "4"}),
            "EVENT_MALFORMED",
            vec!["KenhThucHien"],
        ),
        (
            json!({"ChuHoSo": ["x"]}),
            "EVENT_MALFORMED",
            vec!["ChuHoSo"],
        ),
        (
            json!({"DanhSachHoSoBoSung": [{"HoSoBoSungId": "1"}]}),
            "EVENT_MALFORMED",
            vec!["DanhSachHoSoBoSung[0].NgayBoSung"],
        ),
        (
            json!({"TrangThaiHoSo": "6", "DanhSachLePhi": [{"Gia": "50k"}]}),
            "EVENT_MALFORMED",
            vec!["DanhSachLePhi[0].Gia"],
        ),
        (
            json!({"TrangThaiHoSo": "99", "NgayTra": "x", "MaHoSo": "?"}),
            "EVENT_MALFORMED",
            vec!["TrangThaiHoSo", "NgayTra", "MaHoSo"],
        ),
    ] {
        let records = json!([
            dossier(json!("2")),
            with(dossier(json!("2")), changes.clone())
        ]);
        let answer = dossiers(&hub, records).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let told = answer.json();
        assert_eq!(told["error_code"], "01", "{changes}");
        assert_eq!(told["results"][0]["outcome"], "recorded");
        let result = &told["results"][1];
        assert_eq!(
            (&result["outcome"], &result["reason"]),
            (&json!("rejected"), &json!(reason)),
            "{changes}"
        );
        let expected: Vec<String> = expected
            .iter()
            .map(|name| format!("data[1].{name}"))
            .collect();
        assert_eq!(violated(result), expected, "{changes}");
        assert!(result["rejectedNumber"].as_u64().unwrap() > 0);
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_packet_without_a_good_record_is_a_problem() {
    let hub = Hub::start().await;
    let answer = dossiers(&hub, json!([dossier(json!("11"))])).await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    let told = answer.json();
    assert_eq!(told["type"], "urn:lienthong:problem:STATUS_UNKNOWN");
    assert_eq!(told["error_code"], "400");
    assert_eq!(violated(&told["results"][0]), ["data[0].TrangThaiHoSo"]);
    assert_eq!(hub.records().await, 0);
    hub.stop().await;
}

#[tokio::test]
async fn an_envelope_that_cannot_be_read_is_refused_with_what_is_missing() {
    let hub = Hub::start().await;
    let good = envelope("DongBoHoSoMC", json!([dossier(json!("2"))]));
    for (changes, expected) in [
        (json!({"madonvi": ""}), "madonvi"),
        (json!({"service": "XoaHoSo"}), "service"),
        (json!({"service": null}), "service"),
        (json!({"data": []}), "data"),
        (json!({"data": null}), "data"),
        (json!({"data": ["x"]}), "data[0]"),
    ] {
        let body = with(good.clone(), changes.clone()).to_string();
        let answer = post(hub.http, "/qcvn120", &[JSON], body.as_bytes()).await;
        assert_eq!(answer.status, 400, "{changes}");
        let told = answer.json();
        assert_eq!(told["reason"], "PACKET_UNREADABLE", "{changes}");
        assert_eq!(violated(&told), [expected], "{changes}");
    }
    for body in ["", "{", "[]", "7", "{\"data\": [}"] {
        let answer = post(hub.http, "/qcvn120", &[JSON], body.as_bytes()).await;
        assert_eq!(
            (answer.status, answer.json()["reason"].as_str()),
            (400, Some("PACKET_UNREADABLE")),
            "{body}"
        );
    }
    let answer = post(hub.http, "/qcvn120", &[JSON], b"{\"madonvi\": \"\xff\"}").await;
    assert_eq!(answer.status, 400);
    let listed = hub
        .rejected()
        .list_rejected(ListRejectedRequest::default())
        .await
        .unwrap();
    let listed = listed.into_inner();
    assert_eq!(listed.totals["PACKET_UNREADABLE"], 12);
    assert!(
        listed
            .messages
            .iter()
            .all(|message| message.adapter == "qcvn120")
    );
    hub.stop().await;
}

#[tokio::test]
async fn the_address_may_name_service_and_unit_for_a_bare_list() {
    let hub = Hub::start().await;
    let body = json!([dossier(json!("2"))]).to_string();
    let path = "/qcvn120/DongBoHoSoMC?MaDinhDanhDV=000.00.01.H22&isUpdating=True";
    let answer = post(hub.http, path, &[JSON], body.as_bytes()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let events = events(&hub).await;
    let header = events.values().next().unwrap().header.as_ref().unwrap();
    assert_eq!(header.agency_code, "000.00.01.H22");
    let body = envelope("DongBoHoSoMC", json!([dossier(json!("2"))])).to_string();
    let other = post(
        hub.http,
        "/qcvn120/CapNhatTienDoHoSoMC",
        &[JSON],
        body.as_bytes(),
    )
    .await;
    assert_eq!(violated(&other.json()), ["service"]);
    hub.stop().await;
}

#[tokio::test]
async fn a_unit_that_is_no_agency_code_names_the_source_but_no_agency() {
    let hub = Hub::start().await;
    let body = with(
        envelope("DongBoHoSoMC", json!(dossier(json!("2")))),
        json!({"madonvi": "Sở TT&TT"}),
    );
    let answer = post(hub.http, "/qcvn120", &[JSON], body.to_string().as_bytes()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let events = events(&hub).await;
    let header = events.values().next().unwrap().header.as_ref().unwrap();
    assert_eq!(header.agency_code, "");
    assert_eq!(
        header.source,
        "urn:lienthong:vn:S%E1%BB%9F%20TT%26TT:qcvn120"
    );
    hub.stop().await;
}

const XML_PACKET: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<request xmlns="urn:x">
  <session>secret-session</session>
  <madonvi>000.17.22.H56</madonvi>
  <service>DongBoHoSoMC</service>
  <isUpdating>False</isUpdating>
  <data>
    <HoSo>
      <MaHoSo>000.17.22.H56-210531-0001</MaHoSo>
      <ChuHoSo>Nguy&#x1EC5;n &amp; <![CDATA[Sen]]></ChuHoSo>
      <NgayTiepNhan>20210531093000</NgayTiepNhan>
      <NgayHenTra/>
      <TrangThaiHoSo> 5 </TrangThaiHoSo>
      <HinhThuc>1</HinhThuc>
      <DanhSachHoSoBoSung>
        <HoSoBoSung><HoSoBoSungId>a</HoSoBoSungId><NgayBoSung>20210601080000</NgayBoSung></HoSoBoSung>
        <HoSoBoSung><HoSoBoSungId>b</HoSoBoSungId><NgayBoSung>20210602080000</NgayBoSung></HoSoBoSung>
      </DanhSachHoSoBoSung>
    </HoSo>
    <HoSo><MaHoSo>000.17.22.H56-210531-0002</MaHoSo><TrangThaiHoSo>12</TrangThaiHoSo></HoSo>
  </data>
</request>"#;

#[tokio::test]
async fn a_packet_in_xml_is_read_and_answered_in_xml() {
    let hub = Hub::start().await;
    let answer = post(hub.http, "/qcvn120", &[XML], XML_PACKET.as_bytes()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), Some("application/xml"));
    assert!(
        answer.body.contains("<error_code>01</error_code>"),
        "{}",
        answer.body
    );
    assert!(
        answer.body.contains("<field>data[1].TrangThaiHoSo</field>"),
        "{}",
        answer.body
    );
    let events = events(&hub).await;
    assert_eq!(events.len(), 3);
    assert_eq!(
        status(&events[&id("supplement_requested:b", "20210602080000")]),
        Some(5)
    );
    let received = events[&id("received", "20210531093000")]
        .header
        .as_ref()
        .unwrap();
    assert_eq!(
        received.protected.as_ref().unwrap().persons[0].full_name,
        "Nguyễn & Sen"
    );
    hub.stop().await;
}

#[tokio::test]
async fn xml_that_no_packet_is_gets_refused() {
    let hub = Hub::start().await;
    let bomb = r#"<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>"#;
    let deep = "<a>".repeat(100_000);
    for body in [
        "",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "text",
        bomb,
        "<a>&nope;</a>",
        deep.as_str(),
    ] {
        let answer = post(hub.http, "/qcvn120", &[XML], body.as_bytes()).await;
        assert_eq!(answer.status, 400, "{}", &body[..body.len().min(50)]);
        assert!(answer.body.contains("PACKET_UNREADABLE"));
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+xml")
        );
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_rejected_record_is_kept_alone_and_can_be_corrected_and_sent_again() {
    let hub = Hub::start().await;
    let records = json!([
        dossier(json!("2")),
        with(
            dossier(json!("11")),
            json!({"MaHoSo": "000.17.22.H56-210531-0009"})
        )
    ]);
    dossiers(&hub, records).await;
    let kept = hub
        .rejected()
        .get_rejected(GetRejectedRequest { number: 1 })
        .await
        .unwrap();
    let kept = kept.into_inner();
    assert_eq!(kept.content_type, "application/json");
    let message = kept.message.unwrap();
    assert_eq!(message.dossier_code, "000.17.22.H56-210531-0009");
    assert_eq!(message.reason, "STATUS_UNKNOWN");
    let mut packet: Value = serde_json::from_slice(&kept.content).unwrap();
    assert_eq!(packet["data"].as_array().unwrap().len(), 1);
    assert!(!packet.to_string().contains("secret-session"));

    let again = ResubmitRejectedRequest {
        number: 1,
        ..Default::default()
    };
    hub.rejected().resubmit_rejected(again).await.unwrap_err();
    packet["data"][0]["TrangThaiHoSo"] = json!("10");
    packet["data"][0]["NgayKetThucXuLy"] = json!("20210602150000");
    let corrected_content = packet.to_string().into();
    let request = ResubmitRejectedRequest {
        number: 1,
        corrected_content,
    };
    let answer = hub
        .rejected()
        .resubmit_rejected(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.outcomes.len(), 3);
    hub.stop().await;
}

#[tokio::test]
async fn a_rejected_record_of_xml_is_kept_in_xml() {
    let hub = Hub::start().await;
    post(hub.http, "/qcvn120", &[XML], XML_PACKET.as_bytes()).await;
    let kept = hub
        .rejected()
        .get_rejected(GetRejectedRequest { number: 1 })
        .await
        .unwrap();
    let kept = kept.into_inner();
    assert_eq!(kept.content_type, "application/xml");
    let text = String::from_utf8(kept.content.to_vec()).unwrap();
    assert!(!text.contains("0001") && !text.contains("secret"), "{text}");
    let corrected = text.replace(
        "<TrangThaiHoSo>12<",
        "<NgayTiepNhan>20210531</NgayTiepNhan><HinhThuc>0</HinhThuc><TrangThaiHoSo>2<",
    );
    let request = ResubmitRejectedRequest {
        number: 1,
        corrected_content: corrected.into(),
    };
    let answer = hub
        .rejected()
        .resubmit_rejected(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        answer.outcomes[0].id,
        "000.17.22.H56-210531-0002:received:20210531000000"
    );
    hub.stop().await;
}

#[tokio::test]
async fn what_is_wrong_by_http_alone_gets_its_own_status() {
    let limits = Limits {
        message_bytes: 10_000,
        ..Limits::default()
    };
    let hub = Hub::start_with(Config {
        limits,
        threads: 1,
        ..Config::default()
    })
    .await;
    let good = envelope("DongBoHoSoMC", json!([dossier(json!("2"))])).to_string();
    let body = good.as_bytes();
    for headers in [
        &["Content-Type: text/plain"][..],
        &[],
        &["Content-Type: application/json; charset=utf-16"],
        &[JSON, "Content-Encoding: gzip"],
    ] {
        let answer = post(hub.http, "/qcvn120", headers, body).await;
        assert_eq!(answer.status, 415, "{headers:?}");
        assert_eq!(answer.json()["error_code"], "415");
    }
    let large = vec![b' '; 20_000];
    assert_eq!(
        post(hub.http, "/qcvn120", &[JSON], &large).await.status,
        413
    );
    let chunked = [JSON, "Transfer-Encoding: chunked"];
    let frames = [
        format!("{:x}\r\n", large.len()).as_bytes(),
        &large,
        b"\r\n0\r\n\r\n",
    ]
    .concat();
    assert_eq!(
        send(hub.http, "/qcvn120", &chunked, &frames).await.status,
        413
    );
    assert_eq!(
        post(hub.http, "/elsewhere", &[JSON], body).await.status,
        404
    );
    let limits = Limits {
        packet_patience: std::time::Duration::from_millis(20),
        ..Limits::default()
    };
    let slow = Hub::start_with(Config {
        limits,
        threads: 1,
        ..Config::default()
    })
    .await;
    let answer = send(slow.http, "/qcvn120", &[JSON, "Content-Length: 500"], b"{").await;
    assert_eq!(answer.status, 408);
    slow.stop().await;
    hub.stop().await;
}

#[tokio::test]
async fn what_the_log_refuses_is_answered_with_when_to_come_again() {
    for (mood, expected, seconds) in [(Mood::Overloaded, 429, "1"), (Mood::Broken, 503, "5")] {
        let hub = Hub::start_on(Config::default(), Moody::new(mood), Moody::new(Mood::Well)).await;
        let answer = dossiers(&hub, json!([dossier(json!("2"))])).await;
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (expected, Some(seconds))
        );
        assert_ne!(answer.json()["error_code"], "00");
        hub.stop().await;
    }
}

#[tokio::test]
async fn a_bad_record_before_a_good_one_changes_nothing_for_it() {
    let hub = Hub::start().await;
    let records = json!([dossier(json!("11")), dossier(json!("2"))]);
    let answer = dossiers(&hub, records).await;
    let told = answer.json();
    assert_eq!(told["results"][0]["reason"], "STATUS_UNKNOWN");
    assert_eq!(told["results"][1]["outcome"], "recorded");
    let events = events(&hub).await;
    let event = &events[&id("received", "20210531093000")];
    assert!(to_millis(event.recorded_time.as_ref().unwrap()).unwrap() > TAKEN_IN);
    hub.stop().await;
}
