//! Deliveries to many subscribers, beside a bare server stream of the same bytes: rates, delays,
//! catching up, memory.
//!
//! Hub, floor and subscribers are processes of their own and share the machine's cores.

use crate::floors::disk::Disk;
use crate::floors::fanout;
use crate::readers::{self, Counted, Mode, Settings};
use crate::{Arguments, Outcome};
use bytes::Bytes;
use lienthong_contract::pb::subscription::v1::{
    Beginning, Start, SubscribeRequest, start as place,
};
use lienthong_tests::hub::{self, Hub, Options};
use lienthong_tests::measure::codec::BytesCodec;
use lienthong_tests::measure::load;
use lienthong_tests::measure::report::{Aim, Report, median};
use lienthong_tests::sample;
use prost::Message as _;
use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::task::JoinSet;
use tonic::Request;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Endpoint;

/// Events of the log that is told again and again: few enough for the hub to have them in memory,
/// as it has what happens now.
const HOT: u64 = 10_000;
/// Events of the log that is caught up with.
const COLD: u64 = 1_000_000;
/// One event in a hundred has an id that ends like this.
const ONE_PERCENT: &str = "7-3";
/// Steady rate of the delays, events a second, and its senders.
const RATE: u64 = 2_000;
const SENDERS: u64 = 16;
/// Subscribers whose memory is measured.
const CONNECTED: usize = 1_000;
const KIB: f64 = 1_024.0;

/// Everything about `Subscribe`.
pub async fn measure(arguments: &Arguments, disk: &Disk, report: &mut Report) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let hub = hub::start(&Options::new(&folder.path().join("hot"))?)?;
    fill(&hub, "hot", HOT).await?;
    rates(arguments, &hub, folder.path(), report).await?;
    one_dead(arguments, &hub, report)?;
    drop(hub);
    memory(report).await?;
    delays(arguments, disk, report).await?;
    catching_up(arguments, &folder.path().join("cold"), report).await
}

async fn fill(hub: &Hub, run: &str, events: u64) -> Outcome<()> {
    for first in (0..events).step_by(100_000) {
        let count = 100_000.min(events - first);
        let messages = load::prepare(run, first, count);
        load::stream(&hub.addresses.adapters_grpc, messages, 1_024).await?;
    }
    Ok(())
}

fn settings(address: &str, mode: Mode, streams: usize, arguments: &Arguments) -> Settings {
    Settings {
        address: address.to_owned(),
        mode,
        streams,
        connections: streams.min(16),
        suffix: String::new(),
        seconds: arguments.seconds,
        one_in: 1,
    }
}

/// Deliveries a second to so many, matching all and one in a hundred.
async fn rates(
    arguments: &Arguments,
    hub: &Hub,
    folder: &Path,
    report: &mut Report,
) -> Outcome<()> {
    let messages = told(&hub.addresses.gateway).await?;
    let file = folder.join("messages");
    fanout::write(&file, &messages)?;
    let floor = fanout::start(&file)?;
    for streams in [1, 16, 200, 1_000] {
        let of = |address: &str| settings(address, Mode::Again, streams, arguments);
        let (mut ours, mut theirs, mut few) = (vec![], vec![], vec![]);
        for _ in 0..arguments.repeat {
            ours.push(readers::count(&of(&hub.addresses.gateway))?.per_second);
            theirs.push(readers::count(&of(&floor.address))?.per_second);
            let chosen = Settings {
                suffix: ONE_PERCENT.to_owned(),
                ..of(&hub.addresses.gateway)
            };
            few.push(readers::count(&chosen)?.per_second);
        }
        let aim = match streams {
            200 => Aim::RatioAtLeast(0.5),
            _ => Aim::None,
        };
        report.compare(
            &format!("deliveries to {streams}, matching all"),
            median(ours),
            "bare server stream",
            median(theirs),
            "deliveries/s",
            aim,
        );
        let few = median(few);
        let name = format!("deliveries to {streams}, matching 1%");
        report.alone(&name, few, "deliveries/s", Aim::None);
        let name = format!("events looked at for {streams}, matching 1%");
        report.alone(&name, few * 100.0, "events/s", Aim::None);
    }
    Ok(())
}

