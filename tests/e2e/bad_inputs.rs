//! A table of bad and wild inputs, each with what it must get: an answer that names the fault,
//! or acceptance where the message is well-formed and merely surprising.
//!
//! Every run writes the table with what each input got to `e2e/bad_inputs.md` in the build's
//! target folder.

mod headers;
mod packets;
mod payloads;
mod questions;
mod shown;
mod wire_faults;

use crate::answers;
use bytes::Bytes;
use hyper::Method;
use lienthong_contract::pb::event::v1::{Outcome, outcome};
use lienthong_contract::pb::operations::v1::ListRejectedRequest;
use lienthong_simulator::system::System;
use lienthong_tests::facts::{Fact, step};
use lienthong_tests::instance::Instance;
use lienthong_tests::wire::{self, StreamItem};
use lienthong_tests::{cli, http};
use serde_json::Value;
use std::pin::Pin;
use tokio_stream::StreamExt;
use tonic::Status;

/// One input and what it must get.
pub struct Row {
    /// What is wrong or wild about it, in words.
    name: &'static str,
    send: Send,
    expect: Told,
}

/// How an input reaches the hub.
enum Send {
    /// `ReportEvents` of a system's adapter.
    Batch(System, Vec<Bytes>),
    /// `StreamEvents` of a system's adapter.
    Stream(System, Vec<StreamItem>),
    /// A call of a gateway's or the rejected log's method.
    Call(&'static str, Call),
    /// A request to the QCVN 120 endpoint.
    Http(Request),
}

/// A call that a row makes; it gives the status it ended with.
type Call = Box<dyn for<'a> Fn(&'a Instance) -> Pin<Box<dyn Future<Output = Ended> + 'a>>>;
type Ended = Result<(), Status>;

/// A request over HTTP.
struct Request {
    method: Method,
    path: &'static str,
    content_type: Option<&'static str>,
    body: Bytes,
}

/// What an input got.
pub struct Got {
    told: Told,
    /// The hub's own words; empty: it took it.
    said: String,
}

impl Got {
    fn of_status(status: &Status) -> Self {
        Self {
            told: Told::of_status(status),
            said: status
                .message()
                .trim_start_matches("none of the 1 events was accepted: ")
                .to_owned(),
        }
    }

    fn of_outcomes(outcomes: &[Outcome]) -> Self {
        let told = Told::of_outcomes(outcomes);
        let words = outcomes.iter().find_map(|outcome| match &outcome.result {
            Some(outcome::Result::Rejection(rejection)) => rejection.violations.first(),
            _ => None,
        });
        let said = words.map(|one| format!("{}: {}", one.field, one.description));
        Self {
            told,
            said: said.unwrap_or_default(),
        }
    }

    fn of_http(answer: &http::Answer) -> Self {
        let told = Told::of_http(answer);
        if answer.status == 200 {
            return Self {
                told,
                said: String::new(),
            };
        }
        let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let of_record = &body["results"][0]["violations"][0]["description"];
        let said = [of_record, &body["message"]]
            .into_iter()
            .find_map(Value::as_str);
        let in_xml = ["description", "message"]
            .map(|name| between(&answer.body, &format!("<{name}>"), &format!("</{name}>")))
            .into_iter()
            .find(|words| !words.is_empty())
            .unwrap_or_default()
            .replace("&quot;", "\"")
            .replace("&lt;", "<")
            .replace("&gt;", ">");
        Self {
            told,
            said: said.map_or(in_xml, str::to_owned),
        }
    }
}

/// An answer as far as a row foretells it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// Such as `OK`, `INVALID_ARGUMENT`, `rejected` (a stream's outcome) or `400`.
    answer: String,
    /// Reason of the catalogue; empty: none.
    reason: String,
    /// Paths of the fields at fault, in the order given.
    fields: Vec<String>,
}

impl Told {
    fn new(answer: &str, reason: &str, fields: &[&str]) -> Self {
        Self {
            answer: answer.to_owned(),
            reason: reason.to_owned(),
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        }
    }

    /// `INVALID_ARGUMENT` of a batch whose only event is malformed.
    fn malformed(fields: &[&str]) -> Self {
        let paths: Vec<String> = fields
            .iter()
            .map(|field| format!("events[0].{field}"))
            .collect();
        Self {
            answer: "INVALID_ARGUMENT".into(),
            reason: "EVENT_MALFORMED".into(),
            fields: paths,
        }
    }

    fn accepted() -> Self {
        Self::new("OK", "", &[])
    }

    fn of_status(status: &Status) -> Self {
        Self {
            answer: code(status.code()).to_owned(),
            reason: answers::reason(status),
            fields: answers::fields(status),
        }
    }

    fn of_outcomes(outcomes: &[Outcome]) -> Self {
        let rejected = outcomes.iter().find_map(|outcome| match &outcome.result {
            Some(outcome::Result::Rejection(rejection)) => Some(rejection),
            _ => None,
        });
        match rejected {
            None => Self::accepted(),
            Some(rejection) => Self {
                answer: "rejected".into(),
                reason: rejection.reason.clone(),
                fields: rejection
                    .violations
                    .iter()
                    .map(|one| one.field.clone())
                    .collect(),
            },
        }
    }

