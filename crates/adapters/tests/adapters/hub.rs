//! A running set of adapters on ports of their own, with what a test asks of it.

use lienthong_adapters::{Config, Handles, run};
use lienthong_contract::pb::event::v1::{self as pb, event::Payload};
use lienthong_contract::pb::onestop::v1 as onestop;
use lienthong_contract::pb::onestop::v1::onestop_adapter_service_client::OnestopAdapterServiceClient;
use lienthong_contract::pb::operations::v1::rejected_service_client::RejectedServiceClient;
use lienthong_contract::reference::{Current, demo};
use lienthong_contract::time::from_millis;
use lienthong_eventlog::{EventLog, embedded};
use lienthong_telemetry::messaging::Destination;
use prost::Message;
use std::net::SocketAddr;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};
use tonic_types::StatusExt;

pub const DOSSIER: &str = "H56.15.03-261008-0975";
pub const SOURCE: &str = "urn:lienthong:vn:H56:onestop";
/// 2026-10-08T02:30:00Z
pub const MORNING: i64 = 1_791_426_600_000;

pub struct Hub {
    pub grpc: SocketAddr,
    pub http: SocketAddr,
    pub log: Arc<dyn EventLog>,
    pub shutdown: CancellationToken,
    pub served: JoinHandle<Result<(), lienthong_adapters::Error>>,
    pub dir: Option<TempDir>,
}

pub fn open(dir: &TempDir, name: &str, partitions: u32) -> Arc<dyn EventLog> {
    let config = embedded::Config {
        partitions,
        segment_bytes: 1024 * 1024,
        max_record_bytes: 64 * 1024,
        ..embedded::Config::new(dir.path().join(name))
    };
    embedded::open(config).unwrap()
}

impl Hub {
    pub async fn start() -> Self {
        Self::start_with(Config {
            threads: 2,
            ..Config::default()
        })
        .await
    }

    pub async fn start_with(config: Config) -> Self {
        let dir = TempDir::new().unwrap();
        let log = open(&dir, "log", 4);
        let rejected = open(&dir, "rejected", 1);
        let mut hub = Self::start_on(config, log, rejected).await;
        hub.dir = Some(dir);
        hub
    }

    pub async fn start_on(
        config: Config,
        log: Arc<dyn EventLog>,
        rejected: Arc<dyn EventLog>,
    ) -> Self {
        let grpc_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let http_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (grpc, http) = (
            grpc_listener.local_addr().unwrap(),
            http_listener.local_addr().unwrap(),
        );
        let shutdown = CancellationToken::new();
        let handles = Handles {
            log: log.clone(),
            destination: Destination {
                system: "lienthong",
                name: "log".to_owned(),
            },
            rejected,
            reference: Current::new(demo().unwrap()),
        };
        let served = tokio::spawn(run(
            grpc_listener,
            Some(http_listener),
            config,
            handles,
            shutdown.clone(),
        ));
        Self {
            grpc,
            http,
            log,
            shutdown,
            served,
            dir: None,
        }
    }

    pub fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.grpc))
            .unwrap()
            .connect_lazy()
    }

    pub fn onestop(&self) -> OnestopAdapterServiceClient<Channel> {
        OnestopAdapterServiceClient::new(self.channel())
    }

    pub fn rejected(&self) -> RejectedServiceClient<Channel> {
        RejectedServiceClient::new(self.channel())
    }

    /// The event stored at a position, with its key.
    pub async fn stored(&self, position: &pb::Position) -> (String, pb::Event) {
        stored(self.log.as_ref(), position).await
    }

    /// Every event of the log with its key, partition by partition.
    pub async fn everything(&self) -> Vec<(String, pb::Event)> {
        let mut all = Vec::new();
        for partition in 0..self.log.partitions() {
            let bounds = self.log.bounds(partition).await.unwrap();
            for offset in bounds.start..bounds.end {
                all.push(self.stored(&pb::Position { partition, offset }).await);
            }
        }
        all
    }

    pub async fn records(&self) -> u64 {
        let mut records = 0;
        for partition in 0..self.log.partitions() {
            records += self.log.bounds(partition).await.unwrap().end;
        }
        records
    }

    pub async fn stop(self) {
        self.shutdown.cancel();
        self.served.await.unwrap().unwrap();
    }
}

pub async fn stored(log: &dyn EventLog, position: &pb::Position) -> (String, pb::Event) {
    let mut reader = log
        .reader(position.partition, position.offset)
        .await
        .unwrap();
    let record = reader.poll_now(1).await.unwrap().remove(0).record;
    let key = String::from_utf8(record.key.to_vec()).unwrap();
    (key, pb::Event::decode(record.value).unwrap())
}

pub fn header(id: &str) -> pb::Header {
    pb::Header {
        id: id.to_owned(),
        source: SOURCE.to_owned(),
        dossier_code: DOSSIER.to_owned(),
        agency_code: "H56.15.03".to_owned(),
        occurred_time: Some(from_millis(MORNING)),
        ..Default::default()
    }
}

pub fn approved(id: &str) -> onestop::DossierEvent {
    onestop::DossierEvent {
        header: Some(header(id)),
        payload: Some(onestop::dossier_event::Payload::Approved(pb::Approved {})),
    }
}

/// An event whose dossier code is no dossier code.
pub fn bad(id: &str) -> onestop::DossierEvent {
    let mut event = approved(id);
    event.header.as_mut().unwrap().dossier_code = "no dossier".to_owned();
    event
}

pub fn position(outcome: &pb::Outcome) -> pb::Position {
    match &outcome.result {
        Some(pb::outcome::Result::Position(position)) => *position,
        other => panic!("not recorded: {other:?}"),
    }
}

pub fn rejection(outcome: &pb::Outcome) -> pb::Rejection {
    match &outcome.result {
        Some(pb::outcome::Result::Rejection(rejection)) => rejection.clone(),
        other => panic!("not rejected: {other:?}"),
    }
}

pub fn reason(status: &tonic::Status) -> String {
    status
        .get_error_details()
        .error_info()
        .unwrap()
        .reason
        .clone()
}

pub fn fields(status: &tonic::Status) -> Vec<String> {
    let details = status.get_error_details();
    let bad = details.bad_request().unwrap();
    bad.field_violations
        .iter()
        .map(|violation| violation.field.clone())
        .collect()
}

pub fn is_approved(payload: &Option<Payload>) -> bool {
    matches!(payload, Some(Payload::Approved(_)))
}