/// Every message of one stream from the beginning until it has caught up.
async fn told(gateway: &str) -> Outcome<Vec<Bytes>> {
    let channel = Endpoint::from_shared(format!("http://{gateway}"))?
        .connect()
        .await?;
    let start = place::Place::Beginning(Beginning {});
    let request = SubscribeRequest {
        start: Some(Start { place: Some(start) }),
        until_caught_up: true,
        ..SubscribeRequest::default()
    };
    let mut client = tonic::client::Grpc::new(channel).max_decoding_message_size(64 << 20);
    client.ready().await?;
    let path = PathAndQuery::from_static(readers::PATH);
    let request = Request::new(Bytes::from(request.encode_to_vec()));
    let answer = client.server_streaming(request, path, BytesCodec).await?;
    let mut answer = answer.into_inner();
    let mut messages = Vec::new();
    while let Some(message) = answer.message().await? {
        messages.push(message);
    }
    Ok(messages)
}

/// What one subscriber who never reads costs 999 others.
fn one_dead(arguments: &Arguments, hub: &Hub, report: &mut Report) -> Outcome<()> {
    let (mut with, mut without) = (vec![], vec![]);
    let gateway = &hub.addresses.gateway;
    let others = settings(gateway, Mode::Again, CONNECTED - 1, arguments);
    for _ in 0..arguments.repeat {
        without.push(readers::count(&others)?.per_second);
        let dead = readers::start(&settings(gateway, Mode::Stalled, 1, arguments))?;
        with.push(readers::count(&others)?.per_second);
        dead.end()?;
    }
    report.compare(
        "deliveries to 999 beside one who never reads",
        median(with),
        "without him",
        median(without),
        "deliveries/s",
        Aim::None,
    );
    Ok(())
}

/// Resident memory for each subscriber on a connection of his own; each time of a fresh hub, which
/// has no freed memory to give.
async fn memory(report: &mut Report) -> Outcome<()> {
    for (mode, name) in [
        (
            Mode::Idle,
            "memory of a connected subscriber who hears nothing",
        ),
        (
            Mode::Stalled,
            "memory of a connected subscriber who never reads",
        ),
    ] {
        let data = tempfile::tempdir()?;
        let hub = hub::start(&Options::new(data.path())?)?;
        fill(&hub, "memory", HOT).await?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let before = hub.resident_bytes()?;
        let readers = readers::start(&Settings {
            address: hub.addresses.gateway.clone(),
            mode,
            streams: CONNECTED,
            connections: CONNECTED,
            suffix: String::new(),
            seconds: 0,
            one_in: 1,
        })?;
        // Until what is to be sent to those who read nothing lies in every buffer.
        tokio::time::sleep(Duration::from_secs(3)).await;
        let more = hub.resident_bytes()?.saturating_sub(before);
        readers.end()?;
        let each = more as f64 / CONNECTED as f64 / KIB;
        report.alone(name, each, "KiB", Aim::AtMost(256.0));
    }
    Ok(())
}

