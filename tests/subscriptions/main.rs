//! `make subscriptions`: everybody subscribes in every way at once, the simulator reports, and one
//! thing after the other goes wrong. Prints a table a scenario and writes JSON; exit code 1 if
//! anything was not told, out of order, wrongly numbered, or told again without a cause.

use clap::Parser;
use comfy_table::Table;
use lienthong_tests::broker::Cluster;
use lienthong_tests::fleet::{Grouping, Shape};
use lienthong_tests::kill::Fault;
use lienthong_tests::subscribers::check::Verdict;
use lienthong_tests::subscribers::{Row, Scenario, Settings, embedded, services};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Scenarios of a run without arguments.
const USUAL: [Scenario; 11] = [
    Scenario::HubKill,
    Scenario::HubRestart,
    Scenario::Services,
    Scenario::GatewayKill,
    Scenario::GatewayLost,
    Scenario::GatewayRolling,
    Scenario::GatewayScale,
    Scenario::GatewayPause,
    Scenario::ProjectorKill,
    Scenario::BrokerKill,
    Scenario::BrokerRolling,
];

/// Proves that subscriptions miss nothing.
#[derive(Debug, Parser)]
struct Arguments {
    /// Which; without any: every one but embedded
    #[arg(value_enum)]
    scenarios: Vec<Scenario>,
    /// Events a second
    #[arg(long, default_value_t = 400)]
    rate: u32,
    /// Clients that send
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Times that each scenario happens
    #[arg(long, default_value_t = 2)]
    times: u32,
    /// Seconds that a disturbance takes to settle
    #[arg(long, default_value_t = 12)]
    settled_s: u64,
    /// Seconds of load before and after
    #[arg(long, default_value_t = 8)]
    margin_s: u64,
    /// Decides the load and what subscribers do
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Gateways
    #[arg(long, default_value_t = 3)]
    gateways: usize,
    /// Brokers, 1 or 3
    #[arg(long, default_value_t = 3)]
    brokers: u16,
    /// Where the JSON goes
    #[arg(long, default_value = "target/subscriptions/report.json")]
    json: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Dropping the run ends every process that it started.
    let ended = tokio::select! {
        ended = subscriptions(&arguments) => ended,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

async fn subscriptions(arguments: &Arguments) -> Result<bool, Fault> {
    let settings = Settings {
        seed: arguments.seed,
        rate: arguments.rate,
        connections: arguments.connections,
        shape: Shape {
            adapters: 2,
            projectors: 1,
            gateways: arguments.gateways,
            grouping: Grouping::Together,
        },
        times: arguments.times,
        settled: Duration::from_secs(arguments.settled_s),
        margin: Duration::from_secs(arguments.margin_s),
        patience: Duration::from_secs(120),
        keep: PathBuf::from("target/subscriptions"),
    };
    let scenarios = match arguments.scenarios.as_slice() {
        [] => USUAL.to_vec(),
        named => named.to_vec(),
    };
    let needs_brokers = scenarios.iter().any(|scenario| !scenario.is_embedded());
    let cluster = match needs_brokers {
        true => Some(Cluster::start(arguments.brokers)?),
        false => None,
    };
    let mut rows = Vec::new();
    let mut clean = true;
    for scenario in scenarios {
        eprintln!("{}", scenario.name());
        match one(scenario, cluster.as_ref(), &settings).await {
            Ok(row) => {
                clean &= row.is_clean();
                show(&row);
                rows.push(row);
            }
            Err(fault) => {
                clean = false;
                println!("{}: {fault}", scenario.name());
            }
        }
        if let Some(folder) = arguments.json.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&arguments.json, serde_json::to_vec_pretty(&rows)?)?;
        if let Some(cluster) = &cluster {
            // A broker that the scenario left away must not spoil the next one.
            cluster.command(&["in-sync"]).await?;
        }
    }
    println!("JSON: {}", arguments.json.display());
    println!("{}", if clean { "CLEAN" } else { "FAULTS FOUND" });
    Ok(clean)
}

async fn one(
    scenario: Scenario,
    cluster: Option<&Cluster>,
    settings: &Settings,
) -> Result<Row, Fault> {
    match cluster {
        Some(cluster) if !scenario.is_embedded() => {
            services(&cluster.fresh_home(), Some(cluster), scenario, settings).await
        }
        _ => {
            let folder = tempfile::TempDir::with_prefix("lienthong-subscriptions-")?;
            embedded(folder.path(), scenario, settings).await
        }
    }
}

fn show(row: &Row) {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_BORDERS_ONLY);
    table.set_header([
        "way",
        "accepted",
        "told",
        "lost",
        "strangers",
        "order breaks",
        "gaps",
        "renumbered",
        "manifests equal",
        "read again",
        "parked",
        "streams",
        "again, by cause",
        "without cause",
        "longest silence, s",
    ]);
    for way in &row.ways {
        table.add_row(cells(way));
    }
    println!(
        "{}: {:.0} s, {} events acknowledged ({} sendings of {}), everybody complete {:.1} s later; senders' errors: {}",
        row.scenario,
        row.seconds,
        row.acknowledged,
        row.attempts,
        row.sent,
        row.complete_after_s,
        words(&row.errors),
    );
    println!("{table}");
    let said = row.ways.iter().flat_map(|way| {
        let name = &way.way;
        way.strange
            .iter()
            .map(move |words| format!("{name}: {words}"))
    });
    for words in said.chain(row.strange.iter().cloned()) {
        println!("  {words}");
    }
    println!("  {}", if row.is_clean() { "clean" } else { "FAULTS" });
}

fn cells(way: &Verdict) -> [String; 15] {
    let silence = way.silences_s.values().copied().fold(0.0, f64::max);
    [
        way.way.clone(),
        way.must.to_string(),
        way.told.to_string(),
        way.lost.to_string(),
        way.strangers.to_string(),
        way.order_breaks.to_string(),
        way.gaps.to_string(),
        way.renumbered.to_string(),
        format!(
            "{} of {}",
            way.manifests - way.manifests_different.min(way.manifests),
            way.manifests
        ),
        format!(
            "{} of {}",
            way.read_again - way.read_wrong.min(way.read_again),
            way.read_again
        ),
        way.parked.to_string(),
        way.sessions.to_string(),
        words(&way.repeated),
        way.unexplained.to_string(),
        format!("{silence:.1}"),
    ]
}

fn words(counts: &BTreeMap<String, u64>) -> String {
    let counts = counts.iter().map(|(what, count)| format!("{what} {count}"));
    counts.collect::<Vec<_>>().join(", ")
}
