//! The JSON of an event, field by field.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use lienthong_contract::pb::event::v1::{self as event, event::Payload};
use lienthong_contract::pb::subscription::v1::Delivery;
use lienthong_contract::time::from_millis;
use serde_json::json;

const DOSSIER: &str = "H56.15.03-261008-0975";
const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn delivery() -> Delivery {
    Delivery {
        event: Some(event::Event {
            header: Some(event::Header {
                id: "e-1".to_owned(),
                source: "urn:lienthong:vn:H56:onestop".to_owned(),
                dossier_code: DOSSIER.to_owned(),
                procedure_code: "1.001193.000.00.00.H56".to_owned(),
                agency_code: "H56.15.03".to_owned(),
                occurred_time: Some(from_millis(1_791_428_400_500)),
                ..event::Header::default()
            }),
            recorded_time: Some(from_millis(1_791_428_402_000)),
            traceparent: TRACE.to_owned(),
            payload: Some(Payload::PaymentRequested(event::PaymentRequested {
                payment_id: "p\"1\n".to_owned(),
                amount_vnd: 8_000,
                due_time: None,
            })),
            ..event::Event::default()
        }),
        r#type: "vn.lienthong.dossier.payment_requested.v1".to_owned(),
        position: Some(event::Position::default()),
        partition_key: DOSSIER.to_owned(),
        ..Delivery::default()
    }
}

fn json(facets: Option<&Facets>, durable: Option<&Durable>) -> Value {
    let text = render(&delivery().encode_to_vec(), facets, durable).unwrap();
    assert!(!text.contains('\n'), "one line");
    serde_json::from_str(&text).unwrap()
}

fn expected() -> Value {
    json!({
        "specversion": "1.0",
        "type": "vn.lienthong.dossier.payment_requested.v1",
        "source": "urn:lienthong:vn:H56:onestop",
        "id": "e-1",
        "subject": DOSSIER,
        "partitionkey": DOSSIER,
        "time": "2026-10-08T03:00:00.5Z",
        "recordedtime": "2026-10-08T03:00:02Z",
        "dataschema": "urn:lienthong:proto:lienthong.event.v1.Event",
        "procedure": "1.001193.000.00.00.H56",
        "agency": "H56.15.03",
        "case": DOSSIER,
        "traceparent": TRACE,
        "datacontenttype": "application/json",
        "data": {
            "header": {
                "id": "e-1",
                "source": "urn:lienthong:vn:H56:onestop",
                "dossierCode": DOSSIER,
                "procedureCode": "1.001193.000.00.00.H56",
                "agencyCode": "H56.15.03",
                "occurredTime": "2026-10-08T03:00:00.500Z",
            },
            "recordedTime": "2026-10-08T03:00:02Z",
            "traceparent": TRACE,
            "paymentRequested": {"paymentId": "p\"1\n", "amountVnd": "8000"},
        },
    })
}

#[test]
fn an_event_is_a_structured_cloudevent() {
    assert_eq!(json(None, None), expected());
}

#[test]
fn an_attribute_with_several_values_is_told_by_its_first() {
    let event = delivery().event.unwrap().encode_to_vec();
    let mut facets = facets::told_by(DOSSIER, &event).unwrap();
    facets.add(Attribute::Unit, "14758");
    facets.add(Attribute::Unit, "38");
    let mut expected = expected();
    expected["unit"] = json!("14758");
    assert_eq!(json(Some(&facets), None), expected);
}

#[test]
fn a_durable_subscription_adds_its_number_attempt_and_day() {
    let durable = Durable {
        sequence: 42,
        attempt: 3,
        day: "2026-10-08".to_owned(),
    };
    let mut expected = expected();
    expected["subscriptionsequence"] = json!("0000000042");
    expected["attempt"] = json!(3);
    expected["manifestday"] = json!("2026-10-08");
    assert_eq!(json(None, Some(&durable)), expected);
}

#[test]
fn every_name_is_one_that_cloudevents_allows() {
    let durable = Durable {
        sequence: 1,
        attempt: 1,
        day: "2026-10-08".to_owned(),
    };
    for name in json(None, Some(&durable)).as_object().unwrap().keys() {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        assert!(name.bytes().all(allowed) && name.len() <= 20, "{name}");
    }
}

#[test]
fn what_is_no_delivery_of_an_event_has_no_json() {
    assert!(matches!(
        render(b"\xff", None, None),
        Err(Error::NotADelivery(_))
    ));
    let none = Delivery::default().encode_to_vec();
    assert!(matches!(render(&none, None, None), Err(Error::NotAnEvent)));
}
