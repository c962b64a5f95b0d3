//! Compares what the log and the views hold with what was acknowledged.

use super::asker::Asker;
use super::ledger::{Identity, Ledger, Record};
use crate::kill::Fault;
use lienthong_contract::pb::event::v1::Event;
use lienthong_contract::pb::event::v1::event::Payload;
use lienthong_contract::pb::operations::v1::ViewPosition;
use lienthong_contract::pb::procedure::v1::{Case, GetCaseRequest};
use lienthong_eventlog::EventLog;
use prost::Message as _;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use tokio::task::JoinSet;

/// Cases read at once.
const READERS: usize = 8;
/// Things shown in words.
const SHOWN: usize = 10;

/// What was found. All but the first two and `digests` should be 0.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Found {
    /// Records in the topic, resends included.
    pub records: u64,
    /// Cases read one by one.
    pub cases_read: u64,
    /// Different acknowledged events that are nowhere in the topic.
    pub lost: u64,
    /// Acknowledgements whose position does not hold their event.
    pub misplaced: u64,
    /// Pairs of events of a case that lie in one partition in another order than they were sent.
    pub order_breaks: u64,
    /// Facts that the views hold beyond one for each different event and key, and entries of a
    /// case's timeline beyond the first of an event.
    pub applied_twice: u64,
    /// Facts that the views lack, and acknowledged events that their case does not show.
    pub not_applied: u64,
    /// Digests compared with a rebuild.
    pub digests: u64,
    /// Those that differ.
    pub digests_different: u64,
    /// Anything wrong, in words.
    pub strange: Vec<String>,
}

impl Found {
    /// Whether nothing is wrong and something was compared.
    pub fn is_clean(&self) -> bool {
        let wrong = self.lost + self.misplaced + self.order_breaks + self.applied_twice;
        wrong + self.not_applied + self.digests_different == 0
            && self.strange.is_empty()
            && self.digests > 0
            && self.cases_read > 0
    }

    fn say(&mut self, what: String) {
        if self.strange.len() < SHOWN {
            self.strange.push(what);
        }
    }
}

/// Every record of the topic by what it holds.
#[derive(Debug, Default)]
pub struct Held {
    numbers: HashMap<Identity, u32>,
    /// Number of the event at each position.
    at: HashMap<(u32, u64), u32>,
    /// First offset of each event in each partition.
    first: HashMap<(u32, u32), u64>,
    /// Different (key, event) pairs: what the case view keeps.
    facts: HashSet<(u64, u32)>,
    /// The same without links: what the views of paths keep.
    steps: HashSet<(u64, u32)>,
    /// Records.
    records: u64,
}

impl Held {
    /// Reads every partition up to its end of now.
    ///
    /// # Errors
    /// If the log does not answer or a record is no event.
    pub async fn read(log: &dyn EventLog) -> Result<Self, Fault> {
        let mut held = Self::default();
        for partition in 0..log.partitions() {
            let bounds = log.bounds(partition).await?;
            let mut reader = log.reader(partition, bounds.start).await?;
            while reader.position() < bounds.end {
                for stored in reader.next(4_096).await? {
                    let event = Event::decode(stored.record.value)?;
                    held.keep(partition, stored.offset, &stored.record.key, &event);
                }
            }
        }
        Ok(held)
    }

    fn keep(&mut self, partition: u32, offset: u64, key: &[u8], event: &Event) {
        let next = self.numbers.len() as u32;
        let number = *self.numbers.entry(Identity::of(event)).or_insert(next);
        self.at.insert((partition, offset), number);
        self.first.entry((partition, number)).or_insert(offset);
        self.records += 1;
        let fact = (key_number(key), number);
        match event.payload {
            Some(Payload::ParkedReleased(_)) => {}
            Some(Payload::Linked(_)) => {
                self.facts.insert(fact);
            }
            _ => {
                self.facts.insert(fact);
                self.steps.insert(fact);
            }
        }
    }
}

/// A number for a key; two keys of one run do not share one but by a chance of 1 in 10^10.
fn key_number(key: &[u8]) -> u64 {
    use std::hash::Hasher;
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(key);
    hasher.finish()
}

/// Compares everything: log, views, cases and digests.
///
/// # Errors
/// If the hub or the log does not answer.
pub async fn everything(
    log: &dyn EventLog,
    asker: Arc<Asker>,
    ledger: &Ledger,
) -> Result<Found, Fault> {
    asker.caught_up(&ledger.reached()).await?;
    against(Held::read(log).await?, asker, ledger).await
}

/// The same with a log that was read already.
///
/// # Errors
/// If the hub does not answer.
pub async fn against(held: Held, asker: Arc<Asker>, ledger: &Ledger) -> Result<Found, Fault> {
    let mut found = Found {
        records: held.records,
        ..Found::default()
    };
    for record in &ledger.records {
        in_log(&held, record, &mut found);
    }
    settled(&asker, &held).await?;
    let positions = asker.positions().await?;
    in_views(&held, &positions.views, &mut found);
    in_cases(asker.clone(), Arc::new(held), ledger, &mut found).await?;
    for one in asker.verify().await? {
        found.digests += 1;
        if !one.equal || one.running_digest != one.rebuilt_digest {
            found.digests_different += 1;
            found.say(format!("{} {} differs", one.view, one.partition));
        }
    }
    Ok(found)
}

/// Waits until the views have read also what was stored and never acknowledged.
async fn settled(asker: &Asker, held: &Held) -> Result<(), Fault> {
    let mut ends: HashMap<u32, u64> = HashMap::new();
    for (partition, offset) in held.at.keys() {
        let end = ends.entry(*partition).or_default();
        *end = (*end).max(*offset);
    }
    let positions = ends.into_iter();
    let positions: Vec<_> = positions
        .map(
            |(partition, offset)| lienthong_contract::pb::event::v1::Position { partition, offset },
        )
        .collect();
    Ok(asker.caught_up(&positions).await?)
}

