//! One case whole, whose parts may lie in any partitions.
//!
//! ```text
//! code --> parts that mention it --> their other codes --> parts that mention those --> ...
//!          (known here, asked anew)   (fetched)             until no new part comes
//! ```
//! What came together is joined as one process joins all it has.

use super::directory::Directory;
use super::freshness::At;
use super::links::Links;
use super::mirror::{add_words, codes_of, unreadable};
use super::ties::parts_of;
use crate::answers::case::WholeCase;
use crate::joins::index::Index;
use crate::joins::whole::{Partition, whole};
use crate::parking::{Fault, Parking, Poison};
use crate::questions::{check_tables, not_found, work};
use crate::views::View;
use crate::views::case::CaseFact;
use crate::views::keyed::Keyed;
use crate::views::names::Names;
use futures_util::future::{FutureExt, TryFutureExt, try_join_all};
use hashbrown::HashSet;
use lienthong_contract::pb::projection::v1 as pb;
use lienthong_contract::status::Failure;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The vocabularies of the case view's partitions, as far as they came here: parts of a case do
/// not read without, and it is the same for all.
pub struct Words {
    by_partition: Vec<Mutex<(u64, Arc<Names>)>>,
}

impl Words {
    /// None yet.
    pub fn new(partitions: u32) -> Self {
        Self {
            by_partition: (0..partitions).map(|_| Mutex::default()).collect(),
        }
    }

    fn of(&self, partition: u32) -> MutexGuard<'_, (u64, Arc<Names>)> {
        let words = &self.by_partition[partition as usize];
        words.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those of an epoch; none if only others are known.
    fn in_epoch(&self, partition: u32, epoch: u64) -> Arc<Names> {
        let known = self.of(partition);
        match known.0 == epoch {
            true => known.1.clone(),
            false => Arc::default(),
        }
    }

    /// Keeps what was added, for the next question.
    fn keep(&self, partition: u32, epoch: u64, names: &Names) {
        let mut known = self.of(partition);
        if known.0 != epoch
            || known.1.size().names < names.size().names
            || known.1.size().parties < names.size().parties
        {
            *known = (epoch, Arc::new(names.clone()));
        }
    }
}

/// What a case is put together from.
pub struct From<'a> {
    /// Who keeps what.
    pub directory: &'a Directory,
    /// Who mentions what.
    pub links: &'a Links,
    /// Vocabularies.
    pub words: &'a Words,
}

/// The parts of one partition that came together.
#[derive(Default)]
struct Few {
    parts: Keyed<CaseFact>,
    parking: Parking,
    /// Fingerprint of the status tables that the partition was built with.
    tables: String,
    /// By the instance's numbers.
    blocks: Vec<pb::Part>,
}

/// What is asked of the case that a code names, and how far every partition was.
///
/// # Errors
/// `CASE_NOT_FOUND`, `VIEW_UNOWNED`, `VIEW_LOADING`, `REFERENCE_DIFFERS`, and what `answer` says.
pub async fn case<T: Send + 'static>(
    from: From<'_>,
    code: String,
    answer: impl FnOnce(&WholeCase<'_>) -> Result<T, Failure> + Send + 'static,
) -> Result<(T, Vec<At>), Failure> {
    loop {
        let at = from.links.refresh(from.directory).await?;
        // Gathered again if a partition was replaced meanwhile.
        if let Some(few) = gather(&from, &code).await? {
            let answer = work(move || join(few, &code, answer)).await??;
            return Ok((answer, at));
        }
    }
}

/// The parts around a code, by partition; none if numbers of parts changed their meaning.
async fn gather(from: &From<'_>, code: &str) -> Result<Option<Vec<Few>>, Failure> {
    let epochs = from.links.known().epochs();
    let mut few: Vec<Few> = epochs.iter().map(|_| Few::default()).collect();
    let mut asked: HashSet<String> = HashSet::from([code.to_owned()]);
    let mut found = HashSet::new();
    let mut codes = vec![code.to_owned()];
    while !codes.is_empty() {
        let mut wanted: Vec<Vec<u32>> = vec![Vec::new(); epochs.len()];
        {
            let known = from.links.known();
            if known.epochs() != epochs {
                return Ok(None);
            }
            for part in codes.iter().flat_map(|code| known.parts(code)) {
                if found.insert(part) {
                    wanted[part.partition as usize].push(part.part);
                }
            }
        }
        codes.clear();
        let places = (0..).zip(&epochs).zip(wanted);
        let places = places.filter(|(_, numbers)| !numbers.is_empty());
        let requests = places.map(|((partition, epoch), numbers)| {
            let ours = &mut few[partition as usize];
            if ours.blocks.is_empty() {
                let words = from.words.in_epoch(partition, *epoch);
                *ours.parts.names_mut() = (*words).clone();
            }
            let size = ours.parts.names().size();
            let wanted = pb::Wanted {
                epoch: *epoch,
                numbers,
                texts: size.names,
                parties: size.parties,
                ..pb::Wanted::default()
            };
            let answer = parts_of(from.directory, View::Case, partition, wanted);
            answer.map_ok(move |answer| (partition, answer)).boxed()
        });
        let requests: Vec<_> = requests.collect();
        for (partition, answer) in try_join_all(requests).await? {
            let given = answer.parts.unwrap_or_default();
            if given.epoch != epochs[partition as usize] {
                return Ok(None);
            }
            let ours = &mut few[partition as usize];
            if !answer.mapping_version.is_empty() {
                ours.tables = answer.mapping_version;
            }
            add_words(&mut ours.parts, &given.vocabulary)?;
            from.words.keep(partition, given.epoch, ours.parts.names());
            for part in given.parts {
                let mentioned = codes_of(&part.block);
                for (_, code) in mentioned.iter_from(0) {
                    if asked.insert(code.to_owned()) {
                        codes.push(code.to_owned());
                    }
                }
                if answer.parked_parts.contains(&part.number) {
                    park(&mut ours.parking, mentioned.key());
                }
                ours.blocks.push(part);
            }
        }
    }
    let asked = (0..).zip(&few).filter(|(_, few)| !few.blocks.is_empty());
    check_tables(View::Case, asked.map(|(at, few)| (at, &few.tables[..])))?;
    for few in &mut few {
        few.blocks.sort_unstable_by_key(|part| part.number);
        for part in std::mem::take(&mut few.blocks) {
            few.parts.put_over(&part.block).ok_or_else(unreadable)?;
        }
    }
    Ok(Some(few))
}

/// That a key is parked is all that a case shows of it.
fn park(parking: &mut Parking, key: &str) {
    let poison = Poison {
        fault: Fault::Unreadable,
        detail: String::new(),
    };
    parking.park(key.as_bytes(), 0, 0, poison);
}

fn join<T>(
    few: Vec<Few>,
    code: &str,
    answer: impl FnOnce(&WholeCase<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let index = Index::default();
    for (partition, few) in (0..).zip(&few) {
        index.replace(partition, few.parts.mentions());
    }
    let partitions: Vec<Partition<'_>> = few
        .iter()
        .map(|few| Partition {
            parts: &few.parts,
            parking: &few.parking,
        })
        .collect();
    let found = whole(code, &index, &partitions).ok_or_else(|| not_found(code))?;
    answer(&found)
}
