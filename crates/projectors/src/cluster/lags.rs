//! How late every partition is, wherever it is kept: by the word of the instance that keeps it; of
//! one whose instance only says where it stands, from there and the log's own records; and of one
//! that nobody keeps, or whose instance is not heard, from what was committed last.

use super::directory::Directory;
use super::overview::{Place, ask_each, places, said};
use super::peer::{Peer, UNHEARD};
use super::remembered::{Memory, Remembered};
use crate::lag::told::{Look, ParkedKeys, Told};
use crate::lanes::log_failed;
use crate::patience::patiently;
use crate::views::View;
use futures_util::future::{BoxFuture, FutureExt, join_all};
use lienthong_contract::pb::operations::v1::ViewLag;
use lienthong_contract::pb::projection::v1::LaneStatus;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_contract::time::now_millis;
use lienthong_domain::lag::Condition;
use lienthong_eventlog::{Bounds, EventLog};
use lienthong_telemetry::stage::Stage;
use std::sync::Arc;
use std::time::Duration;

/// How long an instance may take to tell its lag; the log and the groups, where it ends and what
/// was committed.
const PATIENCE: Duration = Duration::from_secs(3);

/// Where a lane stood, and when it said so, milliseconds since the Unix epoch.
type Standing = (i64, LaneStatus);

/// See `ViewOperations::lag`.
///
/// # Errors
/// `LOG_UNAVAILABLE` if nothing can be said of any partition.
pub async fn lags(
    directory: &Directory,
    log: &dyn EventLog,
    remembered: &Remembered,
) -> Result<Vec<ViewLag>, Failure> {
    let mut places = places(directory, &View::ALL).await;
    for place in &mut places {
        place.holder = remembered.of(place).holder(place.holder.take());
    }
    let (lags, lanes) = tokio::join!(ask_each(&places, &lag_of), ask_each(&places, &lanes_of));
    let each = places.iter().map(async |place| {
        let memory = remembered.of(place);
        let view = place.view.name();
        let is_of = |row: &Standing| row.1.view == view && row.1.partition == place.partition;
        let standing = said(place, &lanes, is_of).ok();
        let standing = standing.filter(|(_, lane)| lane.opened);
        let is_of = |row: &ViewLag| row.view == view && row.partition == place.partition;
        let told = said(place, &lags, is_of);
        match (&told, standing) {
            (Ok(lag), _) => memory.heard(lag, now_millis()),
            (Err(_), Some((heard_ms, lane))) => memory.seen(lane, *heard_ms),
            (Err(_), None) => memory.silent(),
        }
        if let Some((_, lane)) = standing {
            memory.touched(lane);
        }
        let why = match told {
            Ok(lag) => return Ok(lag.clone()),
            Err(why) => why,
        };
        let untold = Untold {
            place,
            memory: &memory,
            says_where: standing.is_some(),
            why,
        };
        untold.lag(directory, log).await
    });
    let told = join_all(each).await;
    if let Some(Err(failure)) = told.iter().find(|_| told.iter().all(Result::is_err)) {
        return Err(failure.clone());
    }
    let each = places.iter().zip(told);
    Ok(each
        .map(|(place, told)| {
            told.unwrap_or_else(|why| nothing_known(place, &remembered.of(place), &why))
        })
        .collect())
}

fn lag_of(peer: Arc<dyn Peer>) -> BoxFuture<'static, Result<Vec<ViewLag>, Failure>> {
    let told = async move {
        let told = patiently(PATIENCE, peer.lag()).await;
        let told = told.unwrap_or_else(|| Err(late("an instance", "its lag")));
        Ok(told?.lags)
    };
    told.boxed()
}

/// Where its lanes stand an instance tells from memory, while it waits for the log.
fn lanes_of(peer: Arc<dyn Peer>) -> BoxFuture<'static, Result<Vec<Standing>, Failure>> {
    let told = async move {
        let told = patiently(PATIENCE, peer.lanes()).await;
        let told = told.unwrap_or_else(|| Err(late("an instance", "where it stands")));
        let heard_ms = now_millis();
        let lanes = told?.lanes.into_iter();
        Ok(lanes.map(|lane| (heard_ms, lane)).collect())
    };
    told.boxed()
}

