//! Every setting, with its default. `deploy/lienthong.toml` shows the same for operators.

use super::home::Home;
use super::properties::Properties;
use super::secret::Secret;
use lienthong_domain::code::Strictness;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// The settings of the hub.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The directory of the logs and the views; made if missing.
    pub data_dir: PathBuf,
    /// The event log.
    pub log: Log,
    /// Where systems report.
    pub adapters: Adapters,
    /// Where callers ask.
    pub gateway: Gateway,
    /// A process that keeps a share of the views.
    pub projector: Projector,
    /// Scrapes and probes.
    pub metrics: Metrics,
    /// The views.
    pub views: Views,
    /// Reference data beside what ships with the hub.
    pub reference: Reference,
    /// The hub's own log.
    pub logging: Logging,
    /// What the hub tells of itself.
    pub telemetry: Telemetry,
    /// The hub's own test of the way through itself.
    pub probe: Probe,
}

/// What the hub tells of itself beside `/metrics`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// OTLP endpoint over gRPC that metrics and traces are sent to, such as
    /// `http://127.0.0.1:4317`; empty: that of OTEL_EXPORTER_OTLP_ENDPOINT, and without it none.
    pub otlp_endpoint: String,
    /// About how often metrics are sent to it, in milliseconds, at least 100.
    pub metrics_every_ms: u64,
    /// Share of calls without a sampled parent that are traced, 0 to 1; a caller's own decision
    /// counts first.
    pub trace_ratio: f64,
    /// Whose stage is whose: the `owner` of stages and causes.
    pub owners: Owners,
}

/// The teams that run the parts of the hub, as alerts name them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owners {
    /// Who runs the adapters.
    pub adapters: String,
    /// Who runs the event log: disks, or brokers.
    pub log: String,
    /// Who runs the projectors.
    pub projectors: String,
    /// Who runs the gateways.
    pub gateways: String,
}

/// The hub's own test of the way through itself: an event on each partition by each adapter, that
/// nobody is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// About how often, in milliseconds, 100 to 60,000; 0: never.
    pub every_ms: u64,
    /// One that has not arrived after so long is lost, in milliseconds, 1,000 to 600,000, at least
    /// twice `every_ms`.
    pub lost_after_ms: u64,
}

/// The event log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Where it is kept.
    pub home: Home,
    /// Number of partitions, 1 to 256; fixed once the log is made.
    pub partitions: u32,
    /// Bytes of a segment file, 4 KiB to 2 GiB.
    pub segment_bytes: u64,
    /// Segments whose latest event is older are removed; 0: nothing goes by age.
    pub retention_hours: u64,
    /// The oldest segments of a partition go while it has more bytes; 0: nothing goes by size.
    pub retention_bytes: u64,
    /// Bytes per partition that may wait to become durable before events are refused.
    pub queue_bytes: usize,
    /// What only a log on Kafka has.
    pub kafka: Kafka,
}

/// What only a log on Kafka has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kafka {
    /// Copies of each partition.
    pub replication: u16,
    /// Copies that must be in sync for an event to be taken.
    pub min_insync_replicas: u16,
    /// How long an event may take to be acknowledged before it is refused with a retry hint, in
    /// milliseconds.
    pub delivery_timeout_ms: u64,
    /// How long a projector may be away before its partitions go to others, in milliseconds.
    pub session_timeout_ms: u64,
    /// Properties handed to librdkafka as they are.
    pub properties: Properties,
}

/// Where systems report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adapters {
    /// Address of the gRPC adapters; port 0 takes a free one.
    pub grpc_listen: SocketAddr,
    /// Address of the QCVN 120 endpoint over HTTP; port 0 takes a free one.
    pub http_listen: SocketAddr,
    /// Threads that serve gRPC; 0: one a core.
    pub threads: usize,
    /// Which shapes of dossier codes each adapter takes.
    pub dossier_codes: DossierCodes,
}

/// Which shapes of dossier codes each adapter takes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DossierCodes {
    /// One-stop systems over gRPC.
    pub onestop: Shape,
    /// The civil-status software.
    pub civil_status: Shape,
    /// The population database.
    pub population: Shape,
    /// Specialised systems.
    pub specialised: Shape,
    /// One-stop systems over QCVN 120 packets.
    pub qcvn120: Shape,
}

/// A shape of dossier codes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// Only the two shapes seen in Vietnamese systems.
    Strict,
    /// Those, with any length of sequence from 3 to 10 digits.
    Lenient,
    /// Codes of another scheme, such as an imported log's.
    Foreign,
}

/// Where callers ask and subscribe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// Address of the gRPC gateway; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Address of events over HTTP: server-sent events, CloudEvents in JSON; port 0 takes a free
    /// one.
    pub http_listen: SocketAddr,
    /// `host:port` by which other gateways reach it; empty: the address listened on.
    pub advertise: String,
    /// Its name in the group of gateways, the same after a restart; empty: from the advertised
    /// address.
    pub instance: String,
    /// How long a gateway may be away before its durable subscriptions go to others, in
    /// milliseconds, 1,000 to 1,800,000.
    pub session_timeout_ms: u64,
    /// Seconds after which a stream is told to go on elsewhere, 1 to 86,400.
    pub stream_max_age_s: u64,
    /// Origins whose pages may read events over HTTP, such as `https://portal.example`; `*`: any.
    pub cors_origins: Vec<String>,
    /// Endpoints that events are posted to.
    pub webhooks: Webhooks,
}

