//! What changed status tables would make of the case view: the view is made again from the log
//! beside the running one, and the dossiers of both are compared at the same position.
//!
//! ```text
//! running   .....................|held|.........   goes on, nothing is switched
//! shadow    0 --------> its place|last|
//!                                 both stand at the same offsets: dossiers of the one, the other
//! ```
//! The running view is held still while its dossiers are counted, as for any question over all of
//! it. The shadow is compared and thrown away.

pub(crate) mod outcome;
pub(crate) mod outcomes;

use crate::feed::catch_up;
use crate::joins::index::Index;
use crate::joins::scan::{Only, sum};
use crate::joins::ties;
use crate::lanes::{Running, log_failed};
use crate::questions::check_tables;
use crate::rebuild::{Again, Subject, Tables, ends, stream_of};
use crate::views::case::CaseFact;
use crate::views::keyed::Keyed;
use crate::views::{State, View};
use futures_util::stream::BoxStream;
use hashbrown::HashSet;
use lienthong_contract::pb::operations::v1 as pb;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_contract::time::{from_millis, now_millis};
use lienthong_domain::reference::Reference;
use lienthong_domain::status::{Mappings, StatusRow};
use lienthong_eventlog::EventLog;
use outcomes::Outcomes;
use std::sync::{Arc, RwLockReadGuard};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Differences told if the request does not say how many, and at most.
const USUAL: usize = 1_000;
const MOST: usize = 10_000;
/// Differences in one message.
const PAGE: usize = 500;
/// How long the running view may be held while the shadow takes the last few records.
const LAST_FEW: Duration = Duration::from_secs(5);

/// What is compared.
pub struct Question {
    /// The changed tables.
    tables: Mappings,
    /// The reference data in force, for deadlines on both sides.
    reference: Arc<Reference>,
    /// Differences told at most.
    most: usize,
    /// Only these partitions; empty: all.
    partitions: Vec<u32>,
}

impl Question {
    /// Reads a request against the tables in force.
    ///
    /// # Errors
    /// `REQUEST_MALFORMED`, naming the field.
    pub fn read(
        request: &pb::DiffViewsRequest,
        reference: Arc<Reference>,
    ) -> Result<Self, Failure> {
        let most = most(request)?;
        let targets: Vec<String> = request
            .changes
            .iter()
            .map(|change| change.maps_to.to_string())
            .collect();
        let changes = request.changes.iter().zip(&targets);
        let rows: Vec<StatusRow<'_>> = changes
            .map(|(change, maps_to)| StatusRow {
                system: &change.system,
                code: &change.code,
                maps_to,
            })
            .collect();
        let tables = reference.mappings.changed(&rows).map_err(|error| {
            let column = match error.column {
                "maps_to_dvcqg" => "maps_to",
                column => column,
            };
            let field = format!("changes[{}].{column}", error.row);
            Failure::of_field(&field, format!("{}.", error.what), &error.fix)
        })?;
        Ok(Self {
            tables,
            reference,
            most,
            partitions: request.partitions.clone(),
        })
    }
}

/// Differences told at most.
///
/// # Errors
/// `REQUEST_MALFORMED` for more than 10,000.
pub fn most(request: &pb::DiffViewsRequest) -> Result<usize, Failure> {
    match request.max_differences as usize {
        0 => Ok(USUAL),
        most if most <= MOST => Ok(most),
        most => Err(Failure::of_field(
            "max_differences",
            format!("{most} is over {MOST}."),
            "ask for at most 10000; the summary counts all",
        )),
    }
}

/// Starts a comparison of what `subject` keeps of the case view; see `ViewOperations::diff`.
///
/// # Errors
/// `VIEW_UNOWNED` for a partition that is asked for and not kept here, `LOG_TRUNCATED`,
/// `LOG_UNAVAILABLE`.
pub async fn diff(
    mut subject: Subject,
    question: Question,
    log: &Arc<dyn EventLog>,
    stop: &CancellationToken,
) -> Result<BoxStream<'static, Result<pb::DiffViewsResponse, Failure>>, Failure> {
    choose(&mut subject.running, &question.partitions)?;
    ends(&subject.running, log.as_ref()).await?;
    let (tell, told) = mpsc::channel(16);
    let (log, stop) = (log.clone(), stop.clone());
    tokio::spawn(async move {
        let tables = Tables::These(&question.tables);
        let to = stands(&subject.running);
        let again = Again::new(&subject, tables, to, log.clone(), &stop);
        let compared = compare(again, &subject.running, question, log, &tell).await;
        drop(subject.busy);
        let messages = match compared {
            Ok(compared) => compared.messages().into_iter().map(Ok).collect(),
            Err(failure) => vec![Err(failure)],
        };
        for message in messages {
            if tell.send(message).await.is_err() {
                return;
            }
        }
    });
    Ok(stream_of(told))
}

/// Leaves the partitions that are asked for.
fn choose(running: &mut Vec<Running>, partitions: &[u32]) -> Result<(), Failure> {
    if partitions.is_empty() {
        return Ok(());
    }
    let kept = |partition: &&u32| {
        let mut lanes = running.iter();
        !lanes.any(|running| running.lane.owner.partition == **partition)
    };
    if let Some(missing) = partitions.iter().find(kept) {
        let message = format!("partition {missing} of the view case is not kept here");
        return Err(Failure::new(Reason::ViewUnowned, message)
            .with("view", View::Case.name())
            .with("partition", missing));
    }
    running.retain(|running| partitions.contains(&running.lane.owner.partition));
    Ok(())
}

fn stands(running: &[Running]) -> Vec<u64> {
    running.iter().map(|running| running.lane.next()).collect()
}

