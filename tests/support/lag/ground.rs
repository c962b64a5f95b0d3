//! The hub that things happen to: separate services on Kafka, or one process.

use super::script::Kind;
use crate::broker::Home;
use crate::fleet::{Doors, Fleet, Grouping, Kind as Service, Shape, VIEWS};
use crate::hub;
use crate::kill::Fault;
use crate::process::{Launch, Process, signal};
use crate::tables;
use lienthong_eventlog::EventLog;
use lienthong_eventlog::embedded;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Settings of every hub: who owns what, so that a right owner is no default, and how often the hub
/// probes itself.
pub const SETTINGS: [(&str, &str); 5] = [
    ("LIENTHONG_TELEMETRY__OWNERS__ADAPTERS", "intake-team"),
    ("LIENTHONG_TELEMETRY__OWNERS__LOG", "log-team"),
    ("LIENTHONG_TELEMETRY__OWNERS__PROJECTORS", "views-team"),
    ("LIENTHONG_TELEMETRY__OWNERS__GATEWAYS", "gateways-team"),
    ("LIENTHONG_PROBE__EVERY_MS", "1000"),
];
/// How long a broker may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest wait for retention: it looks every half minute.
const RETENTION: Duration = Duration::from_secs(90);
/// Partitions of the embedded log.
const PARTITIONS: u32 = 2;
/// Bytes of a segment of the embedded log, little more than the largest record, so that retention
/// has segments to remove.
const SEGMENT_BYTES: u64 = (1 << 20) + 4_096;

/// A running hub.
pub enum Ground {
    /// Adapters, projectors and a gateway, each a process.
    Services(Box<Services>),
    /// One process.
    One(Box<One>),
}

/// See [`Ground::Services`].
pub struct Services {
    /// The processes.
    pub fleet: Fleet,
    home: Home,
    /// Tells committed offsets and the log's bounds beside the hub.
    clients: Arc<Vec<(String, BaseConsumer)>>,
}

/// See [`Ground::One`].
pub struct One {
    launch: Launch,
    process: Option<Process>,
    addresses: BTreeMap<String, String>,
    folder: TempDir,
}

/// What Kafka itself tells: of each view and partition the committed offset, and each partition's
/// bounds.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Committed offsets; none where nothing was.
    pub committed: BTreeMap<(String, u32), Option<u64>>,
    /// First offset kept and end.
    pub bounds: BTreeMap<u32, (u64, u64)>,
}

impl Ground {
    /// Starts the hub of a script.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn start(kind: Kind, home: Option<&Home>) -> Result<Self, Fault> {
        match home {
            Some(home) if kind.is_kafka() => {
                let shape = Shape {
                    adapters: 1,
                    projectors: 1,
                    gateways: 1,
                    grouping: Grouping::Together,
                };
                let mut settings = SETTINGS.to_vec();
                settings.push(("LIENTHONG_LOG__KAFKA__SESSION_TIMEOUT_MS", "6000"));
                Ok(Ground::Services(Box::new(Services {
                    fleet: Fleet::start(home, shape, &settings).await?,
                    clients: Arc::new(clients(home)?),
                    home: home.clone(),
                })))
            }
            _ => Ok(Ground::One(Box::new(One::start().await?))),
        }
    }

    /// Where to ask and send.
    pub fn doors(&self) -> Doors {
        match self {
            Ground::Services(services) => services.fleet.doors(),
            Ground::One(one) => one.doors(),
        }
    }

    /// What Kafka tells beside the hub; none without Kafka.
    ///
    /// # Errors
    /// If the brokers do not answer.
    pub async fn told(&self) -> Result<Option<Told>, Fault> {
        let Ground::Services(services) = self else {
            return Ok(None);
        };
        let (clients, home) = (services.clients.clone(), services.home.clone());
        let told = tokio::task::spawn_blocking(move || told(&clients, &home)).await??;
        Ok(Some(told))
    }

    /// The separate services.
    ///
    /// # Errors
    /// If it is one process.
    pub fn services(&mut self) -> Result<&mut Services, Fault> {
        match self {
            Ground::Services(services) => Ok(services),
            Ground::One(_) => Err("one process has no projector of its own".into()),
        }
    }

    /// The one process.
    ///
    /// # Errors
    /// If these are services.
    pub fn one(&mut self) -> Result<&mut One, Fault> {
        match self {
            Ground::One(one) => Ok(one),
            Ground::Services(_) => Err("these are separate services".into()),
        }
    }

    /// Copies what the processes wrote to a folder.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep_outputs(&self, folder: &std::path::Path) -> Result<(), Fault> {
        match self {
            Ground::Services(services) => services.fleet.keep_outputs(folder)?,
            Ground::One(one) => {
                std::fs::create_dir_all(folder)?;
                std::fs::copy(one.launch.output(), folder.join("hub.out"))?;
            }
        }
        Ok(())
    }
}

