//! Questions over the views: hold the partitions still, put the cases together, add them up.
//!
//! Work over many parts runs on the runtime's blocking threads. Locks are always taken in the order
//! of the partitions, the case view's before another's, and a runner holds at most one: so nobody
//! waits in a circle.

use crate::answers::case::WholeCase;
use crate::answers::{case, clockwork, horizontal, list, statistics, vertical};
use crate::joins::scan::{Only, Sum, sum};
use crate::joins::whole::{Partition, whole};
use crate::lag::lag_ms;
use crate::lanes::{Lanes, log_failed, view_named};
use crate::views::{State, View};
use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::pb::performance::v1 as performance;
use lienthong_contract::pb::procedure::v1 as pb;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_contract::time::now_millis;
use lienthong_domain::reference::Reference;
use std::sync::{Arc, RwLockReadGuard};
use std::time::Duration;

/// How long a switch to other status tables is waited out: so many times this pause.
const SWITCH_TRIES: u32 = 200;
const SWITCH_PAUSE: Duration = Duration::from_millis(5);

/// States that are held.
pub type Held<'a> = Vec<RwLockReadGuard<'a, State>>;

/// The states of a view's lanes, by partition, so that none changes meanwhile.
pub fn hold(lanes: &Lanes, view: View) -> Held<'_> {
    lanes
        .of(view)
        .lanes
        .iter()
        .map(|lane| lane.state())
        .collect()
}

/// Holds a view still under one set of status tables. While a rebuild switches to others its
/// partitions differ for a moment, which is waited out.
///
/// # Errors
/// `REFERENCE_DIFFERS` if they differ for longer.
pub fn hold_alike(lanes: &Lanes, view: View) -> Result<Held<'_>, Failure> {
    let mut tries = 0;
    loop {
        let held = hold(lanes, view);
        let tables = held.iter().map(|state| state.tables.fingerprint());
        let verdict = check_tables(view, (0..).zip(tables));
        if verdict.is_ok() || tries == SWITCH_TRIES {
            return verdict.map(|()| held);
        }
        drop(held);
        tries += 1;
        std::thread::sleep(SWITCH_PAUSE);
    }
}

/// Next offset of each.
pub fn positions(held: &Held<'_>) -> Vec<u64> {
    held.iter().map(|state| state.next).collect()
}

/// Waits until the view, and the case view whose links every answer needs, stand after every
/// position.
///
/// # Errors
/// `VIEW_UNKNOWN`, `REQUEST_MALFORMED`, `VIEW_LOADING`, `VIEW_NOT_CAUGHT_UP`.
pub async fn wait_for(
    lanes: &Lanes,
    view: &str,
    asked: &[Position],
    limit: Duration,
) -> Result<(), Failure> {
    let view = view_named(view)?;
    let needed = [view, View::Case];
    check_positions(asked, lanes.log.partitions())?;
    let reached = async {
        for lane in needed.iter().flat_map(|view| &lanes.of(*view).lanes) {
            let ours = |position: &&Position| position.partition == lane.owner.partition;
            if let Some(last) = asked
                .iter()
                .filter(ours)
                .map(|position| position.offset)
                .max()
            {
                let mut next = lane.watch_next();
                // The lane outlives the wait, so the sender is there.
                let _ = next.wait_for(|next| *next > last).await;
            }
        }
    };
    if tokio::time::timeout(limit, reached).await.is_ok() {
        return Ok(());
    }
    lanes.check_ready(&needed)?;
    Err(Failure::new(
        Reason::ViewNotCaughtUp,
        format!(
            "the view {} did not reach min_positions within {} ms",
            view.name(),
            limit.as_millis()
        ),
    )
    .with("view", view.name()))
}

/// That positions name partitions that there are.
///
/// # Errors
/// `REQUEST_MALFORMED`.
pub fn check_positions(asked: &[Position], partitions: u32) -> Result<(), Failure> {
    let mut asked = asked.iter().enumerate();
    let Some((at, position)) = asked.find(|(_, position)| position.partition >= partitions) else {
        return Ok(());
    };
    Err(Failure::of_field(
        &format!("min_positions[{at}].partition"),
        format!("there is no partition {}.", position.partition),
        &format!(
            "send a position as an adapter answered it; partitions are 0 to {}",
            partitions - 1
        ),
    ))
}

