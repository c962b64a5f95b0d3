//! One adapter process in front of the broker, beside the bare producer with the same records.

use crate::{Arguments, floor};
use lienthong_simulator::system::System;
use lienthong_tests::broker::Home;
use lienthong_tests::fleet::{Doors, Fleet, Grouping, Shape};
use lienthong_tests::measure::report::{Aim, Report, median};
use lienthong_tests::measure::{Outcome, load};
use std::sync::Arc;

/// Records kept to be sent by the bare producer.
const KEPT: usize = 200_000;
/// Messages of a stream on their way at once.
const WINDOW: usize = 16_384;

/// Streaming and unary at 256 in flight, in turn with the bare producer.
pub async fn measure(arguments: &Arguments, bootstrap: &str, report: &mut Report) -> Outcome<()> {
    let home = Home::fresh(bootstrap);
    let fleet = Fleet::start(&home, ADAPTER, &[]).await?;
    let address = adapter(&fleet.doors())?;
    // So that there are records to keep, and everything is warm.
    load::stream(&address, load::prepare("warm", 0, KEPT as u64), WINDOW).await?;
    let kept = {
        let home = home.clone();
        tokio::task::spawn_blocking(move || floor::records(&home, KEPT)).await??
    };
    let kept = Arc::new(kept);
    let (mut bare, mut streamed, mut unary) = (vec![], vec![], vec![]);
    let (mut p50, mut p99) = (vec![], vec![]);
    for round in 0..arguments.rounds {
        let messages = load::prepare(&format!("s{round}"), 0, arguments.events);
        streamed.push(load::stream(&address, messages, WINDOW).await?.per_second);
        bare.push(produce(bootstrap, kept.clone(), arguments.events).await?);
        let run = format!("u{round}");
        let reached = load::unary(&address, &run, 256, 1, arguments.seconds).await?;
        unary.push(reached.per_second);
        p50.push(reached.p50_us);
        p99.push(reached.p99_us);
    }
    let bare = median(bare);
    report.compare(
        &format!("adapter, one stream, {WINDOW} in flight"),
        median(streamed),
        "bare producer, same records",
        bare,
        "events/s",
        Aim::RatioAtLeast(0.7),
    );
    report.compare(
        "adapter, unary, 256 in flight",
        median(unary),
        "bare producer, same records",
        bare,
        "events/s",
        Aim::None,
    );
    report.alone("unary: acknowledged p50", median(p50), "us", Aim::None);
    report.alone("unary: acknowledged p99", median(p99), "us", Aim::None);
    fleet.drain().await
}

/// One adapter process and nothing else.
pub const ADAPTER: Shape = Shape {
    adapters: 1,
    projectors: 0,
    gateways: 0,
    grouping: Grouping::Together,
};

/// The address of the one-stop adapter.
pub fn adapter(doors: &Doors) -> Outcome<String> {
    let addresses = doors.adapters.get(&System::Onestop);
    let first = addresses.and_then(|addresses| addresses.first());
    first
        .cloned()
        .ok_or_else(|| "there is no one-stop adapter".into())
}

async fn produce(bootstrap: &str, kept: Arc<Vec<floor::Kept>>, count: u64) -> Outcome<f64> {
    let home = Home::fresh(bootstrap);
    floor::make_topic(&home).await?;
    tokio::task::spawn_blocking(move || floor::produce(&home, &kept, count)).await?
}
