//! Names, identity numbers and phones sent through every door stay in the protected part: they are
//! in no log line however much is logged, no metric and no trace, scraped or exported, no record key
//! and no header of a record, no error, no list, no lag, no view, and nothing that a subscriber is
//! told.

use crate::packets::{dossier, envelope, post_json, post_xml, progress};
use lienthong_contract::cloudevents;
use lienthong_contract::pb::operations::v1::{
    GetLagRequest, GetRejectedRequest, ListRejectedRequest, ResubmitRejectedRequest,
};
use lienthong_contract::time::now_millis;
use lienthong_eventlog::{EventLog, Record};
use lienthong_simulator::system::System;
use lienthong_tests::facts::{Fact, step};
use lienthong_tests::instance::Instance;
use lienthong_tests::otlp::Receiver;
use lienthong_tests::{cli, http, wire};
use serde_json::json;
use std::path::Path;

const NAME: &str = "Nguyen Thi Bi Mat";
const NUMBER: &str = "038199012345";
const PHONE: &str = "0912345678";
const SECRETS: [&str; 3] = [NAME, NUMBER, PHONE];

/// Everything that must stay free of personal data, by name.
#[derive(Default)]
struct Seen(Vec<(String, Vec<u8>)>);

impl Seen {
    fn add(&mut self, place: &str, content: impl Into<Vec<u8>>) {
        self.0.push((place.to_owned(), content.into()));
    }

