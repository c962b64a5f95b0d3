#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]
use lienthong_adapters::*;
use lienthong_contract::pb::event::v1 as pb;
use lienthong_contract::pb::onestop::v1::{*, onestop_adapter_service_client::OnestopAdapterServiceClient as Client};
use lienthong_contract::time::from_millis;
use lienthong_eventlog::{embedded, EventLog};
use std::sync::Arc;
use std::time::Instant;
use tokio::net::TcpListener;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

fn event(i: usize) -> DossierEvent {
    DossierEvent {
        header: Some(pb::Header {
            id: format!("e-{i:010}"), source: "urn:lienthong:vn:H56:onestop".into(),
            dossier_code: format!("H56.15.03-261008-{:06}", i % 100_000),
            case_code: String::new(), procedure_code: "1.001193.000.00.00.H56".into(), agency_code: "H56.15.03".into(),
            unit_code: "MC-01".into(), occurred_time: Some(from_millis(1_791_426_600_000 + i as i64)), sequence: 1,
            source_status: Some(pb::SourceStatus { system: "DVCQG".into(), code: "4".into() }),
            correlation_id: "c-0123456789abcdef".into(), causation_id: String::new(),
            protected: Some(pb::Protected { persons: vec![pb::Person { role: "applicant".into(), full_name: "Nguyen Thi Sen".into(), identity_number: "038099012345".into(), ..Default::default() }], notes: vec![] }),
        }),
        payload: Some(dossier_event::Payload::HandedOver(pb::HandedOver { to: Some(pb::Party { agency_code: "G15".into(), unit_code: "HT".into() }), handover_id: "h-1".into(), due_time: None })),
    }
}

fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect();
    (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let rt = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if args[1] == "serve" {
        rt.block_on(async {
            let dir = args[2].clone();
            let _ = std::fs::remove_dir_all(&dir);
            let log: Arc<dyn EventLog> = embedded::open(embedded::Config::new(format!("{dir}/log"))).unwrap();
            let rejected: Arc<dyn EventLog> = embedded::open(embedded::Config { partitions: 1, ..embedded::Config::new(format!("{dir}/rej")) }).unwrap();
            let grpc = TcpListener::bind("127.0.0.1:7999").await.unwrap();
            let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let stop = CancellationToken::new();
            let s2 = stop.clone();
            tokio::spawn(async move { loop { tokio::time::sleep(std::time::Duration::from_secs(1)).await; eprintln!("cpu {:.2}", cpu()); if std::path::Path::new("/tmp/t-c-stop").exists() { s2.cancel(); } } });
            let mut config = Config::default();
            if let Some(f) = args.get(3) { config.limits.chunks_in_flight = f.parse().unwrap(); }
            if let Some(f) = args.get(4) { config.threads = f.parse().unwrap(); }
            run(grpc, http, config, Handles { log, rejected, mappings: lienthong_contract::reference::status_mappings(&[]).unwrap() }, stop).await.unwrap();
        });
        return;
    }
    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    rt.block_on(async {
        let endpoint = tonic::transport::Endpoint::from_static("http://127.0.0.1:7999").initial_stream_window_size(1 << 20).initial_connection_window_size(4 << 20);
        let channel = endpoint.connect().await.unwrap();
        let n: usize = args[2].parse().unwrap();
        println!("event bytes {}", prost::Message::encoded_len(&event(1)));
        match args[1].as_str() {
            "stream" => {
                let window: usize = args[3].parse().unwrap();
                let (tx, rx) = tokio::sync::mpsc::channel(window);
                let permits = Arc::new(tokio::sync::Semaphore::new(window));
                let p = permits.clone();
                let started = Instant::now();
                let events: Vec<DossierEvent> = (0..1000).map(event).collect();
                tokio::spawn(async move { for i in 0..n { p.acquire().await.unwrap().forget(); tx.send(StreamEventsRequest { event: Some(events[i % 1000].clone()) }).await.unwrap(); } });
                let mut answers = Client::new(channel).stream_events(ReceiverStream::new(rx)).await.unwrap().into_inner();
                let mut got = 0;
                while let Some(a) = answers.message().await.unwrap() { assert!(matches!(a.outcome.unwrap().result, Some(pb::outcome::Result::Position(_)))); got += 1; permits.add_permits(1); }
                let t = started.elapsed().as_secs_f64();
                println!("stream {got} in {t:.2}s = {:.0}/s", got as f64 / t);
            }
            "unary" => {
                let c: usize = args[3].parse().unwrap();
                let started = Instant::now();
                let mut tasks = vec![];
                for t in 0..c { let mut client = Client::new(channel.clone()); tasks.push(tokio::spawn(async move { for i in 0..n / c { client.report_events(ReportEventsRequest { events: vec![event(t * 1000 + i)] }).await.unwrap(); } })); }
                for t in tasks { t.await.unwrap(); }
                let t = started.elapsed().as_secs_f64();
                println!("unary c={c} {n} in {t:.2}s = {:.0}/s", n as f64 / t);
            }
            _ => {
                let streams: usize = args[3].parse().unwrap();
                let started = Instant::now();
                let mut tasks = vec![];
                for _ in 0..streams { let mut client = Client::new(channel.clone()); let batch: Vec<_> = (0..256).map(event).collect(); tasks.push(tokio::spawn(async move { for _ in 0..n / streams / 256 { client.report_events(ReportEventsRequest { events: batch.clone() }).await.unwrap(); } })); }
                for t in tasks { t.await.unwrap(); }
                let t = started.elapsed().as_secs_f64();
                println!("batch {n} in {t:.2}s = {:.0}/s", n as f64 / t);
            }
        }
    });
}