/// The lag of a partition whose instance does not tell it.
///
/// ```text
/// it says where it stands           from there, at the moment at which it said so
/// it is only not heard              from where it stood a moment ago, or committed if that is further
/// nobody keeps it, or heard of it   from where it was committed; it is stalled
/// for a window
/// ```
/// Where the log ends and when what waits was recorded the log itself tells.
struct Untold<'a> {
    place: &'a Place,
    memory: &'a Memory,
    /// Whether it said where it stands.
    says_where: bool,
    /// Why there is no lag.
    why: Failure,
}

impl Untold<'_> {
    /// Whether its instance may be at work: it says so, or is only not heard.
    fn is_at_work(&self) -> bool {
        self.says_where || self.why.metadata.contains_key(UNHEARD)
    }

    async fn lag(&self, directory: &Directory, log: &dyn EventLog) -> Result<ViewLag, Failure> {
        let Self {
            place, memory, why, ..
        } = self;
        let (trail, last) = (memory.trail(), memory.last());
        let stood = last
            .stood
            .filter(|stood| self.is_at_work() && stood.is_recent());
        let asked = async {
            let bounds = log.bounds(place.partition).await;
            let bounds = bounds.map_err(|error| log_failed(&error))?;
            let said = stood.filter(|_| self.says_where);
            let (next, now_ms) = match said {
                Some(stood) => (stood.next, stood.heard_ms),
                None => {
                    let committed = directory.committed(place.view).await?;
                    let committed = committed.get(place.partition as usize).copied().flatten();
                    let committed = committed.unwrap_or(bounds.start);
                    let next = stood.map_or(committed, |stood| stood.next.max(committed));
                    (next, now_millis())
                }
            };
            // What retention took waits no more, though it may be known.
            let from = next.max(bounds.start);
            let known = trail.waiting();
            let known = known.look(log, place.partition, from, bounds.end).await;
            let known = known.map_err(|error| log_failed(&error))?;
            trail.set_waiting(known);
            Ok(Look {
                next,
                bounds: Bounds {
                    end: bounds.end.max(next),
                    ..bounds
                },
                first: known.first(from, bounds.end),
                now_ms,
            })
        };
        let look = patiently(PATIENCE, asked).await;
        let look = look.unwrap_or_else(|| Err(late("the log", "what was committed")))?;
        trail.set_known(look.lag_ms());
        let lost = (look.next < look.bounds.start).then_some(look.next..look.bounds.start);
        let told = Told {
            place: (place.view.name(), place.partition),
            look,
            window: &memory.sample(look.seen(), look.next),
            condition: Condition {
                phase: last.phase,
                blocked: stood.is_none().then(|| why.message.clone()),
                lost,
                ..Condition::default()
            },
            retention: log.retention(place.partition).await.unwrap_or_default(),
            // Only the instance that keeps it knows.
            parked: ParkedKeys::default(),
            stage: Stage::Projector,
        };
        let lag = told.message();
        Ok(match stood.is_some() && !lag.reason.is_empty() {
            true => ViewLag {
                reason: format!("{}; {}", why.message, lag.reason),
                ..lag
            },
            false => lag,
        })
    }
}

/// Neither an instance nor the log says anything of it.
fn nothing_known(place: &Place, memory: &Memory, why: &Failure) -> ViewLag {
    let trail = memory.trail();
    let last = trail.window().last();
    let next = last.map_or(0, |last| last.next);
    let look = Look {
        next,
        bounds: Bounds {
            start: next,
            end: next,
        },
        first: None,
        now_ms: now_millis(),
    };
    let words = format!(
        "no instance says how far it is, and the log's end is not known; the seconds are the most it can be since it was: {}",
        why.message
    );
    let told = Told {
        place: (place.view.name(), place.partition),
        look,
        window: &trail.window(),
        condition: Condition {
            blocked: Some(words),
            ..Condition::default()
        },
        retention: Default::default(),
        parked: ParkedKeys::default(),
        stage: Stage::Log,
    };
    ViewLag {
        lag_seconds: trail.at_most_ms() as f64 / 1_000.0,
        ..told.message()
    }
}

fn late(who: &str, what: &str) -> Failure {
    let message = format!("{who} did not tell {what} within {} s", PATIENCE.as_secs());
    Failure::new(Reason::ViewUnowned, message).with(UNHEARD, true)
}
