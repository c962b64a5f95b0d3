//! Subscribers as cheap as can be, in a process of their own: messages are taken as bytes and
//! deliveries counted by their tags, so that what is measured is the server. The first message of
//! each stream that has events is decoded in full, so that it is known to be what it is counted as.
//!
//! Speaks to whoever started it by lines: prints `ready`, then waits for its standard input to
//! end (or for its time to be over), then prints what it counted as JSON.

mod counting;
mod process;

pub use process::{count, start};

use crate::Outcome;
use bytes::Bytes;
use clap::{Args, ValueEnum};
use lienthong_contract::pb::subscription::v1::filter::Dialect;
use lienthong_contract::pb::subscription::v1::{
    Attributes, Beginning, End, Filter, Start, SubscribeRequest, start as place,
};
use lienthong_tests::measure::codec::BytesCodec;
use prost::Message as _;
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Streaming};

/// The call; the floor answers the same one.
pub const PATH: &str = "/lienthong.subscription.v1.Subscriptions/Subscribe";
/// Before counting begins.
const WARM_UP: Duration = Duration::from_millis(700);

/// What the subscribers do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Read everything there is, again and again; deliveries a second.
    Again,
    /// Read everything there is, once; deliveries a second until the last has it.
    Once,
    /// Read what happens, and note when; until standard input ends.
    Live,
    /// Are connected and hear nothing; until standard input ends.
    Idle,
    /// Ask for everything and read nothing; until standard input ends.
    Stalled,
}

/// How the subscribers are started.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// `host:port` of the server.
    #[arg(long)]
    pub address: String,
    /// What they do.
    #[arg(long, value_enum)]
    pub mode: Mode,
    /// How many.
    #[arg(long)]
    pub streams: usize,
    /// Over so many connections.
    #[arg(long)]
    pub connections: usize,
    /// Only events whose id ends in this.
    #[arg(long, default_value = "")]
    pub suffix: String,
    /// Seconds that are counted.
    #[arg(long, default_value_t = 5)]
    pub seconds: u64,
    /// Of what happens, one event in so many is noted.
    #[arg(long, default_value_t = 1)]
    pub one_in: u64,
}

/// What was counted.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Counted {
    /// Deliveries a second over all subscribers.
    pub per_second: f64,
    /// Deliveries in all.
    pub deliveries: u64,
    /// Bytes of messages in all.
    pub bytes: u64,
    /// Partition, offset and time of arrival, nanoseconds since the epoch.
    pub arrivals: Vec<(u32, u64, u64)>,
}

/// What all streams share.
struct Shared {
    settings: Settings,
    deliveries: AtomicU64,
    bytes: AtomicU64,
    ready: AtomicU64,
    arrivals: Mutex<Vec<(u32, u64, u64)>>,
}

/// The process.
///
/// # Errors
/// If a stream fails.
pub async fn serve(settings: Settings) -> Outcome<()> {
    let mut channels = Vec::new();
    for _ in 0..settings.connections.max(1) {
        channels.push(connect(&settings).await?);
    }
    let streams = settings.streams;
    let seconds = Duration::from_secs(settings.seconds);
    let mode = settings.mode;
    let shared = Arc::new(Shared {
        settings,
        deliveries: AtomicU64::new(0),
        bytes: AtomicU64::new(0),
        ready: AtomicU64::new(0),
        arrivals: Mutex::default(),
    });
    let mut tasks = JoinSet::new();
    let began = Instant::now();
    for number in 0..streams {
        let channel = channels[number % channels.len()].clone();
        tasks.spawn(subscriber(channel, shared.clone()));
    }
    let mut counted = Counted::default();
    match mode {
        Mode::Again => {
            tokio::time::sleep(WARM_UP).await;
            let (from, start) = (shared.deliveries.load(Relaxed), Instant::now());
            tokio::select! {
                () = tokio::time::sleep(seconds) => {}
                ended = tasks.join_next() => failed(ended)?,
            }
            let more = shared.deliveries.load(Relaxed) - from;
            counted.per_second = more as f64 / start.elapsed().as_secs_f64();
        }
        Mode::Once => {
            while let Some(ended) = tasks.join_next().await {
                ended??;
            }
            let all = shared.deliveries.load(Relaxed) as f64;
            counted.per_second = all / began.elapsed().as_secs_f64();
        }
        Mode::Live | Mode::Idle | Mode::Stalled => {
            while shared.ready.load(Relaxed) < streams as u64 {
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_millis(5)) => {}
                    ended = tasks.join_next() => failed(ended)?,
                }
            }
            println!("ready");
            std::io::stdout().flush()?;
            tokio::select! {
                ended = tasks.join_next() => failed(ended)?,
                ended = tokio::task::spawn_blocking(until_end) => drop(ended??),
            }
        }
    }
    counted.deliveries = shared.deliveries.load(Relaxed);
    counted.bytes = shared.bytes.load(Relaxed);
    counted.arrivals = std::mem::take(&mut *shared.arrivals.lock().await);
    println!("{}", serde_json::to_string(&counted)?);
    Ok(())
}

