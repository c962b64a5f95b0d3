//! `make incident`: a real Prometheus scrapes the hub's services, evaluates the shipped rules (twenty
//! times as fast) and is asked what fires while things go wrong one after the other. Exit code 1 if
//! anything but the alerts expected of each step fires, one of them does not, lacks a label, links to a
//! page that is not served, or does not end with its cause.

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

/// From when every service is ready until Prometheus begins.
const WARM: Duration = Duration::from_secs(15);

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
            println!("Each step's alerts fired, no others, and ended.");
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
    // The views load before anything is measured.
    tokio::time::sleep(WARM).await;
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

/// What goes on after its cause by design: burn rates of hours, and a clock that is judged by ten
/// minutes.
const SLOW: [&str; 3] = [
    "ProbesLate/ticket",
    "EventsLate/ticket",
    "SourceClock/ticket",
];

async fn play(stage: &mut Stage, watch: &mut Watch) -> Result<(), Fault> {
    let mut sources = stage.report(0);
    watch.quiet("all is well", Duration::from_secs(15)).await?;

    stage.fleet.kill(Kind::Projector, 1)?;
    let views = [("owner", "views")];
    let what = "a projector was killed";
    let service = [("service", "projector")];
    let at_once = [
        expect("MetricsMissing/page", &service, "metrics-missing"),
        expect("ViewStalled/page", &views, "view-stalled"),
        expect("ProbeLost/ticket", &views, "probe-lost"),
        expect("ProbesLate/page", &views, "view-late"),
    ];
    let beside = [&SLOW[..], &["EventsLate/page"]].concat();
    watch.until(what, &at_once, &beside).await?;
    stage.fleet.start_again(Kind::Projector, 1).await?;
    watch.well_again(&SLOW).await?;

    sources.abort();
    sources = stage.report(300);
    let clock = [("lienthong_source", act::SOURCE), ("owner", act::SOURCE)];
    let clock = expect("SourceClock/ticket", &clock, "source-clock");
    let what = "a source's clock jumped ahead";
    watch.until(what, &[clock], &SLOW).await?;
    sources.abort();
    sources = stage.report(0);

    let of = |name, page| -> Expected {
        let labels = [("lienthong_subscription", "on-call"), ("owner", "on-call")];
        expect(name, &labels, page)
    };
    stage.subscribe()?;
    let stalled = of("SubscriptionStalled/ticket", "subscription-stalled");
    let what = "a subscriber does not come";
    watch.until(what, &[stalled], &SLOW).await?;

    stage.retention(Some(600)).await?;
    let threatened = [("lienthong_subscription", "on-call"), ("owner", "brokers")];
    let threatened = expect(
        "RetentionHeadroomLow/page",
        &threatened,
        "retention-headroom",
    );
    let still = [
        &SLOW[..],
        &["SubscriptionStalled/ticket", "SubscriptionLate/ticket"],
    ]
    .concat();
    // Of a view, too, in a moment in which an event waits.
    let headroom = [
        "RetentionHeadroomFalling/ticket",
        "RetentionHeadroomLow/page",
    ];
    let beside = [&still[..], &headroom].concat();
    let what = "retention threatens what it did not read";
    watch.until(what, &[threatened], &beside).await?;
    stage.retention(None).await?;
    watch.well_again(&still).await?;

    let failing = stage.consume("false")?;
    let parked = of("EventsParked/ticket", "events-parked");
    watch.until("it comes and fails", &[parked], &still).await?;
    drop(failing);
    stage.unsubscribe()?;
    watch.well_again(&SLOW).await?;

    sources.abort();
    stage.fleet.kill(Kind::Adapter, 1)?;
    let service = [("service", "adapter")];
    let gone = [
        expect("MetricsMissing/page", &service, "metrics-missing"),
        // Nobody tells any more whose adapters are; it is remembered.
        expect("ProbeLost/ticket", &[("owner", "intake")], "probe-lost"),
    ];
    watch.until("the adapter was killed", &gone, &SLOW).await?;
    stage.fleet.start_again(Kind::Adapter, 1).await?;
    let _sources = stage.report(0);
    watch.well_again(&SLOW).await
}
