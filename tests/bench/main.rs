//! `make bench`: the hub beside its floors and beside PostgreSQL, in one run.
//!
//! Every figure of the hub stands beside the floor measured in the same run and the
//! ratio to it: the machine is shared and noisy, so only ratios compare. Prints a table
//! and writes JSON.

mod floors;
mod hub;
mod jetstream;
mod postgres;
mod readers;

use clap::{Parser, Subcommand};
use lienthong_tests::measure::{Outcome, report};
use std::path::PathBuf;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Benchmarks of the hub.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Part>,
    /// Where the JSON goes.
    #[arg(long, default_value = "target/bench/report.json")]
    json: PathBuf,
    /// Seconds of each throughput measurement.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Repetitions of each throughput measurement; the median counts.
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    /// Open cases of the memory measurement.
    #[arg(long, default_value_t = 1_000_000)]
    cases: u64,
    /// Leave PostgreSQL out.
    #[arg(long)]
    without_postgres: bool,
    /// A binary of the hub before the law and the organisation came in (commit 508384d), whose
    /// rebuild is measured beside ours in the same run.
    #[arg(long, value_name = "PATH", env = "LIENTHONG_BENCH_BEFORE")]
    before: Option<PathBuf>,
    /// Dossiers of the questions.
    #[arg(long, default_value_t = 1_000_000)]
    dossiers: u64,
    /// Only these parts: ingest, latency, large, rebuild, questions, deliveries, telemetry,
    /// jetstream, postgres.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

#[derive(Subcommand)]
enum Part {
    /// The bare gRPC server that the hub is compared with. Started by the benchmark itself.
    EchoServer,
    /// The bare server stream that deliveries are compared with. Started by the benchmark itself.
    FanoutServer {
        /// Messages, each after its length.
        messages: PathBuf,
    },
    /// A collector of telemetry that counts. Started by the benchmark itself.
    Collector,
    /// Subscribers that count. Started by the benchmark itself.
    Readers(readers::Settings),
}

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    match &arguments.command {
        Some(Part::EchoServer) => return runtime.block_on(floors::echo::serve()),
        Some(Part::Collector) => return runtime.block_on(floors::collector::serve()),
        Some(Part::FanoutServer { messages }) => {
            return runtime.block_on(floors::fanout::serve(messages));
        }
        Some(Part::Readers(settings)) => return runtime.block_on(readers::serve(settings.clone())),
        None => {}
    }
    let report = runtime.block_on(measure(&arguments))?;
    report.print();
    report.write(&arguments.json)?;
    println!("\nJSON: {}", arguments.json.display());
    Ok(())
}

async fn measure(arguments: &Arguments) -> Outcome<report::Report> {
    let wanted =
        |part: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| only == part);
    let mut report = report::Report::default();
    let disk = floors::disk::measure()?;
    report.floor("fdatasync p50", disk.fdatasync_p50_us, "us");
    report.floor("fdatasync p99", disk.fdatasync_p99_us, "us");
    if wanted("ingest") {
        hub::ingest::measure(arguments, &mut report).await?;
    }
    if wanted("latency") {
        hub::latency::measure(arguments, &disk, &mut report).await?;
    }
    if wanted("large") {
        hub::large::measure(arguments, &mut report).await?;
    }
    if wanted("rebuild") {
        hub::rebuild::measure(arguments, &mut report).await?;
    }
    if wanted("questions") {
        hub::questions::measure(arguments, &mut report).await?;
    }
    if wanted("deliveries") {
        hub::deliveries::measure(arguments, &disk, &mut report).await?;
    }
    if wanted("telemetry") {
        hub::telemetry::measure(arguments, &mut report).await?;
    }
    if wanted("jetstream") {
        jetstream::measure(arguments, &mut report).await?;
    }
    if wanted("postgres") && !arguments.without_postgres {
        postgres::measure(arguments, &mut report).await?;
    }
    Ok(report)
}