/// The outcome of a comparison.
pub struct Compared {
    /// By dossier code, no more than were asked for.
    pub differences: Vec<pb::DossierDifference>,
    /// All of it in figures.
    pub summary: pb::DiffSummary,
    /// The end of the progress.
    pub progress: pb::RebuildProgress,
}

impl Compared {
    /// Pages of differences, the summary with the last.
    pub fn messages(self) -> Vec<pb::DiffViewsResponse> {
        let pages = self.differences.chunks(PAGE);
        let mut messages: Vec<pb::DiffViewsResponse> = pages
            .map(|page| pb::DiffViewsResponse {
                differences: page.to_vec(),
                ..pb::DiffViewsResponse::default()
            })
            .collect();
        messages.push(pb::DiffViewsResponse {
            progress: Some(self.progress),
            summary: Some(self.summary),
            ..pb::DiffViewsResponse::default()
        });
        messages
    }
}

/// Makes the shadow and compares.
async fn compare(
    mut again: Again,
    running: &[Running],
    question: Question,
    log: Arc<dyn EventLog>,
    tell: &mpsc::Sender<Result<pb::DiffViewsResponse, Failure>>,
) -> Result<Compared, Failure> {
    let mut progress = |progress| {
        let message = pb::DiffViewsResponse {
            progress: Some(progress),
            ..pb::DiffViewsResponse::default()
        };
        drop(tell.try_send(Ok(message)));
    };
    again.run(&mut progress).await?;
    // What was taken meanwhile is little; the very last of it follows with the view held still.
    again.ends = stands(running);
    again.run(&mut progress).await?;
    let done = pb::RebuildProgress {
        done: true,
        ..again.progress()
    };
    let running = running.to_vec();
    let both = move || both(&running, &again, &question, log.as_ref(), done);
    crate::questions::work(both).await?
}

/// The dossiers of the running view, held still, and of the shadow at the same position.
fn both(
    running: &[Running],
    again: &Again,
    question: &Question,
    log: &dyn EventLog,
    done: pb::RebuildProgress,
) -> Result<Compared, Failure> {
    let now_ms = now_millis();
    let new = |states: &[RwLockReadGuard<'_, State>]| {
        let mut keys = HashSet::new();
        for state in states {
            let parked = state.parking.iter();
            keys.extend(parked.map(|(key, _)| String::from_utf8_lossy(key).into_owned()));
        }
        Outcomes::new(question.reference.clone(), now_ms, Arc::new(keys))
    };
    let held: Vec<_> = running.iter().map(|one| one.lane.state()).collect();
    let tables = held.iter().map(|state| state.tables.fingerprint());
    let owners = running.iter().map(|one| one.lane.owner.partition);
    check_tables(View::Case, owners.zip(tables))?;
    for (shadow, state) in again.rebuilt.iter().zip(&held) {
        let last = catch_up(shadow, log, state.next, &again.stop);
        let took = Handle::current().block_on(tokio::time::timeout(LAST_FEW, last));
        let read = took.map_err(|_| {
            let message = "the log did not give the last few records in time";
            Failure::new(Reason::LogUnavailable, message)
        })?;
        read.map_err(|error| log_failed(&error))?;
        if shadow.next() != state.next {
            return Err(Failure::new(Reason::Draining, "the hub is shutting down"));
        }
    }
    let mapping_version = held.first().map(|state| state.tables.fingerprint());
    let mapping_version = mapping_version.unwrap_or_default().to_owned();
    let partitions = running.first().map_or(0, |one| one.lane.owner.partitions);
    let whole = running.len() == partitions as usize;
    let known = running.first().and_then(|one| one.lane.index());
    let before = outcomes(running, &held, known.map(AsRef::as_ref), &|| new(&held));
    drop(held);
    let shadows: Vec<_> = again.rebuilt.iter().map(|lane| lane.state()).collect();
    let after = outcomes(running, &shadows, None, &|| new(&shadows));
    let (differences, total) = outcome::differences(&before, &after, question.most);
    Ok(Compared {
        differences,
        summary: pb::DiffSummary {
            before: Some(before.figures()),
            after: Some(after.figures()),
            differences: total,
            mapping_version,
            changed_mapping_version: question.tables.fingerprint().to_owned(),
            reference_version: question.reference.version.clone(),
            as_of_time: Some(from_millis(now_ms)),
            compared_in_parts: if whole { 0 } else { before.tied() },
        },
        progress: done,
    })
}

/// Every dossier of these states, joined as far as their parts are here.
fn outcomes(
    running: &[Running],
    states: &[RwLockReadGuard<'_, State>],
    index: Option<&Index>,
    new: &(impl Fn() -> Outcomes + Sync),
) -> Outcomes {
    let partitions = running.first().map_or(0, |one| one.lane.owner.partitions);
    let none = Keyed::<CaseFact>::default();
    let mut parts = vec![&none; partitions as usize];
    for (one, state) in running.iter().zip(states) {
        if let Some(keyed) = state.case() {
            parts[one.lane.owner.partition as usize] = keyed;
        }
    }
    let own;
    let index = match index {
        Some(index) => index,
        None => {
            own = Index::default();
            for (partition, keyed) in (0..).zip(&parts) {
                own.replace(partition, keyed.mentions());
            }
            &own
        }
    };
    let ties = ties(index, &parts);
    let mut all = sum(&parts, &ties, &Only::default(), new);
    all.set_tied(
        ties.cases
            .iter()
            .map(|case| case.dossiers.len() as u64)
            .sum(),
    );
    all
}

#[cfg(test)]
#[path = "diff_tests.rs"]
mod tests;
