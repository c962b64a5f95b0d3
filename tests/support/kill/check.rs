//! Compares what the hub has with what it acknowledged.

use super::Fault;
use super::ledger::{Dossier, Ledger, lock};
use super::load::{self, Key, STEPS};
use crate::facts::{MINUTE_MS, MORNING_MS};
use crate::hub::Hub;
use crate::wire;
use lienthong_contract::pb::event::v1::{Event, Position};
use lienthong_contract::pb::operations::v1::VerifyViewsRequest;
use lienthong_contract::pb::operations::v1::operations_service_client::OperationsServiceClient;
use lienthong_contract::pb::procedure::v1::procedure_query_service_client::ProcedureQueryServiceClient;
use lienthong_contract::pb::procedure::v1::{
    Case, GetCaseRequest, GetHorizontalRequest, GetPathStatisticsRequest, GetVerticalRequest,
};
use lienthong_contract::time::to_millis;
use lienthong_eventlog::EventLog;
use lienthong_eventlog::embedded;
use prost::Message as _;
use rand::RngExt;
use rand::rngs::StdRng;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::task::JoinSet;
use tokio_stream::StreamExt;
use tonic::Code;
use tonic::transport::Channel;

/// Segments small enough that a run fills many.
pub const SEGMENT_BYTES: u64 = 4 << 20;
/// Questions at once.
const ASKERS: usize = 8;
/// Older dossiers checked again after each kill.
const OLDER: usize = 200;
/// Longest wait for the views to catch up, milliseconds.
const PATIENCE_MS: u32 = 30_000;

type Questions = ProcedureQueryServiceClient<Channel>;

/// What a check found.
#[derive(Debug, Default)]
pub struct Found {
    /// Events looked for.
    pub checked: u64,
    /// Acknowledged and not there.
    pub lost: u64,
    /// There more than once.
    pub doubled: u64,
    /// Digests compared.
    pub digests: u64,
    /// Digests that differ.
    pub different: u64,
    /// Anything else, in words.
    pub strange: Vec<String>,
}

impl Found {
    fn add(&mut self, other: Found) {
        self.checked += other.checked;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.strange.extend(other.strange);
    }
}

/// Checks what was touched since the last check, some older dossiers, and every digest.
///
/// # Errors
/// If the hub does not answer.
pub async fn after_restart(
    hub: &Hub,
    ledger: &Arc<Mutex<Ledger>>,
    round: u32,
    dice: &mut StdRng,
) -> Result<Found, Fault> {
    let mut dossiers = lock(ledger).take_touched();
    if round > 1 {
        let all: Vec<Dossier> = lock(ledger).dossiers().into_iter().collect();
        let some = (0..OLDER.min(all.len())).map(|_| all[dice.random_range(0..all.len())]);
        dossiers.extend(some);
    }
    let mut found = look_for(hub, ledger, dossiers).await?;
    verify(hub, &mut found).await?;
    Ok(found)
}

/// Checks every dossier there is.
///
/// # Errors
/// If the hub does not answer.
pub async fn everything(hub: &Hub, ledger: &Arc<Mutex<Ledger>>) -> Result<Found, Fault> {
    let dossiers = lock(ledger).dossiers();
    look_for(hub, ledger, dossiers).await
}

async fn look_for(
    hub: &Hub,
    ledger: &Arc<Mutex<Ledger>>,
    dossiers: BTreeSet<Dossier>,
) -> Result<Found, Fault> {
    let questions = ProcedureQueryServiceClient::new(wire::connect(&hub.addresses.gateway).await?);
    let dossiers: Vec<Dossier> = dossiers.into_iter().collect();
    let positions = lock(ledger).reached();
    catch_up(questions.clone(), positions).await?;
    let mut askers = JoinSet::new();
    for part in dossiers.chunks(dossiers.len().div_ceil(ASKERS).max(1)) {
        let (mut questions, ledger, part) = (questions.clone(), ledger.clone(), part.to_vec());
        askers.spawn(async move {
            let mut found = Found::default();
            for dossier in part {
                let case = ask(&mut questions, dossier).await?;
                compare(&lock(&ledger), dossier, case.as_ref(), &mut found);
            }
            Ok::<_, tonic::Status>(found)
        });
    }
    let mut found = Found::default();
    while let Some(part) = askers.join_next().await {
        found.add(part??);
    }
    Ok(found)
}

