//! What is done to the hub while everybody subscribes.

use super::check::Outage;
use super::doors::{Door, Gateways};
use crate::broker::Cluster;
use crate::fleet::{Fleet, Kind};
use crate::hub::{self, Hub, Options};
use crate::kill::Fault;
use crate::process::signal;
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// How long a supervisor takes to start a service again.
const SUPERVISOR: Duration = Duration::from_secs(1);
/// How long a killed broker is away.
const BROKER_AWAY: Duration = Duration::from_secs(8);
/// How long a gateway stands still: longer than its session.
const STILL: Duration = Duration::from_secs(15);

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// Nothing; one process on the embedded log.
    Embedded,
    /// The whole hub of one process is killed again and again (SIGKILL).
    HubKill,
    /// The same hub is drained and started again.
    HubRestart,
    /// Nothing; separate services on Kafka.
    Services,
    /// Every gateway in turn is killed and started again.
    GatewayKill,
    /// A gateway is killed and stays away.
    GatewayLost,
    /// Every gateway in turn is drained and started again.
    GatewayRolling,
    /// A gateway joins, and leaves later.
    GatewayScale,
    /// A gateway stands still for longer than its session, and goes on as if nothing had happened.
    GatewayPause,
    /// A projector is killed and started again.
    ProjectorKill,
    /// The broker that leads most partitions is killed and started again.
    BrokerKill,
    /// All brokers are restarted, one after another.
    BrokerRolling,
}

impl Scenario {
    /// As the command line calls it.
    pub fn name(self) -> String {
        let value = clap::ValueEnum::to_possible_value(&self);
        value.map_or(String::new(), |value| value.get_name().to_owned())
    }

    /// Whether it is one process on the embedded log.
    pub fn is_embedded(self) -> bool {
        matches!(
            self,
            Scenario::Embedded | Scenario::HubKill | Scenario::HubRestart
        )
    }

    /// Whether it needs brokers of its own.
    pub fn is_of_brokers(self) -> bool {
        matches!(self, Scenario::BrokerKill | Scenario::BrokerRolling)
    }
}

/// The hub under test.
pub enum Target<'a> {
    /// One process, and how it is started again on the same ports.
    One(Box<Option<Hub>>, Options),
    /// Separate services.
    Many(Box<Fleet>, Option<&'a Cluster>),
}

impl Target<'_> {
    /// Where its gateways are.
    pub fn doors(&self) -> Vec<Door> {
        match self {
            Target::One(hub, _) => {
                let addresses = hub.as_ref().as_ref().map(|hub| hub.addresses.clone());
                let addresses = addresses.into_iter();
                addresses
                    .map(|addresses| Door {
                        grpc: addresses.gateway,
                        http: addresses.gateway_http,
                    })
                    .collect()
            }
            Target::Many(fleet, _) => doors_of(fleet),
        }
    }
}

/// The gateways of a fleet, running or not.
pub fn doors_of(fleet: &Fleet) -> Vec<Door> {
    let doors = fleet.doors();
    let both = doors.gateways.into_iter().zip(doors.gateways_http);
    both.map(|(grpc, http)| Door { grpc, http }).collect()
}

/// Does it once; comes back when it is over and `settled` has passed.
///
/// # Errors
/// If a service or broker does not come back.
pub async fn act(
    target: &mut Target<'_>,
    gateways: &Gateways,
    scenario: Scenario,
    settled: Duration,
    outages: &mut Vec<Outage>,
) -> Result<(), Fault> {
    match target {
        Target::One(hub, options) => of_one(hub, options, scenario, outages).await?,
        Target::Many(fleet, cluster) => {
            of_many(fleet, *cluster, gateways, (scenario, settled), outages).await?;
        }
    }
    tokio::time::sleep(settled).await;
    Ok(())
}