/// That all partitions of a view were built with the same status tables: one answer is under one.
///
/// # Errors
/// `REFERENCE_DIFFERS`, naming both versions and a partition of each.
pub fn check_tables<'a>(
    view: View,
    mut tables: impl Iterator<Item = (u32, &'a str)>,
) -> Result<(), Failure> {
    let Some((one, first)) = tables.next() else {
        return Ok(());
    };
    let Some((other, another)) = tables.find(|(_, tables)| *tables != first) else {
        return Ok(());
    };
    let view = view.name();
    let message = format!(
        "partition {one} of the view {view} was built with the status tables {first}, partition {other} with {another}"
    );
    Err(Failure::new(Reason::ReferenceDiffers, message)
        .with("view", view)
        .with("mapping_version", first)
        .with("other_mapping_version", another))
}

/// See `ProcedureQueryService.GetCase`.
pub async fn case(
    lanes: &Arc<Lanes>,
    request: pb::GetCaseRequest,
) -> Result<pb::GetCaseResponse, Failure> {
    let basis = case::basis(&request)?;
    let answer = move |found: &WholeCase<'_>, reference| Ok(case::answer(found, reference, basis));
    let (answer, fresh) = one(lanes, request.code, answer).await?;
    Ok(pb::GetCaseResponse {
        case: Some(answer),
        freshness: Some(fresh),
    })
}

/// What is asked of one case whole, found by any of its codes.
///
/// # Errors
/// `VIEW_LOADING`, `CASE_NOT_FOUND`, and what `answer` says.
pub async fn one<T: Send + 'static>(
    lanes: &Arc<Lanes>,
    code: String,
    answer: impl FnOnce(&WholeCase<'_>, Arc<Reference>) -> Result<T, Failure> + Send + 'static,
) -> Result<(T, pb::Freshness), Failure> {
    lanes.check_ready(&[View::Case])?;
    let asked = lanes.clone();
    let (answer, next) = work(move || {
        let held = hold_alike(&asked, View::Case)?;
        let partitions: Vec<Partition<'_>> = held
            .iter()
            .filter_map(|state| {
                state.case().map(|parts| Partition {
                    parts,
                    parking: &state.parking,
                })
            })
            .collect();
        let found = whole(&code, &asked.index, &partitions).ok_or_else(|| not_found(&code))?;
        let answer = answer(&found, asked.reference.now());
        answer.map(|answer| (answer, positions(&held)))
    })
    .await??;
    Ok((answer, freshness(lanes, View::Case, next).await?))
}

/// That no view knows the code.
pub fn not_found(code: &str) -> Failure {
    Failure::new(
        Reason::CaseNotFound,
        format!("no event about {code} has reached the view"),
    )
    .with("code", code)
}

/// See `ProcedureQueryService.ListCases`.
pub async fn cases(
    lanes: &Arc<Lanes>,
    request: pb::ListCasesRequest,
) -> Result<pb::ListCasesResponse, Failure> {
    lanes.check_ready(&[View::Case])?;
    let question = list::Question::read(&request)?;
    let reference = lanes.reference.now();
    let new = move || list::List::new(question.clone(), reference.clone());
    let (list, next) = sum_cases(lanes, Only::default(), new).await?;
    Ok(pb::ListCasesResponse {
        freshness: Some(freshness(lanes, View::Case, next).await?),
        ..list.finish()
    })
}

/// See `ProcedureQueryService.GetPathStatistics`.
pub async fn path_statistics(
    lanes: &Arc<Lanes>,
    request: pb::GetPathStatisticsRequest,
) -> Result<pb::GetPathStatisticsResponse, Failure> {
    lanes.check_ready(&[View::Case])?;
    let question = statistics::Question::read(&request)?;
    let only = Only {
        source: request.source,
    };
    let reference = lanes.reference.now();
    let new = move || statistics::Statistics::new(&question, reference.clone());
    let (statistics, next) = sum_cases(lanes, only, new).await?;
    let answer = work(move || statistics.finish()).await?;
    Ok(pb::GetPathStatisticsResponse {
        freshness: Some(freshness(lanes, View::Case, next).await?),
        ..answer
    })
}