/// Waits until every view has everything that was acknowledged.
async fn catch_up(mut questions: Questions, positions: Vec<Position>) -> Result<(), Fault> {
    let horizontal = GetHorizontalRequest {
        min_positions: positions.clone(),
        max_wait_ms: PATIENCE_MS,
        ..GetHorizontalRequest::default()
    };
    questions.get_horizontal(horizontal).await?;
    let vertical = GetVerticalRequest {
        min_positions: positions.clone(),
        max_wait_ms: PATIENCE_MS,
        ..GetVerticalRequest::default()
    };
    questions.get_vertical(vertical).await?;
    let paths = GetPathStatisticsRequest {
        min_positions: positions,
        max_wait_ms: PATIENCE_MS,
        ..GetPathStatisticsRequest::default()
    };
    questions.get_path_statistics(paths).await?;
    Ok(())
}

async fn ask(questions: &mut Questions, dossier: Dossier) -> Result<Option<Case>, tonic::Status> {
    let request = GetCaseRequest {
        code: load::code(dossier),
        ..GetCaseRequest::default()
    };
    match questions.get_case(request).await {
        Ok(answer) => Ok(answer.into_inner().case),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(status),
    }
}

/// Every acknowledged event of the dossier once, any other at most once, and nothing else.
fn compare(ledger: &Ledger, dossier: Dossier, case: Option<&Case>, found: &mut Found) {
    let code = load::code(dossier);
    let mut there: HashMap<u32, Vec<Option<Position>>> = HashMap::new();
    let timeline = case
        .map(|case| case.timeline.as_slice())
        .unwrap_or_default();
    for entry in timeline.iter().filter(|entry| entry.dossier_code == code) {
        let minutes = entry
            .occurred_time
            .as_ref()
            .and_then(to_millis)
            .map(|millis| (millis - MORNING_MS) / MINUTE_MS);
        let step = minutes.and_then(|minutes| u32::try_from(minutes).ok());
        match step {
            Some(step) if step <= STEPS => there.entry(step).or_default().push(entry.position),
            _ => found
                .strange
                .push(format!("{code} has an event of no step: {entry:?}")),
        }
    }
    let (round, worker, number) = dossier;
    let mut tied = false;
    for step in 0..=STEPS {
        let key = Key {
            round,
            worker,
            number,
            step,
        };
        let entries = there.remove(&step).unwrap_or_default();
        let Some(sent) = ledger.of(key) else {
            if !entries.is_empty() {
                found
                    .strange
                    .push(format!("{} is there and was never sent", key.id()));
            }
            continue;
        };
        found.checked += 1;
        let acknowledged = !sent.positions.is_empty();
        found.lost += u64::from(acknowledged && entries.is_empty());
        found.doubled += u64::from(entries.len() > 1);
        // A link is recorded under two keys, so its entry may show either position.
        if let ([Some(position)], [acknowledged], 1, false) = (
            &entries[..],
            &sent.positions[..],
            sent.attempts,
            key.is_link(),
        ) && position != acknowledged
        {
            found.strange.push(format!(
                "{} stands at {position:?}, not {acknowledged:?}",
                key.id()
            ));
        }
        let names_the_case = key.is_link()
            || !key
                .fact()
                .event
                .header
                .unwrap_or_default()
                .case_code
                .is_empty();
        tied |= acknowledged && names_the_case;
    }
    let wanted = load::case_code(dossier);
    if let Some(case) = case.filter(|case| tied && case.code != wanted) {
        found.strange.push(format!(
            "{code} is in the case {}, not in {wanted}",
            case.code
        ));
    }
}

async fn verify(hub: &Hub, found: &mut Found) -> Result<(), Fault> {
    let channel = wire::connect(&hub.addresses.gateway).await?;
    let request = VerifyViewsRequest { views: Vec::new() };
    let answers = OperationsServiceClient::new(channel)
        .verify_views(request)
        .await?;
    let mut answers = answers.into_inner();
    while let Some(answer) = answers.next().await {
        for one in answer?.comparisons {
            found.digests += 1;
            if !one.equal || one.running_digest != one.rebuilt_digest {
                found.different += 1;
            }
        }
    }
    Ok(())
}

/// Events of work as the path statistics count them.
///
/// # Errors
/// If the hub does not answer.
pub async fn counted_events(hub: &Hub) -> Result<u64, Fault> {
    let channel = wire::connect(&hub.addresses.gateway).await?;
    let mut questions = ProcedureQueryServiceClient::new(channel);
    let request = GetPathStatisticsRequest::default();
    Ok(questions
        .get_path_statistics(request)
        .await?
        .into_inner()
        .events)
}

