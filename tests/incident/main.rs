//! `make incident`: a real Prometheus scrapes the hub's services, evaluates the shipped rules (twenty
//! times as fast) and is asked what fires while things go wrong one after the other. Exit code 1 if
//! anything but the expected alerts fires, one of them does not, comes in another order, lacks a label,
//! links to a page that is not served, or does not end.

mod act;
mod prometheus;
mod scale;
mod watch;

use act::Stage;
use clap::Parser;
use lienthong_tests::broker::Cluster;
use lienthong_tests::fleet::{Fleet, Grouping, Kind, Shape};
use lienthong_tests::kill::Fault;
use prometheus::{Prometheus, Target};
use std::process::ExitCode;
use std::time::Duration;
use watch::{Expected, Watch, expect};

/// How much faster than shipped the rules are.
const FACTOR: u64 = 20;

/// A staged incident under a real Prometheus.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where the hub's and Prometheus' words are kept
    #[arg(long, default_value = "target/incident")]
    keep: std::path::PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Dropping the run ends every process that it started.
    let ended = tokio::select! {
        ended = incident(&arguments) => ended,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    };
    match ended {
        Ok(()) => {
            println!("The alerts that fired are the right ones, in the right order.");
            ExitCode::SUCCESS
        }
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

async fn incident(arguments: &Arguments) -> Result<(), Fault> {
    let cluster = Cluster::start(1)?;
    let home = cluster.fresh_home();
    let shape = Shape {
        adapters: 1,
        projectors: 2,
        gateways: 1,
        grouping: Grouping::Together,
    };
    let settings = [
        ("LIENTHONG_PROBE__EVERY_MS", "500"),
        ("LIENTHONG_PROBE__LOST_AFTER_MS", "3000"),
        ("LIENTHONG_TELEMETRY__OWNERS__ADAPTERS", "intake"),
        ("LIENTHONG_TELEMETRY__OWNERS__LOG", "brokers"),
        ("LIENTHONG_TELEMETRY__OWNERS__PROJECTORS", "views"),
        ("LIENTHONG_TELEMETRY__OWNERS__GATEWAYS", "gateways"),
    ];
    let fleet = Fleet::start(&home, shape, &settings).await?;
    let targets = [
        (Kind::Adapter, 1),
        (Kind::Projector, 1),
        (Kind::Projector, 2),
        (Kind::Gateway, 1),
    ];
    let mut addresses = Vec::new();
    for (kind, number) in targets {
        addresses.push(Target {
            service: kind.name(),
            address: fleet.process(kind, number)?.address("metrics")?,
        });
    }
    std::fs::create_dir_all(&arguments.keep)?;
    let folder = tempfile::TempDir::with_prefix("lienthong-incident-")?;
    let prometheus = Prometheus::start(folder.path(), &addresses, FACTOR).await?;
    let mut watch = Watch::new(prometheus);
    let mut stage = Stage::new(fleet, cluster)?;
    let ended = play(&mut stage, &mut watch).await;
    stage.fleet.keep_outputs(&arguments.keep)?;
    let said = folder.path().join("prometheus.out");
    std::fs::copy(said, arguments.keep.join("prometheus.out"))?;
    watch.show();
    ended
}

async fn play(stage: &mut Stage, watch: &mut Watch) -> Result<(), Fault> {
    let mut sources = stage.report(0);
    watch.quiet("all is well", Duration::from_secs(15)).await?;

    stage.fleet.kill(Kind::Projector, 1)?;
    watch
        .until(
            "a projector was killed",
            &[
                expect(
                    "MetricsMissing/page",
                    &[("service", "projector")],
                    "metrics-missing",
                ),
                expect("ViewStalled/page", &[("owner", "views")], "view-stalled"),
            ],
            // At the same time, in which order depends on the second of the probe.
            &[
                expect("ProbeLost/ticket", &[("owner", "views")], "probe-lost"),
                expect("ProbesLate/page", &[("owner", "views")], "view-late"),
            ],
            &["ProbesLate/ticket", "EventsLate/page", "EventsLate/ticket"],
        )
        .await?;
    stage.fleet.start_again(Kind::Projector, 1).await?;
    watch
        .well_again(&["ProbesLate/ticket", "EventsLate/ticket"])
        .await?;

    sources.abort();
    sources = stage.report(300);
    let clock = [("lienthong_source", act::SOURCE), ("owner", act::SOURCE)];
    let clock = expect("SourceClock/ticket", &clock, "source-clock");
    watch
        .until("a source's clock jumped ahead", &[clock], &[], &[])
        .await?;
    sources.abort();
    sources = stage.report(0);

    stage.subscribe()?;
    let of = |name: &'static str, page| -> Expected {
        let labels = [("lienthong_subscription", "on-call"), ("owner", "on-call")];
        expect(name, &labels, page)
    };
    let stalled = of("SubscriptionStalled/ticket", "subscription-stalled");
    let lingers = ["SourceClock/ticket"];
    watch
        .until("a subscriber does not come", &[stalled], &[], &lingers)
        .await?;

    stage.retention(Some(600)).await?;
    let threatens = [("lienthong_subscription", "on-call"), ("owner", "brokers")];
    let threatens = expect(
        "RetentionHeadroomLow/page",
        &threatens,
        "retention-headroom",
    );
    let beside = ["SourceClock/ticket", "RetentionHeadroomFalling/ticket"];
    watch
        .until(
            "retention threatens what it did not read",
            &[threatens],
            &[],
            &beside,
        )
        .await?;
    stage.retention(None).await?;

    let failing = stage.consume("false")?;
    let parked = of("EventsParked/ticket", "events-parked");
    let beside = [
        "SourceClock/ticket",
        "RetentionHeadroomFalling/ticket",
        "SubscriptionLate/ticket",
    ];
    watch
        .until("it comes and fails", &[parked], &[], &beside)
        .await?;
    drop(failing);
    stage.unsubscribe()?;
    watch
        .well_again(&[
            "SourceClock/ticket",
            "ProbesLate/ticket",
            "EventsLate/ticket",
        ])
        .await?;

    sources.abort();
    stage.fleet.kill(Kind::Adapter, 1)?;
    let gone = expect(
        "MetricsMissing/page",
        &[("service", "adapter")],
        "metrics-missing",
    );
    let lingers = ["SourceClock/ticket", "ProbesMissing/page"];
    watch
        .until("the adapter was killed", &[gone], &[], &lingers)
        .await?;
    stage.fleet.start_again(Kind::Adapter, 1).await?;
    let _sources = stage.report(0);
    watch
        .well_again(&[
            "SourceClock/ticket",
            "ProbesLate/ticket",
            "EventsLate/ticket",
        ])
        .await
}
