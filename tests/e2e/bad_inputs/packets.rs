//! Faults of QCVN 120 packets, and the wild ones that real feeds send.

use super::{Request, Row, Send, Told};
use crate::packets::{as_xml, dossier, envelope, progress};
use bytes::Bytes;
use hyper::Method;
use serde_json::{Value, json};

const JSON: Option<&str> = Some("application/json");
const XML: Option<&str> = Some("application/xml");
const CODE: &str = "H56.15.03-261008-0101";
const DOSSIERS: &str = "DongBoHoSoMC";
const PROGRESS: &str = "CapNhatTienDoHoSoMC";

fn post(
    name: &'static str,
    content_type: Option<&'static str>,
    body: impl Into<Bytes>,
    expect: Told,
) -> Row {
    let request = Request {
        method: Method::POST,
        path: "/qcvn120",
        content_type,
        body: body.into(),
    };
    Row {
        name,
        send: Send::Http(request),
        expect,
    }
}

/// A dossier with some fields changed; `null` takes the field away.
fn with(changes: Value) -> Value {
    changed(dossier(CODE), changes)
}

fn changed(mut record: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().into_iter().flatten() {
        match (value, record.as_object_mut()) {
            (Value::Null, Some(fields)) => drop(fields.remove(name)),
            _ => record[name] = value.clone(),
        }
    }
    record
}

fn fault(name: &'static str, changes: Value, field: &str) -> Row {
    let body = envelope(DOSSIERS, json!([with(changes)])).to_string();
    post(
        name,
        JSON,
        body,
        Told::new("400", "EVENT_MALFORMED", &[field]),
    )
}

fn status(name: &'static str, code: &str) -> Row {
    let body = envelope(DOSSIERS, json!([with(json!({"TrangThaiHoSo": code}))])).to_string();
    let expect = Told::new("400", "STATUS_UNKNOWN", &["data[0].TrangThaiHoSo"]);
    post(name, JSON, body, expect)
}

fn wild(name: &'static str, changes: Value) -> Row {
    let body = envelope(DOSSIERS, json!([with(changes)])).to_string();
    post(name, JSON, body, Told::new("200", "", &[]))
}

fn unreadable(fields: &[&str]) -> Told {
    Told::new("400", "PACKET_UNREADABLE", fields)
}

pub fn rows() -> Vec<Row> {
    let mut rows = of_http();
    rows.extend(of_json());
    rows.extend(of_xml());
    rows.extend(of_records());
    rows.extend(of_progress());
    rows.extend(wild_packets());
    rows
}

fn of_http() -> Vec<Row> {
    let good = || envelope(DOSSIERS, json!([dossier(CODE)])).to_string();
    let unsupported = || Told::new("415", "", &[]);
    let other = |name, method, path, expect| Row {
        name,
        send: Send::Http(Request {
            method,
            path,
            content_type: JSON,
            body: good().into(),
        }),
        expect,
    };
    vec![
        post("no content type", None, good(), unsupported()),
        post(
            "content type text/plain",
            Some("text/plain"),
            good(),
            unsupported(),
        ),
        post(
            "a form in place of a packet",
            Some("application/x-www-form-urlencoded"),
            "data=1",
            unsupported(),
        ),
        post(
            "a charset of the last century",
            Some("application/json; charset=windows-1258"),
            good(),
            unsupported(),
        ),
        other(
            "GET in place of POST",
            Method::GET,
            "/qcvn120",
            Told::new("405", "", &[]),
        ),
        other(
            "an unknown address",
            Method::POST,
            "/qcvn",
            Told::new("404", "", &[]),
        ),
        other(
            "an address whose service is not the body's",
            Method::POST,
            "/qcvn120/CapNhatTienDoHoSoMC",
            unreadable(&["service"]),
        ),
        post(
            "a body of 17 MiB",
            JSON,
            vec![b' '; 17 << 20],
            Told::new("413", "", &[]),
        ),
    ]
}

fn of_json() -> Vec<Row> {
    let envelope_with = |name, change: Value, expect| {
        let body = changed(envelope(DOSSIERS, json!([dossier(CODE)])), change).to_string();
        post(name, JSON, body, expect)
    };
    let many = vec![json!({"MaHoSo": CODE}); 10_001];
    vec![
        post("an empty body", JSON, "", unreadable(&[])),
        post(
            "JSON cut off in the middle",
            JSON,
            r#"{"madonvi": "H56", "data": [{"Ma"#,
            unreadable(&[]),
        ),
        post("a JSON number", JSON, "42", unreadable(&[])),
        post(
            "JSON nested 10,000 deep",
            JSON,
            "[".repeat(10_000),
            unreadable(&[]),
        ),
        post(
            "text that is not UTF-8",
            JSON,
            &b"{\"madonvi\": \"\xc3\x28\"}"[..],
            unreadable(&[]),
        ),
        post(
            "XML announced as JSON",
            JSON,
            as_xml(&envelope(DOSSIERS, json!([dossier(CODE)]))),
            unreadable(&[]),
        ),
        envelope_with(
            "no madonvi",
            json!({"madonvi": null}),
            unreadable(&["madonvi"]),
        ),
        envelope_with(
            "no service",
            json!({"service": null}),
            unreadable(&["service"]),
        ),
        envelope_with(
            "an unknown service",
            json!({"service": "XoaHoSo"}),
            unreadable(&["service"]),
        ),
        envelope_with("no data", json!({"data": null}), unreadable(&["data"])),
        envelope_with(
            "data without a record",
            json!({"data": []}),
            unreadable(&["data"]),
        ),
        envelope_with(
            "a record that is a text",
            json!({"data": ["hồ sơ"]}),
            unreadable(&["data[0]"]),
        ),
        envelope_with(
            "10,001 records",
            json!({"data": many}),
            Told::new("400", "BATCH_SIZE", &[]),
        ),
    ]
}

