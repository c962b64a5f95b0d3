//! `kcat` reads what the hub wrote: keys, and exactly the headers that the events call for.

use super::hub_on;
use lienthong_contract::event::kind;
use lienthong_contract::pb::event::v1::linked::Relation;
use lienthong_contract::pb::event::v1::{Event, Position};
use lienthong_contract::pb::onestop::v1::ReportEventsRequest;
use lienthong_contract::pb::onestop::v1::onestop_adapter_service_client::OnestopAdapterServiceClient;
use lienthong_simulator::system::System;
use lienthong_tests::broker::{Home, given};
use lienthong_tests::facts::{Fact, link, step};
use lienthong_tests::{sample, wire};
use prost::Message;
use prost_types::Timestamp;
use std::collections::BTreeMap;
use std::process::Command;
use tonic::Request;

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const NAME: &str = "Nguyen Thi Bi Mat";
const NUMBER: &str = "038199012345";

/// A record as `kcat` prints it.
struct Printed {
    key: String,
    headers: BTreeMap<String, String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kcat_reads_keys_and_exactly_the_headers_that_the_events_call_for() {
    let Some(bootstrap) = given("kcat reads keys and headers of the hub's events").unwrap() else {
        return;
    };
    let home = Home::fresh(&bootstrap);
    let hub = hub_on(&home);
    let mut positions = Vec::new();
    for (n, system) in System::ALL.into_iter().enumerate() {
        let code = format!("H56.15.03-261008-{n:04}");
        let plain = Fact::new(system, "plain", &code, 0, step("step"));
        let full = Fact::new(system, "full", &code, 1, step("step"))
            .about(NAME, NUMBER, NAME)
            .header(|header| {
                header.case_code = format!("G22-261008-{n:04}");
                header.sequence = 7;
                header.correlation_id = "exchange-1".into();
                header.causation_id = "plain".into();
                header.occurred_time = Some(Timestamp {
                    seconds: 1_791_421_200,
                    nanos: 120_000_000,
                });
            });
        positions.extend(hub.tell(&[plain, full]).await.unwrap());
    }
    let code = "H56.15.03-261008-0100";
    let linked = link(Relation::Case, "G22-261008-0100");
    let linked = Fact::new(System::Onestop, "link", code, 0, linked);
    positions.extend(hub.tell(&[linked]).await.unwrap());
    positions.push(traced(&hub.hub.addresses.adapters_grpc).await);
    hub.stop().unwrap();

    let printed = kcat(&bootstrap, &home.topic());
    let log = home.log().await.unwrap();
    let mut compared = 0;
    for partition in 0..log.partitions() {
        let bounds = log.bounds(partition).await.unwrap();
        let mut reader = log.reader(partition, bounds.start).await.unwrap();
        while reader.position() < bounds.end {
            for stored in reader.next(100).await.unwrap() {
                let (key, value) = (stored.record.key, stored.record.value);
                let key = String::from_utf8(key.to_vec()).unwrap();
                let event = Event::decode(value).unwrap();
                let record = &printed[&(partition, stored.offset)];
                assert_eq!(record.key, key);
                assert_headers(&record.headers, &key, &event);
                compared += 1;
            }
        }
    }
    // The link stands under both of its keys.
    assert_eq!(compared, positions.len() + 1);
    assert_eq!(printed.len(), compared);
    let traces = printed.values();
    let traces = traces.filter(|record| record.headers.contains_key("traceparent"));
    assert_eq!(traces.count(), 1);
}

/// Reports an event in a call that is part of a trace.
async fn traced(adapters: &str) -> Position {
    let channel = wire::connect(adapters).await.unwrap();
    let events = vec![sample::event("traced", 1)];
    let mut request = Request::new(ReportEventsRequest { events });
    let trace = TRACE.parse().unwrap();
    request.metadata_mut().insert("traceparent", trace);
    let answer = OnestopAdapterServiceClient::new(channel)
        .report_events(request)
        .await
        .unwrap()
        .into_inner();
    wire::position(&answer.outcomes[0]).unwrap()
}

/// Written from CONVENTIONS and the event alone, by other means than the hub's.
fn assert_headers(told: &BTreeMap<String, String>, key: &str, event: &Event) {
    let header = event.header.as_ref().unwrap();
    let kind = kind(event.payload.as_ref().unwrap()).unwrap().name();
    let mut expected = BTreeMap::new();
    let mut expect = |name: &str, value: String| {
        if !value.is_empty() {
            expected.insert(name.to_owned(), value);
        }
    };
    expect("ce_specversion", "1.0".into());
    expect("ce_id", header.id.clone());
    expect("ce_source", header.source.clone());
    expect("ce_type", format!("vn.lienthong.dossier.{kind}.v1"));
    expect("ce_subject", header.dossier_code.clone());
    expect(
        "ce_dataschema",
        "urn:lienthong:proto:lienthong.event.v1.Event".into(),
    );
    expect("content-type", "application/protobuf".into());
    expect("ce_partitionkey", key.to_owned());
    expect("ce_correlationid", header.correlation_id.clone());
    expect("ce_causationid", header.causation_id.clone());
    expect("traceparent", event.traceparent.clone());
    if header.sequence > 0 {
        expect("ce_sequence", format!("{:010}", header.sequence));
    }
    let mut told = told.clone();
    for (name, time) in [
        ("ce_time", header.occurred_time),
        ("ce_recordedtime", event.recorded_time),
    ] {
        let written = told.remove(name).unwrap();
        assert_eq!(written.parse::<Timestamp>().unwrap(), time.unwrap());
        assert!(written.ends_with('Z'), "{name} is {written}, not in UTC");
    }
    assert_eq!(told, expected);
}

/// Every record of a topic.
fn kcat(bootstrap: &str, topic: &str) -> BTreeMap<(u32, u64), Printed> {
    let output = Command::new("kcat")
        .args(["-C", "-b", bootstrap, "-t", topic, "-o", "beginning"])
        .args(["-e", "-q", "-f", "%p\t%o\t%k\t%h\n"])
        .output()
        .expect("kcat is missing. Fix: deploy/kafka/setup.sh installs it");
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{words}");
    let text = String::from_utf8(output.stdout).unwrap();
    for secret in [NAME, NUMBER] {
        assert!(!text.contains(secret), "a key or header holds {secret}");
    }
    text.lines().map(printed).collect()
}

fn printed(line: &str) -> ((u32, u64), Printed) {
    let fields: Vec<&str> = line.split('\t').collect();
    let [partition, offset, key, headers] = fields[..] else {
        panic!("kcat printed {line:?}");
    };
    let headers = headers.split(',').map(|header| {
        let (name, value) = header.split_once('=').unwrap();
        assert!(!value.is_empty(), "{name} is empty");
        (name.to_owned(), value.to_owned())
    });
    let record = Printed {
        key: key.to_owned(),
        headers: headers.collect(),
    };
    let place = (partition.parse().unwrap(), offset.parse().unwrap());
    (place, record)
}