/// From acknowledged to delivered at a steady rate, to so many subscribers of everything.
async fn delays(arguments: &Arguments, disk: &Disk, report: &mut Report) -> Outcome<()> {
    for streams in [1, 16, 200] {
        let data = tempfile::tempdir()?;
        let hub = hub::start(&Options::new(data.path())?)?;
        let readers = readers::start(&Settings {
            one_in: if streams > 16 { 20 } else { 1 },
            ..settings(&hub.addresses.gateway, Mode::Live, streams, arguments)
        })?;
        let acknowledged = steady(&hub, arguments.seconds.max(10)).await?;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let counted = readers.end()?;
        let due = acknowledged.len() * streams;
        if counted.deliveries != due as u64 {
            let told = counted.deliveries;
            return Err(format!("{told} deliveries where {due} were due").into());
        }
        let delays = sorted_delays(&counted, &acknowledged)?;
        let at = |share: f64| delays[((delays.len() - 1) as f64 * share) as usize];
        let name = |what: &str| format!("acknowledged to delivered, {streams} subscribers, {what}");
        report.compare(
            &name("p50"),
            at(0.5),
            "fdatasync p50",
            disk.fdatasync_p50_us,
            "us",
            Aim::None,
        );
        report.compare(
            &name("p99"),
            at(0.99),
            "fdatasync p99",
            disk.fdatasync_p99_us,
            "us",
            Aim::RatioAtMost(10.0),
        );
    }
    Ok(())
}

/// Partition and offset of each event, and when its acknowledgement came, nanoseconds since the
/// epoch.
type Acknowledged = HashMap<(u32, u64), u64>;

/// Microseconds; an event that was delivered before its sender heard of it took none.
fn sorted_delays(counted: &Counted, acknowledged: &Acknowledged) -> Outcome<Vec<f64>> {
    let mut delays = Vec::with_capacity(counted.arrivals.len());
    for (partition, offset, at) in &counted.arrivals {
        let sent = acknowledged
            .get(&(*partition, *offset))
            .ok_or("an event was delivered that nobody sent")?;
        delays.push(at.saturating_sub(*sent) as f64 / 1e3);
    }
    if delays.is_empty() {
        return Err("nothing was delivered".into());
    }
    delays.sort_by(f64::total_cmp);
    Ok(delays)
}

/// Sends at the steady rate, one event a call.
async fn steady(hub: &Hub, seconds: u64) -> Outcome<Acknowledged> {
    let length = Duration::from_secs(seconds);
    let mut tasks = JoinSet::new();
    for sender in 0..SENDERS {
        let mut client = load::connect(&hub.addresses.adapters_grpc).await?;
        tasks.spawn(async move {
            let mut ticks =
                tokio::time::interval(Duration::from_micros(1_000_000 * SENDERS / RATE));
            let began = Instant::now();
            let mut acknowledged = Vec::new();
            let mut number = 0;
            while began.elapsed() < length {
                ticks.tick().await;
                let event = sample::event_of("steady", number * SENDERS + sender, 0);
                let position = load::one(&mut client, event).await?;
                let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
                let at = u64::try_from(since.as_nanos())?;
                acknowledged.push(((position.partition, position.offset), at));
                number += 1;
            }
            Ok::<_, lienthong_tests::kill::Fault>(acknowledged)
        });
    }
    let mut acknowledged = HashMap::new();
    while let Some(done) = tasks.join_next().await {
        acknowledged.extend(done??);
    }
    Ok(acknowledged)
}

/// From the beginning of a log that the hub has not read since it started.
async fn catching_up(arguments: &Arguments, data: &Path, report: &mut Report) -> Outcome<()> {
    let options = Options::new(data)?;
    let hub = hub::start(&options)?;
    fill(&hub, "cold", COLD).await?;
    if hub.drain()? != Some(0) {
        return Err("the hub was not drained".into());
    }
    for streams in [1, 16] {
        let mut rates = Vec::new();
        for _ in 0..arguments.repeat {
            let hub = hub::start(&options)?;
            let once = settings(&hub.addresses.gateway, Mode::Once, streams, arguments);
            let counted = readers::count(&once)?;
            if counted.deliveries != COLD * streams as u64 {
                let told = counted.deliveries;
                return Err(format!("{told} deliveries of {COLD} events to {streams}").into());
            }
            rates.push(counted.per_second);
        }
        let name = format!("catching up from cold, {streams} subscribers");
        report.alone(&name, median(rates), "deliveries/s", Aim::None);
    }
    Ok(())
}
