//! A projector process that rebuilds its views from nothing, beside a bare consumer of the same
//! topic.

use crate::intake::{ADAPTER, adapter};
use crate::{Arguments, floor};
use lienthong_tests::broker::Home;
use lienthong_tests::fleet::{Fleet, Kind};
use lienthong_tests::measure::report::{Aim, Report, median};
use lienthong_tests::measure::{Outcome, load};
use std::time::Instant;

/// Messages prepared at a time.
const PIECE: u64 = 250_000;
/// Messages of the filling stream on their way at once.
const WINDOW: usize = 16_384;

/// The horizontal and vertical view, and all three, in turn with the bare consumer.
pub async fn measure(arguments: &Arguments, bootstrap: &str, report: &mut Report) -> Outcome<()> {
    let home = Home::fresh(bootstrap);
    fill(&home, arguments.events * 2, report).await?;
    let (mut bare, mut two, mut three) = (vec![], vec![], vec![]);
    for _ in 0..arguments.rounds {
        let again = home.clone();
        let (rate, held) = tokio::task::spawn_blocking(move || floor::consume(&again)).await??;
        bare.push(rate);
        two.push(held as f64 / rebuild(&home, &["horizontal", "vertical"]).await?);
        three.push(held as f64 / rebuild(&home, &["case", "horizontal", "vertical"]).await?);
    }
    let bare = median(bare);
    report.compare(
        "projector from nothing, horizontal and vertical view",
        median(two),
        "bare consumer",
        bare,
        "events/s",
        Aim::RatioAtLeast(0.5),
    );
    report.compare(
        "projector from nothing, all three views",
        median(three),
        "bare consumer",
        bare,
        "events/s",
        Aim::None,
    );
    Ok(())
}

/// Fills the home's topic through an adapter.
pub async fn fill(home: &Home, events: u64, report: &mut Report) -> Outcome<()> {
    let fleet = Fleet::start(home, ADAPTER, &[]).await?;
    let address = adapter(&fleet.doors())?;
    let mut rates = Vec::new();
    for first in (0..events).step_by(usize::try_from(PIECE)?) {
        let messages = load::prepare("fill", first, PIECE.min(events - first));
        rates.push(load::stream(&address, messages, WINDOW).await?.per_second);
    }
    report.alone(
        "filling through one stream",
        median(rates),
        "events/s",
        Aim::None,
    );
    fleet.drain().await
}

/// Seconds from the start of a projector process with an empty folder until it is ready: until its
/// views have read what the log held.
async fn rebuild(home: &Home, views: &[&'static str]) -> Outcome<f64> {
    let mut fleet = Fleet::empty(home, &[])?;
    let number = fleet.add(Kind::Projector, views)?;
    let began = Instant::now();
    fleet.start_again(Kind::Projector, number).await?;
    fleet.ready(Kind::Projector, number).await?;
    let took = began.elapsed().as_secs_f64();
    fleet.drain().await?;
    Ok(took)
}
