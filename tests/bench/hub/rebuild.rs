//! A rebuild of all views from nothing, ledgers included, beside the rate of an earlier binary over
//! the same log in the same run.

use super::large::{caught_up, check, memory_floor};
use super::questions;
use crate::{Arguments, Outcome};
use lienthong_contract::pb::performance::v1::GetPerformanceRequest;
use lienthong_tests::hub::{self, Options};
use lienthong_tests::measure::load;
use lienthong_tests::measure::report::{Aim, Report, median};
use lienthong_tests::sample;
use std::path::Path;
use std::time::Instant;

/// Events prepared at a time.
const FILL: u64 = 500_000;
const WHAT: &str = "rebuild of all views and ledgers from nothing";

/// Fills a log once, then lets each binary in turn read it from the beginning.
pub async fn measure(arguments: &Arguments, report: &mut Report) -> Outcome<()> {
    let events = arguments.cases * sample::EVENTS_A_CASE;
    let data = tempfile::tempdir()?;
    let filled = data.path().join("filled");
    let hub = hub::start(&Options::new(&filled)?)?;
    for first in (0..events).step_by(FILL as usize) {
        let messages = load::prepare("rebuild", first, FILL.min(events - first));
        load::stream(&hub.addresses.adapters_grpc, messages, 8_192).await?;
    }
    check(hub.drain()? == Some(0), "the hub did not drain")?;

    let (mut ours, mut before) = (Vec::new(), Vec::new());
    for _ in 0..arguments.repeat {
        ours.push(rebuild(&filled, None, events).await?);
        if let Some(binary) = &arguments.before {
            before.push(rebuild(&filled, Some(binary), events).await?);
        }
    }
    let ours = median(ours);
    if before.is_empty() {
        let floor = memory_floor(events.min(1_000_000));
        let name = "prost + hash map, one core";
        report.compare(WHAT, ours, name, floor, "events/s", Aim::None);
        eprintln!("  no earlier binary: give --before PATH to have its rate beside ours");
    } else {
        let name = "the binary before";
        let aim = Aim::RatioAtLeast(0.7);
        report.compare(WHAT, ours, name, median(before), "events/s", aim);
    }
    Ok(())
}

/// Events a second until every view is current; of ours until a question that needs every ledger
/// is answered.
async fn rebuild(filled: &Path, before: Option<&Path>, events: u64) -> Outcome<f64> {
    let data = tempfile::tempdir()?;
    // Only the log is shared: checkpoints of different binaries have nothing in common.
    std::os::unix::fs::symlink(filled.join("log"), data.path().join("log"))?;
    let mut options = Options::new(data.path())?;
    if let Some(binary) = before {
        options.binary = binary.to_owned();
    }
    let began = Instant::now();
    let hub = hub::start(&options)?;
    caught_up(&hub).await?;
    if before.is_none() {
        let mut client = questions::performance(&hub).await?;
        let total = client.get_performance(october()).await?.into_inner().total;
        let received = total.unwrap_or_default().received;
        check(
            received == events / sample::EVENTS_A_CASE,
            "a dossier is missing in the figures",
        )?;
    }
    let rate = events as f64 / began.elapsed().as_secs_f64();
    hub.kill()?;
    Ok(rate)
}

/// The month in which the made-up dossiers were received.
fn october() -> GetPerformanceRequest {
    GetPerformanceRequest {
        from_day: "2026-10-01".into(),
        to_day: "2026-10-31".into(),
        ..GetPerformanceRequest::default()
    }
}
