//! Packets of QCVN 120 as one-stop systems send them, in JSON and in XML.

use lienthong_tests::http::{self, Answer};
use lienthong_tests::instance::Instance;
use serde_json::{Value, json};

/// The sending unit.
pub const UNIT: &str = "H56.15.03";

/// A dossier as it stands at status 2, taken in at 08:00 on 2026-10-08.
pub fn dossier(code: &str) -> Value {
    json!({
        "MaHoSo": code,
        "MaTTHC": "1.001193",
        "TenTTHC": "Đăng ký khai sinh",
        "MaLinhVuc": "G15-HT02",
        "TenLinhVuc": "Hộ tịch",
        "LoaiDoiTuong": "1",
        "NgayTiepNhan": "20261008080000",
        "NgayHenTra": "20261013170000",
        "TrangThaiHoSo": "2",
        "HinhThuc": "0",
        "DonViXuLy": "UBND phường Hàm Rồng"
    })
}

/// A step of progress at status 4, done at 09:00 on 2026-10-08.
pub fn progress(code: &str) -> Value {
    json!({
        "MaHoSo": code,
        "NguoiXuLy": "Cán bộ",
        "ThoiDiemXuLy": "20261008090000",
        "PhongBanXuLy": "MC",
        "NoiDungXuLy": "Thẩm định",
        "TrangThai": "4"
    })
}

/// The envelope around records.
pub fn envelope(service: &str, data: Value) -> Value {
    json!({
        "session": "a session",
        "madonvi": UNIT,
        "service": service,
        "isUpdating": "False",
        "data": data
    })
}

/// The same content as XML, an array as elements of one name.
pub fn as_xml(envelope: &Value) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>");
    element(&mut text, "envelope", envelope);
    text
}

fn element(text: &mut String, name: &str, value: &Value) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| element(text, name, item)),
        Value::Object(fields) => {
            text.push_str(&format!("<{name}>"));
            fields
                .iter()
                .for_each(|(name, value)| element(text, name, value));
            text.push_str(&format!("</{name}>"));
        }
        Value::String(content) => {
            let content = content.replace('&', "&amp;").replace('<', "&lt;");
            text.push_str(&format!("<{name}>{content}</{name}>"));
        }
        other => text.push_str(&format!("<{name}>{other}</{name}>")),
    }
}

/// Posts an envelope as JSON.
pub async fn post_json(hub: &Instance, envelope: &Value) -> Answer {
    let address = &hub.hub.addresses.adapters_http;
    http::post(
        address,
        "/qcvn120",
        "application/json",
        envelope.to_string(),
    )
    .await
    .unwrap()
}

/// Posts an envelope as XML.
pub async fn post_xml(hub: &Instance, envelope: &Value) -> Answer {
    let address = &hub.hub.addresses.adapters_http;
    http::post(address, "/qcvn120", "application/xml", as_xml(envelope))
        .await
        .unwrap()
}
