//! What goes wrong: sources with a clock of their own, subscribers that do not come or fail, and
//! retention.

use lienthong_contract::time::{from_millis, now_millis};
use lienthong_simulator::system::System;
use lienthong_tests::broker::Cluster;
use lienthong_tests::facts::{Fact, source, step};
use lienthong_tests::fleet::Fleet;
use lienthong_tests::hub;
use lienthong_tests::kill::Fault;
use lienthong_tests::wire;
use std::process::{Child, Stdio};
use std::time::Duration;
use tokio::task::AbortHandle;

/// The source that reports.
pub const SOURCE: &str = "urn:lienthong:vn:H56:onestop";
/// Between two events.
const EVERY: Duration = Duration::from_millis(200);

/// The fleet and its brokers.
pub struct Stage {
    /// The services.
    pub fleet: Fleet,
    cluster: Cluster,
    adapter: String,
    gateway: String,
}

/// A process of `lienthong consume`; killed when dropped.
pub struct Consumer(Child);

impl Drop for Consumer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Stage {
    /// # Errors
    /// If a door is missing.
    pub fn new(fleet: Fleet, cluster: Cluster) -> Result<Self, Fault> {
        let doors = fleet.doors();
        let adapters = doors.adapters.get(&System::Onestop);
        let adapter = adapters.and_then(|addresses| addresses.first()).cloned();
        let gateway = doors.gateways.first().cloned();
        Ok(Self {
            fleet,
            cluster,
            adapter: adapter.ok_or("there is no adapter")?,
            gateway: gateway.ok_or("there is no gateway")?,
        })
    }

    /// Reports five events a second until aborted, by a clock that is `ahead_s` seconds ahead.
    pub fn report(&self, ahead_s: i64) -> AbortHandle {
        let adapter = self.adapter.clone();
        tokio::spawn(async move {
            for number in 0_u64.. {
                if let Ok(channel) = wire::connect(&adapter).await {
                    let fact = fact(number, ahead_s);
                    // Refused ones are seen by the alerts; the next comes anyway.
                    let _ = wire::report(&channel, &[fact]).await;
                }
                tokio::time::sleep(EVERY).await;
            }
        })
        .abort_handle()
    }

    /// Makes a subscription that nobody consumes.
    ///
    /// # Errors
    /// If it is refused.
    pub fn subscribe(&self) -> Result<(), Fault> {
        let limits = ["--max-attempts", "1", "--ack-timeout", "2"];
        self.lienthong(&[&["subscriptions", "create", "on-call"], &limits[..]].concat())
    }

    /// Deletes it.
    ///
    /// # Errors
    /// If it is refused.
    pub fn unsubscribe(&self) -> Result<(), Fault> {
        self.lienthong(&["subscriptions", "delete", "on-call", "--yes"])
    }

    /// Consumes by a command.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn consume(&self, command: &str) -> Result<Consumer, Fault> {
        let gateway = format!("http://{}", self.gateway);
        let mut consume = hub::command(&hub::binary()?);
        consume.args([
            "consume",
            "on-call",
            "--exec",
            command,
            "--gateway",
            &gateway,
        ]);
        consume
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Ok(Consumer(consume.spawn()?))
    }

    /// Sets how many seconds the topic of events keeps, or takes the setting away.
    ///
    /// # Errors
    /// What Kafka's tool said.
    pub async fn retention(&self, seconds: Option<u64>) -> Result<(), Fault> {
        let topic = self.fleet.home().topic();
        let milliseconds =
            seconds.map_or(-1, |seconds| i64::try_from(seconds * 1_000).unwrap_or(-1));
        let setting = format!("retention.ms={milliseconds}");
        let alter = [
            "tool",
            "kafka-configs.sh",
            "--alter",
            "--topic",
            &topic,
            "--add-config",
            &setting,
        ];
        self.cluster.command(&alter).await?;
        Ok(())
    }

    fn lienthong(&self, arguments: &[&str]) -> Result<(), Fault> {
        let gateway = format!("http://{}", self.gateway);
        let mut command = hub::command(&hub::binary()?);
        let done = command
            .args(arguments)
            .args(["--gateway", &gateway])
            .output()?;
        if done.status.success() {
            return Ok(());
        }
        let words = String::from_utf8_lossy(&done.stderr).into_owned();
        Err(format!("lienthong {}: {words}", arguments.join(" ")).into())
    }
}

fn fact(number: u64, ahead_s: i64) -> Fact {
    let now = now_millis() + ahead_s * 1_000;
    let id = format!("incident-{now}-{number}");
    let dossier = format!("H56.15.03-261122-{:04}", number % 500 + 1);
    let fact = Fact::new(System::Onestop, &id, &dossier, 0, step("checked"));
    debug_assert_eq!(source(System::Onestop), SOURCE);
    fact.by("H56.15.03").header(|header| {
        header.occurred_time = Some(from_millis(now - 200));
        header.sent_time = Some(from_millis(now));
    })
}
