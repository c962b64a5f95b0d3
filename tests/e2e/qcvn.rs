//! Existing one-stop systems send their QCVN 120 packets as they are, and a resend or a later
//! snapshot of the same dossier adds only what is new.

use crate::answers::case;
use crate::packets::{dossier, envelope, post_json, post_xml, progress};
use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::time::from_millis;
use lienthong_tests::facts::{MINUTE_MS, MORNING_MS};
use lienthong_tests::http::Answer;
use lienthong_tests::instance::Instance;
use serde_json::{Value, json};

const DOSSIER: &str = "H56.15.03-261008-0001";

/// The position in a JSON answer's result.
fn position(answer: &Answer) -> Position {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    let at = &body["results"][0]["position"];
    Position {
        partition: u32::try_from(at["partition"].as_u64().unwrap()).unwrap(),
        offset: at["offset"].as_u64().unwrap(),
    }
}

async fn kinds(hub: &Instance, at: Position) -> Vec<String> {
    let case = case(hub, DOSSIER, &[at]).await;
    case.timeline.into_iter().map(|entry| entry.kind).collect()
}

/// The same dossier, done and handed out.
fn done() -> Value {
    let mut record = dossier(DOSSIER);
    record["TrangThaiHoSo"] = json!("10");
    record["NgayKetThucXuLy"] = json!("20261008100000");
    record["NgayTra"] = json!("20261008110000");
    record
}

#[tokio::test]
async fn a_dossier_and_its_later_snapshot_tell_each_fact_once_in_json_and_in_xml() {
    let hub = Instance::start().unwrap();
    let taken_in = envelope("DongBoHoSoMC", json!([dossier(DOSSIER)]));
    let at = position(&post_json(&hub, &taken_in).await);
    let case = case(&hub, DOSSIER, &[at]).await;
    assert_eq!(case.timeline.len(), 1);
    let received = &case.timeline[0];
    assert_eq!(
        (received.kind.as_str(), received.portal_status),
        ("received", 2)
    );
    assert_eq!(
        received.occurred_time,
        Some(from_millis(MORNING_MS)),
        "08:00 at +07:00"
    );
    assert_eq!(received.source, "urn:lienthong:vn:H56.15.03:qcvn120");
    assert_eq!(case.dossiers[0].procedure_code, "1.001193");
    let due = MORNING_MS + (5 * 1_440 + 9 * 60) * MINUTE_MS;
    assert_eq!(
        case.dossiers[0].due_time,
        Some(from_millis(due)),
        "17:00 five days later"
    );

    let later = envelope("DongBoHoSoMC", json!([done()]));
    let at = position(&post_json(&hub, &later).await);
    let all = ["received", "result_issued", "result_returned"];
    assert_eq!(kinds(&hub, at).await, all);

    // As JSON, as XML, with other capitals of isUpdating: nothing new.
    let mut again = later.clone();
    again["isUpdating"] = json!("True");
    let at = position(&post_json(&hub, &again).await);
    assert_eq!(kinds(&hub, at).await, all);
    let answer = post_xml(&hub, &later).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(
        answer.body.contains("<error_code>00</error_code>"),
        "{}",
        answer.body
    );
    let at = position(&post_json(&hub, &taken_in).await);
    assert_eq!(kinds(&hub, at).await, all);
}

#[tokio::test]
async fn xml_alone_gives_the_same_case_as_json_alone() {
    let progress = envelope("CapNhatTienDoHoSoMC", json!([progress(DOSSIER)]));
    let packets = [envelope("DongBoHoSoMC", json!([done()])), progress];
    let mut cases = Vec::new();
    for xml in [false, true] {
        let hub = Instance::start().unwrap();
        for packet in &packets {
            let answer = if xml {
                post_xml(&hub, packet).await
            } else {
                post_json(&hub, packet).await
            };
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
        // An answer as JSON to the same packet gives the position to wait for.
        let at = position(&post_json(&hub, &packets[1]).await);
        cases.push(crate::answers::case_json(&hub, DOSSIER, &[at]).await);
    }
    assert_eq!(cases[0], cases[1]);
    assert_eq!(cases[0]["timeline"].as_array().map(Vec::len), Some(4));
}

#[tokio::test]
async fn a_bad_record_is_rejected_alone_with_its_own_field_names() {
    let hub = Instance::start().unwrap();
    let mut bad = dossier("H56.15.03-261008-0002");
    bad["NgayTiepNhan"] = json!("31/02/2026 08:00:00");
    bad["TrangThaiHoSo"] = json!("interoperating");
    let packet = envelope("DongBoHoSoMC", json!([dossier(DOSSIER), bad]));
    let answer = post_json(&hub, &packet).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body["error_code"], "01", "{body:#}");
    assert_eq!(body["results"][0]["outcome"], "recorded");
    let refused = &body["results"][1];
    assert_eq!(refused["outcome"], "rejected");
    let fields: Vec<&str> = refused["violations"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|violation| violation["field"].as_str())
        .collect();
    assert!(fields.contains(&"data[1].NgayTiepNhan"), "{fields:?}");
    assert!(fields.contains(&"data[1].TrangThaiHoSo"), "{fields:?}");

    // Corrected and resubmitted in the packet's own form.
    let mut rejected = hub.rejected().await.unwrap();
    let number = refused["rejectedNumber"].as_u64().unwrap();
    let corrected = envelope("DongBoHoSoMC", json!([dossier("H56.15.03-261008-0002")]));
    let request = lienthong_contract::pb::operations::v1::ResubmitRejectedRequest {
        number,
        corrected_content: corrected.to_string().into(),
    };
    let answer = rejected
        .resubmit_rejected(request)
        .await
        .unwrap()
        .into_inner();
    let at = lienthong_tests::wire::position(&answer.outcomes[0]).unwrap();
    assert_eq!(
        case(&hub, "H56.15.03-261008-0002", &[at])
            .await
            .timeline
            .len(),
        1
    );
}
