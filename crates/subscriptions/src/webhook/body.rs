//! The body of a request: the event as a CloudEvent in JSON.

use crate::durable::seat::Handed;
use lienthong_contract::pb::subscription::v1::Delivery;
use prost::Message;
use serde_json::json;

/// The body, else why there is none, in words.
pub(super) fn of(handed: &Handed) -> Result<String, String> {
    let delivery = Delivery::decode(handed.event.delivery.clone());
    let delivery = delivery.map_err(|error| format!("the event cannot be read: {error}"))?;
    let body = json!({
        "specversion": "1.0",
        "id": &*handed.event.id,
        "source": &*handed.event.source,
        "type": delivery.r#type,
        "partitionkey": &*handed.event.case,
    });
    Ok(body.to_string())
}
