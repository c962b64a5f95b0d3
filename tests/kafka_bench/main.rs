//! `make kafka-bench`: the hub's services in front of and behind one broker, beside the bare client
//! library doing the same on the same records, in one run.
//!
//! Every figure of the hub stands beside the floor measured in turn with it and the ratio to it: the
//! machine is shared and noisy, so only ratios compare. Prints a table and writes JSON.

mod floor;
mod intake;
mod large;
mod projection;

use clap::Parser;
use lienthong_tests::broker::{Cluster, Home, fresh_prefix};
use lienthong_tests::kill::Fault;
use lienthong_tests::measure::Outcome;
use lienthong_tests::measure::report::Report;
use std::path::PathBuf;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Benchmarks of the hub on Kafka.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where the JSON goes
    #[arg(long, default_value = "target/bench/kafka.json")]
    json: PathBuf,
    /// Seconds of each unary measurement
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Rounds of each measurement; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Events of each streaming measurement
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// Bootstrap servers of a cluster of one broker; without it one is started and stopped
    #[arg(long)]
    bootstrap: Option<String>,
    /// Only these parts: intake, projection
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Fill a topic with this many events instead, and measure a projector on it
    #[arg(long)]
    fill: Option<u64>,
    /// Prefix of that topic; one that holds as many events already is taken as it is
    #[arg(long)]
    topic_prefix: Option<String>,
    /// Where the hub's answers over that topic go, to be compared with another projection's
    #[arg(long, default_value = "target/bench/answers.json")]
    answers: PathBuf,
}

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Dropping the run ends every process that it started.
    let ended = tokio::select! {
        ended = measure(&arguments) => ended,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: &Arguments) -> Outcome<()> {
    let own = match &arguments.bootstrap {
        Some(_) => None,
        None => Some(Cluster::start(1)?),
    };
    let bootstrap = match (&arguments.bootstrap, &own) {
        (Some(bootstrap), _) => bootstrap.clone(),
        (None, Some(cluster)) => cluster.bootstrap.clone(),
        (None, None) => return Err("there is no broker".into()),
    };
    let mut report = Report::default();
    match arguments.fill {
        Some(events) => {
            let prefix = arguments.topic_prefix.clone().unwrap_or_else(fresh_prefix);
            let home = Home {
                prefix,
                ..Home::fresh(&bootstrap)
            };
            large::measure(&home, events, &arguments.answers, &mut report).await?;
            println!("topic: {}", home.topic());
        }
        None => parts(arguments, &bootstrap, &mut report).await?,
    }
    report.print();
    report.write(&arguments.json)?;
    println!("\nJSON: {}", arguments.json.display());
    Ok(())
}

async fn parts(arguments: &Arguments, bootstrap: &str, report: &mut Report) -> Result<(), Fault> {
    let wanted =
        |part: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| only == part);
    if wanted("intake") {
        intake::measure(arguments, bootstrap, report).await?;
    }
    if wanted("projection") {
        projection::measure(arguments, bootstrap, report).await?;
    }
    Ok(())
}