/// Every acknowledged event is there, where it was said to be, and in order.
fn in_log(held: &Held, record: &Record, found: &mut Found) {
    let mut highest: HashMap<u32, u64> = HashMap::new();
    let mut seen = HashSet::new();
    for sent in &record.sent {
        let Some(number) = held.numbers.get(&sent.identity) else {
            if !sent.acknowledged.is_empty() && seen.insert(&sent.identity) {
                found.lost += 1;
                found.say(format!(
                    "{} of {} is lost",
                    sent.identity.id, record.case_code
                ));
            }
            continue;
        };
        for at in &sent.acknowledged {
            if held.at.get(&(at.partition, at.offset)) != Some(number) {
                found.misplaced += 1;
                found.say(format!("{} is not at {at:?}", sent.identity.id));
            }
        }
        if sent.acknowledged.is_empty() || !seen.insert(&sent.identity) {
            continue;
        }
        let partitions: HashSet<u32> = sent.acknowledged.iter().map(|at| at.partition).collect();
        for partition in partitions {
            let Some(first) = held.first.get(&(partition, *number)) else {
                continue;
            };
            let before = highest.entry(partition).or_insert(*first);
            if first < before {
                found.order_breaks += 1;
                let (id, case) = (&sent.identity.id, &record.case_code);
                found.say(format!(
                    "{id} of {case} lies before what was sent before it"
                ));
            }
            *before = (*before).max(*first);
        }
    }
}

/// The views hold each different event once under each key.
fn in_views(held: &Held, views: &[ViewPosition], found: &mut Found) {
    let mut facts: BTreeMap<&str, u64> = BTreeMap::new();
    for view in views {
        *facts.entry(&view.view).or_default() += view.facts;
    }
    for (view, facts) in facts {
        let expected = match view {
            "case" => held.facts.len(),
            _ => held.steps.len(),
        } as u64;
        found.applied_twice += facts.saturating_sub(expected);
        found.not_applied += expected.saturating_sub(facts);
        if facts != expected {
            found.say(format!(
                "the view {view} holds {facts} facts, not {expected}"
            ));
        }
    }
}

/// Reads every case and looks for each acknowledged event in it.
async fn in_cases(
    asker: Arc<Asker>,
    held: Arc<Held>,
    ledger: &Ledger,
    found: &mut Found,
) -> Result<(), Fault> {
    let mut readers = JoinSet::new();
    for part in ledger
        .records
        .chunks(ledger.records.len().div_ceil(READERS).max(1))
    {
        let (asker, held, part) = (asker.clone(), held.clone(), part.to_vec());
        readers.spawn(async move {
            let mut found = Found::default();
            for record in part {
                in_case(&asker, &held, &record, &mut found).await?;
            }
            Ok::<_, tonic::Status>(found)
        });
    }
    while let Some(read) = readers.join_next().await {
        let read = read??;
        found.cases_read += read.cases_read;
        found.applied_twice += read.applied_twice;
        found.not_applied += read.not_applied;
        for what in read.strange {
            found.say(what);
        }
    }
    Ok(())
}

/// Reads one case by its code and, where events are not shown there because nothing links their
/// dossier yet, by the codes of their dossiers.
async fn in_case(
    asker: &Asker,
    held: &Held,
    record: &Record,
    found: &mut Found,
) -> Result<(), tonic::Status> {
    let code = record.case_code.as_str();
    let mut all = shown(held, code, read(asker, code).await?.as_ref(), found);
    let mut asked = HashSet::new();
    for sent in &record.sent {
        let number = held.numbers.get(&sent.identity);
        let there = number.is_none_or(|number| all.contains(number));
        if !there && asked.insert(&sent.dossier_code) {
            let code = &sent.dossier_code;
            all.extend(shown(held, code, read(asker, code).await?.as_ref(), found));
        }
    }
    missing(held, record, &all, found);
    Ok(())
}

async fn read(asker: &Asker, code: &str) -> Result<Option<Case>, tonic::Status> {
    let request = GetCaseRequest {
        code: code.to_owned(),
        ..GetCaseRequest::default()
    };
    asker.case(request).await
}

/// The events that a case shows; each must be there once.
fn shown(held: &Held, code: &str, case: Option<&Case>, found: &mut Found) -> HashSet<u32> {
    let timeline = case
        .map(|case| case.timeline.as_slice())
        .unwrap_or_default();
    let mut shown = HashSet::new();
    for entry in timeline {
        let at = entry.position.unwrap_or_default();
        match held.at.get(&(at.partition, at.offset)) {
            Some(number) if !shown.insert(*number) => {
                found.applied_twice += 1;
                found.say(format!("{code} shows the event at {at:?} again"));
            }
            Some(_) => {}
            None => found.say(format!("{code} shows {at:?}, which holds nothing")),
        }
    }
    found.cases_read += u64::from(case.is_some());
    shown
}

/// Every acknowledged event is shown.
fn missing(held: &Held, record: &Record, shown: &HashSet<u32>, found: &mut Found) {
    let mut looked_for = HashSet::new();
    let acknowledged = record.sent.iter();
    for sent in acknowledged.filter(|sent| !sent.acknowledged.is_empty()) {
        let number = held.numbers.get(&sent.identity);
        let there = number.is_some_and(|number| shown.contains(number));
        if !there && looked_for.insert(&sent.identity) {
            found.not_applied += 1;
            let (case, id) = (&record.case_code, &sent.identity.id);
            found.say(format!("{case} does not show {id}"));
        }
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