    fn assert_clean(&self) {
        for (place, content) in &self.0 {
            for secret in SECRETS {
                let found = content
                    .windows(secret.len())
                    .any(|part| part == secret.as_bytes());
                assert!(
                    !found,
                    "{place} holds {secret}: {}",
                    String::from_utf8_lossy(content)
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn personal_data_stays_in_the_protected_part_at_debug() {
    stays_protected("debug", "text").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn personal_data_stays_in_the_protected_part_when_the_hub_logs_all_it_can() {
    stays_protected("debug,lienthong=trace", "json").await;
}

/// Everything is told to a hub that logs by this filter and exports every span and metric.
async fn stays_protected(filter: &str, format: &str) {
    let receiver = Receiver::start().await.unwrap();
    let hub = Instance::start_with(&[
        ("LIENTHONG_LOGGING__FILTER", filter),
        ("LIENTHONG_LOGGING__FORMAT", format),
        ("LIENTHONG_TELEMETRY__OTLP_ENDPOINT", &receiver.endpoint()),
        ("LIENTHONG_TELEMETRY__METRICS_EVERY_MS", "200"),
        ("LIENTHONG_TELEMETRY__TRACE_RATIO", "1"),
        ("LIENTHONG_PROBE__EVERY_MS", "500"),
        ("LIENTHONG_GATEWAY__WEBHOOKS__ALLOW_PRIVATE", "true"),
        ("LIENTHONG_GATEWAY__WEBHOOKS__ALLOW_HTTP", "true"),
    ])
    .unwrap();
    let mut seen = Seen::default();
    let dossiers = tell_everything(&hub, &mut seen).await;
    resubmit(&hub, &mut seen).await;

    let list = hub
        .rejected()
        .await
        .unwrap()
        .list_rejected(ListRejectedRequest::default())
        .await;
    let list = list.unwrap().into_inner();
    assert!(list.messages.len() >= 7, "{list:?}");
    seen.add("ListRejected", format!("{list:?}"));
    let listed = cli::run(&hub, &["rejected", "--json"]).unwrap();
    seen.add("lienthong rejected", listed.out + &listed.err);
    for code in &dossiers {
        let case = crate::answers::case(&hub, code, &[]).await;
        assert!(!case.timeline.is_empty());
        seen.add(code, format!("{case:?}"));
    }
    add_subscribers(&mut seen, &hub).await;
    let hub = park(hub, &mut seen).await;
    add_operators(&mut seen, &hub).await;
    let metrics = http::get(&hub.hub.addresses.metrics, "/metrics")
        .await
        .unwrap();
    assert!(metrics.body.contains("lienthong_"), "{}", metrics.body);
    seen.add("/metrics", metrics.body);

    // The one place that shows it, to whom asks for the content.
    let number = list.messages[0].number;
    let request = GetRejectedRequest { number };
    let shown = hub
        .rejected()
        .await
        .unwrap()
        .get_rejected(request)
        .await
        .unwrap()
        .into_inner();
    assert!(String::from_utf8_lossy(&shown.content).contains(NUMBER));

    let output = hub.output().unwrap();
    assert!(output.len() > 100, "the hub logs something: {output}");
    seen.add("stdout and stderr", output);
    let stopped = hub.stop().unwrap();
    let drained = std::fs::read(stopped.data().join("hub.out")).unwrap();
    seen.add("stdout and stderr to the end", drained);
    add_exported(&mut seen, &receiver);
    add_files(&mut seen, &stopped.data().join("views"));
    add_files(&mut seen, &stopped.data().join("subscriptions"));
    let log = stopped.log().unwrap();
    let mut values = Vec::new();
    for partition in 0..log.partitions() {
        let mut reader = log.reader(partition, 0).await.unwrap();
        loop {
            let records = reader.poll_now(1_000).await.unwrap();
            if records.is_empty() {
                break;
            }
            for stored in records {
                let (key, value) = (&stored.record.key, &stored.record.value);
                seen.add("a record's key", key.to_vec());
                let headers = cloudevents::attributes(key, value);
                seen.add("a record's headers", format!("{headers:?}"));
                values.extend_from_slice(&stored.record.value);
            }
        }
    }
    // The event itself has it: the search can find what is there.
    for secret in SECRETS {
        assert!(
            values
                .windows(secret.len())
                .any(|part| part == secret.as_bytes())
        );
    }
    seen.assert_clean();
}

/// What the collector was sent; that something was, and of each kind.
fn add_exported(seen: &mut Seen, receiver: &Receiver) {
    let spans = receiver.spans();
    for name in ["send log", "process log", "POST /qcvn120/{service}"] {
        assert!(spans.iter().any(|span| span.name == name), "{name}");
    }
    assert!(receiver.metrics().len() > 20);
    seen.add("OTLP", receiver.bytes());
}

/// A rejected message is corrected and sent again, once with what is still wrong.
async fn resubmit(hub: &Instance, seen: &mut Seen) {
    let note = format!("{NAME}, {NUMBER}, {PHONE}");
    let fact = Fact::new(
        System::Onestop,
        "again",
        "H56.15.03-261008-0090",
        0,
        step("step"),
    );
    let good = fact.about(NAME, NUMBER, &note);
    let bad = good.clone().status("DVCQG_TEXT", "posting");
    let channel = hub.adapters().await.unwrap();
    wire::report(&channel, std::slice::from_ref(&bad))
        .await
        .unwrap_err();
    let mut rejected = hub.rejected().await.unwrap();
    let listed = rejected.list_rejected(ListRejectedRequest::default()).await;
    let listed = listed.unwrap().into_inner().messages;
    let number = listed.iter().find(|one| one.id == "again").unwrap().number;
    let mut send = async |fact: &Fact| {
        let request = ResubmitRejectedRequest {
            number,
            corrected_content: wire::encode(fact),
        };
        rejected.resubmit_rejected(request).await
    };
    let refused = send(&bad).await.unwrap_err();
    seen.add("a refused resubmission", format!("{refused:?}"));
    seen.add("its details", refused.details().to_vec());
    let taken = send(&good).await.unwrap().into_inner();
    seen.add("a resubmission", format!("{taken:?}"));
}

/// A record that no version reads, with personal data in what should be an event, parks its dossier.
async fn park(hub: Instance, seen: &mut Seen) -> Instance {
    let output = hub.output().unwrap();
    seen.add("stdout and stderr before the restart", output);
    let stopped = hub.stop().unwrap();
    let log = stopped.log().unwrap();
    let record = Record {
        key: "H56.15.03-261008-0099".into(),
        value: format!("\u{1}{NAME} {NUMBER} {PHONE}").into(),
        recorded_ms: now_millis(),
    };
    log.append(vec![record]).await.unwrap();
    log.close().await.unwrap();
    drop(log);
    let hub = stopped.start_again().unwrap();
    let after = Fact::new(
        System::Onestop,
        "after",
        "H56.15.03-261008-0099",
        1,
        step("step"),
    );
    let positions = hub.tell(&[after.about(NAME, NUMBER, NAME)]).await.unwrap();
    crate::answers::horizontal_json(&hub, &positions).await;
    let parked = cli::run(&hub, &["parked", "--json"]).unwrap();
    assert!(
        parked.out.contains("H56.15.03-261008-0099"),
        "it is parked: {parked:?}"
    );
    seen.add("lienthong parked", parked.out + &parked.err);
    hub
}

/// What operators see of how late everything is.
async fn add_operators(seen: &mut Seen, hub: &Instance) {
    let lag = cli::run(hub, &["lag", "--json"]).unwrap();
    assert!(lag.out.contains("horizontal"), "{lag:?}");
    seen.add("lienthong lag --json", lag.out + &lag.err);
    let lag = cli::run(hub, &["lag"]).unwrap();
    seen.add("lienthong lag", lag.out + &lag.err);
    let doctor = cli::run(hub, &["doctor", "--json"]).unwrap();
    assert!(doctor.out.contains("configuration"), "{doctor:?}");
    seen.add("lienthong doctor", doctor.out + &doctor.err);
    let mut operations = hub.operations().await.unwrap();
    let told = operations.get_lag(GetLagRequest::default()).await.unwrap();
    seen.add("GetLag", format!("{:?}", told.into_inner()));
    let subscriptions = cli::run(hub, &["subscriptions", "--json"]).unwrap();
    seen.add(
        "lienthong subscriptions",
        subscriptions.out + &subscriptions.err,
    );
}

/// What subscribers are told, in every way.
async fn add_subscribers(seen: &mut Seen, hub: &Instance) {
    let path = "/v1/events?from=beginning&until_caught_up=true";
    let events = http::get(&hub.hub.addresses.gateway_http, path).await;
    seen.add("server-sent events", told(events.unwrap().body));
    let from = ["--from", "beginning"];
    let subscribe = ["subscribe", "--until-caught-up", "--json"];
    let create = ["subscriptions", "create", "all"];
    let consume = ["consume", "all", "--max-events", "4", "--json"];
    let streamed = cli::run(hub, &[&subscribe[..], &from].concat()).unwrap();
    seen.add("lienthong subscribe", told(streamed.out) + &streamed.err);
    let created = cli::run(hub, &[&create[..], &from].concat()).unwrap();
    assert_eq!(created.code, Some(0), "{created:?}");
    let consumed = cli::run(hub, &consume).unwrap();
    seen.add("lienthong consume", told(consumed.out) + &consumed.err);
}

/// Text that does tell events.
fn told(text: String) -> String {
    assert!(text.contains("H56.15.03-261008-0000"), "{text}");
    text
}

/// Sends good and bad messages with personal data through every door; the dossiers recorded.
async fn tell_everything(hub: &Instance, seen: &mut Seen) -> Vec<String> {
    let channel = hub.adapters().await.unwrap();
    let mut dossiers = Vec::new();
    let mut positions = Vec::new();
    for (n, system) in System::ALL.into_iter().enumerate() {
        let code = format!("H56.15.03-261008-{n:04}");
        let note = format!("{NAME}, {NUMBER}, {PHONE}");
        let good = Fact::new(system, "good", &code, 0, step("step")).about(NAME, NUMBER, &note);
        let unknown = good.clone().status("DVCQG_TEXT", "posting");
        let mut malformed = good
            .clone()
            .header(|header| header.agency_code = "nowhere".into());
        malformed.event.payload = None;
        positions.extend(hub.tell(&[good]).await.unwrap());
        for bad in [unknown, malformed] {
            let status = wire::report(&channel, std::slice::from_ref(&bad))
                .await
                .unwrap_err();
            seen.add("a status", format!("{status:?} {}", status.message()));
            seen.add("its details", status.details().to_vec());
            let outcomes = wire::stream(&channel, &[bad]).await.unwrap();
            seen.add("an outcome", format!("{outcomes:?}"));
        }
        dossiers.push(code);
    }
    for (n, service) in ["DongBoHoSoMC", "CapNhatTienDoHoSoMC"]
        .into_iter()
        .enumerate()
    {
        let code = format!("H56.15.03-261008-01{n:02}");
        let mut good = if n == 0 {
            dossier(&code)
        } else {
            progress(&code)
        };
        for field in [
            "ChuHoSo",
            "NguoiXuLy",
            "NoiDungXuLy",
            "GhiChu",
            "ThongTinTra",
        ] {
            good[field] = json!(format!("{NAME} {NUMBER}"));
        }
        good["SoDienThoai"] = json!(PHONE);
        good["SoGiayToChuHoSo"] = json!(NUMBER);
        good["DinhDanhCHS"] = json!([{"LoaiDinhDanh": "1", "SoDinhDanh": NUMBER}]);
        let mut bad = good.clone();
        bad["TrangThaiHoSo"] = json!("99");
        bad["TrangThai"] = json!("99");
        bad["MaHoSo"] = json!(format!("H56.15.03-261008-02{n:02}"));
        for record in [good, bad] {
            let packet = envelope(service, json!([record]));
            for answer in [post_json(hub, &packet).await, post_xml(hub, &packet).await] {
                seen.add("an HTTP answer", answer.body);
            }
        }
        dossiers.push(code);
    }
    // A packet that breaks off in the middle of a name.
    let address = &hub.hub.addresses.adapters_http;
    for body in [
        format!(r#"{{"madonvi": "H56", "data": [{{"ChuHoSo": "{NAME} {NUMBER}"#),
        format!(r#"{{"ChuHoSo": "{NAME}" {NUMBER}}}"#),
    ] {
        let answer = http::post(address, "/qcvn120", "application/json", body)
            .await
            .unwrap();
        assert_eq!(answer.status, 400);
        seen.add("an HTTP answer", answer.body);
    }
    let body = format!("<envelope><ChuHoSo>{NAME} {NUMBER}</envelope>");
    let answer = http::post(address, "/qcvn120", "application/xml", body)
        .await
        .unwrap();
    assert_eq!(answer.status, 400);
    seen.add("an HTTP answer", answer.body);
    crate::answers::horizontal_json(hub, &positions).await;
    crate::answers::vertical_json(hub, &positions).await;
    dossiers
}

fn add_files(seen: &mut Seen, folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add_files(seen, &path);
        } else {
            seen.add(&path.display().to_string(), std::fs::read(&path).unwrap());
        }
    }
}