impl Services {
    /// Sends a signal to the projector.
    ///
    /// # Errors
    /// If it does not run.
    pub fn signal(&self, what: Signal) -> Result<(), Fault> {
        Ok(signal(self.pid()?, what)?)
    }

    /// The projector's process id.
    ///
    /// # Errors
    /// If it does not run.
    pub fn pid(&self) -> Result<u32, Fault> {
        Ok(self.fleet.process(Service::Projector, 1)?.pid())
    }

    /// The log, opened beside the services.
    ///
    /// # Errors
    /// If the brokers do not answer.
    pub async fn log(&self) -> Result<Arc<dyn EventLog>, Fault> {
        self.home.log().await
    }

    /// Removes what lies before an offset, as retention does.
    ///
    /// # Errors
    /// If the brokers do not do it.
    pub async fn remove(&self, partition: u32, before: u64) -> Result<(), Fault> {
        let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
            .set("bootstrap.servers", &self.home.bootstrap)
            .create()?;
        let mut wanted = TopicPartitionList::new();
        let (number, offset) = (i32::try_from(partition)?, i64::try_from(before)?);
        wanted.add_partition_offset(&self.home.topic(), number, Offset::Offset(offset))?;
        let removed = admin.delete_records(&wanted, &AdminOptions::new()).await?;
        for element in removed.elements() {
            element.error()?;
        }
        Ok(())
    }
}

fn clients(home: &Home) -> Result<Vec<(String, BaseConsumer)>, Fault> {
    let made = VIEWS.map(|view| {
        let client = ClientConfig::new()
            .set("bootstrap.servers", &home.bootstrap)
            .set("group.id", home.group(view))
            .set("enable.auto.commit", "false")
            .create();
        client.map(|client| (view.to_owned(), client))
    });
    Ok(made.into_iter().collect::<Result<_, _>>()?)
}

fn told(clients: &[(String, BaseConsumer)], home: &Home) -> Result<Told, Fault> {
    let (topic, mut told) = (home.topic(), Told::default());
    let mut wanted = TopicPartitionList::new();
    for partition in 0..home.partitions {
        wanted.add_partition(&topic, i32::try_from(partition)?);
    }
    for (view, client) in clients {
        let committed = client.committed_offsets(wanted.clone(), PATIENCE)?;
        for element in committed.elements() {
            let partition = u32::try_from(element.partition())?;
            let offset = match element.offset() {
                Offset::Offset(offset) => u64::try_from(offset).ok(),
                _ => None,
            };
            told.committed.insert((view.clone(), partition), offset);
        }
    }
    let (_, client) = clients.first().ok_or("there is no view")?;
    for partition in 0..home.partitions {
        let (low, high) = client.fetch_watermarks(&topic, i32::try_from(partition)?, PATIENCE)?;
        told.bounds
            .insert(partition, (u64::try_from(low)?, u64::try_from(high)?));
    }
    Ok(told)
}

