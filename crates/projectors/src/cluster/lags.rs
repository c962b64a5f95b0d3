//! How late every partition is, wherever it is kept: by the word of the instance that keeps it, and
//! for one that nobody keeps, or whose instance does not answer, by what was committed last and the
//! log's own records.

use super::directory::Directory;
use super::overview::{Place, ask_each, places, said};
use crate::lag::told::{Look, ParkedKeys, Told};
use crate::lag::trail::{Trail, moment_ms};
use crate::lanes::log_failed;
use crate::views::View;
use futures_util::future::{FutureExt, join_all};
use lienthong_contract::pb::operations::v1::{Outlook, ViewLag};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_contract::time::now_millis;
use lienthong_domain::lag::{Condition, Status};
use lienthong_eventlog::{Bounds, EventLog};
use lienthong_telemetry::stage::Stage;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long an instance may take to tell its lag; the log and the groups, where it ends and what
/// was committed. One that has little time answers late and exactly; without its answer the lag is
/// only known from its last commit.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long the last word of an instance that does not answer counts, in milliseconds: as long as
/// the window that statuses are told from. One that only has little time is not called stopped.
const WORD_MS: i64 = 10_000;

/// Metadata of the failure of one that did not answer in time: how long it was waited for.
const WAITED: &str = "waited_s";

/// What is remembered of partitions for when nobody answers for them.
#[derive(Default)]
pub struct Unkept {
    trails: Mutex<BTreeMap<(View, u32), Arc<Trail>>>,
    /// What an instance said last, and when by a clock that only runs forward.
    words: Mutex<BTreeMap<(View, u32), (i64, ViewLag)>>,
}

impl Unkept {
    fn trail(&self, place: &Place) -> Arc<Trail> {
        let mut trails = self.trails.lock().unwrap_or_else(PoisonError::into_inner);
        trails
            .entry((place.view, place.partition))
            .or_default()
            .clone()
    }

    /// Those that nobody kept when they were asked for last.
    pub fn places(&self) -> Vec<(View, u32)> {
        let trails = self.trails.lock().unwrap_or_else(PoisonError::into_inner);
        trails.keys().copied().collect()
    }

    /// Somebody keeps it: what comes after is a story of its own.
    fn heard(&self, place: &Place, lag: &ViewLag) {
        let of = (place.view, place.partition);
        let mut trails = self.trails.lock().unwrap_or_else(PoisonError::into_inner);
        trails.remove(&of);
        let mut words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        words.insert(of, (moment_ms(), lag.clone()));
    }

    /// The last word of the instance that still keeps it, if that counts.
    fn word(&self, place: &Place) -> Option<ViewLag> {
        place.holder.as_ref()?;
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let (said_ms, lag) = words.get(&(place.view, place.partition))?;
        (moment_ms() - said_ms < WORD_MS).then(|| lag.clone())
    }
}

/// See `ViewOperations::lag`.
///
/// # Errors
/// `LOG_UNAVAILABLE` if nothing can be said of any partition.
pub async fn lags(
    directory: &Directory,
    log: &dyn EventLog,
    unkept: &Unkept,
) -> Result<Vec<ViewLag>, Failure> {
    let places = places(directory, &View::ALL).await;
    let answers = ask_each(&places, &|peer| {
        async move {
            let told = tokio::time::timeout(PATIENCE, peer.lag()).await;
            Ok(told
                .unwrap_or_else(|_| Err(late("an instance", "its lag")))?
                .lags)
        }
        .boxed()
    })
    .await;
    let each = places.iter().map(async |place| {
        let view = place.view.name();
        let is_of = |row: &ViewLag| row.view == view && row.partition == place.partition;
        match said(place, &answers, is_of) {
            Ok(lag) => {
                unkept.heard(place, lag);
                Ok(lag.clone())
            }
            Err(why) => of_unkept(directory, log, place, unkept, &why).await,
        }
    });
    let told = join_all(each).await;
    if let Some(Err(failure)) = told.iter().find(|_| told.iter().all(Result::is_err)) {
        return Err(failure.clone());
    }
    let each = places.iter().zip(told);
    Ok(each
        .map(|(place, told)| told.unwrap_or_else(|why| nothing_known(place, unkept, &why)))
        .collect())
}

/// The lag of a partition that nobody keeps: from where its last owner committed. Of one whose
/// instance does not answer: from where it said that it was, if that is further, and with the status
/// that it told, as long as its word counts.
async fn of_unkept(
    directory: &Directory,
    log: &dyn EventLog,
    place: &Place,
    unkept: &Unkept,
    why: &Failure,
) -> Result<ViewLag, Failure> {
    let trail = unkept.trail(place);
    // Whoever refuses is gone; only one that is slow may still be at work.
    let is_slow = why.metadata.contains_key(WAITED);
    let word = is_slow.then(|| unkept.word(place)).flatten();
    let said = word.as_ref().map_or(0, |word| word.next_offset);
    let asked = async {
        let committed = directory.committed(place.view).await?;
        let committed = committed.get(place.partition as usize).copied().flatten();
        let bounds = log.bounds(place.partition).await;
        let bounds = bounds.map_err(|error| log_failed(&error))?;
        let next = committed.unwrap_or(bounds.start).max(said);
        let known = trail.waiting();
        let known = known.look(log, place.partition, next, bounds.end).await;
        let known = known.map_err(|error| log_failed(&error))?;
        trail.set_waiting(known);
        Ok(Look {
            next,
            bounds: Bounds {
                end: bounds.end.max(next),
                ..bounds
            },
            first: known.first(next, bounds.end),
            now_ms: now_millis(),
        })
    };
    let look = tokio::time::timeout(PATIENCE, asked).await;
    let look = look.unwrap_or_else(|_| Err(late("the log", "what was committed")))?;
    trail.set_known(look.lag_ms());
    let lost = (look.next < look.bounds.start).then_some(look.next..look.bounds.start);
    let told = Told {
        place: (place.view.name(), place.partition),
        look,
        window: &trail.push(look.seen(), &|| look.next),
        condition: Condition {
            blocked: Some(why.message.clone()),
            lost,
            ..Condition::default()
        },
        retention: log.retention(place.partition).await.unwrap_or_default(),
        // Only the instance that keeps it knows.
        parked: ParkedKeys::default(),
        stage: Stage::Projector,
    };
    let lag = told.message();
    Ok(match word {
        Some(word) if lag.status != Status::Lost.name() => as_said(lag, word, why),
        _ => lag,
    })
}

/// The seconds and records of now with what an instance said a moment ago.
fn as_said(lag: ViewLag, word: ViewLag, why: &Failure) -> ViewLag {
    let reason = match word.status == Status::Current.name() {
        true => String::new(),
        false => format!("{}; before that: {}", why.message, word.reason),
    };
    let headroom_seconds = lag.outlook.and_then(|outlook| outlook.headroom_seconds);
    ViewLag {
        status: word.status,
        reason,
        outlook: word.outlook.map(|outlook| Outlook {
            headroom_seconds,
            ..outlook
        }),
        stage: word.stage,
        owner: word.owner,
        parked: word.parked,
        parked_oldest_seconds: word.parked_oldest_seconds,
        ..lag
    }
}

/// Neither an instance nor the log says anything of it.
fn nothing_known(place: &Place, unkept: &Unkept, why: &Failure) -> ViewLag {
    let trail = unkept.trail(place);
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
    Failure::new(Reason::ViewUnowned, message).with(WAITED, PATIENCE.as_secs())
}
