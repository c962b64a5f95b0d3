//! Apache Kafka for tests: a broker given by the environment, or a cluster of one's own by
//! `deploy/kafka/kafka.sh`.

use crate::kill::Fault;
use lienthong_eventlog::EventLog;
use lienthong_eventlog::kafka;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

/// Names the bootstrap servers of a cluster of one broker.
const GIVEN: &str = "LIENTHONG_TEST_KAFKA";

/// Where a log on Kafka is, and what its topics are made with.
#[derive(Debug, Clone)]
pub struct Home {
    /// `host:port` of some brokers, separated by commas.
    pub bootstrap: String,
    /// What the names of topics and groups begin with.
    pub prefix: String,
    /// Partitions of the topic of events.
    pub partitions: u32,
    /// Copies of each partition.
    pub replication: u16,
    /// How many of them must be in sync.
    pub min_insync_replicas: u16,
}

impl Home {
    /// A home that nobody used before, on a cluster of one broker.
    pub fn fresh(bootstrap: &str) -> Self {
        Self {
            bootstrap: bootstrap.to_owned(),
            prefix: fresh_prefix(),
            partitions: 4,
            replication: 1,
            min_insync_replicas: 1,
        }
    }

    /// The setting `log.home`.
    pub fn url(&self) -> String {
        format!("kafka://{}/{}", self.bootstrap, self.prefix)
    }

    /// The topic of events.
    pub fn topic(&self) -> String {
        format!("{}.events.v1", self.prefix)
    }

    /// The group of a view's projectors.
    pub fn group(&self, view: &str) -> String {
        format!("{}.projector.{view}", self.prefix)
    }

    /// The settings of a service that uses it.
    pub fn environment(&self) -> BTreeMap<String, String> {
        [
            ("LIENTHONG_LOG", self.url()),
            ("LIENTHONG_LOG__PARTITIONS", self.partitions.to_string()),
            (
                "LIENTHONG_LOG__KAFKA__REPLICATION",
                self.replication.to_string(),
            ),
            (
                "LIENTHONG_LOG__KAFKA__MIN_INSYNC_REPLICAS",
                self.min_insync_replicas.to_string(),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// Opens the log of events.
    ///
    /// # Errors
    /// If the cluster does not answer or the topic is another than the settings say.
    pub async fn log(&self) -> Result<Arc<dyn EventLog>, Fault> {
        let mut config = kafka::Config::new(&self.bootstrap, self.topic());
        config.partitions = self.partitions;
        config.replication = self.replication;
        config.min_insync_replicas = self.min_insync_replicas;
        Ok(kafka::open(config).await?.log)
    }
}

/// A prefix that no topic has yet.
pub fn fresh_prefix() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = now.map_or(0, |since| since.as_millis());
    format!("t{millis}-{:04x}", rand::random::<u16>())
}

/// The bootstrap servers of the test broker. Without one: under `CI=true` an error, elsewhere none,
/// and `what` is noted in `target/left_out.txt` and said on standard error.
///
/// # Errors
/// Under `CI=true` without a broker, or if the note cannot be written.
pub fn given(what: &str) -> Result<Option<String>, Fault> {
    if let Some(bootstrap) = std::env::var(GIVEN).ok().filter(|value| !value.is_empty()) {
        return Ok(Some(bootstrap));
    }
    let fix = format!("set {GIVEN}, or run make test");
    crate::left_out::leave_out(what, &fix)?;
    Ok(None)
}

/// A cluster of one's own; stopped when dropped.
pub struct Cluster {
    run: TempDir,
    /// Number of brokers, from 1.
    pub brokers: u16,
    /// `host:port` of all of them.
    pub bootstrap: String,
}

impl Cluster {
    /// Starts `brokers` brokers and waits until they answer.
    ///
    /// # Errors
    /// What the script said.
    pub fn start(brokers: u16) -> Result<Self, Fault> {
        let run = TempDir::with_prefix("lienthong-kafka-")?;
        let mut cluster = Self {
            run,
            brokers,
            bootstrap: String::new(),
        };
        cluster.control(&["up", &brokers.to_string()])?;
        let bootstrap = std::fs::read_to_string(cluster.run.path().join("bootstrap"))?;
        cluster.bootstrap = bootstrap.trim().to_owned();
        Ok(cluster)
    }

    /// The folder of its state.
    pub fn folder(&self) -> &Path {
        self.run.path()
    }

    /// A home that nobody used before: three copies with two in sync where there are three brokers.
    pub fn fresh_home(&self) -> Home {
        Home {
            replication: self.brokers,
            min_insync_replicas: self.brokers.min(2),
            ..Home::fresh(&self.bootstrap)
        }
    }

    /// Runs `kafka.sh ARGUMENTS` on this cluster and gives what it printed.
    ///
    /// # Errors
    /// If it fails: what it said.
    pub fn control(&self, arguments: &[&str]) -> Result<String, Fault> {
        control(self.run.path(), arguments)
    }

    /// As [`Cluster::control`], without holding up the runtime.
    ///
    /// # Errors
    /// If it fails: what it said.
    pub async fn command(&self, arguments: &[&str]) -> Result<String, Fault> {
        let run = self.run.path().to_owned();
        let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
        tokio::task::spawn_blocking(move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            control(&run, &arguments)
        })
        .await?
    }

    /// The broker that leads most partitions of a topic.
    ///
    /// # Errors
    /// If the cluster does not tell.
    pub async fn leader_of(&self, topic: &str) -> Result<String, Fault> {
        let told = self.command(&["leader-of", topic]).await?;
        let first = told.split_whitespace().next();
        first
            .map(str::to_owned)
            .ok_or_else(|| "nobody leads the topic".into())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Err(fault) = self.control(&["down"]) {
            eprintln!("the brokers were not stopped in order: {fault}");
        }
    }
}

/// Runs `kafka.sh` for the cluster kept in `run`.
///
/// # Errors
/// If it fails: what it said.
pub fn control(run: &Path, arguments: &[&str]) -> Result<String, Fault> {
    let output = Command::new(root().join("deploy/kafka/kafka.sh"))
        .args(arguments)
        .env("LIENTHONG_KAFKA_RUN", run)
        .stdin(Stdio::null())
        .output()?;
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(out);
    }
    let err = String::from_utf8_lossy(&output.stderr);
    let arguments = arguments.join(" ");
    Err(format!("kafka.sh {arguments}: {}\n{out}{err}", output.status).into())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
        .to_owned()
}