/// Endpoints that events are posted to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// Whether endpoints may have addresses of loopback and private networks.
    pub allow_private: bool,
    /// Whether endpoints may be http instead of https.
    pub allow_http: bool,
    /// What their secrets are made from, at least 32 characters; empty: on the embedded log one is
    /// made and kept in `data_dir`, on Kafka there are no webhooks.
    pub key: Secret,
}

/// A process that keeps a share of the views, on a log that several processes share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Projector {
    /// Address at which gateways ask; port 0 takes a free one.
    pub listen: SocketAddr,
    /// `host:port` by which gateways reach it; empty: the address listened on.
    pub advertise: String,
    /// Its name in the group, the same after a restart; empty: the advertised address.
    pub instance: String,
    /// Directory for snapshots that instances share; empty: none are written.
    pub snapshots: PathBuf,
    /// About how often a snapshot is written, in seconds.
    pub snapshot_every_s: u64,
}

/// Scrapes and probes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Address of `/metrics`, `/livez` and `/readyz`; port 0 takes a free one.
    pub listen: SocketAddr,
}

/// The views.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Views {
    /// Which library keeps the checkpoints.
    pub store: Store,
    /// About how often a changed view is checkpointed, in milliseconds.
    pub checkpoint_every_ms: u64,
}

/// A library that keeps checkpoints; either is a cache that must prove itself when opened.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Store {
    /// sled 0.34.
    Sled,
    /// redb 4.
    Redb,
}

/// Reference data beside what ships with the hub.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// CSV files of agencies (`code,name,level,unit_code,parent,from,to`).
    pub agencies: Vec<PathBuf>,
    /// CSV files of what became of agencies (`old,new,on,kind`).
    pub agency_successions: Vec<PathBuf>,
    /// CSV files of procedures by version; the header is in `deploy/lienthong.toml`.
    pub procedures: Vec<PathBuf>,
    /// CSV files of the steps of procedures.
    pub procedure_steps: Vec<PathBuf>,
    /// CSV files of source statuses (`system,code,maps_to_dvcqg`).
    pub statuses: Vec<PathBuf>,
    /// CSV files of working calendars (`date,kind`).
    pub calendar: Vec<PathBuf>,
}

/// The hub's own log, on standard error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logging {
    /// The form of a line.
    pub format: LogFormat,
    /// A level, or target=level pairs.
    pub filter: String,
}

/// The form of a line of the hub's own log.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For a person.
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Settings {
    fn default() -> Self {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self {
            data_dir: PathBuf::from("data"),
            log: Log {
                home: Home::Embedded,
                partitions: 4,
                segment_bytes: 64 * 1024 * 1024,
                retention_hours: 0,
                retention_bytes: 0,
                queue_bytes: 16 * 1024 * 1024,
                kafka: Kafka {
                    replication: 3,
                    min_insync_replicas: 2,
                    delivery_timeout_ms: 30_000,
                    session_timeout_ms: 30_000,
                    properties: Properties::default(),
                },
            },
            adapters: Adapters {
                grpc_listen: local(7410),
                http_listen: local(7411),
                threads: 0,
                dossier_codes: DossierCodes {
                    onestop: Shape::Lenient,
                    civil_status: Shape::Lenient,
                    population: Shape::Lenient,
                    specialised: Shape::Lenient,
                    qcvn120: Shape::Lenient,
                },
            },
            gateway: Gateway {
                listen: local(7420),
                http_listen: local(7421),
                advertise: String::new(),
                instance: String::new(),
                session_timeout_ms: 6_000,
                stream_max_age_s: 1_800,
                cors_origins: Vec::new(),
                webhooks: Webhooks::default(),
            },
            projector: Projector {
                listen: local(7440),
                advertise: String::new(),
                instance: String::new(),
                snapshots: PathBuf::new(),
                snapshot_every_s: 300,
            },
            metrics: Metrics {
                listen: local(7430),
            },
            views: Views {
                store: Store::Redb,
                checkpoint_every_ms: 1_000,
            },
            reference: Reference::default(),
            logging: Logging {
                format: LogFormat::Text,
                filter: "info".to_owned(),
            },
            telemetry: Telemetry {
                otlp_endpoint: String::new(),
                metrics_every_ms: 10_000,
                trace_ratio: 0.01,
                owners: Owners {
                    adapters: "hub".to_owned(),
                    log: "hub".to_owned(),
                    projectors: "hub".to_owned(),
                    gateways: "hub".to_owned(),
                },
            },
            probe: Probe {
                every_ms: 1_000,
                lost_after_ms: 10_000,
            },
        }
    }
}

impl From<Shape> for Strictness {
    fn from(shape: Shape) -> Self {
        match shape {
            Shape::Strict => Strictness::Strict,
            Shape::Lenient => Strictness::Lenient,
            Shape::Foreign => Strictness::Foreign,
        }
    }
}
