//! Answers of the gateway in a form that tests compare: as JSON, without what differs between
//! two hubs that were told the same.

use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::pb::procedure::v1::{
    Case, GetCaseRequest, GetHorizontalRequest, GetVerticalRequest,
};
use lienthong_tests::instance::Instance;
use serde_json::Value;
use tonic_types::StatusExt;

/// The case of the code, once the view has reached the positions.
pub async fn case(instance: &Instance, code: &str, positions: &[Position]) -> Case {
    let mut questions = instance.questions().await.unwrap();
    let request = GetCaseRequest {
        code: code.into(),
        min_positions: positions.to_vec(),
        max_wait_ms: 20_000,
        ..GetCaseRequest::default()
    };
    let answer = questions.get_case(request).await.unwrap().into_inner();
    answer.case.unwrap()
}

/// The same as JSON without positions and recorded times.
pub async fn case_json(instance: &Instance, code: &str, positions: &[Position]) -> Value {
    let case = case(instance, code, positions).await;
    comparable(lienthong_contract::json::of("lienthong.procedure.v1.Case", &case).unwrap())
}

/// The horizontal answer over everything, as JSON.
pub async fn horizontal_json(instance: &Instance, positions: &[Position]) -> Value {
    let mut questions = instance.questions().await.unwrap();
    let request = GetHorizontalRequest {
        min_positions: positions.to_vec(),
        max_wait_ms: 20_000,
        ..GetHorizontalRequest::default()
    };
    let answer = questions
        .get_horizontal(request)
        .await
        .unwrap()
        .into_inner();
    let name = "lienthong.procedure.v1.GetHorizontalResponse";
    comparable(lienthong_contract::json::of(name, &answer).unwrap())
}

/// The vertical answer over everything, as JSON.
pub async fn vertical_json(instance: &Instance, positions: &[Position]) -> Value {
    let mut questions = instance.questions().await.unwrap();
    let request = GetVerticalRequest {
        min_positions: positions.to_vec(),
        max_wait_ms: 20_000,
        chains: 1_000,
        ..GetVerticalRequest::default()
    };
    let answer = questions.get_vertical(request).await.unwrap().into_inner();
    let name = "lienthong.procedure.v1.GetVerticalResponse";
    comparable(lienthong_contract::json::of(name, &answer).unwrap())
}

/// Leaves out what tells of this hub's log and clock rather than of the case.
fn comparable(mut value: Value) -> Value {
    strip(&mut value);
    value
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for own in ["position", "recordedTime", "freshness"] {
                fields.remove(own);
            }
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Leaves the timeline's links out of a case as JSON.
pub fn without_links(mut case: Value) -> Value {
    if let Some(timeline) = case["timeline"].as_array_mut() {
        timeline.retain(|entry| entry["kind"] != "linked");
    }
    case
}

/// The reason of an error, as `ErrorInfo` carries it.
pub fn reason(status: &tonic::Status) -> String {
    let details = status.get_error_details();
    details
        .error_info()
        .map(|info| info.reason.clone())
        .unwrap_or_default()
}

/// The field paths of an error, as `BadRequest` carries them.
pub fn fields(status: &tonic::Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details
        .bad_request()
        .map(|bad| bad.field_violations.clone());
    violations
        .unwrap_or_default()
        .into_iter()
        .map(|violation| violation.field)
        .collect()
}