/// What the log of a drained hub holds.
#[derive(Debug, Default)]
pub struct Held {
    /// Acknowledgements whose position holds their event.
    pub positions: u64,
    /// Acknowledgements whose position does not.
    pub misplaced: u64,
    /// Different events in it, links left out.
    pub different_steps: u64,
}

/// Reads the whole log without the hub.
///
/// # Errors
/// If it does not open or a record does not verify.
pub async fn log(folder: &Path, ledger: &Arc<Mutex<Ledger>>) -> Result<Held, Fault> {
    let mut config = embedded::Config::new(folder);
    config.segment_bytes = SEGMENT_BYTES;
    let log = embedded::open(config)?;
    let mut ids: HashMap<(u32, u64), Key> = HashMap::new();
    for partition in 0..log.partitions() {
        let mut reader = log.reader(partition, 0).await?;
        loop {
            let records = reader.poll_now(4_096).await?;
            if records.is_empty() {
                break;
            }
            for stored in records {
                let header = Event::decode(stored.record.value)?
                    .header
                    .unwrap_or_default();
                let key = Key::parse(&header.id).ok_or("an event that nobody sent")?;
                if header.source != load::source_of(key.worker) {
                    return Err(format!("{} has the source {}", header.id, header.source).into());
                }
                ids.insert((partition, stored.offset), key);
            }
        }
    }
    let mut held = Held::default();
    for (key, sent) in lock(ledger).all() {
        for at in &sent.positions {
            if ids.get(&(at.partition, at.offset)) == Some(key) {
                held.positions += 1;
            } else {
                held.misplaced += 1;
            }
        }
    }
    let steps: HashSet<&Key> = ids.values().filter(|key| !key.is_link()).collect();
    held.different_steps = steps.len() as u64;
    Ok(held)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use lienthong_contract::pb::procedure::v1::TimelineEntry;
    use lienthong_contract::time::from_millis;

    const DOSSIER: Dossier = (1, 0, 0);

    fn key(step: u32) -> Key {
        Key {
            round: 1,
            worker: 0,
            number: 0,
            step,
        }
    }

    /// Steps 0 to 2 acknowledged, step 3 only sent.
    fn ledger() -> Ledger {
        let mut ledger = Ledger::default();
        (0..4).for_each(|step| ledger.sending(key(step)));
        for offset in 0..3 {
            let position = Position {
                partition: 0,
                offset: u64::from(offset),
            };
            ledger.acknowledged_at(key(offset), position);
        }
        ledger
    }

    /// A case that has these steps at these offsets.
    fn case(entries: &[(u32, u64)]) -> Case {
        let entry = |(step, offset): &(u32, u64)| TimelineEntry {
            position: Some(Position {
                partition: 0,
                offset: *offset,
            }),
            occurred_time: Some(from_millis(MORNING_MS + i64::from(*step) * MINUTE_MS)),
            dossier_code: load::code(DOSSIER),
            ..TimelineEntry::default()
        };
        Case {
            timeline: entries.iter().map(entry).collect(),
            ..Case::default()
        }
    }

    fn found(entries: &[(u32, u64)]) -> (u64, u64, usize) {
        let mut found = Found::default();
        compare(&ledger(), DOSSIER, Some(&case(entries)), &mut found);
        assert_eq!(found.checked, 4);
        (found.lost, found.doubled, found.strange.len())
    }

    #[test]
    fn a_loss_a_double_and_a_stranger_are_each_found() {
        assert_eq!(
            found(&[(0, 0), (1, 1), (2, 2)]),
            (0, 0, 0),
            "the unacknowledged may be absent"
        );
        assert_eq!(
            found(&[(0, 0), (1, 1), (2, 2), (3, 3)]),
            (0, 0, 0),
            "or there"
        );
        assert_eq!(found(&[(0, 0), (2, 2)]), (1, 0, 0), "one is lost");
        assert_eq!(
            found(&[(0, 0), (1, 1), (2, 2), (2, 9)]),
            (0, 1, 0),
            "one is doubled"
        );
        assert_eq!(
            found(&[(0, 0), (1, 1), (2, 8)]),
            (0, 0, 1),
            "one stands elsewhere"
        );
        assert_eq!(
            found(&[(0, 0), (1, 1), (2, 2), (4, 4)]),
            (0, 0, 1),
            "one was never sent"
        );
        let mut found = Found::default();
        compare(&ledger(), DOSSIER, None, &mut found);
        assert_eq!(found.lost, 3, "without the case all three are lost");
    }
}
