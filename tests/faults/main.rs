//! `make faults`: three brokers, the separate services on top, constant load, and one thing after
//! the other that goes wrong. Prints a row a scenario and writes JSON; exit code 1 if anything was
//! lost, doubled, out of order or different from a rebuild.

use clap::Parser;
use comfy_table::Table;
use lienthong_tests::broker::{Cluster, Home};
use lienthong_tests::faults::{Row, Scenario, Settings, run};
use lienthong_tests::fleet::{Grouping, Shape};
use lienthong_tests::kill::Fault;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Scenarios of a run without arguments.
const USUAL: [Scenario; 8] = [
    Scenario::BrokerKill,
    Scenario::BrokerRolling,
    Scenario::BrokerPause,
    Scenario::AdapterKill,
    Scenario::ProjectorKill,
    Scenario::GatewayKill,
    Scenario::ProjectorScale,
    Scenario::ResendAll,
];

/// Lets things go wrong under load and checks what is left.
#[derive(Debug, Parser)]
struct Arguments {
    /// Which; without any: every one but each-once
    #[arg(value_enum)]
    scenarios: Vec<Scenario>,
    /// Events a second
    #[arg(long, default_value_t = 2_000)]
    rate: u32,
    /// Clients, each with connections of its own
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Seconds of load for each scenario, at least; it goes on while the fault does
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Decides the load
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Adapters of each system
    #[arg(long, default_value_t = 2)]
    adapters: usize,
    /// Projector instances of each view
    #[arg(long, default_value_t = 2)]
    projectors: usize,
    /// Gateways
    #[arg(long, default_value_t = 2)]
    gateways: usize,
    /// A process for each system and each view, not one for all of them
    #[arg(long)]
    each_its_own: bool,
    /// Seconds that a projector may be away before its partitions go to others, at least 6
    #[arg(long, default_value_t = 10)]
    session_s: u64,
    /// Brokers, 1 or 3
    #[arg(long, default_value_t = 3)]
    brokers: u16,
    /// Where the JSON goes
    #[arg(long, default_value = "target/faults/report.json")]
    json: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Dropping the run ends every process that it started.
    let ended = tokio::select! {
        ended = faults(&arguments) => ended,
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

async fn faults(arguments: &Arguments) -> Result<bool, Fault> {
    let settings = Settings {
        shape: Shape {
            adapters: arguments.adapters,
            projectors: arguments.projectors,
            gateways: arguments.gateways,
            grouping: match arguments.each_its_own {
                true => Grouping::EachItsOwn,
                false => Grouping::Together,
            },
        },
        seed: arguments.seed,
        rate: arguments.rate,
        connections: arguments.connections,
        length: Duration::from_secs(arguments.seconds),
        session: Duration::from_secs(arguments.session_s),
        keep: PathBuf::from("target/faults"),
    };
    let scenarios = match arguments.scenarios.as_slice() {
        [] => USUAL.to_vec(),
        named => named.to_vec(),
    };
    let cluster = Cluster::start(arguments.brokers)?;
    println!(
        "{} broker(s), {} events/s from {} clients, seed {}",
        cluster.brokers, settings.rate, settings.connections, settings.seed
    );
    let mut rows = Vec::new();
    let mut clean = true;
    for scenario in scenarios {
        let home: Home = cluster.fresh_home();
        match run(&home, Some(&cluster), scenario, &settings).await {
            Ok(row) => {
                clean &= row.is_clean();
                rows.push(row);
            }
            Err(fault) => {
                clean = false;
                println!("{}: {fault}", scenario.name());
            }
        }
        if let Some(row) = rows.last() {
            tell(row);
        }
        write(arguments, &rows)?;
        // A broker that the scenario left away or standing still must not spoil the next one.
        cluster.command(&["in-sync"]).await?;
    }
    show(&rows);
    println!("JSON: {}", arguments.json.display());
    println!("{}", if clean { "CLEAN" } else { "FAULTS FOUND" });
    Ok(clean)
}

fn tell(row: &Row) {
    eprintln!(
        "  {}: {} acknowledged in {:.0} s, {}",
        row.scenario,
        row.acknowledged,
        row.seconds,
        if row.is_clean() { "clean" } else { "FAULTS" }
    );
    for what in &row.found.strange {
        eprintln!("    {what}");
    }
}

fn write(arguments: &Arguments, rows: &[Row]) -> Result<(), Fault> {
    if let Some(folder) = arguments.json.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&arguments.json, serde_json::to_vec_pretty(rows)?)?;
    Ok(())
}

fn show(rows: &[Row]) {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_BORDERS_ONLY);
    table.set_header([
        "scenario",
        "acknowledged",
        "events/s",
        "lost",
        "twice",
        "not applied",
        "order breaks",
        "digests equal",
        "longest without ack, s",
        "largest lag, s",
        "own event shown after, s",
        "lag untold, s",
        "senders' errors",
        "askers' errors",
    ]);
    for row in rows {
        let found = &row.found;
        table.add_row([
            row.scenario.clone(),
            row.acknowledged.to_string(),
            format!("{:.0}", row.rate),
            (found.lost + found.misplaced).to_string(),
            found.applied_twice.to_string(),
            found.not_applied.to_string(),
            found.order_breaks.to_string(),
            format!(
                "{} of {}",
                found.digests - found.digests_different,
                found.digests
            ),
            format!("{:.2}", row.longest_silence_s),
            format!("{:.2}", row.staleness.lag_s),
            format!("{:.2}", row.staleness.shown_after_s),
            format!("{:.2}", row.staleness.untold_s),
            words(&row.errors),
            words(&row.staleness.errors),
        ]);
    }
    println!("{table}");
}

fn words(errors: &BTreeMap<String, u64>) -> String {
    let errors = errors.iter().map(|(code, count)| format!("{code} {count}"));
    errors.collect::<Vec<_>>().join(", ")
}