fn until_end() -> std::io::Result<usize> {
    std::io::stdin().read_to_end(&mut Vec::new())
}

/// A subscriber that should go on for ever ended.
fn failed(ended: Option<Result<Outcome<()>, tokio::task::JoinError>>) -> Outcome<()> {
    match ended {
        Some(ended) => ended??,
        None => return Err("there are no subscribers".into()),
    }
    Err("a subscriber ended by itself".into())
}

async fn connect(settings: &Settings) -> Outcome<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{}", settings.address))?.tcp_nodelay(true);
    // Those that only hold on have the windows that any client has.
    let endpoint = match settings.mode {
        Mode::Idle | Mode::Stalled => endpoint,
        _ => endpoint
            .initial_stream_window_size(1 << 20)
            .initial_connection_window_size(16 << 20),
    };
    Ok(endpoint.connect().await?)
}

async fn subscriber(channel: Channel, shared: Arc<Shared>) -> Outcome<()> {
    match shared.settings.mode {
        Mode::Again => loop {
            read(channel.clone(), &shared).await?;
        },
        Mode::Once | Mode::Live | Mode::Idle => read(channel, &shared).await,
        Mode::Stalled => {
            let told = open(channel, &shared.settings).await?;
            shared.ready.fetch_add(1, Relaxed);
            std::future::pending::<()>().await;
            drop(told);
            Ok(())
        }
    }
}

async fn open(channel: Channel, settings: &Settings) -> Outcome<Streaming<Bytes>> {
    let from_end = matches!(settings.mode, Mode::Live | Mode::Idle);
    let start = match from_end {
        true => place::Place::End(End {}),
        false => place::Place::Beginning(Beginning {}),
    };
    let request = SubscribeRequest {
        start: Some(Start { place: Some(start) }),
        filters: filters(&settings.suffix),
        heartbeat_s: 300,
        until_caught_up: matches!(settings.mode, Mode::Again | Mode::Once),
    };
    let mut client = tonic::client::Grpc::new(channel).max_decoding_message_size(64 << 20);
    client.ready().await?;
    let request = Request::new(Bytes::from(request.encode_to_vec()));
    let path = PathAndQuery::from_static(PATH);
    let answer = client.server_streaming(request, path, BytesCodec).await?;
    Ok(answer.into_inner())
}

fn filters(suffix: &str) -> Vec<Filter> {
    if suffix.is_empty() {
        return Vec::new();
    }
    let values = [("id".to_owned(), suffix.to_owned())].into();
    vec![Filter {
        dialect: Some(Dialect::Suffix(Attributes { values })),
    }]
}

/// Reads a stream to its end.
async fn read(channel: Channel, shared: &Shared) -> Outcome<()> {
    let mut told = open(channel, &shared.settings).await?;
    let (mut first, mut verified) = (true, false);
    let live = shared.settings.mode == Mode::Live;
    while let Some(message) = told.message().await? {
        if std::mem::take(&mut first) {
            shared.ready.fetch_add(1, Relaxed);
        }
        let deliveries = counting::deliveries(&message).ok_or("a message that is none")?;
        if deliveries > 0 && !std::mem::replace(&mut verified, true) {
            counting::verify(&message, deliveries)?;
        }
        shared.bytes.fetch_add(message.len() as u64, Relaxed);
        shared.deliveries.fetch_add(deliveries, Relaxed);
        if live && deliveries > 0 {
            let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
            let at = u64::try_from(since.as_nanos())?;
            let positions = counting::positions(&message).ok_or("a delivery without position")?;
            let wanted = |offset: &u64| offset.is_multiple_of(shared.settings.one_in);
            let positions = positions.into_iter().filter(|(_, offset)| wanted(offset));
            let noted = positions.map(|(partition, offset)| (partition, offset, at));
            shared.arrivals.lock().await.extend(noted);
        }
    }
    Ok(())
}