impl One {
    async fn start() -> Result<Self, Fault> {
        let folder = TempDir::with_prefix("lienthong-lag-")?;
        let mut environment: BTreeMap<String, String> =
            tables::demo(folder.path())?.into_iter().collect();
        for (name, value) in SETTINGS {
            environment.insert(name.to_owned(), value.to_owned());
        }
        let data = folder.path().join("data").display().to_string();
        environment.insert("LIENTHONG_DATA_DIR".into(), data);
        let segment = SEGMENT_BYTES.to_string();
        environment.insert("LIENTHONG_LOG__SEGMENT_BYTES".into(), segment);
        environment.insert("LIENTHONG_LOG__PARTITIONS".into(), PARTITIONS.to_string());
        for (_, setting) in DOORS {
            environment.insert(setting.to_owned(), "127.0.0.1:0".to_owned());
        }
        let mut one = Self {
            launch: Launch {
                binary: hub::binary()?,
                folder: folder.path().join("process"),
                arguments: vec!["up".to_owned()],
                environment,
            },
            process: None,
            addresses: BTreeMap::new(),
            folder,
        };
        one.start_again().await?;
        Ok(one)
    }

    /// Starts the process, on the ports that it had.
    ///
    /// # Errors
    /// If it does not listen.
    pub async fn start_again(&mut self) -> Result<(), Fault> {
        let mut process = self.launch.start()?;
        process.listening(&self.launch).await?;
        self.addresses = process.addresses.clone();
        for (door, setting) in DOORS {
            if let Some(address) = self.addresses.get(door) {
                let environment = &mut self.launch.environment;
                environment.insert(setting.to_owned(), address.clone());
            }
        }
        self.process = Some(process);
        Ok(())
    }

    /// Drains the process.
    ///
    /// # Errors
    /// If it does not exit with 0.
    pub async fn stop(&mut self) -> Result<(), Fault> {
        let Some(process) = self.process.take() else {
            return Ok(());
        };
        match tokio::task::spawn_blocking(move || process.drain()).await?? {
            Some(0) => Ok(()),
            code => Err(format!("the hub exited with {code:?}").into()),
        }
    }

    /// Lets retention by size work on the log of the stopped process, until `is_enough` of some
    /// partition and its first kept offset.
    ///
    /// # Errors
    /// If it never is.
    pub async fn enforce_retention(
        &self,
        is_enough: impl Fn(u32, u64) -> bool,
    ) -> Result<(), Fault> {
        let mut config = self.log_config();
        config.retention_bytes = Some(1);
        let log = embedded::open(config)?;
        let began = Instant::now();
        let mut starts = Vec::new();
        while began.elapsed() < RETENTION {
            starts.clear();
            for partition in 0..log.partitions() {
                starts.push((partition, log.bounds(partition).await?.start));
            }
            if starts
                .iter()
                .any(|(partition, start)| is_enough(*partition, *start))
            {
                return Ok(log.close().await?);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        Err(format!("retention removed too little: {starts:?}").into())
    }

    /// The folder of the views.
    pub fn views(&self) -> std::path::PathBuf {
        self.folder.path().join("data/views")
    }

    /// A folder beside the hub's.
    pub fn scratch(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// The log of the stopped process.
    ///
    /// # Errors
    /// If it does not open.
    pub fn log(&self) -> Result<Arc<dyn EventLog>, Fault> {
        Ok(embedded::open(self.log_config())?)
    }

    fn log_config(&self) -> embedded::Config {
        let mut config = embedded::Config::new(self.folder.path().join("data/log"));
        config.segment_bytes = SEGMENT_BYTES;
        config.partitions = PARTITIONS;
        config
    }

    fn doors(&self) -> Doors {
        let address = |door: &str| self.addresses.get(door).cloned().unwrap_or_default();
        Doors::of_one(&hub::Addresses {
            adapters_grpc: address("adapters_grpc"),
            adapters_http: address("adapters_http"),
            gateway: address("gateway"),
            gateway_http: address("gateway_http"),
            metrics: address("metrics"),
        })
    }
}

/// The doors of one process and the settings that say where they are.
const DOORS: [(&str, &str); 5] = [
    ("adapters_grpc", "LIENTHONG_ADAPTERS__GRPC_LISTEN"),
    ("adapters_http", "LIENTHONG_ADAPTERS__HTTP_LISTEN"),
    ("gateway", "LIENTHONG_GATEWAY__LISTEN"),
    ("gateway_http", "LIENTHONG_GATEWAY__HTTP_LISTEN"),
    ("metrics", "LIENTHONG_METRICS__LISTEN"),
];
