//! Durable ingest beside the bare echo of the same messages, run by run in turn.

use crate::{Arguments, Outcome, floors};
use lienthong_tests::hub::{self, Options};
use lienthong_tests::measure::load;
use lienthong_tests::measure::report::{Aim, Report, median};

/// Events of one streaming run.
const STREAMED: u64 = 1_000_000;

/// Unary at 1, 64 and 256 in flight, one stream, and batches of 256.
pub async fn measure(arguments: &Arguments, report: &mut Report) -> Outcome<()> {
    let data = tempfile::tempdir()?;
    let hub = hub::start(&Options::new(data.path())?)?;
    let echo = floors::echo::start()?;
    let (hub_at, echo_at) = (hub.addresses.adapters_grpc.clone(), echo.address.clone());
    let seconds = arguments.seconds;

    for in_flight in [1, 64, 256] {
        let (mut ours, mut floor, mut p50, mut p99) = (vec![], vec![], vec![], vec![]);
        for turn in 0..arguments.repeat {
            let reached = load::unary(
                &hub_at,
                &format!("u{in_flight}-{turn}"),
                in_flight,
                1,
                seconds,
            )
            .await?;
            ours.push(reached.per_second);
            p50.push(reached.p50_us);
            p99.push(reached.p99_us);
            floor.push(
                load::unary(&echo_at, "echo", in_flight, 1, seconds)
                    .await?
                    .per_second,
            );
        }
        let aim = if in_flight == 64 {
            Aim::RatioAtLeast(0.6)
        } else {
            Aim::None
        };
        report.compare(
            &format!("unary, {in_flight} in flight"),
            median(ours),
            "bare echo",
            median(floor),
            "events/s",
            aim,
        );
        report.alone(
            &format!("unary, {in_flight} in flight: acknowledged p50"),
            median(p50),
            "us",
            Aim::None,
        );
        report.alone(
            &format!("unary, {in_flight} in flight: acknowledged p99"),
            median(p99),
            "us",
            Aim::None,
        );
    }

    let (mut ours, mut floor) = (vec![], vec![]);
    for turn in 0..arguments.repeat {
        ours.push(
            load::stream(
                &hub_at,
                load::prepare(&format!("s{turn}"), 0, STREAMED),
                1_024,
            )
            .await?
            .per_second,
        );
        floor.push(
            load::stream(&echo_at, load::prepare("echo", 0, STREAMED), 1_024)
                .await?
                .per_second,
        );
    }
    report.compare(
        "stream, 1,024 in flight",
        median(ours),
        "bare lazy echo stream",
        median(floor),
        "events/s",
        Aim::RatioAtLeast(0.4),
    );

    let (mut ours, mut floor) = (vec![], vec![]);
    for turn in 0..arguments.repeat {
        ours.push(
            load::unary(&hub_at, &format!("b{turn}"), 8, 256, seconds)
                .await?
                .per_second,
        );
        floor.push(
            load::unary(&echo_at, "echo", 8, 256, seconds)
                .await?
                .per_second,
        );
    }
    report.compare(
        "batches of 256, 8 in flight",
        median(ours),
        "bare echo",
        median(floor),
        "events/s",
        Aim::None,
    );
    for group in [1, 64, 256] {
        report.floor(
            &format!("file, {group} records a write and fdatasync"),
            floors::disk::records_per_second(group)?,
            "records/s",
        );
    }
    Ok(())
}