fn of_xml() -> Vec<Row> {
    let entity = |declaration: &str, content: &str| {
        format!(
            "<?xml version=\"1.0\"?><!DOCTYPE envelope [{declaration}]>\
             <envelope><madonvi>{content}</madonvi></envelope>"
        )
    };
    let laughs: String = (1..10)
        .map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)))
        .collect();
    vec![
        post(
            "XML cut off in the middle",
            XML,
            "<envelope><madonvi>H56",
            unreadable(&[]),
        ),
        post(
            "XML with tags crossed",
            XML,
            "<a><b></a></b>",
            unreadable(&[]),
        ),
        post(
            "an XML bomb (a billion laughs)",
            XML,
            entity(&format!("<!ENTITY l0 \"lol\">{laughs}"), "&l9;"),
            unreadable(&[]),
        ),
        post(
            "an external entity that reads a file",
            XML,
            entity("<!ENTITY x SYSTEM \"file:///etc/hostname\">", "&x;"),
            unreadable(&[]),
        ),
        post(
            "an external document type",
            XML,
            "<!DOCTYPE envelope SYSTEM \"http://127.0.0.1/x.dtd\"><envelope/>",
            unreadable(&[]),
        ),
        post(
            "an entity that nobody declared",
            XML,
            "<envelope><madonvi>&hub;</madonvi></envelope>",
            unreadable(&[]),
        ),
        post(
            "XML nested 10,000 deep",
            XML,
            "<a>".repeat(10_000),
            unreadable(&[]),
        ),
        post(
            "XML with two roots",
            XML,
            "<envelope></envelope><envelope></envelope>",
            unreadable(&[]),
        ),
        post(
            "JSON announced as XML",
            XML,
            r#"{"madonvi": "H56"}"#,
            unreadable(&[]),
        ),
        post(
            "an unknown status in XML",
            XML,
            as_xml(&envelope(
                DOSSIERS,
                json!([with(json!({"TrangThaiHoSo": "11"}))]),
            )),
            Told::new("400", "STATUS_UNKNOWN", &["data[0].TrangThaiHoSo"]),
        ),
    ]
}

fn of_records() -> Vec<Row> {
    let taken_in =
        |name, text: &str| fault(name, json!({"NgayTiepNhan": text}), "data[0].NgayTiepNhan");
    let fee = |name, amount: &str| {
        let fees = json!({"TrangThaiHoSo": "6", "DanhSachLePhi": [{"Gia": amount}]});
        fault(name, fees, "data[0].DanhSachLePhi[0].Gia")
    };
    vec![
        fault("no MaHoSo", json!({"MaHoSo": null}), "data[0].MaHoSo"),
        fault("a bad MaHoSo", json!({"MaHoSo": "HS-1"}), "data[0].MaHoSo"),
        fault(
            "MaHoSo that is an object",
            json!({"MaHoSo": {"ma": "1"}}),
            "data[0].MaHoSo",
        ),
        fault(
            "a bad MaTTHC",
            json!({"MaTTHC": "khai sinh"}),
            "data[0].MaTTHC",
        ),
        taken_in("month 13 in yyyyMMddHHmmss", "20261308080000"),
        taken_in("hour 25", "20261008250000"),
        taken_in("31 February in dd/MM/yyyy HH:mm:ss", "31/02/2026 08:00:00"),
        taken_in("31 April in dd.MM.yyyy", "31.04.2026"),
        taken_in("30 February in yyyyMMdd", "20260230"),
        taken_in("a time in words", "sáng nay"),
        taken_in("an American date", "10/31/2026 08:00:00"),
        taken_in("a Buddhist year", "25691008080000"),
        taken_in("the year 1970", "19700101000000"),
        taken_in("seconds since 1970", "1791421200"),
        fault(
            "no NgayTiepNhan",
            json!({"NgayTiepNhan": null}),
            "data[0].NgayTiepNhan",
        ),
        fault(
            "a bad NgayHenTra",
            json!({"NgayHenTra": "next week"}),
            "data[0].NgayHenTra",
        ),
        fault(
            "no TrangThaiHoSo",
            json!({"TrangThaiHoSo": null}),
            "data[0].TrangThaiHoSo",
        ),
        status("status 11", "11"),
        status("status `interoperating`", "interoperating"),
        status("a status label", "Đang xử lý"),
        fault("HinhThuc 7", json!({"HinhThuc": "7"}), "data[0].HinhThuc"),
        fault(
            "KenhThucHien 9",
            json!({"KenhThucHien": "9"}),
            "data[0].KenhThucHien",
        ),
        fee("a negative fee", "-50000"),
        fee("a fee of 30 digits", "999999999999999999999999999999"),
        fee("a fee with its currency", "50.000 đ"),
        fault(
            "a supplement without a time",
            json!({"DanhSachHoSoBoSung": [{"HoSoBoSungId": "1"}]}),
            "data[0].DanhSachHoSoBoSung[0].NgayBoSung",
        ),
    ]
}