/// See `PerformanceService.GetClockStatistics`.
pub async fn clock_statistics(
    lanes: &Arc<Lanes>,
    request: performance::GetClockStatisticsRequest,
) -> Result<performance::GetClockStatisticsResponse, Failure> {
    lanes.check_ready(&[View::Case])?;
    let question = clockwork::Question::read(&request)?;
    let only = Only {
        source: request.source,
    };
    let new = move || clockwork::Clockwork::new(&question);
    let (sum, next) = sum_cases(lanes, only, new).await?;
    let answer = work(move || sum.finish()).await?;
    Ok(performance::GetClockStatisticsResponse {
        freshness: Some(freshness(lanes, View::Case, next).await?),
        ..answer
    })
}

pub(crate) async fn sum_cases<S: Sum + 'static>(
    lanes: &Arc<Lanes>,
    only: Only,
    new: impl Fn() -> S + Send + Sync + 'static,
) -> Result<(S, Vec<u64>), Failure> {
    let lanes = lanes.clone();
    work(move || {
        let held = hold_alike(&lanes, View::Case)?;
        let ties = lanes.ties(&held);
        let parts: Vec<_> = held.iter().filter_map(|state| state.case()).collect();
        Ok((sum(&parts, &ties, &only, &new), positions(&held)))
    })
    .await?
}

/// See `ProcedureQueryService.GetHorizontal`.
pub async fn horizontal(
    lanes: &Arc<Lanes>,
    request: pb::GetHorizontalRequest,
) -> Result<pb::GetHorizontalResponse, Failure> {
    lanes.check_ready(&[View::Case, View::Horizontal])?;
    let question = horizontal::Question::read(&request)?;
    let asked = lanes.clone();
    let (answer, next) = work(move || {
        let ties = asked.ties(&hold(&asked, View::Case));
        let held = hold_alike(&asked, View::Horizontal)?;
        let parts: Vec<_> = held.iter().filter_map(|state| state.horizontal()).collect();
        let reference = asked.reference.now();
        let new = || horizontal::Horizontal::new(&question, reference.clone());
        let total = sum(&parts, &ties, &Only::default(), &new);
        let next = positions(&held);
        drop(held);
        Ok::<_, Failure>((total.finish(), next))
    })
    .await??;
    Ok(pb::GetHorizontalResponse {
        freshness: Some(freshness(lanes, View::Horizontal, next).await?),
        ..answer
    })
}

/// See `ProcedureQueryService.GetVertical`.
pub async fn vertical(
    lanes: &Arc<Lanes>,
    request: pb::GetVerticalRequest,
) -> Result<pb::GetVerticalResponse, Failure> {
    lanes.check_ready(&[View::Case, View::Vertical])?;
    let question = vertical::Question::read(&request)?;
    let asked = lanes.clone();
    let (answer, next) = work(move || {
        let ties = asked.ties(&hold(&asked, View::Case));
        let held = hold_alike(&asked, View::Vertical)?;
        let parts: Vec<_> = held.iter().filter_map(|state| state.vertical()).collect();
        let reference = asked.reference.now();
        let new = || vertical::Vertical::new(&question, reference.clone());
        let total = sum(&parts, &ties, &Only::default(), &new);
        let next = positions(&held);
        drop(held);
        Ok::<_, Failure>((total.finish(), next))
    })
    .await??;
    Ok(pb::GetVerticalResponse {
        freshness: Some(freshness(lanes, View::Vertical, next).await?),
        ..answer
    })
}

/// Runs work for the processor where it holds up no other task.
pub async fn work<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Failure::new(Reason::Internal, format!("the question failed: {error}")))
}

/// How far the view had read when the answer was computed.
pub async fn freshness(
    lanes: &Lanes,
    view: View,
    next: Vec<u64>,
) -> Result<pb::Freshness, Failure> {
    let log = lanes.log.as_ref();
    let now_ms = now_millis();
    let mut partitions = Vec::with_capacity(next.len());
    for (lane, next_offset) in lanes.of(view).lanes.iter().zip(next) {
        let partition = lane.owner.partition;
        let bounds = log
            .bounds(partition)
            .await
            .map_err(|error| log_failed(&error))?;
        let lag = lag_ms(lane, log, next_offset, now_ms).await;
        partitions.push(pb::PartitionFreshness {
            partition,
            next_offset,
            log_end_offset: bounds.end,
            lag_ms: lag.map_err(|error| log_failed(&error))? as u64,
        });
    }
    Ok(pb::Freshness {
        view: view.name().to_owned(),
        partitions,
        reference_version: lanes.reference.now().version.clone(),
    })
}
