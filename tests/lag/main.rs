//! `make lag-truth`: what `kafka-consumer-groups.sh --describe` prints, what `lienthong lag` prints,
//! and what the sender knows, in the same second: idle, in a burst, and with the projector stopped.
//! Exit code 1 where they disagree.

mod ours;
mod sender;
mod table;
mod tool;

use clap::Parser;
use lienthong_tests::broker::{Cluster, Home};
use lienthong_tests::fleet::asker::Asker;
use lienthong_tests::fleet::{Fleet, Grouping, Kind, Shape};
use lienthong_tests::kill::Fault;
use ours::Sample;
use sender::Truth;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use table::Phase;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// From the first sample until Kafka's tool is run: longer than from a checkpoint until its offset is
/// committed.
const BEFORE: Duration = Duration::from_secs(3);
/// Longer than from an event until its offset is committed.
const SETTLED: Duration = Duration::from_secs(3);

/// Compares the lag that Kafka's own tool prints with ours and with the truth.
#[derive(Debug, Parser)]
struct Arguments {
    /// Seconds of the burst before and while it is looked at
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Where the JSON goes
    #[arg(long, default_value = "target/bench/lag.json")]
    json: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Dropping the run ends every process that it started.
    let ended = tokio::select! {
        ended = compare(&arguments) => ended,
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

async fn compare(arguments: &Arguments) -> Result<bool, Fault> {
    let cluster = Cluster::start(1)?;
    let home = cluster.fresh_home();
    let shape = Shape {
        adapters: 1,
        projectors: 1,
        gateways: 1,
        grouping: Grouping::Together,
    };
    let mut fleet = Fleet::start(&home, shape, &[]).await?;
    let doors = fleet.doors();
    let truth = Arc::new(Truth::new(&doors)?);
    let mut phases = Vec::new();

    truth.send(2_000).await?;
    Asker::new(&doors, PATIENCE)?
        .caught_up(&truth.reached())
        .await?;
    tokio::time::sleep(SETTLED).await;
    phases.push(look("idle", &cluster, &home, &fleet).await?);

    let over = Arc::new(AtomicBool::new(false));
    let burst = tokio::spawn(truth.clone().burst(over.clone()));
    tokio::time::sleep(Duration::from_secs(arguments.seconds)).await;
    let looked = look("burst", &cluster, &home, &fleet).await;
    over.store(true, Ordering::SeqCst);
    burst.await??;
    phases.push(looked?);

    Asker::new(&doors, PATIENCE)?
        .caught_up(&truth.reached())
        .await?;
    fleet.stop(Kind::Projector, 1).await?;
    truth.send(500).await?;
    tokio::time::sleep(SETTLED).await;
    phases.push(look("projector stopped", &cluster, &home, &fleet).await?);

    fleet.keep_outputs(&arguments.json.with_extension("outputs"))?;
    let verdicts = phases.iter().map(|phase| phase.judge(&truth));
    let verdicts: Vec<_> = verdicts.collect();
    table::show(&phases, &verdicts, &truth);
    table::write(&arguments.json, &phases, &verdicts)?;
    println!("JSON: {}", arguments.json.display());
    let agree = verdicts.iter().all(table::Verdict::agrees);
    println!("{}", if agree { "AGREE" } else { "DISAGREE" });
    Ok(agree)
}

/// Runs Kafka's tool, and `lienthong lag` again and again from before until it has ended.
async fn look(
    name: &'static str,
    cluster: &Cluster,
    home: &Home,
    fleet: &Fleet,
) -> Result<Phase, Fault> {
    let over = Arc::new(AtomicBool::new(false));
    let samples = tokio::spawn(ours::sample(fleet.doors(), over.clone()));
    tokio::time::sleep(BEFORE).await;
    let told = tool::describe(cluster, home).await;
    over.store(true, Ordering::SeqCst);
    let samples: Vec<Sample> = samples.await??;
    Ok(Phase {
        name,
        told: told?,
        samples,
    })
}