fn of_progress() -> Vec<Row> {
    let row = |name, changes: Value, reason: &str, field: &str| {
        let body = envelope(PROGRESS, json!([changed(progress(CODE), changes)])).to_string();
        post(name, JSON, body, Told::new("400", reason, &[field]))
    };
    vec![
        row(
            "progress without a time",
            json!({"ThoiDiemXuLy": null}),
            "EVENT_MALFORMED",
            "data[0].ThoiDiemXuLy",
        ),
        row(
            "progress at a time that is none",
            json!({"ThoiDiemXuLy": "00000000000000"}),
            "EVENT_MALFORMED",
            "data[0].ThoiDiemXuLy",
        ),
        row(
            "progress of status 42",
            json!({"TrangThai": 42}),
            "STATUS_UNKNOWN",
            "data[0].TrangThai",
        ),
        row(
            "progress of no dossier",
            json!({"MaHoSo": ""}),
            "EVENT_MALFORMED",
            "data[0].MaHoSo",
        ),
    ]
}

fn wild_packets() -> Vec<Row> {
    let mut updating = envelope(DOSSIERS, json!([dossier(CODE)]));
    updating["isUpdating"] = json!(true);
    let mut alone = envelope(DOSSIERS, json!(null));
    alone["data"] = dossier(CODE);
    let same_file = json!({
        "TrangThaiHoSo": "9",
        "NgayKetThucXuLy": "20261009080000",
        "TaiLieuNop": [{"TenTepDinhKem": "to-khai.pdf", "DuongDanTaiTepTin": "/f/1"}],
        "DanhSachGiayToKetQua": [{"TenGiayTo": "to-khai.pdf", "DuongDanTepTinKetQua": "/f/1"}]
    });
    vec![
        post(
            "the same dossier again, isUpdating false (\"already exists\")",
            JSON,
            envelope(DOSSIERS, json!([dossier(CODE)])).to_string(),
            Told::new("200", "", &[]),
        ),
        post(
            "isUpdating as a boolean",
            JSON,
            updating.to_string(),
            Told::new("200", "", &[]),
        ),
        post(
            "data that is one object, not a list",
            JSON,
            alone.to_string(),
            Told::new("200", "", &[]),
        ),
        wild(
            "a new dossier code at a resend",
            json!({"MaHoSo": "H56.15.03-261008-0102"}),
        ),
        wild(
            "numbers for texts",
            json!({"TrangThaiHoSo": 4, "HinhThuc": 0, "NgayTiepNhan": 20261008080000_u64}),
        ),
        wild(
            "no appointment, as an empty text",
            json!({"NgayHenTra": ""}),
        ),
        wild("the word null for a text", json!({"NgayTra": "null"})),
        wild(
            "placeholder identity 000000001",
            json!({"SoGiayToChuHoSo": "000000001", "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "000000001"}]}),
        ),
        wild(
            "status 9 with a supplement still open (5 sent as 9)",
            json!({"TrangThaiHoSo": "9", "DanhSachHoSoBoSung": [{"HoSoBoSungId": "7", "NgayBoSung": "20261008090000"}]}),
        ),
        wild("the submitted file sent as the result file", same_file),
        wild(
            "time as dd/MM/yyyy HH:mm:ss",
            json!({"NgayTiepNhan": "08/10/2026 08:00:00"}),
        ),
        wild("time as dd.MM.yyyy", json!({"NgayTiepNhan": "08.10.2026"})),
        wild("time as yyyyMMdd", json!({"NgayTiepNhan": "20261008"})),
        wild(
            "field names in other capitals",
            json!({"MaHoSo": null, "maHoSo": CODE}),
        ),
        wild(
            "an empty template of a supplement",
            json!({"DanhSachHoSoBoSung": [{"HoSoBoSungId": "", "NgayBoSung": null}]}),
        ),
        wild(
            "the appointment before the intake",
            json!({"NgayHenTra": "20260101080000"}),
        ),
    ]
}
