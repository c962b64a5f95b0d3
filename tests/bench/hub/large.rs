//! A large hub: a million open cases, five million events. Memory, rebuild, restart.

use crate::{Arguments, Outcome, floors};
use lienthong_contract::pb::event::v1::Event;
use lienthong_contract::pb::operations::v1::operations_service_client::OperationsServiceClient;
use lienthong_contract::pb::operations::v1::{GetLagRequest, ListPositionsRequest};
use lienthong_contract::time::from_millis;
use lienthong_tests::hub::{self, Hub, Options};
use lienthong_tests::measure::load;
use lienthong_tests::measure::report::{Aim, Report, median};
use lienthong_tests::sample;
use prost::Message;
use std::time::{Duration, Instant};

/// Events prepared at a time.
const FILL: u64 = 500_000;

/// Fills a hub, then measures memory, restart with checkpoints, and a rebuild of every
/// view from nothing; for each store.
pub async fn measure(arguments: &Arguments, report: &mut Report) -> Outcome<()> {
    let events = arguments.cases * sample::EVENTS_A_CASE;
    let floor = memory_floor(events.min(1_000_000));
    for store in ["redb", "sled"] {
        let data = tempfile::tempdir()?;
        let mut options = Options::new(data.path())?;
        options
            .environment
            .push(("LIENTHONG_VIEWS__STORE".into(), store.into()));
        let hub = hub::start(&options)?;
        let mut rates = Vec::new();
        for first in (0..events).step_by(FILL as usize) {
            let messages = load::prepare("large", first, FILL.min(events - first));
            rates.push(
                load::stream(&hub.addresses.adapters_grpc, messages, 8_192)
                    .await?
                    .per_second,
            );
        }
        report.alone(
            &format!("{store}: stream, 8,192 in flight, views following"),
            median(rates),
            "events/s",
            Aim::None,
        );
        caught_up(&hub).await?;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let aim = if arguments.cases == 1_000_000 {
            Aim::AtMost(1.5)
        } else {
            Aim::None
        };
        report.alone(
            &format!("{store}: resident memory, {} open cases", arguments.cases),
            hub.resident_bytes()? as f64 / f64::from(1 << 30),
            "GiB",
            aim,
        );
        let before = digests(&hub).await?;
        check(hub.drain()? == Some(0), "the hub did not drain")?;

        let began = Instant::now();
        let hub = hub::start(&options)?;
        caught_up(&hub).await?;
        report.alone(
            &format!("{store}: restart with {events} events, checkpoints at hand"),
            began.elapsed().as_secs_f64(),
            "s",
            Aim::AtMost(5.0),
        );
        check(
            digests(&hub).await? == before,
            "digests changed over a restart",
        )?;
        check(hub.drain()? == Some(0), "the hub did not drain")?;

        std::fs::remove_dir_all(data.path().join("views"))?;
        let began = Instant::now();
        let hub = hub::start(&options)?;
        caught_up(&hub).await?;
        let rate = events as f64 / began.elapsed().as_secs_f64();
        report.compare(
            &format!("{store}: rebuild of all views"),
            rate,
            "prost + hash map, one core",
            floor,
            "events/s",
            Aim::RatioAtLeast(0.5),
        );
        check(
            digests(&hub).await? == before,
            "digests changed over a rebuild",
        )?;
        hub.kill()?;
    }
    Ok(())
}

pub(super) fn memory_floor(events: u64) -> f64 {
    let values: Vec<bytes::Bytes> = (0..events).map(|number| stored(number).into()).collect();
    floors::memory::events_per_second(&values)
}

/// The value of a record, as the adapter would store it.
fn stored(number: u64) -> Vec<u8> {
    let event = sample::event("floor", number);
    let mut bytes = event.encode_to_vec();
    let rest = Event {
        recorded_time: Some(from_millis(sample::START_MS)),
        adapter: "onestop".into(),
        ..Default::default()
    };
    bytes.extend(rest.encode_to_vec());
    bytes
}

pub(super) async fn operations(
    hub: &Hub,
) -> Outcome<OperationsServiceClient<tonic::transport::Channel>> {
    let channel =
        tonic::transport::Endpoint::from_shared(format!("http://{}", hub.addresses.gateway))?
            .connect()
            .await?;
    Ok(OperationsServiceClient::new(channel))
}

/// Waits until every view has read the whole log.
pub(super) async fn caught_up(hub: &Hub) -> Outcome<()> {
    let mut client = operations(hub).await?;
    loop {
        let lags = client.get_lag(GetLagRequest {}).await?.into_inner().lags;
        if !lags.is_empty()
            && lags
                .iter()
                .all(|lag| lag.lag_events == 0 && lag.status == "current")
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn digests(hub: &Hub) -> Outcome<Vec<(String, u32, u64, String)>> {
    let positions = operations(hub)
        .await?
        .list_positions(ListPositionsRequest {})
        .await?
        .into_inner()
        .views;
    let mut digests: Vec<_> = positions
        .into_iter()
        .map(|view| (view.view, view.partition, view.next_offset, view.digest))
        .collect();
    digests.sort();
    Ok(digests)
}

pub(super) fn check(holds: bool, otherwise: &str) -> Outcome<()> {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}