async fn of_one(
    hub: &mut Option<Hub>,
    options: &Options,
    scenario: Scenario,
    outages: &mut Vec<Outage>,
) -> Result<(), Fault> {
    if scenario == Scenario::Embedded {
        return Ok(());
    }
    let from = Instant::now();
    let running = hub.take().ok_or("the hub does not run")?;
    let options = options.clone();
    let kills = scenario == Scenario::HubKill;
    let started = tokio::task::spawn_blocking(move || {
        if kills {
            running.kill()?;
        } else if running.drain()? != Some(0) {
            return Err(std::io::Error::other("the hub did not exit with 0"));
        }
        hub::start(&options)
    });
    *hub = Some(started.await??);
    outages.push(Outage {
        what: scenario.name(),
        from,
        until: Instant::now(),
    });
    Ok(())
}

async fn of_many(
    fleet: &mut Fleet,
    cluster: Option<&Cluster>,
    gateways: &Gateways,
    (scenario, settled): (Scenario, Duration),
    outages: &mut Vec<Outage>,
) -> Result<(), Fault> {
    let count = fleet.count(Kind::Gateway);
    let brokers = || cluster.ok_or("the scenario needs brokers of its own");
    let mut over = |from| {
        outages.push(Outage {
            what: scenario.name(),
            from,
            until: Instant::now(),
        });
    };
    let from = Instant::now();
    match scenario {
        Scenario::Embedded | Scenario::HubKill | Scenario::HubRestart => {
            return Err("the scenario is of one process".into());
        }
        Scenario::Services => {}
        Scenario::GatewayKill | Scenario::GatewayRolling => {
            for number in 1..=count {
                let from = Instant::now();
                if scenario == Scenario::GatewayKill {
                    fleet.kill(Kind::Gateway, number)?;
                    tokio::time::sleep(SUPERVISOR).await;
                } else {
                    fleet.stop(Kind::Gateway, number).await?;
                }
                fleet.start_again(Kind::Gateway, number).await?;
                fleet.ready(Kind::Gateway, number).await?;
                over(from);
                tokio::time::sleep(settled).await;
            }
        }
        Scenario::GatewayLost => {
            fleet.kill(Kind::Gateway, count)?;
            tokio::time::sleep(settled).await;
            fleet.start_again(Kind::Gateway, count).await?;
            fleet.ready(Kind::Gateway, count).await?;
            over(from);
        }
        Scenario::GatewayScale => {
            let number = fleet.add(Kind::Gateway, &[])?;
            fleet.start_again(Kind::Gateway, number).await?;
            fleet.ready(Kind::Gateway, number).await?;
            gateways.set(doors_of(fleet));
            over(from);
            tokio::time::sleep(settled).await;
            let from = Instant::now();
            let mut others = doors_of(fleet);
            others.truncate(number - 1);
            gateways.set(others);
            fleet.stop(Kind::Gateway, number).await?;
            over(from);
        }
        Scenario::GatewayPause => {
            let pid = fleet.process(Kind::Gateway, 1)?.pid();
            signal(pid, Signal::STOP)?;
            tokio::time::sleep(STILL).await;
            signal(pid, Signal::CONT)?;
            over(from);
        }
        Scenario::ProjectorKill => {
            fleet.kill(Kind::Projector, 1)?;
            tokio::time::sleep(SUPERVISOR).await;
            fleet.start_again(Kind::Projector, 1).await?;
            fleet.ready(Kind::Projector, 1).await?;
            over(from);
        }
        Scenario::BrokerKill => {
            let cluster = brokers()?;
            let leader = cluster.leader_of(&fleet.home().topic()).await?;
            cluster.command(&["kill", &leader]).await?;
            tokio::time::sleep(BROKER_AWAY).await;
            cluster.command(&["start", &leader]).await?;
            over(from);
        }
        Scenario::BrokerRolling => {
            let cluster = brokers()?;
            for number in 1..=cluster.brokers {
                cluster.command(&["restart", &number.to_string()]).await?;
            }
            over(from);
        }
    }
    Ok(())
}
