//! What goes wrong, done.

use super::Scenario;
use crate::broker::Cluster;
use crate::fleet::{Fleet, Kind};
use crate::kill::Fault;
use std::time::Duration;

/// How long a killed broker is away.
const BROKER_AWAY: Duration = Duration::from_secs(8);
/// How long a broker stands still.
const BROKER_STILL: Duration = Duration::from_secs(30);
/// How long a supervisor takes to start a service again.
const SUPERVISOR: Duration = Duration::from_secs(1);

/// Lets the scenario happen; comes back when it is over.
///
/// # Errors
/// If a service or a broker does not come back, or the scenario needs a cluster and there is none.
pub async fn act(
    fleet: &mut Fleet,
    cluster: Option<&Cluster>,
    scenario: Scenario,
    length: Duration,
) -> Result<(), Fault> {
    let brokers = || cluster.ok_or("the scenario needs brokers of its own");
    match scenario {
        Scenario::BrokerKill => {
            let cluster = brokers()?;
            let leader = cluster.leader_of(&fleet.home().topic()).await?;
            cluster.command(&["kill", &leader]).await?;
            tokio::time::sleep(BROKER_AWAY).await;
            cluster.command(&["start", &leader]).await.map(|_| ())
        }
        Scenario::BrokerRolling => {
            let cluster = brokers()?;
            for number in 1..=cluster.brokers {
                cluster.command(&["restart", &number.to_string()]).await?;
            }
            Ok(())
        }
        Scenario::BrokerPause => {
            let cluster = brokers()?;
            let leader = cluster.leader_of(&fleet.home().topic()).await?;
            cluster.command(&["pause", &leader]).await?;
            tokio::time::sleep(BROKER_STILL).await;
            cluster.command(&["resume", &leader]).await.map(|_| ())
        }
        Scenario::AdapterKill => each_in_turn(fleet, Kind::Adapter, length).await,
        Scenario::ProjectorKill => each_in_turn(fleet, Kind::Projector, length).await,
        Scenario::GatewayKill => each_in_turn(fleet, Kind::Gateway, length).await,
        Scenario::ProjectorScale => {
            let number = fleet.add_projector().await?;
            fleet.ready(Kind::Projector, number).await?;
            tokio::time::sleep(length / 4).await;
            fleet.stop(Kind::Projector, number).await
        }
        Scenario::ResendAll => {
            for _ in 0..2 {
                each_in_turn(fleet, Kind::Adapter, length / 3).await?;
            }
            Ok(())
        }
        Scenario::EachOnce => {
            for kind in [Kind::Adapter, Kind::Projector, Kind::Gateway] {
                kill_and_restart(fleet, kind, 1, Duration::ZERO).await?;
            }
            Ok(())
        }
    }
}

/// Kills every service of a kind, one after another over two thirds of the length.
async fn each_in_turn(fleet: &mut Fleet, kind: Kind, length: Duration) -> Result<(), Fault> {
    let count = fleet.count(kind);
    let between = length * 2 / 3 / u32::try_from(count.max(1))?;
    for number in 1..=count {
        kill_and_restart(fleet, kind, number, SUPERVISOR).await?;
        tokio::time::sleep(between.saturating_sub(SUPERVISOR)).await;
    }
    Ok(())
}

async fn kill_and_restart(
    fleet: &mut Fleet,
    kind: Kind,
    number: usize,
    after: Duration,
) -> Result<(), Fault> {
    fleet.kill(kind, number)?;
    tokio::time::sleep(after).await;
    fleet.start_again(kind, number).await?;
    fleet.ready(kind, number).await
}
