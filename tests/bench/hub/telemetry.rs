//! What telemetry costs: the hub with all of it beside the hub with none, turn by turn, each on a
//! fresh folder.
//!
//! With all of it: metrics and spans to a collector in another process, one call in a hundred traced,
//! and then every call, probes every second, the hub's log as JSON. With none: no stages and messages
//! measured, nothing exported, no span, no probe. Gauges of lag are kept by both: what is told to
//! operators needs them.

use super::large::{caught_up, check};
use crate::floors::collector::{self, Collector};
use crate::{Arguments, Outcome};
use lienthong_tests::hub::{self, Hub, Options};
use lienthong_tests::measure::load;
use lienthong_tests::measure::report::{Aim, Report, median};
use lienthong_tests::sample;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

/// Most events of one streaming run.
const STREAMED: u64 = 1_000_000;
/// Events prepared at a time.
const FILL: u64 = 500_000;
/// Least repetitions: the differences that are looked for are small.
const TURNS: usize = 5;
/// What telemetry may leave of a rate.
const LEAST: f64 = 0.95;

/// How a hub tells of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mode {
    Off,
    /// One call in a hundred is traced.
    On,
    /// Every call is.
    TracesAll,
}

const MODES: [Mode; 3] = [Mode::Off, Mode::On, Mode::TracesAll];

/// The rates of each figure by mode.
#[derive(Default)]
struct Rates(BTreeMap<(&'static str, Mode), Vec<f64>>);

impl Rates {
    fn add(&mut self, what: &'static str, mode: Mode, per_second: f64) {
        self.0.entry((what, mode)).or_default().push(per_second);
    }

    fn median(&self, what: &'static str, mode: Mode) -> f64 {
        self.0.get(&(what, mode)).cloned().map_or(0.0, median)
    }
}

const STREAM: &str = "stream, 1,024 in flight";
const CALLS: &str = "calls of one, 64 in flight";
const BATCHES: &str = "batches of 256, 8 in flight";
const REBUILD: &str = "rebuild of all views from nothing";

/// Ingest, views following, and a rebuild, in every mode.
pub async fn measure(arguments: &Arguments, report: &mut Report) -> Outcome<()> {
    let collector = collector::start()?;
    let folder = tempfile::tempdir()?;
    let filled = folder.path().join("filled");
    let events = arguments.cases * sample::EVENTS_A_CASE;
    fill(&filled, events).await?;
    let mut rates = Rates::default();
    for turn in 0..arguments.repeat.max(TURNS) {
        // No mode is always the first: the machine is not the same from one to the next.
        for index in 0..MODES.len() {
            let mode = MODES[(turn + index) % MODES.len()];
            let data = tempfile::tempdir()?;
            let hub = hub::start(&options(data.path(), mode, &collector)?)?;
            ingest(arguments, &hub, mode, &mut rates).await?;
            check(hub.drain()? == Some(0), "the hub did not drain")?;
            rates.add(
                REBUILD,
                mode,
                rebuild(&filled, events, mode, &collector).await?,
            );
        }
    }
    let counted = collector.end()?;
    check(
        counted.exports > 0 && counted.spans > 0,
        "the collector was sent nothing: telemetry was not on",
    )?;
    eprintln!("  the collector was sent {counted:?}");
    for what in [STREAM, CALLS, BATCHES, REBUILD] {
        for (mode, name) in [
            (Mode::On, "telemetry on"),
            (Mode::TracesAll, "telemetry on, every call traced"),
        ] {
            let (on, off) = (rates.median(what, mode), rates.median(what, Mode::Off));
            let what = format!("{name}: {what}");
            report.compare(&what, on, "off", off, "events/s", Aim::RatioAtLeast(LEAST));
        }
    }
    Ok(())
}

fn options(data: &Path, mode: Mode, collector: &Collector) -> Outcome<Options> {
    let mut options = Options::new(data)?;
    let endpoint = format!("http://{}", collector.address);
    let on = |ratio: &str| {
        vec![
            ("LIENTHONG_TELEMETRY__OTLP_ENDPOINT", endpoint.clone()),
            ("LIENTHONG_TELEMETRY__METRICS_EVERY_MS", "1000".to_owned()),
            ("LIENTHONG_TELEMETRY__TRACE_RATIO", ratio.to_owned()),
            ("LIENTHONG_PROBE__EVERY_MS", "1000".to_owned()),
            ("LIENTHONG_LOGGING__FORMAT", "json".to_owned()),
        ]
    };
    let given = match mode {
        Mode::Off => vec![("LIENTHONG_TELEMETRY__STAGES", "false".to_owned())],
        Mode::On => on("0.01"),
        Mode::TracesAll => on("1"),
    };
    let given = given.into_iter();
    options
        .environment
        .extend(given.map(|(name, value)| (name.to_owned(), value)));
    Ok(options)
}

async fn ingest(arguments: &Arguments, hub: &Hub, mode: Mode, rates: &mut Rates) -> Outcome<()> {
    let address = &hub.addresses.adapters_grpc;
    let seconds = arguments.seconds;
    let events = STREAMED.min(arguments.cases * sample::EVENTS_A_CASE);
    let messages = load::prepare("stream", 0, events);
    let streamed = load::stream(address, messages, 1_024).await?;
    rates.add(STREAM, mode, streamed.per_second);
    caught_up(hub).await?;
    let calls = load::unary(address, "calls", 64, 1, seconds).await?;
    rates.add(CALLS, mode, calls.per_second);
    caught_up(hub).await?;
    let batches = load::unary(address, "batches", 8, 256, seconds).await?;
    rates.add(BATCHES, mode, batches.per_second);
    Ok(())
}

async fn fill(filled: &Path, events: u64) -> Outcome<()> {
    let hub = hub::start(&Options::new(filled)?)?;
    for first in (0..events).step_by(FILL as usize) {
        let messages = load::prepare("rebuild", first, FILL.min(events - first));
        load::stream(&hub.addresses.adapters_grpc, messages, 8_192).await?;
    }
    check(hub.drain()? == Some(0), "the hub did not drain")
}

/// Events a second until every view is current. The log is shared by all turns; the few probes that
/// they add to it are read by all that follow.
async fn rebuild(filled: &Path, events: u64, mode: Mode, collector: &Collector) -> Outcome<f64> {
    let data = tempfile::tempdir()?;
    std::os::unix::fs::symlink(filled.join("log"), data.path().join("log"))?;
    let began = Instant::now();
    let hub = hub::start(&options(data.path(), mode, collector)?)?;
    caught_up(&hub).await?;
    let rate = events as f64 / began.elapsed().as_secs_f64();
    check(hub.drain()? == Some(0), "the hub did not drain")?;
    Ok(rate)
}
