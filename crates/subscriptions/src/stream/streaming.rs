//! `Subscribe` over gRPC: a request checked, its stream opened and encoded.

use super::{Item, Options, Until, Wanted, encode, follow};
use crate::durable::calls::Told;
use crate::filter::Filter;
use crate::source::Blocks;
use crate::token::Place;
use crate::traced::Streamed;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use lienthong_contract::pb::event::v1::FieldViolation;
use lienthong_contract::pb::subscription::v1::{End, Start, SubscribeRequest, start};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Seconds without a message that may be asked for, and those that 0 stands for.
const HEARTBEAT_S: std::ops::RangeInclusive<u32> = 1..=300;
const USUAL_HEARTBEAT_S: u32 = 15;

/// How streams are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// A stream ends after about so long, a tenth more or less, so that streams spread anew over
    /// gateways that came later. 30 minutes by default.
    pub max_age: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_age: Duration::from_secs(30 * 60),
        }
    }
}

impl Config {
    /// The age of one stream, a tenth more or less at random.
    fn age(&self) -> Duration {
        let random = RandomState::new().hash_one(0) as f64 / u64::MAX as f64;
        self.max_age.mul_f64(0.9 + 0.2 * random)
    }
}

/// Answers `Subscribe`.
pub struct Streaming {
    blocks: Arc<dyn Blocks>,
    config: Config,
    shutdown: CancellationToken,
}

impl Streaming {
    /// Streams of these blocks, which end with a token when `shutdown` is cancelled.
    pub fn new(blocks: Arc<dyn Blocks>, config: Config, shutdown: CancellationToken) -> Self {
        Self {
            blocks,
            config,
            shutdown,
        }
    }
}

impl Streaming {
    /// See `Subscriptions.Subscribe`.
    pub(crate) async fn subscribe(&self, request: SubscribeRequest) -> Result<Told, Failure> {
        let wanted = wanted(request)?;
        let blocks = Arc::clone(&self.blocks);
        let items = open(blocks, wanted, &self.config, self.shutdown.clone()).await?;
        let message = |item: Result<Item, Failure>| Ok(encode::message(item?));
        Ok(items.map(message).boxed())
    }
}

/// What a request asks for.
fn wanted(request: SubscribeRequest) -> Result<Wanted, Failure> {
    let filter = Filter::compile(&request.filters, "filters");
    let mut violations = filter.as_ref().err().cloned().unwrap_or_default();
    let seconds = match request.heartbeat_s {
        0 => USUAL_HEARTBEAT_S,
        seconds => seconds,
    };
    if !HEARTBEAT_S.contains(&seconds) {
        violations.push(FieldViolation {
            field: "heartbeat_s".to_owned(),
            description: format!("{seconds} seconds are out of range"),
            fix: "give 1 to 300 seconds, or 0 for 15".to_owned(),
        });
    }
    let filter = match filter {
        Ok(filter) if violations.is_empty() => filter,
        _ => return Err(Failure::of_fields(Reason::RequestMalformed, violations)),
    };
    Ok(Wanted {
        start: request.start,
        filter,
        until: match request.until_caught_up {
            true => Until::CaughtUp,
            false => Until::GoingAway,
        },
        heartbeat: Duration::from_secs(seconds.into()),
    })
}

/// Opens a stream.
///
/// # Errors
/// Those of a start, see [`Blocks::place`].
pub async fn open(
    blocks: Arc<dyn Blocks>,
    wanted: Wanted,
    config: &Config,
    shutdown: CancellationToken,
) -> Result<BoxStream<'static, Result<Item, Failure>>, Failure> {
    let end = Start {
        place: Some(start::Place::End(End {})),
    };
    let until = match wanted.until {
        Until::GoingAway => None,
        Until::CaughtUp => Some(blocks.place(&end).await?),
    };
    let positions = blocks.place(&wanted.start.unwrap_or(end)).await?;
    let token = blocks.token(&positions).await?;
    let place = Place::of_token(&token)
        .map_err(|error| Failure::new(Reason::Internal, format!("the hub's own token: {error}")))?;
    let options = Options {
        filter: wanted.filter,
        until,
        heartbeat: wanted.heartbeat,
        max_age: config.age(),
    };
    let mut traced = Streamed::default();
    let told = follow(blocks, place, options, shutdown).inspect(move |item| {
        if let Ok(item) = item {
            traced.told(item);
        }
    });
    Ok(told.boxed())
}