    fn of_http(answer: &http::Answer) -> Self {
        let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let of = |value: &Value| -> Vec<String> {
            let violations = value["violations"].as_array().cloned().unwrap_or_default();
            violations
                .iter()
                .filter_map(|violation| violation["field"].as_str().map(str::to_owned))
                .collect()
        };
        let mut fields = of(&body);
        for result in body["results"].as_array().into_iter().flatten() {
            fields.extend(of(result));
        }
        let reason = match body["reason"].as_str() {
            Some(reason) => reason.to_owned(),
            // In XML.
            None => between(&answer.body, "<reason>", "</reason>"),
        };
        let in_xml = answer.body.split("<field>").skip(1);
        let in_xml = in_xml.filter_map(|rest| rest.split_once("</field>"));
        fields.extend(in_xml.map(|(field, _)| field.to_owned()));
        Self {
            answer: answer.status.to_string(),
            reason,
            fields,
        }
    }
}

fn between(text: &str, before: &str, after: &str) -> String {
    let rest = text
        .split_once(before)
        .map(|(_, rest)| rest)
        .unwrap_or_default();
    rest.split_once(after)
        .map(|(found, _)| found.to_owned())
        .unwrap_or_default()
}

fn code(code: tonic::Code) -> &'static str {
    use tonic::Code::*;
    match code {
        Ok => "OK",
        InvalidArgument => "INVALID_ARGUMENT",
        NotFound => "NOT_FOUND",
        OutOfRange => "OUT_OF_RANGE",
        ResourceExhausted => "RESOURCE_EXHAUSTED",
        FailedPrecondition => "FAILED_PRECONDITION",
        Unimplemented => "UNIMPLEMENTED",
        Unavailable => "UNAVAILABLE",
        Internal => "INTERNAL",
        _ => "OTHER",
    }
}

/// A row that sends one event as a batch of one.
fn event(name: &'static str, fact: Fact, expect: Told) -> Row {
    Row {
        name,
        send: Send::Batch(fact.system, vec![wire::encode(&fact)]),
        expect,
    }
}

/// A well-formed event of the one-stop system; rows break it.
fn good() -> Fact {
    Fact::new(
        System::Onestop,
        "e1",
        "H56.15.03-261008-0001",
        0,
        step("step"),
    )
    .by("H56.15.03")
}

async fn send(hub: &Instance, row: &Row) -> Got {
    let channel = hub.adapters().await.unwrap();
    match &row.send {
        Send::Batch(system, events) => {
            match wire::report_bytes(&channel, *system, events.clone()).await {
                Ok(outcomes) => Got::of_outcomes(&outcomes),
                Err(status) => Got::of_status(&status),
            }
        }
        Send::Stream(system, items) => {
            let items = tokio_stream::iter(items.clone());
            let mut answers = match wire::open_stream(&channel, *system, items).await {
                Ok(answers) => answers,
                Err(status) => return Got::of_status(&status),
            };
            let mut outcomes = Vec::new();
            while let Some(answer) = answers.next().await {
                match answer {
                    Ok(answer) => outcomes.extend(answer.outcome),
                    Err(status) => return Got::of_status(&status),
                }
            }
            Got::of_outcomes(&outcomes)
        }
        Send::Call(_, call) => match call(hub).await {
            Ok(()) => Got::of_outcomes(&[]),
            Err(status) => Got::of_status(&status),
        },
        Send::Http(request) => {
            let address = &hub.hub.addresses.adapters_http;
            let Request {
                method,
                path,
                content_type,
                body,
            } = request;
            let answer =
                http::send(address, method.clone(), path, *content_type, body.clone()).await;
            match answer {
                Ok(answer) => Got::of_http(&answer),
                Err(error) => Got {
                    told: Told::new("broken off", "", &[]),
                    said: error.to_string(),
                },
            }
        }
    }
}

#[tokio::test]
async fn every_bad_input_gets_the_answer_that_names_its_fault_and_every_wild_fact_is_recorded() {
    let hub = Instance::start().unwrap();
    hub.tell(&[good()]).await.unwrap();
    let rows: Vec<Row> = [
        headers::rows(),
        payloads::rows(),
        wire_faults::rows(),
        questions::rows(),
        packets::rows(),
    ]
    .into_iter()
    .flatten()
    .collect();
    assert!(rows.len() >= 60, "{} rows", rows.len());

    let mut got = Vec::new();
    for row in &rows {
        got.push(send(&hub, row).await);
    }
    shown::write(&rows, &got);
    let wrong: Vec<String> = rows
        .iter()
        .zip(&got)
        .filter(|(row, got)| row.expect != got.told)
        .map(|(row, Got { told, said })| {
            format!(
                "{}\n    wanted {:?}\n    got    {told:?}: {said}",
                row.name, row.expect
            )
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n  {}",
        wrong.len(),
        rows.len(),
        wrong.join("\n  ")
    );
    assert_unharmed(&hub).await;
}

/// After all of it the hub serves as before, its views are those of the log, and everything it
/// rejected is counted and kept.
async fn assert_unharmed(hub: &Instance) {
    let at = hub
        .tell(&[good().header(|header| header.id = "last".into())])
        .await
        .unwrap();
    answers::case(hub, "H56.15.03-261008-0001", &at).await;
    let verified = cli::run(hub, &["views", "verify", "--json"]).unwrap();
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let output = hub.output().unwrap();
    assert!(!output.contains("panicked"), "{output}");
    let request = ListRejectedRequest {
        page_size: 1_000,
        ..ListRejectedRequest::default()
    };
    let list = hub
        .rejected()
        .await
        .unwrap()
        .list_rejected(request)
        .await
        .unwrap()
        .into_inner();
    let counted: u64 = list.totals.values().sum();
    assert_eq!(counted, list.messages.len() as u64, "{:?}", list.totals);
    assert!(counted > 60, "{counted} rejected: {:?}", list.totals);
}
